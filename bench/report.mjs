// The results as Markdown.
import { multiplyAdds } from "./cost.mjs";

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const whole = (value) => Math.round(value).toLocaleString("en-US");
const digits = (value) => (value >= 100 ? whole(value) : Number(value.toPrecision(2)).toString());
const speed = (row) => (row && !row.error ? median(row.rates) : undefined);

function table(head, rows) {
  if (rows.length === 0) return "Not measured in this run.\n";
  const line = (cells) => `| ${cells.join(" | ")} |\n`;
  return line(head) + line(head.map((_, at) => (at === 0 ? "---" : "---:"))) + rows.map(line).join("");
}

export function report(results) {
  const of = (group) => results.rows.filter((row) => row.group === group);
  const find = (group, name) => results.rows.find((row) => row.group === group && row.name === name);
  const peaks = { native: find("peak", "native"), browser: find("peak", "browser") };
  const { machine, versions } = results;
  return `# Results of \`bench/run\`

${results.date}, ${machine.processor} (${machine.cores} cores), ${machine.system}, Chromium ${versions.chromium}, ${results.minutes.toFixed(1)} minutes. What is measured, and what is not fair about it, is said in
[README.md](README.md). Speeds are medians; the ratios within this run are what counts.

## CPU, one thread: LSTM 1×128, batch 32, context 64, 65 symbols

${compared(of("cpu"), peaks)}
${peakWords(peaks)}

## WebGPU on SwiftShader: LSTM 1×32, batch 4, context 32, 65 symbols

${compared(of("gpu"))}
## What must hold

${targets(find)}
## WebGPU calls a training step

${table(["model", "dispatches", "submits", "reads"], of("counts").map((row) => [row.name, ...calls(row)]))}
## What a training step costs: CPU in Chromium

From LSTM 1×128, batch 32, context 64, one setting changed at a time.

${curve(of("cpu-curve"))}
## What a training step costs: WebGPU on SwiftShader

From LSTM 1×32, batch 4, context 32, one setting changed at a time.

${curve(of("gpu-curve"))}`;
}

function calls({ calls, error }) {
  if (error || !calls) return ["–", "–", "–"];
  return [calls.dispatches, calls.submits, calls.reads].map((count) => (count === 0 ? "0" : digits(count)));
}

function compared(rows, peaks) {
  const ours = Object.fromEntries(rows.filter(({ name }) => name.startsWith("Unroll")).map((row) => [row.where, speed(row)]));
  const head = ["", "where", "tokens/s", "slowest – fastest", "ms a step", "ours is", peaks ? "of peak" : "dispatches, submits, reads a step"];
  const cells = (row) => {
    const { where, shape, error, rates } = row;
    const name = row.context ? `${row.name}, context ${row.context}` : row.name;
    if (error) return [name, where, "–", `fails: ${error.replaceAll("|", "\\|").slice(0, 200)}`, "–", "–", "–"];
    const rate = speed(row);
    const spread = `${whole(Math.min(...rates))} – ${whole(Math.max(...rates))}`;
    const ratio = row.name.startsWith("Unroll") || !ours[where] ? "" : `${digits(ours[where] / rate)}×`;
    const last = peaks ? fraction(rate, shape, where, peaks) : calls(row).join(", ");
    return [name, where, whole(rate), spread, digits((1000 * shape.batch * shape.context) / rate), ratio, last];
  };
  return table(head, rows.map(cells));
}

/** The best that the same place can do: relaxed SIMD in the browser where there is any. */
function placePeak(where, { native, browser }) {
  const rates = where === "native" ? [native?.multiplyAddsPerSecond] : Object.values(browser ?? {}).filter(Number.isFinite);
  return Math.max(...rates.filter((rate) => rate > 1e6));
}

function fraction(rate, shape, where, peaks) {
  const peak = placePeak(where, peaks);
  return Number.isFinite(peak) ? `${digits((100 * rate * multiplyAdds(shape)) / peak)} %` : "–";
}

function peakWords({ native, browser }) {
  const giga = (rate) => `${digits(rate / 1e9)} billion`;
  const parts = [];
  if (native?.multiplyAddsPerSecond) parts.push(`${giga(native.multiplyAddsPerSecond)} natively (${native.instructions})`);
  for (const [instructions, rate] of Object.entries(browser ?? {})) {
    if (instructions.startsWith("f32x4")) parts.push(`${giga(rate)} in Chromium with \`${instructions}\``);
  }
  return parts.length > 0 ? `Peak of one thread, f32 multiply-adds a second: ${parts.join(", ")}.` : "";
}

function targets(find) {
  const rate = (group, name) => speed(find(group, name));
  const over = (a, b) => (a && b ? a / b : undefined);
  const best = (group, names) => Math.max(...names.map((name) => rate(group, name) ?? 0)) || undefined;
  const counted = (name) => find("counts", name)?.calls;
  const [at64, at128, at256, deep, deeper] = [
    "1×128, batch 4, context 64",
    "1×128, batch 4, context 128",
    "1×128, batch 4, context 256",
    "2×128, batch 4, context 64",
    "3×128, batch 4, context 64",
  ].map(counted);
  // Of a second and of a third layer, the larger number.
  const further = at64 && deep && deeper && Math.max(deep.dispatches - at64.dispatches, deeper.dispatches - deep.dispatches);
  const spread = [at64, at128, at256].every(Boolean)
    ? Math.max(...[at64, at128, at256].map(({ dispatches }) => dispatches)) - Math.min(...[at64, at128, at256].map(({ dispatches }) => dispatches))
    : undefined;
  const [cpu, gpu, bare] = [rate("cpu", "Unroll"), rate("gpu", "Unroll"), rate("cpu", "Unroll (native)")];
  const least = (what, value, limit, unit = "×") => [what, `≥ ${limit}${unit}`, value, value >= limit, unit];
  // What is on its way at the edges of a measurement moves the third digit.
  const most = (what, value, limit) => {
    const rounded = value === undefined ? undefined : Number(value.toFixed(2));
    return [what, `≤ ${limit}`, rounded, rounded <= limit, ""];
  };
  const rows = [
    least("CPU in Chromium ÷ the best of tfjs and jax-js", over(cpu, best("cpu", ["tfjs cpu", "tfjs wasm", "jax-js wasm"])), 10),
    least("CPU in Chromium ÷ PyTorch, one native thread", over(cpu, rate("cpu", "PyTorch")), 0.25),
    least("CPU natively ÷ PyTorch, one native thread", over(bare, rate("cpu", "PyTorch")), 0.8),
    least("WebGPU ÷ tfjs webgpu", over(gpu, rate("gpu", "tfjs webgpu")), 100),
    least("WebGPU ÷ jax-js webgpu", over(gpu, rate("gpu", "jax-js webgpu")), 5),
    most("Dispatches a step, 1×128", at64?.dispatches, 24),
    most("Dispatches a step more or less at context 128 and 256", spread, 0.5),
    most("Dispatches for a further layer", further, 8),
    most("Submits a step", find("gpu", "Unroll")?.calls?.submits, 1),
    most("Compiled while it runs, a step", find("gpu", "Unroll")?.calls?.compiled, 0),
    most("Reads a step", find("gpu", "Unroll")?.calls?.reads, 0.1),
    least("Characters written a second, 1×128 on the CPU", find("cpu", "Unroll")?.writing, 5000, ""),
  ];
  const cells = ([what, limit, value, holds, unit]) =>
    value === undefined ? [what, limit, "not measured", ""] : [what, limit, `${value === 0 ? 0 : digits(value)}${unit}`, holds ? "holds" : "**falls short**"];
  return table(["", "limit", "measured", ""], rows.map(cells));
}

/** The short table of the project's README. */
export function summary({ rows, date, machine }) {
  const find = (group, name) => rows.find((row) => row.group === group && row.name === name);
  /** The fastest of some, and how many times as fast ours is. */
  const against = (group, names, ours = "Unroll") => {
    const fastest = Math.max(...names.map((name) => speed(find(group, name)) ?? 0));
    const own = speed(find(group, ours));
    if (!fastest) return ["–", ""];
    return [whole(fastest), own && !names.includes(ours) ? `${digits(own / fastest)}×` : ""];
  };
  const line = (words, cpu, gpu) => [words, ...cpu, ...gpu];
  const nothing = ["", ""];
  const dispatches = find("counts", "1×128, batch 4, context 64")?.calls?.dispatches;
  return `
Symbols that a training step learns in a second, measured by [bench/run](bench/README.md) on ${machine.processor}, ${date}:

${table(
  ["in Chromium", "CPU, one thread: LSTM 1×128, batch 32, context 64", "ours is", "WebGPU on SwiftShader: LSTM 1×32, batch 4, context 32", "ours is"],
  [
    line("**Unroll**", against("cpu", ["Unroll"]), against("gpu", ["Unroll"])),
    line("burn's `nn::Lstm`", against("cpu", ["burn nn::Lstm"]), against("gpu", ["burn nn::Lstm"])),
    line("jax-js", against("cpu", ["jax-js wasm"]), against("gpu", ["jax-js webgpu"])),
    line("TensorFlow.js", against("cpu", ["tfjs cpu", "tfjs wasm"]), against("gpu", ["tfjs webgpu"])),
    line("Unroll, native", against("cpu", ["Unroll (native)"], "Unroll (native)"), nothing),
    line("PyTorch, native", against("cpu", ["PyTorch"], "Unroll (native)"), nothing),
  ],
)}${dispatches ? `\nA training step of LSTM 1×128 is ${digits(dispatches)} WebGPU dispatches, however long the context. ` : "\n"}All of it is in [bench/results.md](bench/results.md).
`;
}

function curve(rows) {
  const cells = (row) => {
    const { axis, value, shape, error } = row;
    if (error) return [axis, value, "–", `fails: ${error.slice(0, 120)}`, "–", "–"];
    const rate = speed(row);
    const milliseconds = (1000 * shape.batch * shape.context) / rate;
    return [axis, value, whole(rate), digits(milliseconds), digits((rate * multiplyAdds(shape)) / 1e9), calls(row)[0]];
  };
  return table(["changed", "to", "tokens/s", "ms a step", "10⁹ multiply-adds/s", "dispatches a step"], rows.map(cells));
}
