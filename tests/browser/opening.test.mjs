// The page opens alive: a run starts by itself on the device that was asked for.
import assert from "node:assert/strict";
import { lab } from "./helpers.mjs";
import { SMALL } from "./settings.mjs";

lab("the page trains on the CPU with nobody touching it", { query: "device=cpu" }, async (lab) => {
  await lab.trains(20, 60);
  assert.match(await lab.by("stat-device").textContent(), /cpu/i);
  assert.ok((await lab.figure("stat-train-loss")) > 0, "a training loss is shown");
  await lab.until("a speed is shown", async () => (await lab.figure("stat-speed")) > 0);
  await lab.shot("opened on the cpu");
});

lab("the page trains on WebGPU with nobody touching it", { query: "device=gpu", webgpu: true, storage: SMALL, seconds: 300 }, async (lab) => {
  await lab.trains(3, 240);
  assert.match(await lab.by("stat-device").textContent(), /webgpu/i);
  await lab.shot("opened on webgpu");
});

lab("a graphics adapter that is only software is passed over, and the badge says so", { query: "", webgpu: true }, async (lab) => {
  await lab.trains(5, 60);
  assert.match(await lab.by("stat-device").textContent(), /cpu/i);
});

lab("autostart=0 waits for the user", { query: "device=cpu&autostart=0" }, async (lab) => {
  await lab.by("play").waitFor();
  await lab.until("the model is there", async () => (await lab.step()) === 0);
  await lab.page.waitForTimeout(1500);
  assert.equal(await lab.step(), 0);
  await lab.play();
  await lab.trains(5);
});

lab("a reload starts alive again", { query: "device=cpu" }, async (lab) => {
  await lab.trains(10, 60);
  await lab.page.reload();
  await lab.trains(5, 60);
});

lab("every file that the page asks for is there", { query: "device=cpu" }, async (lab) => {
  await lab.trains(3, 60);
  const failed = [];
  lab.page.on("requestfailed", (request) => failed.push(request.url()));
  lab.page.on("response", (response) => response.status() >= 400 && failed.push(`${response.status()} ${response.url()}`));
  await lab.page.reload();
  await lab.trains(3, 60);
  assert.deepEqual(failed, []);
});

lab("language and theme switch and stay", { query: "device=cpu" }, async (lab) => {
  await lab.trains(2, 60);
  const paper = () => lab.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const [words, colour] = [await lab.by("step-pretrain").textContent(), await paper()];
  await lab.by("language").click();
  await lab.until("the words are Chinese", async () => /\p{Script=Han}/u.test(await lab.by("step-pretrain").textContent()));
  assert.match(await lab.page.evaluate(() => document.documentElement.lang), /^zh/);
  await lab.by("theme").click();
  await lab.until("the colours have changed", async () => (await paper()) !== colour);
  await lab.page.reload();
  await lab.by("step-pretrain").waitFor();
  assert.notEqual(await lab.by("step-pretrain").textContent(), words, "the language stays");
  assert.notEqual(await paper(), colour, "the theme stays");
});
