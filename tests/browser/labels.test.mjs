// Nothing on the page is ever labelled with another run's text, and what is refused or replaced undoes nothing else.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { assertWrittenWith, lab } from "./helpers.mjs";
import { remembered } from "./settings.mjs";

const ENGLISH = "The quick brown fox jumps over the lazy dog. She sells sea shells by the sea shore!\n".repeat(150);
const CHINESE = "床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。\n白日依山盡，黃河入海流。欲窮千里目，更上一層樓。\n".repeat(200);

/** Small and without an end. */
const SMALL = { model: { hidden: 16 }, train: { batch: 4, context: 16, steps: null, eval_every: 200, eval_tokens: 64, sample_every: null } };

/** Its weights take so long to be drawn that something can be asked meanwhile. */
const SLOW_TO_BUILD = { model: { hidden: 384, init: "orthogonal" }, train: { batch: 2, context: 4, steps: null, eval_every: 1e6, eval_tokens: 16, sample_every: null } };

const onCpu = (settings = SMALL, more = {}) => ({ query: "device=cpu", storage: remembered(settings), seconds: 120, ...more });

/** What the page says about the run's text, in steps 1 and 2. */
async function labels(lab) {
  await lab.go("text");
  const report = await lab.page.locator("table.baselines tr").filter({ hasText: /\d/ }).allInnerTexts();
  await lab.go("pretrain");
  const card = await lab.page.locator(".text-card").innerText();
  const parameters = await lab.page.locator(".settings .card h2 small").first().innerText();
  return { report, card, parameters };
}

const name = (lab) => lab.page.locator(".text-card .name").innerText();

/** The steps of all samples that are kept, newest first. */
async function sampleSteps(lab) {
  // In one go, because others come meanwhile.
  const said = await lab.page.evaluate(() => [...document.querySelectorAll(".samples h2 small, .earlier-step")].map((element) => element.textContent));
  return said.map((words) => Number(words.replace(/\D/g, "")));
}

/** Holds a corpus back until `lab.release()`. */
const held = (id) => async (lab) => {
  const released = new Promise((release) => (lab.release = release));
  await lab.page.route(`**/corpora/${id}.txt`, async (route) => {
    await released;
    await route.continue();
  });
};

const choose = (lab, id) => lab.by("corpus").locator(`input[value=${id}]`).check();

for (const [press, words] of [["reset", "Reset"], ["start-over", "Start over"]]) {
  lab(`after a fine-tuning ${words} trains the first text under its own name, references, bits and parameters`, onCpu(), async (lab) => {
    await lab.renews(() => lab.paste(ENGLISH));
    await lab.trains(5);
    await lab.go("text");
    await lab.until("n-grams are counted", async () => (await lab.page.locator("table.baselines tr").count()) >= 4);
    const before = await labels(lab);

    await lab.go("finetune");
    await lab.by("text-input").fill(CHINESE);
    await lab.by("use-text").click();
    await lab.until("the new text is learned", async () => (await lab.figure("stat-new-loss")) > 0);
    await lab.trains(20);

    await lab.go("pretrain");
    await lab.pause();
    await lab.newRun(() => lab.by(press).click());
    if (press === "reset") await lab.play();
    await lab.trains(5);
    await lab.go("text");
    await lab.until("n-grams are there", async () => (await lab.page.locator("table.baselines tr").count()) >= 4);
    assert.deepEqual(await labels(lab), before);
    assertWrittenWith(await lab.generate("The "), ENGLISH);
    await lab.go("finetune");
    assert.equal(await lab.by("stat-new-loss").count(), 0, "there is no second text any more");
  });
}

lab("a text whose model is refused leaves the old run under its old name", onCpu(), async (lab) => {
  await lab.trains(5, 60);
  await lab.go("pretrain");
  const before = await name(lab);
  for (const [id, value] of [["hidden", 1024], ["layers", 4], ["batch", 256], ["context", 512]]) await lab.set(id, value);
  const stood = await lab.step();
  await lab.paste(CHINESE);
  await lab.notice(/need.*fewer|too short|memory/i);
  await lab.go("pretrain");
  assert.equal(await name(lab), before);
  await lab.until("the old run goes on", async () => (await lab.step()) > stood + 5);
  assert.doesNotMatch(await lab.generate("The "), /\p{Script=Han}/u);
});

lab("a corpus that is still loading does not replace a text pasted meanwhile", onCpu({ ...SLOW_TO_BUILD, model: { hidden: 640, init: "orthogonal" } }, { before: held("tang") }), async (lab) => {
  await lab.trains(3, 60);
  await lab.go("text");
  await choose(lab, "tang");
  await lab.go("pretrain");
  // The engine is busy, so that the corpus arrives before the pasted text is taken.
  await lab.by("start-over").click();
  await lab.paste(ENGLISH);
  lab.release();
  await lab.go("pretrain");
  await lab.until("the text is taken", async () => (await name(lab)) === "Your text");
  await lab.page.waitForTimeout(5000);
  assert.equal(await name(lab), "Your text");
  await lab.trains(3);
  assertWrittenWith(await lab.generate("The "), ENGLISH);
});

lab("bytes chosen while a corpus loads keep the corpus", onCpu(SMALL, { before: held("tang") }), async (lab) => {
  await lab.trains(5, 60);
  await lab.go("text");
  await choose(lab, "tang");
  await lab.by("vocabulary").locator("input[value=byte]").check({ force: true });
  await lab.page.waitForTimeout(300);
  lab.release();
  await lab.go("pretrain");
  await lab.until("the corpus is taken", async () => /Tang/.test(await name(lab)));
  await lab.trains(5);
  // 256 at most, where its characters are thousands.
  const symbols = Number((await lab.page.locator(".text-card .hint").first().innerText()).match(/([\d,.\u2009\u202f]+)\s*(?:different |distinct )?(?:symbols|bytes|characters)?\s*$/)?.[1].replace(/\D/g, ""));
  assert.ok(symbols <= 256, `${symbols} symbols`);
  await lab.go("text");
  assert.ok(await lab.by("corpus").locator("input[value=tang]").isChecked());
});

lab("a text chosen while the model of another one is built is trained", onCpu(SLOW_TO_BUILD), async (lab) => {
  await lab.trains(5, 60);
  await lab.go("text");
  const entries = lab.by("corpus").locator("input");
  const ids = await entries.evaluateAll((inputs) => inputs.map((input) => input.value));
  const last = ids.length - 1;
  const wanted = await lab.by("corpus").locator(".entry-name").nth(last).innerText();
  await entries.nth(last - 1).check();
  await lab.page.waitForTimeout(400);
  // As from the keyboard: the next one of the group.
  await lab.page.keyboard.press("ArrowDown");
  await lab.go("pretrain");
  await lab.until("it is the run's", async () => (await name(lab)) === wanted);
  await lab.page.waitForTimeout(2000);
  await lab.trains(10, 30);
  assert.equal(await name(lab), wanted);
});

lab("a pause is kept when a device is chosen", onCpu(), async (lab) => {
  await lab.trains(5, 60);
  await lab.pause();
  await lab.by("badge").click();
  await lab.by("device").locator("input[value=auto]").check({ force: true });
  await lab.until("the device is there", async () => /cpu/.test(await lab.by("stat-device").textContent()) && (await lab.by("play").isEnabled()));
  await lab.page.waitForTimeout(1500);
  const stood = await lab.step();
  await lab.page.waitForTimeout(1000);
  assert.equal(await lab.step(), stood, "the run waits");
  await lab.play();
  await lab.trains(3);
});

// Decoupled weight decay multiplies each weight by 1 − 10 at every step.
const DIVERGES = { model: { hidden: 8 }, train: { batch: 2, context: 8, learning_rate: 10, clip: 1e6, weight_decay: 1, steps: null, eval_every: 1000, eval_tokens: 16, sample_every: 2 } };

lab("going on from before a divergence drops the samples of what is undone", onCpu(DIVERGES), async (lab) => {
  await lab.notice(/diverged/);
  await lab.until("there are samples", async () => (await sampleSteps(lab))[0] > 0, 5);
  await lab.by("remedy").click();
  await lab.until("new samples are there", async () => {
    const steps = await sampleSteps(lab);
    return steps[0] > 2 && (await lab.step()) > 4;
  });
  const steps = await sampleSteps(lab);
  for (let at = 1; at < steps.length; at += 1) assert.ok(steps[at] < steps[at - 1], `steps of the samples, newest first: ${steps}`);
});

lab("a fine-tuning leaves the settings of pretraining as they were, also at the next visit", onCpu(), async (lab) => {
  await lab.trains(5, 60);
  const read = async () => {
    await lab.go("pretrain");
    return Object.fromEntries(await Promise.all(["lr", "batch", "context", "hidden"].map(async (id) => [id, await lab.by(id).inputValue()])));
  };
  const before = await read();
  await lab.go("finetune");
  await lab.by("text-input").fill(CHINESE);
  await lab.by("use-text").click();
  await lab.until("the new text is learned", async () => (await lab.figure("stat-new-loss")) > 0);
  await lab.trains(5);
  assert.deepEqual(await read(), before);
  await lab.page.reload();
  await lab.trains(5, 60);
  assert.deepEqual(await read(), before);
});

lab("a loaded model's settings do not end the samples of later runs", onCpu(), async (lab) => {
  await lab.trains(5, 60);
  await lab.pause();
  await lab.go("use");
  const download = lab.page.waitForEvent("download");
  await lab.by("save-model").click();
  const buffer = await readFile(await (await download).path());

  // A visitor who wants samples, as everybody does who has not said otherwise.
  await lab.page.evaluate((settings) => localStorage.setItem("unroll", settings), remembered({ ...SMALL, train: { ...SMALL.train, sample_every: 20 } }).unroll);
  await lab.page.reload();
  await lab.trains(5, 60);
  await lab.pause();
  await lab.go("use");
  await lab.by("load-model").setInputFiles({ name: "model.safetensors", mimeType: "application/octet-stream", buffer });
  await lab.notice(/./);
  await lab.go("pretrain");
  await lab.by("start-over").click();
  await lab.trains(25);
  await lab.until("a sample is there", async () => (await lab.page.locator("[data-testid=sample]:not(.is-empty)").count()) > 0, 20);
});

// Larger still: a quick machine draws the weights before somebody has chosen a text.
const VERY_SLOW_TO_BUILD = { ...SLOW_TO_BUILD, model: { hidden: 768, init: "orthogonal" } };

lab("a refusal undoes nothing but what was refused", onCpu(VERY_SLOW_TO_BUILD), async (lab) => {
  await lab.trains(3, 60);
  await lab.go("pretrain");
  // The engine is busy, and answers both of what comes now when it has drawn the weights.
  await lab.by("start-over").click();
  await lab.go("use");
  await lab.by("load-model").setInputFiles({ name: "model.safetensors", mimeType: "application/octet-stream", buffer: Buffer.from("no model") });
  await lab.go("text");
  const entries = lab.by("corpus").locator("input");
  const last = (await entries.count()) - 1;
  const wanted = await lab.by("corpus").locator(".entry-name").nth(last).innerText();
  await entries.nth(last).check();
  await lab.notice(/not a model|safetensors/);
  await lab.go("pretrain");
  await lab.until("the text is taken", async () => (await name(lab)) === wanted);
  await lab.trains(5);

  // An engine that is started anew gets what the page believes it has.
  await lab.by("badge").click();
  await lab.by("device").locator("input[value=auto]").check({ force: true });
  await lab.until("the device is there", async () => /cpu/.test(await lab.by("stat-device").textContent()));
  await lab.page.waitForTimeout(1500);
  assert.equal(await name(lab), wanted);
});

lab("a refusal ends no writing that is under way", onCpu(), async (lab) => {
  await lab.trains(5, 60);
  await lab.go("use");
  await lab.set("length", 100000);
  await lab.by("generate").click();
  const written = async () => (await lab.by("generated").textContent()).length;
  await lab.until("it writes", async () => (await written()) > 20);
  const words = await lab.by("generate").innerText();
  await lab.by("load-model").setInputFiles({ name: "model.safetensors", mimeType: "application/octet-stream", buffer: Buffer.from("no model") });
  await lab.notice(/not a model|safetensors/);
  const before = await written();
  await lab.until("it goes on writing", async () => (await written()) > before + 20);
  assert.equal(await lab.by("generate").innerText(), words, "the button still stops the writing");
  await lab.trains(5);
});

const BAD = ['{"Nonsense":{}}', "{", '{"State":"Flying"}'];

lab("a message of the engine that the page cannot read ends nothing", onCpu(SMALL, { allow: [/console: (?!.*panicked)/] }), async (lab) => {
  await lab.trains(5, 60);
  for (const body of BAD) await lab.page.workers()[0].evaluate((body) => self.postMessage({ id: 0, body, arrays: [] }), body);
  await lab.trains(10);
  assert.equal(lab.page.workers().length, 1);
});

lab("a message of the page that the engine cannot read ends nothing", onCpu(SMALL, {
  allow: [/console: (?!.*panicked)/],
  before: (lab) => lab.page.addInitScript(() => {
    const Real = window.Worker;
    window.Worker = class extends Real {
      constructor(...given) {
        super(...given);
        window.engine = this;
      }
    };
  }),
}), async (lab) => {
  await lab.trains(5, 60);
  for (const body of BAD) await lab.page.evaluate((body) => window.engine.postMessage({ id: 4_000_000, body, arrays: [] }), body);
  await lab.trains(10);
  assert.equal(lab.page.workers().length, 1);
});
