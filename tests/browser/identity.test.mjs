// Nothing is labelled with another run's text, no wish is lost on its way, and nothing is asked for what nobody sees.
import assert from "node:assert/strict";
import { lab } from "./helpers.mjs";
import { remembered } from "./settings.mjs";

const MINE = "take two eggs, some flour and milk; stir, wait, and bake it in butter.\n".repeat(200);
const TINY = remembered({ model: { hidden: 16 }, train: { batch: 4, context: 16, steps: null, sample_every: 20 } });

/** Lets a corpus come only when the test says so. */
async function held(lab, id) {
  let release;
  const open = new Promise((done) => (release = done));
  await lab.page.route(`**/corpora/${id}.txt`, async (route) => {
    await open;
    await route.continue();
  });
  return release;
}

const choose = (lab, id) => lab.by("corpus").locator(`input[value="${id}"]`).check({ force: true });
const chosen = (lab) => lab.by("corpus").locator("input:checked").evaluateAll((inputs) => inputs.map((input) => input.value));
const reported = (lab) => lab.page.locator(".text-columns .name").innerText();

lab("a corpus that still loads does not replace a text that was pasted meanwhile", { query: "device=cpu", storage: TINY }, async (lab) => {
  await lab.trains(5, 60);
  const release = await held(lab, "tang");
  await lab.go("text");
  await choose(lab, "tang");
  await lab.paste(MINE);
  await lab.until("the pasted text is taken", async () => /eggs/.test(await lab.page.locator(".preview").innerText()));
  release();
  await lab.page.waitForTimeout(1500);
  assert.match(await lab.page.locator(".preview").innerText(), /eggs/);
  assert.deepEqual(await chosen(lab), []);
});

lab("bytes that are chosen while a corpus loads are for that corpus", { query: "device=cpu", storage: TINY }, async (lab) => {
  await lab.trains(5, 60);
  const release = await held(lab, "tang");
  await lab.go("text");
  await choose(lab, "tang");
  await lab.by("vocabulary").locator("input[value=byte]").check({ force: true });
  assert.deepEqual(await chosen(lab), ["tang"]);
  release();
  await lab.until("it is read as bytes", async () => /256/.test(await lab.page.locator(".text-columns .hint").allInnerTexts().then((all) => all.join(" "))));
  assert.deepEqual(await chosen(lab), ["tang"]);
});

lab("a corpus that cannot be loaded is chosen again by another click", { query: "device=cpu", storage: TINY, allow: [/Failed to load resource/] }, async (lab) => {
  await lab.trains(5, 60);
  let fails = true;
  await lab.page.route("**/corpora/tang.txt", (route) => (fails ? route.abort() : route.continue()));
  await lab.go("text");
  await choose(lab, "tang");
  await lab.notice(/could not be read/);
  assert.deepEqual(await chosen(lab), ["shakespeare"]);
  fails = false;
  await choose(lab, "tang");
  await lab.until("it is taken", async () => /\p{Script=Han}/u.test(await lab.page.locator(".preview").innerText()));
});

lab("a text that cannot be built for leaves the run under its own name", { query: "device=cpu", storage: TINY }, async (lab) => {
  await lab.trains(5, 60);
  const before = await lab.step();
  await lab.paste("too short a text to learn from");
  await lab.notice(/too short/);
  await lab.trains(5, 60);
  assert.ok((await lab.step()) > before, "the run was not started over");
  await lab.go("pretrain");
  const references = await lab.page.locator("[data-testid=loss-chart]").first().getAttribute("aria-label");
  assert.match(references, /\d/);
});

lab("after a fine-tuning a new start learns the first text, and says so", { query: "device=cpu", storage: TINY, seconds: 180 }, async (lab) => {
  await lab.trains(40, 60);
  await lab.go("pretrain");
  const [name, count, rate] = [await lab.page.locator(".text-card .name").innerText(), await lab.page.locator(".settings h2 small").first().innerText(), await lab.by("lr").inputValue()];
  await lab.go("finetune");
  await lab.by("text-input").fill(`${MINE}ö`);
  await lab.by("use-text").click();
  await lab.until("both losses are there", async () => (await lab.figure("stat-new-loss")) > 0 && (await lab.figure("stat-old-loss")) > 0, 60);
  await lab.go("pretrain");
  assert.equal(await lab.by("lr").inputValue(), rate, "the rate of the pretraining is what it was");
  const stood = await lab.pause();
  await lab.by("reset").click();
  await lab.until("a new run is there", async () => (await lab.step()) < stood);
  assert.equal(await lab.page.locator(".text-card .name").innerText(), name);
  assert.equal(await lab.page.locator(".settings h2 small").first().innerText(), count);
  await lab.go("finetune");
  assert.equal(await lab.by("stat-new-loss").count(), 0, "it is no fine-tuning any more");
  const stored = await lab.page.evaluate(() => JSON.parse(localStorage.getItem("unroll")).settings.train);
  assert.equal(stored.eval_every, 100, "the settings of the fine-tuning are not those of the next visit");
});

lab("a paused run stays paused on another device", { query: "device=cpu", storage: TINY }, async (lab) => {
  await lab.trains(20, 60);
  await lab.pause();
  await lab.by("badge").click();
  await lab.by("device").locator("input[value=auto]").check({ force: true });
  await lab.until("the engine is up again", async () => (await lab.step()) === 0 && (await lab.by("play").isEnabled()), 60);
  await lab.page.waitForTimeout(1500);
  assert.equal(await lab.step(), 0);
  await lab.play();
  await lab.trains(5);
});

lab("what a step needs is there when the user comes back", { query: "device=cpu", storage: TINY }, async (lab) => {
  await lab.trains(5, 60);
  await lab.go("text");
  await lab.by("text-input").pressSequentially("not taken yet");
  await lab.go("finetune");
  assert.equal(await lab.by("text-input").inputValue(), "");
  await lab.set("batch", 4);
  await lab.by("text-input").pressSequentially("for later");
  await lab.go("pretrain");
  await lab.go("text");
  assert.equal(await lab.by("text-input").inputValue(), "not taken yet");
  await lab.go("finetune");
  assert.equal(await lab.by("text-input").inputValue(), "for later");
  assert.equal(await lab.by("batch").inputValue(), "4");
});

/** Counts what the engine says of each kind. */
const COUNTING = `
  const post = self.postMessage.bind(self);
  const counts = {};
  self.postMessage = (message, ...rest) => {
    const kind = /^\\{?"(\\w+)"/.exec(message?.body ?? "")?.[1];
    if (kind) counts[kind] = (counts[kind] ?? 0) + 1;
    return post(message, ...rest);
  };
  self.counts = counts;`;

lab("nothing is computed for a picture that nobody sees", { query: "device=cpu", storage: TINY, worker: COUNTING }, async (lab) => {
  await lab.trains(20, 60);
  const engine = async () => {
    for (const worker of lab.page.workers()) {
      const counts = await worker.evaluate(() => self.counts && { ...self.counts });
      if (counts) return counts;
    }
    return {};
  };
  await lab.go("pretrain");
  await lab.until("the heatmap is fed", async () => (await engine()).Hidden > 2);
  await lab.go("text");
  await lab.page.waitForTimeout(500);
  const { Hidden, Probabilities } = await engine();
  await lab.trains(100, 60);
  const later = await engine();
  assert.deepEqual([later.Hidden, later.Probabilities], [Hidden, Probabilities], "traces while no picture is open");
  await lab.go("inside");
  await lab.until("the heatmap is fed again", async () => (await engine()).Hidden > Hidden);
  assert.equal((await engine()).Probabilities, Probabilities, "no prompt is on this step");
});
