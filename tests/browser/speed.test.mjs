// Which device is faster, and how fast this machine is.
import assert from "node:assert/strict";
import { lab } from "./helpers.mjs";
import { SMALL } from "./settings.mjs";

const SPEED = /\d[\d,]*/;
const AUTO = { query: "device=auto", webgpu: true, storage: SMALL, seconds: 200 };

lab("auto tries both devices with the model, trains on one and says how fast they are", AUTO, async (lab) => {
  await lab.trains(3, 120);
  const device = await lab.by("stat-device").textContent();
  assert.match(device, /webgpu|cpu/);
  const badge = await lab.by("badge").textContent();
  const [, gpu, cpu] = badge.match(/WebGPU (–|[\d,]+) · CPU ([\d,]+)/) ?? assert.fail(`no figures in the badge: ${badge}`);
  await lab.by("badge").click();
  const why = await lab.page.locator(".popover").innerText();
  // A slow machine may have no time to get a GPU ready that is none.
  if (gpu === "–") assert.match(why, /too long to get ready/);
  else assert.equal(device, Number(gpu.replaceAll(",", "")) > Number(cpu.replaceAll(",", "")) ? "webgpu" : "cpu");
  await lab.shot("badge with both figures");

  await lab.by("device").locator("input[value=cpu]").check({ force: true });
  await lab.until("the CPU was chosen", async () => /You asked for it/.test(await lab.by("badge").getAttribute("title")));
  await lab.trains(3, 120);
  assert.equal(await lab.by("stat-device").textContent(), "cpu");
});

lab("a graphics adapter that was given up may be tried again with another size", { ...AUTO, storage: {} }, async (lab) => {
  await lab.trains(3, 120);
  await lab.set("hidden", 32);
  await lab.renews(() => lab.page.locator(".start-over button").click());
  await lab.trains(3, 120);
  assert.match(await lab.by("badge").textContent(), /WebGPU (–|[\d,]+) · CPU [\d,]+/);
  assert.equal(await lab.by("notice").count(), 0);
});

lab("a graphics device that is lost while it is tried leaves the CPU, and the badge says why", {
  ...AUTO,
  worker: `const request = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (wish) {
      const device = await request.call(this, wish);
      const submit = device.queue.submit.bind(device.queue);
      device.queue.submit = (buffers) => { submit(buffers); device.destroy(); };
      return device;
    };`,
}, async (lab) => {
  await lab.trains(3, 120);
  assert.equal(await lab.by("stat-device").textContent(), "cpu");
  const why = await lab.by("badge").getAttribute("title");
  assert.ok(/WebGPU failed: .*destroyed/.test(why) || (await lab.by("notice").count()) > 0, why);
});

lab("a graphics adapter that dies while it is tried leaves the CPU, and the page says so", {
  ...AUTO,
  worker: "const end = () => { throw new Error('the adapter died'); }; GPUDevice.prototype.createComputePipeline = end; GPUDevice.prototype.createComputePipelineAsync = end;",
  allow: [/adapter died/, /unreachable/, /panicked/, /RuntimeError/],
}, async (lab) => {
  await lab.notice(/CPU/);
  await lab.trains(3, 60);
  assert.equal(await lab.by("stat-device").textContent(), "cpu");
});

lab("the machine's speed is measured in a panel by keyboard alone, as bars, as a table and as text, and the run goes on", {
  query: "device=cpu",
  context: { permissions: ["clipboard-read", "clipboard-write"] },
  seconds: 200,
}, async (lab) => {
  await lab.trains(10);
  await lab.by("badge").focus();
  await lab.page.keyboard.press("Enter");
  await lab.by("speed-open").focus();
  await lab.page.keyboard.press("Enter");
  await lab.by("speed-panel").waitFor();
  await lab.shot("speed panel empty");
  await lab.by("speed-run").focus();
  await lab.page.keyboard.press("Enter");
  await lab.until("a first figure is there", async () => SPEED.test(await lab.by("speed-table").locator("td").first().textContent().catch(() => "")));
  const stood = await lab.step();
  await lab.shot("speed panel running");
  await lab.until("every figure is there", async () => {
    const step = await lab.step();
    if ((await lab.by("speed-run").textContent()) === "Measure") return true;
    assert.equal(step, stood, "the run waits");
    return false;
  }, 120);

  const cells = await lab.by("speed-table").locator("td").allInnerTexts();
  assert.ok(cells.length >= 6 && cells.every((cell) => SPEED.test(cell)), `each size and way has a figure: ${cells}`);
  assert.equal(await lab.by("speed-chart").locator(".speed-bars rect").count(), cells.length);
  await lab.by("speed-copy").focus();
  await lab.page.keyboard.press("Enter");
  await lab.until("the text is copied", async () => (await lab.by("speed-copy").textContent()) === "Copied");
  const text = await lab.page.evaluate(() => navigator.clipboard.readText());
  for (const cell of cells) assert.ok(text.includes(cell.match(SPEED)[0]), `${cell} is in the text:\n${text}`);
  for (const part of ["Chrome", "CPU", "nn::Lstm", new Date().toISOString().slice(0, 10)]) assert.ok(text.includes(part), `${part} is in the text:\n${text}`);
  await lab.shot("speed panel done");

  await lab.page.keyboard.press("Escape");
  await lab.by("speed-panel").waitFor({ state: "hidden" });
  assert.ok(await lab.by("speed-open").evaluate((button) => button === document.activeElement), "the focus is back where it was");
  await lab.trains(10);
});

lab("a measurement is stopped at once, and so is one whose panel is closed", { query: "device=cpu", seconds: 120 }, async (lab) => {
  await lab.trains(5);
  await lab.by("badge").click();
  await lab.by("speed-open").click();
  await lab.by("speed-run").click();
  await lab.until("it measures", async () => (await lab.by("speed-run").textContent()) === "Stop");
  await lab.by("speed-run").click();
  assert.equal(await lab.by("speed-run").textContent(), "Measure");
  await lab.trains(5);
  await lab.by("speed-run").click();
  await lab.page.keyboard.press("Escape");
  await lab.trains(5);
  assert.equal(await lab.by("notice").count(), 0);
});

lab("a site without the program that measures says so in a sentence", {
  query: "device=cpu",
  allow: [/404/, /Failed to fetch dynamically imported module/],
  before: (lab) => lab.page.route(/\/bench(_bg\.wasm|\.js)/, (route) => route.fulfill({ status: 404, body: "" })),
}, async (lab) => {
  await lab.trains(5);
  await lab.by("badge").click();
  await lab.by("speed-open").click();
  await lab.by("speed-run").click();
  await lab.until("it is said", async () => /not on this site.*few minutes/.test(await lab.by("speed-panel").innerText()));
  await lab.page.keyboard.press("Escape");
  await lab.trains(5);
});
