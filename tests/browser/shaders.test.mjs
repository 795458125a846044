// Every shader that reaches a browser passes through naga as well: so nothing rests on Chromium's compiler alone.
import assert from "node:assert/strict";
import { driven } from "./helpers.mjs";
import { refusals } from "./naga.mjs";

const FEW = "the quick brown fox jumps over the lazy dog.\n".repeat(40);
/** 1,200 Chinese characters. */
const MANY = Array.from({ length: 1200 }, (_, at) => String.fromCodePoint(0x4e00 + at)).join("").repeat(3);

/** What makes other shaders: text, model, training. */
const RUNS = ["rnn", "gru", "lstm"].flatMap((cell) => [
  [FEW, { cell, hidden: 8 }, { batch: 1, context: 1 }],
  [FEW, { cell, hidden: 32, layers: 2, tie_weights: true, dropout: 0.2 }, { batch: 4, context: 8, weight_decay: 0.01 }],
  [FEW, { cell, hidden: 129, layers: 2 }, { batch: 33, context: 2 }],
  [MANY, { cell, hidden: 32, layers: 2, tie_weights: true }, { batch: 2, context: 4 }],
  [MANY, { cell, hidden: 129 }, { batch: 2, context: 4 }],
  [FEW, { cell, hidden: 300 }, { batch: 2, context: 2 }],
]);
/** What fills the memory of a workgroup. */
RUNS.push([FEW, { cell: "lstm", hidden: 1024 }, { batch: 2, context: 1 }]);

/**
 * What Firefox's adapters have of the features that burn makes use of where they are there. No subgroups: naga does not
 * know `enable subgroups;`.
 */
const FEATURES = ["core-features-and-limits", "timestamp-query"];

async function use(engine, runs) {
  let text;
  for (const [its, model, train] of runs) {
    if (its !== text) await engine.read((text = its));
    // A small slice of the text has the shaders of all of it.
    await engine.build(model, { ...train, eval_tokens: 20 });
    await engine.step();
    await engine.step();
    await engine.look({ Hidden: { text: text.slice(0, 20), layer: 0 } });
    await engine.answer("Evaluate");
    await engine.write("the", 2);
    await engine.write("", 2, { temperature: 0, top_k: 3 });
    await engine.look({ Probabilities: { prompt: "the", count: 5 } });
  }
  await engine.fineTune(`${text}${"öäü".repeat(200)}`, { batch: 2, context: 1, eval_tokens: 20 });
  await engine.step();
  return [...engine.shaders];
}

driven("whatever a model is trained and used with passes through naga", { device: "gpu", features: FEATURES, given: RUNS, seconds: 600 }, use, async (shaders) => {
  assert.ok(shaders.length > 30, `${shaders.length} shaders were seen`);
  assert.deepEqual(await refusals(shaders), []);
});
