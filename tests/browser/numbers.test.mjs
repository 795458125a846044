// Numbers are read as people type them, and act when they are meant: on Enter, on leaving the field, on the slider.
import assert from "node:assert/strict";
import { lab } from "./helpers.mjs";
import { SMALL } from "./settings.mjs";

/** Keeps what the page asks of its engine. */
const listening = (lab) => lab.page.addInitScript(() => {
  window.asked = [];
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (typeof message.body === "string") window.asked.push(JSON.parse(message.body));
    return post.call(this, message, ...rest);
  };
});

const OPTIONS = { query: "device=cpu", storage: SMALL, before: listening };

/** What was asked under that name since this was called last. */
const asked = (lab, name) =>
  lab.page.evaluate((name) => window.asked.splice(0).map((request) => request[name]).filter(Boolean), name);
const rates = async (lab) => (await asked(lab, "Tune")).map((tune) => tune.learning_rate);
/** The sentence beside the fields, where there is one. */
const sentence = (lab) => lab.page.locator(".refusal");

/** Types key by key while the run goes on, and holds the field against what was typed so far. */
async function type(lab, id, text) {
  const field = lab.by(id);
  await field.focus();
  await field.press("ControlOrMeta+a");
  await field.press("Backspace");
  let sofar = "";
  for (const character of text) {
    await field.pressSequentially(character);
    sofar += character;
    assert.equal(await field.inputValue(), sofar, "nothing is rewritten while it is typed");
  }
  // Long enough for progress of the run to arrive.
  await lab.trains(1);
  assert.equal(await field.inputValue(), text, "nothing is rewritten while the field has the focus");
}

lab("a learning rate typed key by key acts once, as it was meant, and no half of it does", OPTIONS, async (lab) => {
  await lab.trains(5, 60);
  await lab.go("pretrain");
  await asked(lab, "Tune");
  for (const [text, rate, shown] of [
    ["0.5", 0.5, "0.5"],
    ["1e-3", 1e-3, "1e-3"],
    ["5e-4", 5e-4, "5e-4"],
    ["0.0025", 0.0025, "2.5e-3"],
    ["0,002", 0.002, "2e-3"],
    ["０．５", 0.5, "0.5"],
    ["１ｅ－３", 1e-3, "1e-3"],
  ]) {
    await type(lab, "lr", text);
    assert.deepEqual(await rates(lab), [], `${text} acts on Enter, and no sooner`);
    await lab.by("lr").press("Enter");
    assert.deepEqual(await rates(lab), [rate], `${text} is ${rate}`);
    assert.equal(await lab.by("lr").inputValue(), text, "Enter leaves the text as it is");
    await lab.by("lr").press("Tab");
    assert.deepEqual(await rates(lab), [], `${text} acts once`);
    assert.equal(await lab.by("lr").inputValue(), shown, "what is left is shown in one way");
  }
  await type(lab, "lr", "0.003");
  await lab.by("prompt").focus();
  assert.deepEqual(await rates(lab), [0.003], "leaving the field acts as well");
  assert.equal(await sentence(lab).count(), 0);
});

lab("a large count is typed and shown in digits, with and without its thousands apart", OPTIONS, async (lab) => {
  await lab.trains(2, 60);
  await lab.go("pretrain");
  for (const text of ["150000", "150,000", "150 000", "１５００００", "1.5e5"]) {
    await type(lab, "steps", "64000");
    await lab.by("steps").press("Tab");
    await type(lab, "steps", text);
    await lab.by("steps").press("Tab");
    assert.equal(await lab.by("steps").inputValue(), "150000");
  }
  await asked(lab, "Build");
  await lab.by("start-over").click();
  const [{ train }] = await asked(lab, "Build");
  assert.equal(train.steps, 150_000);
});

lab("what cannot be read keeps its text, with a sentence that says what can be typed", OPTIONS, async (lab) => {
  await lab.trains(2, 60);
  await lab.go("pretrain");
  const [field, before] = [lab.by("lr"), await lab.by("lr").inputValue()];
  await asked(lab, "Tune");
  for (const half of ["1e-", "0.", "0", ".", "fast", "-1", "1e9", ""]) {
    await type(lab, "lr", half);
    await field.press("Tab");
    assert.equal(await field.inputValue(), half, "the text stays");
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    assert.match(await sentence(lab).textContent(), /Learning rate.*number from 1e-7 to 10\./);
    const describedBy = (await field.getAttribute("aria-describedby")).split(" ");
    assert.ok(describedBy.includes(await sentence(lab).getAttribute("id")), "the sentence belongs to the field");
  }
  assert.deepEqual(await rates(lab), [], "none of them acts");

  await field.focus();
  await field.press("Escape");
  assert.equal(await field.inputValue(), before, "Escape puts the value back");
  assert.equal(await sentence(lab).count(), 0);

  await type(lab, "hidden", "2.5e1.5");
  await lab.by("hidden").press("Enter");
  assert.match(await sentence(lab).textContent(), /whole number from 8 to 1,024/);
  await type(lab, "hidden", "16");
  assert.equal(await sentence(lab).count(), 0, "blame ends with what it was for");
  await lab.by("language").click();
  await type(lab, "hidden", "5");
  await lab.by("hidden").press("Enter");
  assert.match(await sentence(lab).textContent(), /不能是 5，请填 8 到 1,024 之间的整数。/);
});

lab("the slider acts at once, and arrow keys go from stop to stop", OPTIONS, async (lab) => {
  await lab.trains(2, 60);
  await lab.go("pretrain");
  await asked(lab, "Tune");
  await lab.by("lr").focus();
  for (const [key, shown] of [["ArrowUp", "3e-3"], ["ArrowDown", "2e-3"], ["ArrowDown", "1e-3"]]) {
    await lab.by("lr").press(key);
    assert.equal(await lab.by("lr").inputValue(), shown);
  }
  assert.deepEqual(await rates(lab), [3e-3, 2e-3, 1e-3]);
  await type(lab, "lr", "fast");
  await lab.by("lr").press("Tab");
  await lab.page.locator(".number", { has: lab.by("lr") }).locator(".slider").press("ArrowRight");
  assert.deepEqual(await rates(lab), [2e-3]);
  assert.equal(await lab.by("lr").inputValue(), "2e-3", "the slider replaces what could not be read");
  assert.equal(await sentence(lab).count(), 0);
});

lab("Enter that ends a composition does nothing else", OPTIONS, async (lab) => {
  await lab.trains(2, 60);
  await lab.go("pretrain");
  await type(lab, "lr", "0.01");
  await asked(lab, "Tune");
  const compose = (id) =>
    lab.by(id).evaluate((field) => {
      for (const given of [{ keyCode: 229 }, { isComposing: true }]) {
        field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...given }));
      }
    });
  await compose("lr");
  assert.deepEqual(await rates(lab), []);
  await lab.by("prompt").fill("你好");
  await asked(lab, "Generate");
  await compose("prompt");
  assert.deepEqual(await asked(lab, "Generate"), []);
  await lab.by("prompt").press("Enter");
  assert.equal((await asked(lab, "Generate")).length, 1);
});
