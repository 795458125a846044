// The very engine that visitors load checks itself against its references, on each device.
import assert from "node:assert/strict";
import { driven } from "./helpers.mjs";
import { refusals } from "./naga.mjs";

for (const [device, seconds] of [["cpu", 120], ["gpu", 400]]) {
  const check = async (engine) => {
    engine.ask("SelfCheck");
    const { checks } = await engine.hear("Checked");
    return { checks, shaders: [...engine.shaders] };
  };
  driven(`cells, gradients and training steps agree with their references on the ${device}`, { device, seconds }, check, async ({ checks, shaders }) => {
    assert.ok(checks.length >= 3, "several figures are checked");
    for (const { name, error, allowed } of checks) {
      assert.ok(error !== null && error <= allowed, `${name}: error ${error}, allowed ${allowed}`);
    }
    assert.equal(shaders.length > 0, device === "gpu");
    assert.deepEqual(await refusals(shaders), []);
  });
}
