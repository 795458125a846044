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
  #heard = [];
  #waiting = () => {};
  /** Of the last request. */
  #id = 0;
  /** The text that was read last, which is named by its request. */
  #text;

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

  /** Sends a request and gives its number. */
  ask(request, arrays = []) {
    const id = ++this.#id;
    this.#worker.postMessage({ id, body: JSON.stringify(request), arrays }, arrays.flatMap((array) => array.buffer ?? []));
    return id;
  }

  /**
   * Sends a request and waits for its last word. Gives the events that named it by their names, the last of each, and what
   * was `seen` until the last word was posted. Other events are dropped.
   */
  async answer(request, arrays = []) {
    const id = this.ask(request, arrays);
    const events = {};
    const { seen } = await this.#next((message) => {
      if (message.id !== id) return false;
      Object.assign(events, message.event);
      return "Done" in message.event;
    });
    return { ...events, seen };
  }

  /** Opens that device and no other. */
  async open(device) {
    const { Ready: ready } = await this.answer({ Open: { device } });
    if (ready.kind !== { cpu: "Cpu", gpu: "WebGpu" }[device]) throw new Error(`the engine opened ${ready.kind}, not ${device}`);
    return ready;
  }

  /** Reads a text, and waits until its n-grams are counted, which is done in turn with training. */
  async read(text) {
    const { TextReady: report } = await this.answer({ UseText: OWN }, [bytes(text)]);
    this.#text = report.id;
  }

  /** A new model, with nothing beside its training: no evaluation, no sample, no end. */
  async build(model = {}, train = {}) {
    const built = { text: this.#text, model: { ...MODEL, ...model }, train: { ...TRAIN, ...train }, play: false };
    return (await this.answer({ Build: built })).ModelReady;
  }

  /** Goes on with the present model on another text. */
  async fineTune(text, train = {}) {
    await this.answer({ FineTune: { text: OWN, train: { ...TRAIN, ...train }, play: false } }, [bytes(text)]);
  }

  /** What the model writes after a prompt. */
  async write(prompt, length, { temperature = 0.8, top_k = null } = {}) {
    const id = this.ask({ Generate: { prompt, length, temperature, top_k, seed: 1 } });
    let text = "";
    await this.#next((message) => {
      if (message.id !== id) return false;
      text += message.event.Written?.text ?? "";
      return "Done" in message.event;
    });
    return text;
  }

  /** What a picture of that topic is shown first; it is shown no more afterwards. */
  async look(topic) {
    const id = this.ask({ Subscribe: { topic, every_ms: 0 } });
    const { event, arrays } = await this.#next((message) => message.id === id);
    await this.answer({ Unsubscribe: { subscription: id } });
    return { ...Object.values(event)[0], arrays };
  }

  /** One training step, with nothing left under way; what was seen until it was done. */
  async step() {
    return (await this.answer("StepOnce")).seen;
  }

  /** Trains until so many steps have been told of, then pauses. What was seen at the start and at the end, and the steps between. */
  async train(steps) {
    const { seen: before } = await this.answer("Play");
    let first;
    let last = -Infinity;
    const told = ({ event: { Progress: progress } }) => {
      if (!progress) return;
      first ??= progress.first_step;
      last = progress.step;
    };
    const done = () => last - first + 1;
    await this.#next((message) => (told(message), done() >= steps));
    const id = this.ask("Pause");
    // When it pauses, before it takes a checkpoint.
    const { seen: after } = await this.#next((message) => (told(message), message.id === id && "State" in message.event));
    await this.#next((message) => message.id === id && "Done" in message.event);
    return { before, after, steps: done() };
  }

  /** The next event of that name, with its arrays and what was seen until it was posted; nothing after `seconds`. Others are dropped. */
  async hear(name, seconds = Infinity) {
    const message = await this.#next(({ event }) => name in event, seconds);
    if (!message) return undefined;
    const { event, arrays, seen } = message;
    return { ...event[name], arrays, seen };
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
      if (event.State?.state.Diverged) throw new Error(`diverged: ${JSON.stringify(event.State.state.Diverged)}`);
      if (wanted({ ...message, event })) return { ...message, event };
    }
  }

  end() {
    this.#worker.terminate();
  }
}
