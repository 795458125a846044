// Every size, theme and language: nothing runs out of the page. Leaves pictures to look at.
import assert from "node:assert/strict";
import { SHOTS, lab } from "./helpers.mjs";
import { LANGUAGES, SIZES, STEPS } from "./steps.mjs";

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    lab(`nothing runs out of the page: ${size}, ${colorScheme}`, { query: "device=cpu", viewport, context: { colorScheme } }, async (lab) => {
      await lab.trains(100, 60);
      for (const language of LANGUAGES) {
        for (const step of STEPS) {
          await lab.go(step);
          await lab.page.waitForTimeout(300);
          await lab.shot(`${size} ${colorScheme} ${language} ${step}`);
          const over = await lab.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          assert.ok(over <= 0, `${step} in ${language} is ${over} px too wide (pictures in ${SHOTS})`);
        }
        await lab.by("language").click();
      }
    });
  }
}
