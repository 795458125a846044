// jax-js: an LSTM written with its API, unrolled over the time steps, gradient and Adam in one jitted function.
import { chunks } from "./batches.js";
import { timed } from "./timing.js";
import { defaultDevice, init, jit, nn, numpy as np, random, tree, valueAndGrad } from "/npm/@jax-js/jax/dist/index.js";

const VERSION = "0.1.25";
const LEARNING_RATE = 2e-3;
const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/** One layer over [T·B, I] inputs. Every function of jax-js takes its arguments over; `.ref` keeps one for another use. */
function lstm({ wih, whh, bias }, xs, { h, c }, { hidden, batch, context }) {
  // The input projection of all time steps at once, [T, B, 4H].
  const projected = np.split(np.matmul(xs, wih).add(bias).reshape([context, batch, 4 * hidden]), context, 0);
  const outputs = [];
  for (const x of projected) {
    const gates = x.reshape([batch, 4 * hidden]).add(np.matmul(h, whh.ref));
    const [i, f, g, o] = np.split(gates, 4, 1);
    c = nn.sigmoid(f).mul(c).add(nn.sigmoid(i).mul(np.tanh(g)));
    h = nn.sigmoid(o).mul(np.tanh(c.ref));
    outputs.push(h.ref);
  }
  whh.dispose();
  return [np.concatenate(outputs, 0), { h, c }];
}

function losses(shape) {
  return (params, state, x, y) => {
    const after = [];
    for (let layer = 0; layer < shape.layers; layer++) {
      const [output, next] = lstm(params.layers[layer], x, state[layer], shape);
      after.push(next);
      x = output;
    }
    const logits = np.matmul(x, params.head.weight).add(params.head.bias);
    const loss = nn.logSoftmax(logits, -1).mul(y).sum().mul(-1 / (shape.batch * shape.context));
    return [loss, after];
  };
}

function adam(param, gradient, m, v, rate) {
  m = m.mul(BETA1).add(gradient.ref.mul(1 - BETA1));
  v = v.mul(BETA2).add(np.square(gradient).mul(1 - BETA2));
  return [param.sub(rate.mul(m.ref).div(np.sqrt(v.ref).add(EPSILON))), m, v];
}

export async function measure(wish) {
  const { backend, symbols, layers, hidden, batch, context } = wish;
  const devices = await init(backend);
  if (!devices.includes(backend)) throw new Error(`jax-js has no device ${backend} here`);
  defaultDevice(backend);

  const bound = 1 / Math.sqrt(hidden);
  let seed = 1;
  const uniform = (...shape) => random.uniform(random.key(seed++), shape, { minval: -bound, maxval: bound });
  let params = {
    layers: Array.from({ length: layers }, (_, layer) => ({
      wih: uniform(layer === 0 ? symbols : hidden, 4 * hidden),
      whh: uniform(hidden, 4 * hidden),
      bias: uniform(4 * hidden),
    })),
    head: { weight: uniform(hidden, symbols), bias: uniform(symbols) },
  };
  const zeros = () => tree.map((param) => np.zeros(param.shape), params);
  let [m, v] = [zeros(), zeros()];
  let state = Array.from({ length: layers }, () => ({ h: np.zeros([batch, hidden]), c: np.zeros([batch, hidden]) }));

  const withGradient = valueAndGrad(losses(wish), { hasAux: true });
  const update = jit((params, m, v, state, x, y, rate) => {
    const [[loss, after], gradients] = withGradient(tree.ref(params), state, x, y);
    const [leaves, structure] = tree.flatten(params);
    const [gs, ms, vs] = [gradients, m, v].map((one) => tree.leaves(one));
    const updated = leaves.map((param, at) => adam(param, gs[at], ms[at], vs[at], rate.ref));
    rate.dispose();
    const part = (which) => tree.unflatten(structure, updated.map((one) => one[which]));
    return [part(0), part(1), part(2), after, loss];
  });

  const oneHot = (ids) => nn.oneHot(np.array(ids, { dtype: np.int32 }), symbols);
  const data = chunks(wish, (t, b) => t * batch + b).map(({ inputs, targets }) => [oneHot(inputs), oneHot(targets)]);

  let done = 0;
  let last;
  const train = async (steps) => {
    let loss;
    for (let step = 0; step < steps; step++) {
      const [x, y] = data[done++ % data.length];
      // Adam's bias correction, folded into the rate.
      const rate = np.array((LEARNING_RATE * Math.sqrt(1 - BETA2 ** done)) / (1 - BETA1 ** done));
      loss?.dispose();
      [params, m, v, state, loss] = update(params, m, v, state, x.ref, y.ref, rate);
      // Its documentation advises to wait now and then, so that operations do not pile up.
      if (done % 8 === 0) await loss.blockUntilReady();
    }
    [last] = await loss.data();
  };
  const timing = await timed(train, { tokens: batch * context, ...wish.timing });
  return { ...timing, loss: last, version: VERSION };
}
