// Counts what this thread asks of WebGPU. Imported before anything that might use it.

export const counts = { dispatches: 0, submits: 0, reads: 0 };

function count(type, method, name) {
  const real = type?.prototype[method];
  if (!real) return;
  type.prototype[method] = function (...given) {
    counts[name] += 1;
    return real.apply(this, given);
  };
}

count(self.GPUComputePassEncoder, "dispatchWorkgroups", "dispatches");
count(self.GPUComputePassEncoder, "dispatchWorkgroupsIndirect", "dispatches");
count(self.GPUQueue, "submit", "submits");
count(self.GPUBuffer, "mapAsync", "reads");

/** What was counted between two copies of `counts`, a training step. */
export function aStep(before, after, steps) {
  return Object.fromEntries(Object.keys(counts).map((name) => [name, (after[name] - before[name]) / steps]));
}
