// What `bench/run` calls in the page: `measure(library, wish)` gives a result, or `{ error }` in the library's own words.
import { measure as stock } from "./stock.js";
import { measure as unroll } from "./unroll.js";

/** These bring a worker of their own. */
const OURS = { unroll, burn: stock };

const IN_A_WORKER = { tfjs: "./tfjs.js", "jax-js": "./jax.js", peak: "./peak.js" };

window.measure = async (library, wish) => {
  try {
    return await (library in OURS ? OURS[library](wish) : inWorker(IN_A_WORKER[library], wish));
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
};

// Ours trains in a worker, so the peers do too.
function inWorker(module, wish) {
  const worker = new Worker("worker.js", { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => ("error" in data ? reject(new Error(data.error)) : resolve(data.result));
    worker.onerror = (event) => reject(new Error(event.message ?? "the worker did not start"));
    worker.postMessage({ module, wish });
  }).finally(() => worker.terminate());
}
