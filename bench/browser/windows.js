// Speeds from the marks that a training loop leaves as it goes: who measures does not say how many steps there will be.

/**
 * Cuts marks into `repetitions` windows of at least `seconds` each, after as long a time of warming up.
 *
 * A mark is { seconds, step, calls }: when, the last step that is done, and whatever was counted until then.
 */
export class Windows {
  #wish;
  #marks = [];
  #edges = [];

  constructor(wish) {
    this.#wish = wish;
  }

  /** Takes a mark; says whether that was the last one needed. */
  add(mark) {
    const { seconds, repetitions } = this.#wish;
    this.#marks.push(mark);
    const since = this.#edges.at(-1) ?? this.#marks[0];
    if (mark.seconds - since.seconds >= seconds) this.#edges.push(mark);
    return this.#edges.length > repetitions;
  }

  /** The edges of the windows: where time ran out, of what there is. */
  get edges() {
    if (this.#edges.length > 1) return this.#edges;
    const marks = this.#marks;
    return marks.length > 1 ? [marks[0], marks.at(-1)] : [];
  }

  /** Tokens a second in each window, for steps of so many tokens. */
  rates(tokens) {
    const edges = this.edges;
    return edges.slice(1).map((edge, at) => ((edge.step - edges[at].step) * tokens) / (edge.seconds - edges[at].seconds));
  }
}
