// Fine-tuning on another text, and keeping a model as a file.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { assertWrittenWith, lab } from "./helpers.mjs";

const RECIPE = "take two eggs, some flour and milk; stir, wait, and bake it in butter.\n".repeat(200);

lab("fine-tuning draws the loss on the new and on the old text, and shows samples from before and after", { query: "device=cpu", seconds: 180 }, async (lab) => {
  await lab.trains(60, 60);
  await lab.go("finetune");
  await lab.by("text-input").fill(RECIPE);
  await lab.by("use-text").click();
  await lab.until("both losses are there", async () => (await lab.figure("stat-new-loss")) > 0 && (await lab.figure("stat-old-loss")) > 0, 60);
  const [fresh, old] = [await lab.figure("stat-new-loss"), await lab.figure("stat-old-loss")];
  await lab.until("the new text is learned", async () => (await lab.figure("stat-new-loss")) < fresh - 0.3, 90);
  await lab.until("the old text is read again", async () => (await lab.figure("stat-old-loss")) !== old);
  for (const id of ["sample-before", "sample"]) {
    await lab.until(`${id} is there`, async () => (await lab.page.locator(`[data-testid=${id}]:not(.is-empty)`).count()) > 0, 60);
  }
  assert.ok((await lab.drawing("loss-chart")).colours > 3);
  await lab.shot("fine-tuning");
});

lab("a symbol that the model has not seen is added when it is fine-tuned, and said", { query: "device=cpu" }, async (lab) => {
  await lab.trains(10, 60);
  await lab.go("finetune");
  await lab.by("text-input").fill("zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.\n".repeat(200));
  await lab.by("use-text").click();
  await lab.until("the new symbols are named", async () => /ö/.test(await lab.page.locator("main").innerText()), 60);
  await lab.trains(5, 60);
});

lab("a saved model comes back as it was", { query: "device=cpu" }, async (lab) => {
  await lab.trains(60, 60);
  const stood = await lab.pause();
  const write = () => lab.generate("ROMEO:", { temperature: 0, length: 80 });
  const written = await write();

  await lab.go("use");
  const download = lab.page.waitForEvent("download");
  await lab.by("save-model").click();
  const file = await download;
  assert.match(file.suggestedFilename(), /\.safetensors$/);
  const bytes = await readFile(await file.path());
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString());
  for (const name of ["rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l0", "rnn.bias_hh_l0", "head.weight", "head.bias"]) {
    assert.ok(header[name], `the file holds ${name}`);
  }
  assert.deepEqual(header["rnn.weight_hh_l0"].shape, [512, 128]);

  // A page that has never seen it.
  await lab.page.goto(`${lab.home}?device=cpu&autostart=0`);
  await lab.until("the model is there", async () => (await lab.by("play").isEnabled()) && (await lab.step()) === 0);
  await lab.go("use");
  await lab.by("load-model").setInputFiles({ name: "model.safetensors", mimeType: "application/octet-stream", buffer: bytes });
  await lab.until("the model is taken", async () => (await lab.step()) === stood);
  const again = await write();
  assert.equal(again, written, "it writes the same");
  assertWrittenWith(again, await readFile(new URL("../../assets/corpora/shakespeare.txt", import.meta.url), "utf8"));
  await lab.play();
  await lab.until("it goes on learning", async () => (await lab.step()) > stood + 5);
});
