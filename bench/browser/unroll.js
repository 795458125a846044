// Ours: the engine's worker of the built site, driven by the same messages as the page's.
import { aStep } from "./count.js";
import { Windows } from "./windows.js";

const WRITTEN = 20_000;

export async function measure(wish) {
  const { device, cell = "lstm", layers, hidden, batch, context, text, timing } = wish;
  const began = performance.now() / 1000;
  const engine = new Engine();
  try {
    engine.ask({ Open: { device } });
    const { kind, name: adapter } = await engine.hear("Ready");
    if (kind !== { cpu: "Cpu", gpu: "WebGpu" }[device]) throw new Error(`the engine opened ${kind}, not ${device}`);

    const source = { Own: { name: "bench" } };
    engine.ask({ UseText: { source, vocabulary: "char", split: 0.9 } }, [new TextEncoder().encode(text)]);
    // The n-grams are counted in turn with training, so they have to be done.
    await engine.hear("Baselines");
    const model = { cell, layers, hidden, tie_weights: false, dropout: 0, forget_bias: 0, init: "pytorch", seed: 1 };
    const train = {
      batch,
      context,
      learning_rate: 2e-3,
      clip: 1,
      weight_decay: 0,
      schedule: { kind: "constant" },
      steps: null,
      eval_every: 1e9,
      eval_tokens: null,
      sample_every: null,
      seed: 1,
    };
    engine.ask({ Build: { model, train } });
    const { symbols, parameters } = await engine.hear("ModelReady");
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
  engine.ask("Pause");
  engine.ask({ Generate: { id: 1, prompt: "The ", length: WRITTEN, temperature: 0.8, top_k: null, seed: 1 } });
  const start = await engine.hear("Written");
  let characters = 0;
  for (;;) {
    const { text, done, seen } = await engine.hear("Written");
    characters += [...text].length;
    if (done) return characters / (seen.seconds - start.seen.seconds);
  }
}

/** The worker of `program`, its messages kept until somebody asks for them. */
export class Engine {
  #worker;
  #heard = [];
  #waiting = () => {};

  constructor(program = "engine") {
    this.#worker = new Worker(`/site/counted-engine.js?program=${program}`, { type: "module" });
    this.#worker.onmessage = ({ data }) => {
      if (data.loading) return;
      this.#heard.push(data);
      this.#waiting();
    };
    this.#worker.onerror = (event) => {
      this.#heard.push({ failed: event.message ?? "the worker did not start" });
      this.#waiting();
    };
  }

  ask(request, arrays = []) {
    this.#worker.postMessage({ body: JSON.stringify(request), arrays }, arrays.map((array) => array.buffer));
  }

  /** The next event of that name, with its arrays and when it was posted; nothing after `seconds`. Others are dropped. */
  async hear(name, seconds = Infinity) {
    const until = performance.now() + 1000 * seconds;
    for (;;) {
      const message = this.#heard.shift();
      if (message === undefined) {
        const left = until - performance.now();
        if (left <= 0) return undefined;
        await new Promise((resolve) => {
          this.#waiting = resolve;
          if (left < Infinity) setTimeout(resolve, left);
        });
        continue;
      }
      if (message.failed) throw new Error(message.failed);
      const event = JSON.parse(message.body);
      if (event.Trouble) throw new Error(JSON.stringify(event.Trouble));
      if (event.State?.Diverged) throw new Error(`diverged: ${JSON.stringify(event.State.Diverged)}`);
      if (typeof event === "object" && name in event) {
        return Object.assign(Array.isArray(event[name]) ? {} : event[name], { arrays: message.arrays, seen: message.seen });
      }
    }
  }

  end() {
    this.#worker.terminate();
  }
}
