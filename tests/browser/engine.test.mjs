// The very engine that visitors load checks itself against its references, on each device.
import assert from "node:assert/strict";
import { driven } from "./helpers.mjs";
import { refusals } from "./naga.mjs";

for (const [device, seconds] of [["cpu", 120], ["gpu", 400]]) {
  const check = async (engine) => {
    const { checks } = (await engine.answer("SelfCheck")).Checked;
    return { checks, shaders: [...engine.shaders] };
  };
  driven(`cells, directions, compositions and training steps agree with their references on the ${device}`, { device, seconds }, check, async ({ checks, shaders }) => {
    for (const part of ["lstm against PyTorch", "gru-reverse", "tagger-lstm", "classifier", "translator", "rnn training"]) {
      assert.ok(checks.some(({ name }) => name.startsWith(part)), `${part} is checked`);
    }
    for (const { name, error, allowed } of checks) {
      assert.ok(error !== null && error <= allowed, `${name}: error ${error}, allowed ${allowed}`);
    }
    assert.equal(shaders.length > 0, device === "gpu");
    assert.deepEqual(await refusals(shaders), []);
  });
}

// As an older page would be served from a cache beside a newer engine.
const unreadable = async (engine) => {
  const troubles = [];
  for (const [request, arrays] of [[{ Nonsense: 1 }], [{ Build: {} }], ["Play", ["neither bytes nor numbers"]]]) {
    await engine.answer(request, arrays).catch(({ message }) => troubles.push(JSON.parse(message)));
  }
  return { troubles, ready: await engine.open("cpu") };
};
driven("a message that cannot be read is answered by its number, and the engine goes on", {}, unreadable, ({ troubles, ready }) => {
  assert.deepEqual(troubles.map((trouble) => Object.keys(trouble)), Array(3).fill(["UnreadableMessage"]));
  assert.equal(ready.kind, "Cpu");
});
