// The engine's worker: brings engine_bg.wasm in with a progress bar's figures, starts it, and says so when that fails.
//
// Before the engine is up it posts { loading: { received, total } } in bytes, or { failed: "reason", missing: whether the
// site has no such program }; after that the engine posts parcels. The page gives the file's size as `?bytes=N`, because a
// compressed transfer does not tell it. `?program=bench` is the engine that has burn's own LSTM too, to measure it.

const early = [];
self.onmessage = (message) => early.push(message);

class Missing extends Error {}

let failed = false;

// Only the first failure is the cause: a panic's own words come before the trap that follows it.
function fail(reason) {
  if (failed) return;
  failed = true;
  self.postMessage({ failed: String(reason?.message ?? reason), missing: reason instanceof Missing });
}
// The engine calls this when it panics.
self.engineFailed = fail;
self.onerror = (message) => fail(message);
self.onunhandledrejection = (event) => fail(event.reason);

// Says how much of a response has come. It reads a copy: the browser keeps what it compiles for the next visit, but only
// beside the response that it got itself.
async function count(copy, total) {
  let received = 0;
  let told = 0;
  for await (const chunk of chunks(copy.body)) {
    received += chunk.byteLength;
    // A hundred messages are plenty for a bar.
    if (received - told >= total / 100 || received >= total) {
      told = received;
      self.postMessage({ loading: { received, total: Math.max(total, received) } });
    }
  }
}

// Not every browser iterates over a stream by itself.
async function* chunks(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

async function start() {
  const address = new URL(self.location.href);
  const told = Number(address.searchParams.get("bytes"));
  const program = address.searchParams.get("program") === "bench" ? "bench" : "engine";
  const glue = import(`./${program}.js`);
  // Where both are missing, the response says why.
  glue.catch(() => {});
  const response = await fetch(new URL(`${program}_bg.wasm`, address));
  if (!response.ok) {
    const reason = `${program}_bg.wasm: ${response.status} ${response.statusText}`.trim();
    throw response.status === 404 ? new Missing(reason) : new Error(reason);
  }
  const total = told || Number(response.headers.get("Content-Length")) || 0;
  // A download that breaks off fails where it is compiled.
  count(response.clone(), total).catch(() => {});
  await (await glue).default({ module_or_path: response });
  // The engine has put its own handler in place.
  early.forEach((message) => self.onmessage(message));
}

start().catch(fail);
