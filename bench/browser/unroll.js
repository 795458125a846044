// Ours: the engine's worker of the built site, driven by the same messages as the page's.
import { Engine } from "/instruments/driver.js";
import { aStep } from "/instruments/webgpu.js";
import { Windows } from "./windows.js";

const WRITTEN = 20_000;

export async function measure(wish) {
  const { device, cell = "lstm", layers, hidden, batch, context, text, timing } = wish;
  const began = performance.now() / 1000;
  const engine = new Engine({ site: "/site/" });
  try {
    const { name: adapter } = await engine.open(device);
    await engine.read(text);
    const { symbols, parameters } = await engine.build({ cell, layers, hidden }, { batch, context });
    if (symbols.length !== wish.symbols) throw new Error(`the text has ${symbols.length} symbols, not ${wish.symbols}`);

    const played = performance.now() / 1000;
    engine.ask("Play");
    const windows = new Windows(timing);
    let first;
    let loss;
    for (let enough = false; !enough; ) {
      const left = timing.box - (performance.now() / 1000 - played);
      const progress = await engine.hear("Progress", left);
      if (!progress) break;
      first ??= performance.now() / 1000 - played;
      loss = progress.arrays[0].at(-1);
      enough = windows.add({ step: progress.step, ...progress.seen });
    }
    const { edges } = windows;
    if (edges.length === 0) throw new Error(`fewer than two reports of progress within ${timing.box} s`);
    const steps = edges.at(-1).step - edges[0].step;
    const calls = aStep(edges[0].calls, edges.at(-1).calls, steps);
    const writing = wish.write && (await write(engine));
    return { rates: windows.rates(batch * context), first, start: played - began, loss, calls, steps, parameters, adapter, writing };
  } finally {
    engine.end();
  }
}

/** Characters a second that the model writes. */
async function write(engine) {
  await engine.answer("Pause");
  engine.ask({ Generate: { prompt: "The ", length: WRITTEN, temperature: 0.8, top_k: null, seed: 1 } });
  const start = await engine.hear("Written");
  let characters = 0;
  for (;;) {
    const { text, done, seen } = await engine.hear("Written");
    characters += [...text].length;
    if (done) return characters / (seen.seconds - start.seen.seconds);
  }
}
