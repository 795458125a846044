// What a training step asks of WebGPU, counted in the engine's worker. SwiftShader is slow, so the batch is small.
import assert from "node:assert/strict";
import { driven } from "./helpers.mjs";

/** Short enough for an epoch to end while a run is watched. */
const TEXT = "the quick brown fox jumps over the lazy dog.\n".repeat(60);
const BATCH = 4;

const aStep = async (engine, { text, batch, runs }) => {
  await engine.read(text);
  const dispatches = [];
  for (const { layers, context } of runs) {
    await engine.build({ layers }, { batch, context });
    // The first step starts from what the model was built with; the second is like all that follow.
    await engine.step();
    const before = await engine.step();
    const after = await engine.step();
    dispatches.push(after.calls.dispatches - before.calls.dispatches);
  }
  return dispatches;
};

const contexts = [64, 128, 256];
driven(
  "a training step of LSTM 1×128 is at most 24 dispatches, whatever the context",
  { device: "gpu", given: { text: TEXT.repeat(4), batch: BATCH, runs: contexts.map((context) => ({ layers: 1, context })) }, seconds: 240 },
  aStep,
  (dispatches) => {
    assert.ok(Math.max(...dispatches) <= 24, `dispatches at context ${contexts}: ${dispatches}`);
    assert.equal(new Set(dispatches).size, 1, `dispatches at context ${contexts}: ${dispatches}`);
  },
);

const depths = [1, 2, 3];
driven(
  "each further layer is at most 8 dispatches more",
  { device: "gpu", given: { text: TEXT, batch: BATCH, runs: depths.map((layers) => ({ layers, context: 32 })) }, seconds: 240 },
  aStep,
  (dispatches) => {
    for (const at of [1, 2]) {
      assert.ok(dispatches[at] - dispatches[at - 1] <= 8, `dispatches of ${depths} layers: ${dispatches}`);
    }
  },
);

driven(
  "a run submits once a step at most, reads once in ten steps at most, and compiles nothing",
  { device: "gpu", given: { text: TEXT, batch: BATCH }, seconds: 240 },
  async (engine, { text, batch }) => {
    await engine.read(text);
    await engine.build({}, { batch, context: 16 });
    // Long enough for what comes every 50 steps, a copy of the weights, and at the end of an epoch.
    return engine.train(80);
  },
  ({ before, after, steps }) => {
    const calls = Object.fromEntries(Object.keys(after.calls).map((name) => [name, after.calls[name] - before.calls[name]]));
    const words = `in ${steps} steps: ${JSON.stringify(calls)}`;
    assert.ok(calls.dispatches / steps <= 24, words);
    assert.ok(calls.submits / steps <= 1, words);
    // The pause reads what is left.
    assert.ok(calls.reads <= steps / 10 + 1, words);
    assert.equal(calls.compiled, 0, words);
  },
);
