// TensorFlow.js: tf.layers.lstm on one-hot input, a dense softmax, categorical cross-entropy, Adam, trainOnBatch.
import { chunks } from "./batches.js";
import { timed } from "./timing.js";
import "/npm/@tensorflow/tfjs/dist/tf.min.js";
import "/npm/@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js";
import "/npm/@tensorflow/tfjs-backend-webgpu/dist/tf-backend-webgpu.min.js";

const { tf } = self;

export async function measure(wish) {
  const { backend, symbols, layers, hidden, batch, context } = wish;
  tf.wasm.setWasmPaths("/npm/@tensorflow/tfjs-backend-wasm/dist/");
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs has no backend ${backend} here`);
  await tf.ready();

  const model = tf.sequential();
  for (let layer = 0; layer < layers; layer++) {
    const units = layer === 0 ? symbols : hidden;
    // The state stays from chunk to chunk, as in our training.
    const shape = { batchInputShape: [batch, context, units] };
    model.add(tf.layers.lstm({ units: hidden, returnSequences: true, stateful: true, ...shape }));
  }
  model.add(tf.layers.dense({ units: symbols, activation: "softmax" }));
  model.compile({ optimizer: tf.train.adam(2e-3), loss: "categoricalCrossentropy" });

  // Written by hand: tf.oneHot gives integers, for which a WebGPU shader of 4.22 does not compile.
  const oneHot = (ids) => {
    const values = new Float32Array(ids.length * symbols);
    ids.forEach((id, at) => (values[at * symbols + id] = 1));
    return tf.tensor3d(values, [batch, context, symbols]);
  };
  const data = chunks(wish, (t, b) => b * context + t).map(({ inputs, targets }) => [oneHot(inputs), oneHot(targets)]);

  let done = 0;
  let loss;
  const train = async (steps) => {
    for (let step = 0; step < steps; step++) {
      loss = await model.trainOnBatch(...data[done++ % data.length]);
    }
  };
  const timing = await timed(train, { tokens: batch * context, ...wish.timing });
  return { ...timing, loss, version: tf.version.tfjs };
}
