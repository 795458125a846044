// What a user chose or wrote is there when it is needed again.
import assert from "node:assert/strict";
import { lab } from "./helpers.mjs";
import { remembered } from "./settings.mjs";

const TINY = remembered({ model: { hidden: 16 }, train: { batch: 4, context: 16, steps: null, sample_every: 20 } });

const choose = (lab, id) => lab.by("corpus").locator(`input[value="${id}"]`).check({ force: true });
const chosen = (lab) => lab.by("corpus").locator("input:checked").evaluateAll((inputs) => inputs.map((input) => input.value));

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
