// Nothing is computed for a picture that nobody sees.
import assert from "node:assert/strict";
import { lab } from "./helpers.mjs";

/** Runs in the page before anything else: counts what the engine sends for pictures. */
function countPictures() {
  window.pictures = { Hidden: 0, Probabilities: 0 };
  const Real = window.Worker;
  window.Worker = class extends Real {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        for (const name of Object.keys(window.pictures)) if (data.body?.startsWith(`{"${name}"`)) window.pictures[name] += 1;
      });
    }
  };
}

/** What came for pictures in two seconds of training. */
async function came(lab) {
  const read = () => lab.page.evaluate(() => ({ ...window.pictures }));
  // What was under way when the view changed is let through.
  await lab.page.waitForTimeout(500);
  const before = await read();
  await lab.trains(5);
  await lab.page.waitForTimeout(2000);
  const after = await read();
  return { hidden: after.Hidden - before.Hidden, probabilities: after.Probabilities - before.Probabilities };
}

const counted = (more) => ({ query: "device=cpu", before: (lab) => lab.page.addInitScript(countPictures), seconds: 120, ...more });

lab("each view is sent its own pictures, and no view those of another", counted(), async (lab) => {
  await lab.trains(10, 60);
  for (const [step, seen] of [
    ["pretrain", { hidden: true, probabilities: true }],
    ["text", { hidden: false, probabilities: false }],
    ["inside", { hidden: true, probabilities: false }],
    ["finetune", { hidden: false, probabilities: false }],
    ["use", { hidden: false, probabilities: true }],
    ["pretrain", { hidden: true, probabilities: true }],
  ]) {
    await lab.go(step);
    const { hidden, probabilities } = await came(lab);
    assert.deepEqual({ hidden: hidden > 0, probabilities: probabilities > 0 }, seen, `step ${step} in two seconds: ${hidden} of the hidden state, ${probabilities} of probabilities`);
  }
});

lab("what is below the edge of the screen is not computed until it is scrolled to", counted({ viewport: { width: 390, height: 844 } }), async (lab) => {
  await lab.trains(10, 60);
  await lab.go("pretrain");
  const map = lab.by("hidden-heatmap").first();
  await lab.by("loss-chart").first().scrollIntoViewIfNeeded();
  const top = (await map.boundingBox()).y;
  // On a screen where it does show beside the chart there is nothing to test.
  if (top > 844) assert.equal((await came(lab)).hidden, 0);
  await map.scrollIntoViewIfNeeded();
  assert.ok((await came(lab)).hidden > 0, "it comes when it is seen");
});

lab("a page in the background is sent no pictures, and all of them when it is seen again", counted(), async (lab) => {
  await lab.trains(10, 60);
  await lab.page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => window.seen ?? "hidden" });
    Object.defineProperty(document, "hidden", { configurable: true, get: () => (window.seen ?? "hidden") === "hidden" });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  assert.deepEqual(await came(lab), { hidden: 0, probabilities: 0 });
  await lab.page.evaluate(() => {
    window.seen = "visible";
    document.dispatchEvent(new Event("visibilitychange"));
  });
  const { hidden, probabilities } = await came(lab);
  assert.ok(hidden > 0 && probabilities > 0, `${hidden} of the hidden state, ${probabilities} of probabilities`);
});
