// The engine's worker: brings engine_bg.wasm in with a progress bar's figures, starts it, and says so when that fails.
//
// Before the engine is up it posts { loading: { received, total } } in bytes, or { failed: "reason" }; after that the
// engine posts parcels. The page gives the file's size as `?bytes=N`, because a compressed transfer does not tell it.
// `?program=bench` is the engine that has burn's own LSTM too, to measure it.

const early = [];
self.onmessage = (message) => early.push(message);

let failed = false;

// Only the first failure is the cause: a panic's own words come before the trap that follows it.
function fail(reason) {
  if (failed) return;
  failed = true;
  self.postMessage({ failed: String(reason?.message ?? reason) });
}
// The engine calls this when it panics.
self.engineFailed = fail;
self.onerror = (message) => fail(message);
self.onunhandledrejection = (event) => fail(event.reason);

// The same response, counted as it passes.
function counted(response, total) {
  let received = 0;
  let told = 0;
  const count = new TransformStream({
    transform(chunk, controller) {
      received += chunk.byteLength;
      // A hundred messages are plenty for a bar.
      if (received - told >= total / 100 || received >= total) {
        told = received;
        self.postMessage({ loading: { received, total: Math.max(total, received) } });
      }
      controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(count), { headers: { "Content-Type": "application/wasm" } });
}

async function start() {
  const address = new URL(self.location.href);
  const told = Number(address.searchParams.get("bytes"));
  const program = address.searchParams.get("program") === "bench" ? "bench" : "engine";
  const [glue, response] = await Promise.all([import(`./${program}.js`), fetch(new URL(`${program}_bg.wasm`, address))]);
  if (!response.ok) throw new Error(`${program}_bg.wasm: ${response.status} ${response.statusText}`.trim());
  const total = told || Number(response.headers.get("Content-Length")) || 0;
  await glue.default({ module_or_path: counted(response, total) });
  // The engine has put its own handler in place.
  early.forEach((message) => self.onmessage(message));
}

start().catch(fail);
