// The engine's worker: brings engine_bg.wasm in, starts it, and says so when that fails.
//
// Before the engine is up it posts nothing but { failed: "reason", missing: whether the site has no such program }; after
// that the engine posts parcels. `?program=bench` is the engine that has burn's own LSTM too, to measure it.

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

async function start() {
  const address = new URL(self.location.href);
  const program = address.searchParams.get("program") === "bench" ? "bench" : "engine";
  const glue = import(`./${program}.js`);
  // Where both are missing, the response says why.
  glue.catch(() => {});
  const response = await fetch(new URL(`${program}_bg.wasm`, address));
  if (!response.ok) {
    const reason = `${program}_bg.wasm: ${response.status} ${response.statusText}`.trim();
    throw response.status === 404 ? new Missing(reason) : new Error(reason);
  }
  // The very response, read by nobody else: so the browser compiles it off this thread as it comes, and keeps what it has
  // compiled for the next visit. Counting the bytes of a copy, for a progress bar, made the first visit take three times as
  // long on a busy machine, and every later one ten times.
  await (await glue).default({ module_or_path: response });
  // The engine has put its own handler in place.
  early.forEach((message) => self.onmessage(message));
}

start().catch(fail);
