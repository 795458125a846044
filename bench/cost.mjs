// The arithmetic that a training step of a language model cannot do without.

const GATES = { rnn: 1, gru: 3, lstm: 4 };

/**
 * Multiply-adds a token: each matrix product once forward and twice backward (towards its input and its weights).
 *
 * Layer 0 reads symbols, so its input projection is a row of a table and costs none; a library that multiplies by one-hot
 * vectors instead is not credited for it. Gates, loss and optimiser are left out.
 */
export function multiplyAdds({ cell = "lstm", layers, hidden, symbols }) {
  const gates = GATES[cell];
  const recurrent = layers * gates * hidden * hidden;
  const between = (layers - 1) * gates * hidden * hidden;
  return 3 * (recurrent + between + hidden * symbols);
}
