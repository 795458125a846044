// Our own worker, unchanged, with its WebGPU calls counted: every message it posts carries the figures of that moment.
// Served beside worker.js, which looks for the engine beside the script of its worker.
import { counts } from "/bench/count.js";
import "./worker.js";

const post = self.postMessage.bind(self);
self.postMessage = (message, ...rest) => {
  message.seen = { seconds: performance.now() / 1000, calls: { ...counts } };
  post(message, ...rest);
};
