// Drives the instrumented engine from a page, with the page's own messages.

const MODEL = { cell: "lstm", layers: 1, hidden: 128, tie_weights: false, dropout: 0, forget_bias: 0, init: "pytorch", seed: 1 };
const TRAIN = {
  batch: 32, context: 64, learning_rate: 2e-3, clip: 1, weight_decay: 0, schedule: { kind: "constant" },
  steps: null, eval_every: 1e9, eval_tokens: null, sample_every: null, seed: 1,
};
const OWN = { source: { Own: { name: "driven" } }, vocabulary: "char", split: 0.9 };

const bytes = (text) => new TextEncoder().encode(text);

/** The engine's worker, its messages kept until somebody asks for them. */
export class Engine {
  #worker;
  #last = 0;
  #text;
  #heard = [];
  #waiting = () => {};

  /** `site` is where worker.js is served; `program` see there, `features` see report.js. */
  constructor({ site = "/", program, features } = {}) {
    const url = new URL(`${site}instrumented.js`, location.href);
    if (program) url.searchParams.set("program", program);
    if (features) url.searchParams.set("features", features.join(","));
    this.#worker = new Worker(url, { type: "module" });
    /** Every shader that was compiled, once. */
    this.shaders = new Set();
    this.#worker.onmessage = ({ data }) => {
      data.seen?.shaders.forEach((shader) => this.shaders.add(shader));
      if (!data.loading) this.#hear(data);
    };
    this.#worker.onerror = (event) => this.#hear({ failed: event.message ?? "the worker did not start" });
  }

  #hear(message) {
    this.#heard.push(message);
    this.#waiting();
  }

  /** Sends a request, and gives its number. */
  ask(request, arrays = []) {
    this.#last += 1;
    this.#worker.postMessage({ id: this.#last, body: JSON.stringify(request), arrays }, arrays.map((array) => array.buffer));
    return this.#last;
  }

  /** Waits for the last word on a request; what was seen until then. */
  async done(request) {
    const { seen } = await this.#next(({ id, event }) => id === request && event.Done);
    return seen;
  }

  /** Opens that device and no other. */
  async open(device) {
    this.ask({ Open: { device } });
    const ready = await this.hear("Ready");
    if (ready.kind !== { cpu: "Cpu", gpu: "WebGpu" }[device]) throw new Error(`the engine opened ${ready.kind}, not ${device}`);
    return ready;
  }

  /** Reads a text, and waits until its n-grams are counted, which is done in turn with training. */
  async read(text) {
    const request = this.ask({ UseText: OWN }, [bytes(text)]);
    this.#text = (await this.hear("TextReady")).id;
    await this.done(request);
  }

  /** A new model, with nothing beside its training: no evaluation, no sample, no end. */
  async build(model = {}, train = {}) {
    const request = this.ask({ Build: { text: this.#text, model: { ...MODEL, ...model }, train: { ...TRAIN, ...train }, play: false } });
    const report = await this.hear("ModelReady");
    await this.done(request);
    return report;
  }

  /** Goes on with the present model on another text. */
  async fineTune(text, train = {}) {
    const request = this.ask({ FineTune: { text: OWN, train: { ...TRAIN, ...train }, play: false } }, [bytes(text)]);
    await this.done(request);
  }

  /** What the model writes after a prompt. */
  async write(prompt, length, { temperature = 0.8, top_k = null } = {}) {
    this.ask({ Generate: { prompt, length, temperature, top_k, seed: 1 } });
    let text = "";
    for (;;) {
      const { seen, ...written } = await this.hear("Written");
      text += written.text;
      if (written.done) return text;
    }
  }

  /** What a picture of that topic, { Hidden } or { Probabilities }, shows of the model now. */
  async look(topic) {
    const subscription = this.ask({ Subscribe: { topic, every_ms: 1000 } });
    const shown = await this.hear(Object.keys(topic)[0]);
    this.ask({ Unsubscribe: { subscription } });
    await this.done(subscription);
    return shown;
  }

  /** One training step, with nothing left under way; what was seen until it was done. */
  async step() {
    return this.done(this.ask("StepOnce"));
  }

  /** Trains until so many steps have been told of, then pauses. What was seen at the start and at the end, and the steps between. */
  async train(steps) {
    this.ask("Play");
    const before = await this.state("Running");
    let first;
    let last = -Infinity;
    const told = ({ event: { Progress: progress } }) => {
      if (!progress) return;
      first ??= progress.first_step;
      last = progress.step;
    };
    const done = () => last - first + 1;
    await this.#next((message) => (told(message), done() >= steps));
    this.ask("Pause");
    const { seen } = await this.#next((message) => (told(message), message.event.State?.state === "Paused"));
    return { before, after: seen, steps: done() };
  }

  /** The next event of that name, with its arrays and what was seen until it was posted; nothing after `seconds`. Others are dropped. */
  async hear(name, seconds = Infinity) {
    const message = await this.#next(({ event }) => name in event, seconds);
    if (!message) return undefined;
    const { event, arrays, seen } = message;
    return Object.assign(Array.isArray(event[name]) ? {} : event[name], { arrays, seen });
  }

  /** Waits until the run is in this state; what was seen until it said so. */
  async state(wanted) {
    const { seen } = await this.#next(({ event }) => event.State?.state === wanted);
    return seen;
  }

  /** Bytes of the engine's memory and of its buffers, now. */
  async weigh() {
    this.#worker.postMessage({ weigh: true });
    const { weighed } = await this.#next(({ weighed }) => weighed);
    return weighed;
  }

  async #next(wanted, seconds = Infinity) {
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
      const parsed = message.body === undefined ? {} : JSON.parse(message.body);
      // An event without fields is its name alone.
      const event = typeof parsed === "string" ? { [parsed]: {} } : parsed;
      if (event.Trouble) throw new Error(JSON.stringify(event.Trouble.trouble));
      const diverged = event.State?.state.Diverged;
      if (diverged) throw new Error(`diverged: ${JSON.stringify(diverged)}`);
      if (wanted({ ...message, event })) return { ...message, event };
    }
  }

  end() {
    this.#worker.terminate();
  }
}
