// The page's thread stays free while the engine works.
import assert from "node:assert/strict";
import { lab } from "./helpers.mjs";
import { STEPS } from "./steps.mjs";

const SECONDS = 12;

for (const step of STEPS) {
  lab(`no task of the page takes over 50 ms in ${SECONDS} s of training while step ${step} is open`, { query: "device=cpu", seconds: 120 }, async (lab) => {
    await lab.trains(10, 60);
    await lab.go(step);
    // What comes with opening is not what is measured here.
    await lab.page.waitForTimeout(1000);
    await lab.page.evaluate(() => {
      window.longTasks = [];
      new PerformanceObserver((list) => {
        for (const task of list.getEntries()) window.longTasks.push(Math.round(task.duration));
      }).observe({ type: "longtask" });
    });
    const start = await lab.step();
    const drawings = new Set();
    for (let second = 0; second < SECONDS; second += 2) {
      await lab.page.waitForTimeout(2000);
      // A picture from outside: reading the pixels in the page would be a long task of the test's own.
      if (step === "pretrain") drawings.add((await lab.by("loss-chart").first().screenshot()).toString("base64"));
    }
    assert.deepEqual(await lab.page.evaluate(() => window.longTasks), [], "milliseconds of each long task");
    if (step === "pretrain") assert.ok(drawings.size >= 5, `the chart was drawn anew ${drawings.size} times in ${SECONDS / 2} looks`);
    assert.ok((await lab.step()) > start + 10, "it trained meanwhile");
  });
}
