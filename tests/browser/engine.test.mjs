// The very engine that visitors load checks itself against its references, on each device.
import assert from "node:assert/strict";
import { driven } from "./helpers.mjs";

for (const [device, seconds] of [["cpu", 120], ["gpu", 400]]) {
  const check = async (engine) => {
    engine.ask("SelfCheck");
    return engine.hear("Checked");
  };
  driven(`cells, gradients and training steps agree with their references on the ${device}`, { device, seconds }, check, ({ checks }) => {
    assert.ok(checks.length >= 3, "several figures are checked");
    for (const { name, error, allowed } of checks) {
      assert.ok(error !== null && error <= allowed, `${name}: error ${error}, allowed ${allowed}`);
    }
  });
}
