// The pictures show something, and move with the training.
import assert from "node:assert/strict";
import { lab } from "./helpers.mjs";

lab("the loss chart is drawn and grows", { query: "device=cpu" }, async (lab) => {
  await lab.trains(20, 60);
  const first = await lab.drawing("loss-chart");
  assert.ok(first.colours > 3, `the chart has ${first.colours} colours`);
  await lab.trains(20);
  assert.notEqual((await lab.drawing("loss-chart")).hash, first.hash);
});

lab("the heatmap is drawn and follows the training", { query: "device=cpu" }, async (lab) => {
  await lab.trains(5, 60);
  const first = await lab.until("the heatmap is drawn", async () => {
    const drawing = await lab.drawing("hidden-heatmap");
    return drawing.colours > 16 && drawing;
  });
  await lab.until("the heatmap changes", async () => (await lab.drawing("hidden-heatmap")).hash !== first.hash);
});

lab("hovering the heatmap names character, unit and value", { query: "device=cpu" }, async (lab) => {
  await lab.trains(5, 60);
  await lab.until("the heatmap is drawn", async () => (await lab.drawing("hidden-heatmap")).colours > 16);
  await lab.pause();
  const box = await lab.by("hidden-heatmap").first().boundingBox();
  const before = await lab.page.locator("body").innerText();
  await lab.page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.4);
  await lab.until("something is said about it", async () => (await lab.page.locator("body").innerText()) !== before, 5);
});

lab("samples come by themselves", { query: "device=cpu" }, async (lab) => {
  assert.ok((await lab.sample()).length > 20);
});
