// Settings as the page remembers them in local storage.

const DEFAULT = {
  model: { cell: "lstm", layers: 1, hidden: 128, tie_weights: false, dropout: 0, forget_bias: 0, init: "pytorch", seed: 1 },
  train: {
    batch: 32, context: 64, learning_rate: 2e-3, clip: 1, weight_decay: 0, schedule: { kind: "constant" },
    steps: 4000, eval_every: 100, eval_tokens: 8192, sample_every: 100, seed: 1,
  },
  vocabulary: "char",
  split: 0.9,
};

/** The local storage of a visitor who has chosen these. */
export const remembered = ({ model, train } = {}) => ({
  unroll: JSON.stringify({ settings: { ...DEFAULT, model: { ...DEFAULT.model, ...model }, train: { ...DEFAULT.train, ...train } } }),
});

/** So small that WebGPU on the CPU trains it, and without an end, because the CPU by itself is soon through any number of steps. */
export const SMALL = remembered({
  model: { hidden: 8 },
  train: { batch: 2, context: 8, steps: null, eval_every: 1000, eval_tokens: 16, sample_every: null },
});
