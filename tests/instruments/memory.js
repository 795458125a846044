// Keeps the memory of the WebAssembly module that this thread starts. Imported before that.

let memory;

const real = WebAssembly.instantiateStreaming;
WebAssembly.instantiateStreaming = async (...given) => {
  const started = await real.apply(WebAssembly, given);
  memory = started.instance.exports.memory;
  return started;
};

/** Bytes of it, which never become fewer. */
export const memoryBytes = () => memory?.buffer.byteLength ?? 0;
