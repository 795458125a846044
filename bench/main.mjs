// Measures everything in one run and writes results.md and results.json. Called by ./run, which says where things are.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus, release, type } from "node:os";
import { parseArgs } from "node:util";
import { open } from "./chromium.mjs";
import * as native from "./native.mjs";
import { peakModules } from "./peak.mjs";
import { report, summary } from "./report.mjs";
import { benchText } from "./text.mjs";

const { values: given } = parseArgs({
  options: {
    only: { type: "string" },
    out: { type: "string", default: import.meta.dirname ?? "." },
    site: { type: "string", default: "dist" },
    readme: { type: "string" },
  },
});
const { CHROME, UNROLL, PYTHON, PEAK } = process.env;

// The two configurations.
const CPU = { layers: 1, hidden: 128, batch: 32, context: 64 };
const GPU = { layers: 1, hidden: 32, batch: 4, context: 32 };
const TIMING = { repetitions: 5, seconds: 1, box: 60 };
// Points of a curve are many, so each is shorter.
const POINT = { repetitions: 3, seconds: 0.7, box: 20 };
// Large for a GPU that is none, and more than anything wanted for its counts.
const LARGE = { repetitions: 1, seconds: 1, box: 45 };

const varied = (base, axes) =>
  Object.entries(axes).flatMap(([axis, values]) => values.map((value) => ({ axis, value, shape: { ...base, [axis]: value } })));

const ours = (device, shape, timing, more) => (chromium, text) => chromium.measure("unroll", { ...text, ...shape, device, timing, ...more });
const peer = (library, backend, shape) => (chromium, text) => {
  const { tokens, symbols } = text;
  return chromium.measure(library, { tokens, symbols, ...shape, backend, timing: TIMING });
};

const stock = (device, shape) => (chromium) => chromium.measure("burn", { ...shape, device, webgpu: device === "gpu" });

// In the order in which it is measured: `group` is the table, `name` the row.
const PLAN = [
  { group: "peak", name: "native", measure: () => native.peak(PEAK) },
  { group: "peak", name: "browser", measure: async (chromium) => chromium.measure("peak", { modules: await peakModules() }) },

  { group: "cpu", name: "Unroll", where: "Chromium", shape: CPU, measure: ours("cpu", CPU, TIMING, { write: true }) },
  { group: "cpu", name: "burn nn::Lstm", where: "Chromium", shape: CPU, measure: stock("cpu", CPU) },
  { group: "cpu", name: "jax-js wasm", where: "Chromium", shape: CPU, measure: peer("jax-js", "wasm", CPU) },
  { group: "cpu", name: "tfjs wasm", where: "Chromium", shape: CPU, measure: peer("tfjs", "wasm", CPU) },
  { group: "cpu", name: "tfjs cpu", where: "Chromium", shape: CPU, measure: peer("tfjs", "cpu", CPU) },
  { group: "cpu", name: "Unroll (native)", where: "native", shape: CPU, measure: (_, text) => native.unroll(UNROLL, { ...text, ...CPU, timing: TIMING }) },
  { group: "cpu", name: "PyTorch", where: "native", shape: CPU, measure: (_, text) => native.pytorch(PYTHON, { ...text, ...CPU, timing: TIMING }) },

  { group: "gpu", name: "Unroll", where: "Chromium", shape: GPU, measure: ours("gpu", GPU, TIMING, { write: true }) },
  { group: "gpu", name: "burn nn::Lstm", where: "Chromium", shape: GPU, measure: stock("gpu", GPU) },
  { group: "gpu", name: "jax-js webgpu", where: "Chromium", shape: GPU, measure: peer("jax-js", "webgpu", GPU) },
  { group: "gpu", name: "tfjs webgpu", where: "Chromium", shape: GPU, measure: peer("tfjs", "webgpu", GPU) },

  ...[64, 128, 256].map((context) => counted({ ...CPU, batch: 4, context })),
  ...[2, 3].map((layers) => counted({ ...CPU, batch: 4, layers })),
  ...varied(CPU, { context: [64, 128, 256], batch: [8, 32, 128], hidden: [64, 128, 256], layers: [1, 2, 4] }).map((point) => ({
    group: "cpu-curve",
    name: `${point.axis} ${point.value}`,
    ...point,
    measure: ours("cpu", point.shape, POINT),
  })),
  ...varied(GPU, { context: [32, 64, 128], batch: [4, 8, 16], hidden: [32, 64, 128], layers: [1, 2, 4] }).map((point) => ({
    group: "gpu-curve",
    name: `${point.axis} ${point.value}`,
    ...point,
    measure: ours("gpu", point.shape, POINT),
  })),
];

function counted(shape) {
  const name = `${shape.layers}×${shape.hidden}, batch ${shape.batch}, context ${shape.context}`;
  return { group: "counts", name, shape, measure: ours("gpu", shape, LARGE) };
}

await mkdir(given.out, { recursive: true });
const wanted = given.only?.split(",");
const [text, chromium] = [await benchText("assets/corpora/shakespeare.txt"), await open(given.site, CHROME)];
const began = Date.now();
const results = {
  date: new Date().toISOString().slice(0, 10),
  machine: { processor: cpus()[0].model, cores: cpus().length, system: `${type()} ${release()}` },
  versions: { chromium: chromium.version, node: process.version },
  rows: [],
};
try {
  for (const { measure, ...row } of PLAN) {
    if (wanted && !wanted.some((one) => `${row.group} ${row.name}`.includes(one))) continue;
    process.stderr.write(`==> ${row.group}: ${row.name}\n`);
    const started = Date.now();
    const outcome = honest(await measure(chromium, text).catch(({ message }) => ({ error: message })), text.symbols);
    const { context = row.shape?.context } = outcome;
    const shape = row.shape && { ...row.shape, context, symbols: text.symbols };
    results.rows.push({ ...row, shape, ...outcome, took: (Date.now() - started) / 1000 });
    process.stderr.write(`    ${outcome.error ?? (outcome.rates ? outcome.rates.map(Math.round).join(" ") : JSON.stringify(outcome))}\n`);
    // Each time, so that nothing is lost when the run is ended.
    await keep();
  }
} finally {
  chromium.close();
}
process.stdout.write(await keep());
if (given.readme) await tell(given.readme);

/** A speed counts only where something was learned: a loss that is no number, or worse than guessing, is an error. */
function honest(outcome, symbols) {
  const { rates, loss, error } = outcome;
  // Where the machine's files lie is no result.
  if (error) return { ...outcome, error: error.replace(/(\w+:)?\/\/?[\w.:-]+\/\S*/g, "…") };
  if (!rates || loss === undefined) return outcome;
  return loss > 0.1 && loss < Math.log(symbols) + 0.1 ? outcome : { ...outcome, error: `it does not learn: its loss is ${loss}` };
}

async function keep() {
  results.minutes = (Date.now() - began) / 60_000;
  const markdown = report(results);
  await writeFile(`${given.out}/results.json`, `${JSON.stringify(results, null, 1)}\n`);
  await writeFile(`${given.out}/results.md`, markdown);
  return markdown;
}

/** Puts the short table between the two comments of a file that stand for it. */
async function tell(file) {
  const [before, rest] = (await readFile(file, "utf8")).split("<!-- bench/run -->\n");
  const after = rest?.split("<!-- until here -->")[1];
  if (after === undefined) throw new Error(`${file} has no place for the results`);
  await writeFile(file, `${before}<!-- bench/run -->\n${summary(results)}<!-- until here -->${after}`);
}
