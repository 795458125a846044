// What every picture has from the kit: exact pixels, wheel and keys, figures instead of a picture, files, whole labels.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { lab } from "./helpers.mjs";

/** A canvas, its box, and the pixels of the device that the box covers. */
function measured(lab, id) {
  return lab.by(id).first().evaluate((canvas) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const covered = (start, length) => Math.floor((start + length) * devicePixelRatio + 0.5) - Math.floor(start * devicePixelRatio + 0.5);
    return { columns: canvas.width, rows: canvas.height, width, height, covered: [covered(left, width), covered(top, height)], ratio: devicePixelRatio };
  });
}

async function exact(lab, id, what) {
  await lab.until(`${id} has the pixels of its box ${what}`, async () => {
    const { columns, rows, covered } = await measured(lab, id);
    return columns === covered[0] && rows === covered[1];
  }, 10);
}

/** The middle of a picture, in the window. */
async function middle(lab, id) {
  const { x, y, width, height } = await lab.by(id).first().boundingBox();
  return { x: x + width / 2, y: y + height / 2 };
}

async function drawn(lab, id = "hidden-heatmap") {
  await lab.until(`${id} is drawn`, async () => (await lab.drawing(id)).colours > 10);
}

for (const deviceScaleFactor of [1, 1.5, 2]) {
  lab(`canvases have exactly the pixels that they cover: ratio ${deviceScaleFactor}`, { context: { deviceScaleFactor } }, async (lab) => {
    await lab.trains(10, 60);
    await drawn(lab);
    for (const width of [746, 500.3, 333.37]) {
      await lab.page.evaluate((width) => {
        for (const area of document.querySelectorAll(".plot-area")) area.style.cssText = `flex: none; height: 201.7px; width: ${width}px`;
      }, width);
      for (const id of ["loss-chart", "hidden-heatmap"]) {
        await lab.until(`${id} is ${width} wide`, async () => Math.abs((await measured(lab, id)).width - width) < 0.1);
        await exact(lab, id, `${width} wide`);
      }
    }
  });
}

lab("a new pixel ratio redraws with its pixels", {}, async (lab) => {
  await lab.trains(10, 60);
  await exact(lab, "loss-chart", "at first");
  const devtools = await lab.context.newCDPSession(lab.page);
  const screen = (width, deviceScaleFactor) =>
    devtools.send("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor, mobile: false });
  // Chromium tells the page of an imitated ratio only together with a size: then, while nothing is trained, and without.
  await screen(1440, 2);
  await exact(lab, "loss-chart", "at ratio 2");
  assert.equal((await measured(lab, "loss-chart")).ratio, 2);
  await lab.pause();
  await screen(1441, 1.5);
  await exact(lab, "loss-chart", "at ratio 1.5");
  assert.equal((await measured(lab, "loss-chart")).ratio, 1.5);
  assert.ok((await lab.drawing("loss-chart")).colours > 3, "it is drawn");
});

lab("the wheel scrolls the page, and zooms with Ctrl or once the picture has the focus", { viewport: { width: 390, height: 844 } }, async (lab) => {
  await lab.trains(10, 60);
  await lab.pause();
  const chart = lab.by("loss-chart").first();
  const scrolled = () => lab.page.evaluate(() => document.querySelector("#step").scrollTop);
  const zoomed = () => lab.page.locator(".plot-foot .is-unused").count().then((count) => count === 0);
  const { x, y } = await middle(lab, "loss-chart");
  await lab.page.mouse.move(x, y);
  await lab.page.mouse.wheel(0, 120);
  await lab.until("the page scrolls", async () => (await scrolled()) > 0, 10);
  assert.equal(await zoomed(), false);

  await lab.page.mouse.wheel(0, -2000);
  await lab.until("the page is at its top", async () => (await scrolled()) === 0, 10);
  await lab.page.keyboard.down("Control");
  await lab.page.mouse.wheel(0, -200);
  await lab.page.keyboard.up("Control");
  await lab.until("Ctrl zooms", zoomed, 10);
  await chart.dblclick();
  await lab.until("a double click shows everything", async () => !(await zoomed()), 10);
  // The click gave it the focus.
  await lab.page.mouse.wheel(0, -200);
  await lab.until("with the focus the wheel zooms", zoomed, 10);
  assert.equal(await scrolled(), 0);
  const hint = await chart.getAttribute("aria-description");
  assert.match(hint, /Ctrl/, "the hint says so");
});

lab("keys move the cursor, and the note is read out", {}, async (lab) => {
  await lab.trains(20, 60);
  await drawn(lab);
  await lab.pause();
  for (const [id, note] of [["loss-chart", /step \d/], ["hidden-heatmap", /unit \d+, position \d+/]]) {
    const canvas = lab.by(id).first();
    await canvas.focus();
    await lab.page.keyboard.press("ArrowRight");
    const card = lab.page.locator(".plot-card");
    await card.waitFor();
    const first = await card.innerText();
    assert.match(first, note);
    await lab.page.keyboard.press("ArrowRight");
    await lab.until("the cursor moves", async () => (await card.innerText()) !== first, 10);
    await lab.until("the name of the picture says so too", async () => note.test(await canvas.getAttribute("aria-label")), 10);
    await lab.page.keyboard.press("Escape");
    await lab.until("Escape ends it", async () => (await card.count()) === 0, 10);
    await canvas.blur();
  }
});

lab("a picture can be had in figures, as PNG and as CSV", { seconds: 300 }, async (lab) => {
  await lab.trains(120, 120);
  await lab.until("a validation loss is there", async () => !Number.isNaN(await lab.figure("stat-val-loss")), 120);
  await drawn(lab);
  const steps = await lab.pause();
  for (const [id, columns] of [["loss-chart", 9], ["hidden-heatmap", 130]]) {
    const plot = lab.page.locator(".plot", { has: lab.by(id) });
    const button = (name) => plot.getByRole("button", { name, exact: true });
    await button("Table").click();
    const rows = plot.getByTestId("plot-table").locator("tbody tr");
    await lab.until("there are rows", async () => (await rows.count()) > 0, 10);
    await button("Table").click();
    await lab.until("the picture is back", async () => (await plot.getByTestId("plot-table").count()) === 0, 10);

    const saved = async (name) => {
      const waiting = lab.page.waitForEvent("download");
      await button(name).click();
      const download = await waiting;
      return { name: download.suggestedFilename(), content: await readFile(await download.path()) };
    };
    const png = await saved("PNG");
    assert.match(png.name, /\.png$/);
    assert.equal(png.content.subarray(1, 4).toString(), "PNG");
    assert.deepEqual([png.content.readUInt32BE(16), png.content.readUInt32BE(20)], [2400, 1440]);
    const csv = await saved("CSV");
    assert.match(csv.name, /\.csv$/);
    const text = csv.content.toString();
    assert.equal(text.slice(0, text.indexOf("\n")).split(",").length, columns);
    if (id === "loss-chart") {
      const last = text.trimEnd().split("\n").at(-1).split(",");
      assert.equal(Number(last[2]), steps, "the last row is the last step");
    }
  }
});

lab("no label is cut on a narrow chart", { viewport: { width: 390, height: 844 } }, async (lab) => {
  await lab.page.evaluate(() => {
    window.cut = [];
    const draw = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, x, y, room) {
      const width = this.measureText(text).width;
      const left = { right: x - width, center: x - width / 2 }[this.textAlign] ?? x;
      const end = this.canvas.width / this.getTransform().a;
      if (this.canvas.dataset.testid === "loss-chart" && (left < 0 || left + Math.min(width, room ?? width) > end + 0.5 || width > (room ?? width) + 0.5)) window.cut.push(text);
      return draw.apply(this, [text, x, y, room].filter((value) => value !== undefined));
    };
  });
  await lab.trains(10, 60);
  for (const unit of ["nats", "bits", "perplexity"]) {
    await lab.page.locator(".plot-head").getByRole("button", { name: unit }).click();
    await lab.trains(3, 60);
  }
  assert.deepEqual(await lab.page.evaluate(() => [...new Set(window.cut)]), []);
});

lab("a picture that nobody sees is not drawn", {}, async (lab) => {
  await lab.trains(10, 60);
  await lab.page.evaluate(() => {
    window.drawings = 0;
    const clear = CanvasRenderingContext2D.prototype.clearRect;
    CanvasRenderingContext2D.prototype.clearRect = function (...box) {
      if (this.canvas.dataset.testid === "loss-chart") window.drawings += 1;
      return clear.apply(this, box);
    };
    document.querySelector(".chart-card").style.cssText = "position: fixed; top: 3000px; height: 400px; width: 600px";
  });
  await lab.page.waitForTimeout(500);
  const before = await lab.page.evaluate(() => (window.drawings = 0));
  await lab.trains(10, 60);
  assert.equal(await lab.page.evaluate(() => window.drawings), before);
  await lab.page.evaluate(() => document.querySelector(".chart-card").removeAttribute("style"));
  await lab.until("it is drawn when it is seen again", async () => (await lab.page.evaluate(() => window.drawings)) > 0, 10);
});

lab("a text of unknown symbols only says so in place of the picture", {}, async (lab) => {
  await lab.trains(5, 60);
  await lab.go("inside");
  await drawn(lab);
  await lab.by("watch-text").pressSequentially("漢字漢字");
  const said = lab.page.locator(".plot-empty");
  await lab.until("the picture says so", async () => (await said.count()) > 0 && /knows none of these symbols/.test(await said.innerText()), 30);
  assert.match(await lab.page.locator("[role=status]").allInnerTexts().then((all) => all.join(" ")), /漢.*字/);
  await lab.by("watch-text").fill("the");
  await lab.until("known symbols are drawn again", async () => (await said.count()) === 0, 30);
});

lab("what was zoomed stays so while another step is open", {}, async (lab) => {
  await lab.trains(20, 60);
  await lab.by("loss-chart").first().focus();
  await lab.page.keyboard.press("+");
  const zoomed = () => lab.page.locator(".plot-foot .is-unused").count().then((count) => count === 0);
  await lab.until("it is zoomed", zoomed, 10);
  await lab.go("text");
  await lab.go("pretrain");
  await lab.by("loss-chart").first().waitFor();
  assert.ok(await zoomed());
  await lab.by("loss-chart").first().focus();
  await lab.page.keyboard.press("0");
  await lab.until("0 shows everything", async () => !(await zoomed()), 10);
});

lab("an earlier run is hidden and shown from the keyboard without losing the focus", {}, async (lab) => {
  await lab.renews(() => lab.by("start-over").click());
  const run = lab.page.locator(".plot-run-name");
  await run.waitFor();
  await run.focus();
  for (const shown of ["false", "true"]) {
    await lab.page.keyboard.press("Enter");
    await lab.until(`the run is ${shown === "true" ? "shown" : "hidden"}`, async () => (await run.getAttribute("aria-pressed")) === shown, 10);
    assert.ok(await run.evaluate((button) => button === document.activeElement), "the focus stays");
  }
});
