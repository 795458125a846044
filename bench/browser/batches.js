// The same streams and chunks for every peer: stream b is tokens [b·L, (b+1)·L], L = (N−1)/B floored.

/** The first few chunks as { inputs, targets }, arrays of ids in the order that `index(t, b)` gives. */
export function chunks({ tokens, batch, context }, index, atMost = 8) {
  const length = Math.floor((tokens.length - 1) / batch);
  const made = [];
  for (let start = 0; start + context <= length && made.length < atMost; start += context) {
    const inputs = new Int32Array(context * batch);
    const targets = new Int32Array(context * batch);
    for (let b = 0; b < batch; b++) {
      for (let t = 0; t < context; t++) {
        inputs[index(t, b)] = tokens[b * length + start + t];
        targets[index(t, b)] = tokens[b * length + start + t + 1];
      }
    }
    made.push({ inputs, targets });
  }
  return made;
}
