// axe-core finds nothing to object to: every step, language and theme, on a desk and on a phone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { lab } from "./helpers.mjs";
import { LANGUAGES, SIZES, STEPS } from "./steps.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe-core has against the page as it is now, a line for each element. */
async function violations(lab) {
  // Through the debugger, because the page's policy lets no foreign script in.
  await lab.page.evaluate(`window.axe || (() => { ${AXE} })()`);
  return lab.page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(" ")}: ${failureSummary.split("\n").slice(1).join(" ").trim()}`));
  });
}

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    lab(`axe-core finds no violation: ${size}, ${colorScheme}`, { query: "device=cpu&lang=en", viewport, context: { colorScheme }, seconds: 300 }, async (lab) => {
      await lab.trains(100, 60);
      // Figures that change while they are looked at are looked at in vain.
      await lab.pause();
      const found = [];
      const look = async (where) => found.push(...(await violations(lab)).map((words) => `${where}: ${words}`));
      for (const language of LANGUAGES) {
        for (const step of STEPS) {
          await lab.go(step);
          const folded = lab.page.locator("details:not([open]) > summary");
          while ((await folded.count()) > 0) await folded.first().click();
          await lab.page.waitForTimeout(100);
          await look(`${step}, ${language}`);
        }
        await lab.by("badge").click();
        await lab.by("speed-open").waitFor();
        await look(`device, ${language}`);
        await lab.by("speed-open").click();
        await look(`speed, ${language}`);
        await lab.page.keyboard.press("Escape");
        await lab.by("badge").click();
        await lab.by("language").click();
      }
      assert.deepEqual([...new Set(found)], []);
    });
  }
}

lab("axe-core finds no violation in a notice and in a fine-tuning", { query: "device=cpu", seconds: 180 }, async (lab) => {
  await lab.trains(20, 60);
  await lab.go("finetune");
  await lab.by("text-input").fill("take two eggs, some flour and milk; stir, wait, and bake it in butter.\n".repeat(200));
  await lab.by("use-text").click();
  await lab.until("both losses are there", async () => (await lab.figure("stat-new-loss")) > 0 && (await lab.figure("stat-old-loss")) > 0, 60);
  await lab.pause();
  assert.deepEqual(await violations(lab), []);
  await lab.paste("");
  await lab.notice(/empty/);
  assert.deepEqual(await violations(lab), []);
});
