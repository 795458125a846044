// Play, pause, one step, start again: at once, and from the keyboard.
import assert from "node:assert/strict";
import { lab } from "./helpers.mjs";

lab("pause acts within 200 ms", { query: "device=cpu" }, async (lab) => {
  await lab.trains(20, 60);
  const late = await lab.page.evaluate(async () => {
    const find = (id) => document.querySelector(`[data-testid="${id}"]`);
    let changed = 0;
    new MutationObserver(() => (changed = performance.now())).observe(find("stat-step"), { childList: true, characterData: true, subtree: true });
    await new Promise((done) => setTimeout(done, 500));
    const start = performance.now();
    find("pause").click();
    await new Promise((done) => setTimeout(done, 1500));
    return changed - start;
  });
  assert.ok(late <= 200, `the counter still moved ${late.toFixed(0)} ms after pause`);
});

lab("one step is one step, then the run goes on", { query: "device=cpu" }, async (lab) => {
  await lab.trains(10, 60);
  const stood = await lab.pause();
  await lab.by("step-once").click();
  await lab.until("one step is done", async () => (await lab.step()) > stood);
  await lab.page.waitForTimeout(700);
  assert.equal(await lab.step(), stood + 1);
  const start = Date.now();
  await lab.play();
  await lab.until("the run goes on", async () => (await lab.step()) > stood + 1);
  assert.ok(Date.now() - start < 1500, "at once");
  await lab.trains(10);
});

lab("reset starts over", { query: "device=cpu" }, async (lab) => {
  await lab.trains(30, 60);
  const stood = await lab.pause();
  await lab.by("reset").click();
  await lab.until("the counter starts over", async () => (await lab.step()) < stood);
  await lab.play();
  await lab.trains(5);
});

lab("the space bar plays and pauses, and every control is reached with the keyboard", { query: "device=cpu" }, async (lab) => {
  await lab.trains(5, 60);
  await lab.page.keyboard.press("Space");
  const stood = await lab.step();
  await lab.page.waitForTimeout(1000);
  assert.ok((await lab.step()) - stood <= 3, "it pauses");
  await lab.page.keyboard.press("Space");
  await lab.until("it plays", async () => (await lab.step()) > stood + 5);

  const present = () =>
    lab.page.evaluate(() => {
      const ids = [];
      for (let e = document.activeElement; e; e = e.parentElement) if (e.dataset.testid) ids.push(e.dataset.testid);
      return ids;
    });
  const reached = new Set();
  for (let presses = 0; presses < 100; presses += 1) {
    await lab.page.keyboard.press("Tab");
    (await present()).forEach((id) => reached.add(id));
  }
  const wanted = ["step-pretrain", "play", "pause", "step-once", "reset", "cell", "layers", "hidden", "batch", "context", "lr", "prompt", "temperature", "length", "generate", "sample", "language", "theme"];
  assert.deepEqual(wanted.filter((id) => !reached.has(id)), [], "not reached with the tab key");

  // Tabs are one stop, with the arrows between them.
  await lab.by("step-pretrain").focus();
  await lab.page.keyboard.press("ArrowLeft");
  assert.deepEqual(await present(), ["step-text"]);
  await lab.by("text-input").waitFor();
});

lab("the space bar pauses after a click on something else", { query: "device=cpu" }, async (lab) => {
  await lab.trains(5, 60);
  await lab.go("inside");
  await lab.go("pretrain");
  await lab.page.keyboard.press("Space");
  await lab.page.locator("[data-testid=play].is-primary").waitFor();
  // Reached with a key it is pressed, as everywhere.
  await lab.by("step-pretrain").focus();
  await lab.page.keyboard.press("Tab");
  const stood = await lab.pause();
  await lab.by("step-once").focus();
  await lab.page.keyboard.press("Shift+Tab");
  await lab.page.keyboard.press("Tab");
  await lab.page.keyboard.press("Space");
  await lab.until("one step is done", async () => (await lab.step()) === stood + 1);
});

lab("the space bar in a text box writes a space", { query: "device=cpu" }, async (lab) => {
  await lab.trains(3, 60);
  await lab.go("pretrain");
  await lab.by("prompt").fill("");
  await lab.by("prompt").pressSequentially("a b");
  assert.equal(await lab.by("prompt").inputValue(), "a b");
  await lab.trains(3);
});

lab("the learning rate changes while the run goes on", { query: "device=cpu" }, async (lab) => {
  await lab.trains(20, 60);
  const before = await lab.step();
  await lab.go("pretrain");
  await lab.set("lr", "0.0005");
  await lab.trains(10);
  assert.ok((await lab.step()) > before, "the run was not started over");
});
