// Memory stays as it is, however long a run is and however often its size changes.
import assert from "node:assert/strict";
import { driven } from "./helpers.mjs";

const TEXT = "the quick brown fox jumps over the lazy dog.\n".repeat(60);
const TINY = [{ hidden: 8 }, { batch: 2, context: 4 }];
/** What is promised. SwiftShader needs minutes for as many, so a usual run of the tests does fewer there. */
const PROMISED = 5000;
const STEPS = { cpu: PROMISED, gpu: process.env.UNROLL_LONG_TESTS ? PROMISED : 1000 };

/** That no kind of memory is more than 5 % more or less. */
function flat(before, after) {
  for (const [kind, bytes] of Object.entries(before)) {
    const change = after[kind] / Math.max(bytes, 1) - 1;
    assert.ok(Math.abs(change) <= 0.05 || after[kind] === bytes, `${kind}: ${bytes} bytes before, ${after[kind]} after`);
  }
}

for (const device of ["cpu", "gpu"]) {
  driven(
    `memory is flat over ${STEPS[device]} steps on the ${device}`,
    { device, given: { text: TEXT, size: TINY, steps: STEPS[device] }, seconds: 600 },
    async (engine, { text, size, steps }) => {
      await engine.read(text);
      await engine.build(...size);
      await engine.train(300);
      const before = await engine.weigh();
      await engine.train(steps);
      return [before, await engine.weigh()];
    },
    (weights) => flat(...weights),
  );

  const changes = Array.from({ length: 20 }, (_, at) => [
    { cell: ["rnn", "gru", "lstm"][at % 3], hidden: 8 + 4 * at, layers: 1 + (at % 2) },
    { batch: 1 + (at % 7), context: 4 + 3 * (at % 5) },
  ]);
  driven(
    `memory is flat over twenty changes of size on the ${device}`,
    { device, given: { text: TEXT, size: [{ hidden: 96, layers: 2 }, { batch: 8, context: 16 }], changes }, seconds: 400 },
    async (engine, { text, size, changes }) => {
      await engine.read(text);
      const train = async (size) => {
        await engine.build(...size);
        await engine.train(5);
      };
      // Twice, because the old model is there until the new one is.
      await train(size);
      await train(size);
      const before = await engine.weigh();
      for (const change of changes) await train(change);
      await train(size);
      return [before, await engine.weigh()];
    },
    (weights) => flat(...weights),
  );
}
