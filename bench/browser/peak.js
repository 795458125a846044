// How many f32 multiply-adds a second one thread of WebAssembly can do: the modules of ../peak.mjs, the fastest of them.

const STEPS = 2_000_000;
const ROUNDS = 5;

export async function measure({ modules }) {
  const best = {};
  for (const { instructions, chains, bytes } of modules) {
    const run = await compiled(Uint8Array.from(bytes));
    // Relaxed SIMD is not everywhere.
    if (!run) continue;
    // The first calls run what the quick compiler made.
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      run(STEPS, 0.999, 0.002);
      const rate = (STEPS * chains * 4) / ((performance.now() - start) / 1000);
      best[instructions] = Math.max(best[instructions] ?? 0, rate);
    }
  }
  return best;
}

async function compiled(bytes) {
  if (!WebAssembly.validate(bytes)) return undefined;
  const { instance } = await WebAssembly.instantiate(bytes);
  return instance.exports.run;
}
