// Reports to the page what the instruments see: every message of the engine carries it as `seen`, and a message
// { weigh: true } is answered with { weighed: { wasm, gpu } }, bytes. For that garbage is collected where it can be
// asked for (Chromium's --js-flags=--expose-gc): burn leaves its buffers to it.
//
// `?features=a,b` leaves an adapter these optional features only.
import { memoryBytes } from "./memory.js";
import { bufferBytes, counts, limitFeatures, takeShaders } from "./webgpu.js";

const features = new URL(self.location.href).searchParams.get("features");
if (features !== null) limitFeatures(features.split(","));

const post = self.postMessage.bind(self);
self.postMessage = (message, ...rest) => {
  message.seen = { seconds: performance.now() / 1000, calls: { ...counts }, shaders: takeShaders() };
  post(message, ...rest);
};

// First in line, so that the engine does not hear what is not meant for it.
self.addEventListener("message", async (event) => {
  if (!event.data.weigh) return;
  event.stopImmediatePropagation();
  await self.gc?.({ execution: "async" });
  post({ weighed: { wasm: memoryBytes(), gpu: bufferBytes() } });
});
