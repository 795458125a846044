// Watches what this thread asks of WebGPU. Imported before anything that might use it.

/** How often each was asked for. Whatever is compiled counts: shader modules and pipelines. */
export const counts = { dispatches: 0, submits: 0, reads: 0, compiled: 0 };

/** The shaders that were handed over since somebody looked last. */
let shaders = [];

/** [buffer, its bytes], weakly: a buffer that nobody destroys is gone when it is collected. */
let buffers = [];

/** Calls `seen(result, arguments)` after each call of a method. */
function watch(type, method, seen) {
  const real = type?.prototype[method];
  if (!real) return;
  type.prototype[method] = function (...given) {
    const result = real.apply(this, given);
    seen(result, given, this);
    return result;
  };
}

const count = (type, method, name) => watch(type, method, () => (counts[name] += 1));

count(self.GPUComputePassEncoder, "dispatchWorkgroups", "dispatches");
count(self.GPUComputePassEncoder, "dispatchWorkgroupsIndirect", "dispatches");
count(self.GPUQueue, "submit", "submits");
count(self.GPUBuffer, "mapAsync", "reads");
count(self.GPUDevice, "createComputePipeline", "compiled");
count(self.GPUDevice, "createComputePipelineAsync", "compiled");
count(self.GPUDevice, "createShaderModule", "compiled");
watch(self.GPUDevice, "createShaderModule", (_, [{ code }]) => shaders.push(code));
watch(self.GPUDevice, "createBuffer", (buffer, [{ size }]) => buffers.push([new WeakRef(buffer), size]));
watch(self.GPUBuffer, "destroy", (_, __, destroyed) => (buffers = buffers.filter(([buffer]) => buffer.deref() !== destroyed)));

export function takeShaders() {
  const taken = shaders;
  shaders = [];
  return taken;
}

/** Bytes of all buffers that are there. Exact only just after garbage was collected. */
export function bufferBytes() {
  buffers = buffers.filter(([buffer]) => buffer.deref());
  return buffers.reduce((sum, [, size]) => sum + size, 0);
}

/** What was counted between two copies of `counts`, a training step. */
export function aStep(before, after, steps) {
  return Object.fromEntries(Object.keys(counts).map((name) => [name, (after[name] - before[name]) / steps]));
}

/** Makes adapters have those optional features only that are in `known`. */
export function limitFeatures(known) {
  const real = Object.getOwnPropertyDescriptor(self.GPUAdapter.prototype, "features").get;
  Object.defineProperty(self.GPUAdapter.prototype, "features", {
    get() {
      return new Set([...real.call(this)].filter((feature) => known.includes(feature)));
    },
  });
}
