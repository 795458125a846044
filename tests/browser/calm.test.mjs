// The page's thread stays free while the engine works.
import assert from "node:assert/strict";
import { lab } from "./helpers.mjs";

lab("no task of the page takes over 50 ms in 60 s of training, and the chart keeps drawing", { query: "device=cpu", seconds: 180 }, async (lab) => {
  await lab.trains(10, 60);
  await lab.page.evaluate(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => {
      for (const task of list.getEntries()) window.longTasks.push(Math.round(task.duration));
    }).observe({ type: "longtask" });
  });
  const start = await lab.step();
  const drawings = new Set();
  for (let second = 0; second < 60; second += 5) {
    await lab.page.waitForTimeout(5000);
    // A picture from outside: reading the pixels in the page would be a long task of the test's own.
    drawings.add((await lab.by("loss-chart").first().screenshot()).toString("base64"));
  }
  assert.deepEqual(await lab.page.evaluate(() => window.longTasks), [], "milliseconds of each long task");
  assert.ok(drawings.size >= 10, `the chart was drawn anew ${drawings.size} times in 12 looks`);
  assert.ok((await lab.step()) > start + 50, "it trained meanwhile");
});
