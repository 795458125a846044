// Measurements outside of the browser, each a program of its own on one thread.
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Windows } from "./browser/windows.js";

/** What `peak.rs` prints. */
export async function peak(program) {
  return JSON.parse(await output(program, []));
}

/** PyTorch's rates. */
export async function pytorch(python, wish) {
  const script = fileURLToPath(new URL("native/pytorch.py", import.meta.url));
  const { tokens, symbols, layers, hidden, batch, context, timing } = wish;
  const told = { tokens, symbols, layers, hidden, batch, context, ...timing };
  try {
    return JSON.parse(await output(python, [script], JSON.stringify(told)));
  } catch (error) {
    return { error: error.message.trim().split("\n").at(-1) };
  }
}

/** The rates of `unroll train --json`, from when its lines come, and its own figure of its speed. */
export async function unroll(program, wish) {
  const { cell = "lstm", layers, hidden, batch, context, text, timing } = wish;
  const folder = await mkdtemp(join(tmpdir(), "unroll-bench-"));
  const file = join(folder, "text.txt");
  await writeFile(file, text);
  const flags = { text: file, cell, layers, hidden, batch, context, steps: 1e9, "eval-every": 1e9, device: "cpu", threads: 1 };
  const given = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  const child = spawn(program, ["train", "--json", ...given], { stdio: ["ignore", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.on("data", (words) => (complaint += words));
  child.on("error", (error) => (complaint += error.message));
  const windows = new Windows(timing);
  let loss;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const { step, train_loss } = JSON.parse(line);
      if (train_loss === undefined) continue;
      loss = train_loss;
      if (windows.add({ seconds: performance.now() / 1000, step })) break;
    }
  } finally {
    child.kill("SIGKILL");
    await rm(folder, { recursive: true });
  }
  const rates = windows.rates(batch * context);
  return rates.length > 0 ? { rates, loss } : { error: complaint.trim() || "it printed no steps" };
}

function output(program, given, input) {
  return new Promise((resolve, reject) => {
    const child = execFile(program, given, { maxBuffer: 1 << 24 }, (error, out, complaint) =>
      error ? reject(new Error(complaint || error.message)) : resolve(out),
    );
    child.stdin.end(input);
  });
}
