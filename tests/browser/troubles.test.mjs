// Whatever goes wrong is said in one plain notice that says what to do, and run and model stay as they were.
import assert from "node:assert/strict";
import { lab } from "./helpers.mjs";
import { SMALL } from "./settings.mjs";

/** Refused: the notice says so, the counter stands where it stood, and the model goes on from there. */
async function assertAsBefore(lab, stood, notice) {
  const words = await lab.notice(notice);
  assert.match(words, /[.]$/, "a whole sentence");
  assert.equal(await lab.step(), stood, "the run is where it was");
  await lab.by("step-once").click();
  await lab.until("the model goes on from there", async () => (await lab.step()) === stood + 1);
}

const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

for (const [name, give, notice] of [
  ["an empty text", (lab) => lab.paste(""), /empty.*paste/],
  ["a text of a few characters", (lab) => lab.paste("too short"), /too short.*longer/],
  ["a file of 21 MB", (lab) => lab.upload("large.txt", Buffer.alloc(21 << 20, "all work and no play ")), /too large.*part/],
  ["a picture", (lab) => lab.upload("picture.txt", PNG), /not a text.*PNG.*UTF-8/i],
  ["invalid UTF-8", (lab) => lab.upload("latin.txt", Buffer.concat([Buffer.alloc(5000, "text "), Buffer.from([0xe4, 0x20])])), /not valid UTF-8.*Save/],
  ["a NUL", (lab) => lab.upload("nul.txt", `${"text ".repeat(1000)}\0${"text ".repeat(1000)}`), /NUL.*plain text/],
]) {
  lab(`${name} is refused, and the run stays`, { query: "device=cpu" }, async (lab) => {
    await lab.trains(5, 60);
    const stood = await lab.pause();
    await give(lab);
    await assertAsBefore(lab, stood, notice);
  });
}

for (const [id, value, notice] of [
  ["hidden", "0", /Hidden.*8.*1,?024/],
  ["hidden", "5000", /Hidden.*8.*1,?024/],
  ["layers", "9", /Layers.*1.*4/],
  ["batch", "0", /Batch.*1.*256/],
  ["context", "100000", /Context.*1.*512/],
  ["lr", "-1", /rate/],
  ["lr", "fast", /rate/],
]) {
  lab(`${id} cannot be ${value}, and the run stays`, { query: "device=cpu" }, async (lab) => {
    await lab.trains(5, 60);
    const stood = await lab.pause();
    await lab.go("pretrain");
    const before = await lab.by(id).inputValue();
    await lab.set(id, value);
    await assertAsBefore(lab, stood, notice);
    assert.equal(await lab.by(id).inputValue(), value, "the text stays, to be mended");
    await lab.by(id).press("Escape");
    assert.equal(await lab.by(id).inputValue(), before, "the setting is what it was");
  });
}

lab("settings beyond the device's memory are refused, and the run stays", { query: "device=cpu" }, async (lab) => {
  await lab.trains(5, 60);
  const stood = await lab.pause();
  await lab.go("pretrain");
  for (const [id, value] of [["hidden", 1024], ["layers", 4], ["batch", 256], ["context", 512]]) await lab.set(id, value);
  await lab.by("start-over").click();
  await assertAsBefore(lab, stood, /need.*fewer/);
});

lab("without WebGPU the CPU trains, and the page says why", { query: "device=gpu", worker: "Object.defineProperty(WorkerNavigator.prototype, 'gpu', { get: () => undefined });",
  before: (lab) => lab.page.addInitScript(() => Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined })) }, async (lab) => {
  await lab.notice(/WebGPU.*CPU/, 60);
  await lab.trains(5);
  assert.match(await lab.by("stat-device").textContent(), /cpu/i);
});

lab("without an adapter the CPU trains, and the page says why", { query: "device=gpu", worker: "GPU.prototype.requestAdapter = async () => null;" }, async (lab) => {
  await lab.notice(/WebGPU|graphics adapter/, 60);
  await lab.trains(5);
  assert.match(await lab.by("stat-device").textContent(), /cpu/i);
});

const NO_TIMESTAMPS = `
  const request = GPU.prototype.requestAdapter;
  GPU.prototype.requestAdapter = async function (...wishes) {
    const adapter = await request.apply(this, wishes);
    if (adapter) {
      const features = new Set([...adapter.features].filter((feature) => feature !== "timestamp-query"));
      Object.defineProperty(adapter, "features", { value: features });
    }
    return adapter;
  };`;
lab("without timestamp-query the CPU trains, and the page says why", { query: "device=gpu", webgpu: true, worker: NO_TIMESTAMPS, storage: SMALL }, async (lab) => {
  await lab.notice(/timestamp-query.*CPU/, 60);
  await lab.trains(5);
  assert.match(await lab.by("stat-device").textContent(), /cpu/i);
});

lab("an engine that dies is said, and started again", { query: "device=cpu", allow: [/crash on purpose/] }, async (lab) => {
  await lab.trains(5, 60);
  const [worker] = lab.page.workers();
  await worker.evaluate(() => void setTimeout(() => { throw new Error("crash on purpose"); }));
  await lab.notice(/stopped.*Start it again/);
  await lab.by("remedy").click();
  await lab.until("a new run has begun", async () => (await lab.step()) > 0, 60);
  await lab.trains(5);
});

for (const file of ["worker.js", "engine.js", "engine_bg.wasm"]) {
  lab(`an engine that cannot be loaded is said, and loads when there is a network again: ${file}`, {
    query: "device=cpu",
    allow: [/Failed to load resource/, /ERR_FAILED/, /Failed to fetch dynamically imported module/],
    before: (lab) => lab.page.route(new RegExp(`/${file.replace(".", "\\.")}`), (route) => (lab.online ? route.continue() : route.abort())),
  }, async (lab) => {
    await lab.notice(/could not be loaded.*again/);
    lab.online = true;
    await lab.by("remedy").click();
    await lab.trains(5, 60);
  });
}

lab("a file that is no model is refused, and the run stays", { query: "device=cpu" }, async (lab) => {
  await lab.trains(5, 60);
  const stood = await lab.pause();
  await lab.go("use");
  await lab.by("load-model").setInputFiles({ name: "model.safetensors", mimeType: "application/octet-stream", buffer: PNG });
  await assertAsBefore(lab, stood, /not a model.*safetensors/);
});
