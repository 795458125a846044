// What every browser test stands on: the built site on our own server, Chromium, and a Lab that drives one page and
// fails the test on anything that should not be in its console or on the network.
import assert from "node:assert/strict";
import { mkdir, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { needChromium } from "../../scripts/chromium.mjs";
import { serve } from "../../scripts/server.mjs";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** The built site; `UNROLL_DIST` names another one, as when a test is tried on an older commit's. */
export const DIST = process.env.UNROLL_DIST ?? join(ROOT, "dist");
const INSTRUMENTS = join(ROOT, "tests/instruments");
/** Where pictures of the page are left for whoever wants to look at them. */
export const SHOTS = process.env.UNROLL_SHOTS ?? join(tmpdir(), "unroll-shots");

const FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--js-flags=--expose-gc"];
/** WebGPU on the CPU: slow, and everywhere the same. */
const SWIFTSHADER = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/** Servers and browsers by what makes them different. */
const servers = new Map();
const browsers = new Map();

const once = (map, key, make) => {
  if (!map.has(key)) map.set(key, make());
  return map.get(key);
};

async function site(line) {
  const server = await once(servers, JSON.stringify(line), () => serve(DIST, { line }));
  return `http://127.0.0.1:${server.address().port}/`;
}

const launchOptions = (webgpu) => ({ executablePath: needChromium(), args: webgpu ? [...FLAGS, ...SWIFTSHADER] : FLAGS });

const browser = (webgpu) => once(browsers, webgpu, () => chromium.launch(launchOptions(webgpu)));

after(async () => {
  for (const one of browsers.values()) await (await one).close();
  for (const one of servers.values()) {
    const server = await one;
    server.close();
    server.closeAllConnections();
  }
});

/**
 * A test of one page. Options: `webgpu` (SwiftShader instead of none), `query` ("device=cpu"), `path`, `viewport`,
 * `storage` (local storage to start from), `worker` (JavaScript that runs in the worker before the engine's own),
 * `before` (called with the lab before the page opens), `allow` (console errors that the test itself causes),
 * `line` (see scripts/server.mjs), `profile` (a browser of its own, whose caches are as those of a user), `seconds`.
 */
export function lab(name, options, body) {
  test(name, { timeout: (options.seconds ?? 240) * 1000 }, async (t) => {
    const lab = await Lab.open(options);
    try {
      await body(lab, t);
      assert.deepEqual(lab.faults, [], "nothing is wrong in the console or on the network");
    } catch (error) {
      await lab.shot(`failed ${name}`).catch(() => {});
      if (lab.faults.length > 0) error.message += `\nconsole and network:\n${lab.faults.join("\n")}`;
      throw error;
    } finally {
      await lab.context.close();
    }
  });
}

/**
 * A test of an engine of its own, beside no page. `drive(engine, given)` runs in the browser, so it may use nothing from
 * around it; `check` gets what it gives back. Options: `device` ("cpu"), `features` (all that a WebGPU adapter may have),
 * `given`, `seconds`.
 */
export function driven(name, { device = "cpu", features, given, seconds }, drive, check) {
  // Any file of the site that is no page.
  const options = { path: "favicon.svg", query: "", webgpu: device === "gpu", allow: [/favicon\.ico/], before: instruments, seconds };
  lab(name, options, async (lab) => {
    const told = JSON.stringify({ device, features, given });
    const result = await lab.page.evaluate(`(async ({ device, features, given }) => {
      const { Engine } = await import("/instruments/driver.js");
      const engine = new Engine({ features });
      try {
        await engine.open(device);
        return await (${drive})(engine, given);
      } finally {
        engine.end();
      }
    })(${told})`);
    await check(result, lab);
  });
}

/** Serves tests/instruments beside the site. */
async function instruments(lab) {
  const give = (path) => (route) => route.fulfill({ path: join(INSTRUMENTS, path), contentType: "text/javascript" });
  for (const name of await readdir(INSTRUMENTS)) await lab.page.route(`**/instruments/${name}`, give(name));
  await lab.page.route(/\/instrumented\.js/, give("instrumented.js"));
}

class Lab {
  static async open({ webgpu = false, query = "device=cpu", path = "", viewport = { width: 1440, height: 900 }, storage = {}, worker, before, allow = [], line, profile, ...rest }) {
    const lab = new Lab();
    lab.home = await site(line);
    lab.faults = [];
    lab.allow = allow;
    const asked = { viewport, acceptDownloads: true, ...rest.context };
    // An empty folder's name makes Playwright take a new one, which it removes.
    lab.context = profile ? await chromium.launchPersistentContext("", { ...launchOptions(webgpu), ...asked }) : await (await browser(webgpu)).newContext(asked);
    lab.page = await lab.context.newPage();
    lab.#listen();
    await lab.page.addInitScript((entries) => {
      for (const [key, value] of Object.entries(entries)) if (localStorage.getItem(key) === null) localStorage.setItem(key, value);
      addEventListener("securitypolicyviolation", (event) => console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`));
    }, storage);
    if (worker) await lab.inWorker(worker);
    await before?.(lab);
    await lab.page.goto(`${lab.home}${path}${query && `?${query}`}`);
    return lab;
  }

  #listen() {
    const fault = (words) => {
      if (!this.allow.some((pattern) => pattern.test(words))) this.faults.push(words);
    };
    this.page.on("console", (message) => {
      if (message.type() === "error") fault(`console: ${message.text()} (${message.location().url})`);
    });
    this.page.on("pageerror", (error) => fault(`uncaught: ${error.stack ?? error}`));
    this.page.on("crash", () => fault("the page crashed"));
    this.context.on("request", (request) => {
      const url = new URL(request.url());
      if (!["blob:", "data:"].includes(url.protocol) && url.origin !== new URL(this.home).origin) fault(`another origin: ${url}`);
    });
  }

  /** Runs `script` in the engine's worker before the engine's own. */
  async inWorker(script) {
    await this.page.route(/\/worker\.js/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${script}\n${await response.text()}` });
    });
  }

  by(id) {
    return this.page.getByTestId(id);
  }

  /** Goes to one of the five steps: text, pretrain, inside, finetune, use. */
  async go(step) {
    await this.by(`step-${step}`).click();
  }

  /** The first number in an element's text; NaN where there is none yet. */
  async figure(id) {
    const found = (await this.by(id).first().textContent()).match(/[-−]?\d[\d,\u2009\u202f\u00a0]*(\.\d+)?/);
    return found ? Number(found[0].replace("−", "-").replace(/[,\u2009\u202f\u00a0]/g, "")) : NaN;
  }

  step() {
    return this.figure("stat-step");
  }

  /** Waits until `condition` gives something true, and gives that back. */
  async until(what, condition, seconds = 60) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const value = await condition();
      if (value) return value;
      if (Date.now() > end) assert.fail(`waited ${seconds} s in vain until ${what}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  async trains(steps = 5, seconds = 60) {
    const start = (await this.step()) || 0;
    await this.until(`${steps} more steps after ${start} are trained`, async () => (await this.step()) >= start + steps, seconds);
  }

  async play() {
    await this.by("play").click();
  }

  /** Pauses, and gives back the step at which the run stands. */
  async pause() {
    await this.by("pause").click();
    await this.page.locator("[data-testid=play].is-primary").waitFor();
    let seen = -1;
    await this.until("the run stands still", async () => {
      const now = await this.step();
      const still = now === seen;
      seen = now;
      if (!still) await new Promise((done) => setTimeout(done, 300));
      return still;
    });
    return seen;
  }

  /** Trains a while, does what makes a new model, and waits until that one trains. */
  async renews(action) {
    await this.trains(30, 60);
    await this.pause();
    await this.newRun(action);
  }

  /** Does something, and waits until the counter of steps has started over, however quickly it then rises. */
  async newRun(action) {
    await this.by("stat-step").first().evaluate((counter) => {
      const read = () => Number(counter.textContent.replace(/\D/g, ""));
      let last = read();
      window.startedOver = false;
      new MutationObserver((_, observer) => {
        if (read() < last) {
          window.startedOver = true;
          observer.disconnect();
        }
        last = read();
      }).observe(counter, { childList: true, characterData: true, subtree: true });
    });
    await action();
    await this.until("a new run begins", () => this.page.evaluate(() => window.startedOver));
  }

  /** Sets a setting as a user would: chooses or types it. */
  async set(id, value) {
    const choice = this.by(id).locator(`input[value="${value}"]`);
    if ((await choice.count()) > 0) return choice.check({ force: true });
    await this.by(id).fill(String(value));
    return this.by(id).press("Enter");
  }

  /** Takes a pasted text. */
  async paste(text) {
    await this.go("text");
    await this.by("text-input").fill(text);
    await this.by("use-text").click();
  }

  /** Takes a file. */
  async upload(name, content) {
    await this.go("text");
    await this.by("text-file").setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from(content) });
  }

  /** What the model writes after a prompt. */
  async generate(prompt, { length = 60, temperature = 1 } = {}) {
    await this.go("pretrain");
    await this.by("prompt").fill(prompt);
    await this.set("temperature", temperature);
    await this.set("length", length);
    await this.by("generate").click();
    return this.until("the text is written", async () => {
      const written = await this.by("generated").textContent();
      return [...written].length >= length && written;
    });
  }

  /** What the model wrote last by itself, once it has. */
  async sample() {
    const written = this.page.locator("[data-testid=sample]:not(.is-empty)").first();
    await written.waitFor({ timeout: 150_000 });
    return written.textContent();
  }

  /** The words of the notice that matches, once it is there. */
  async notice(pattern, seconds = 60) {
    return this.until(`a notice says ${pattern}`, async () => {
      for (const words of await this.by("notice").allInnerTexts()) if (pattern.test(words)) return words;
      return undefined;
    }, seconds);
  }

  /** How many colours a drawing has, and a number that changes with it. */
  async drawing(id) {
    return this.by(id).first().evaluate((element) => {
      const canvases = element.matches("canvas") ? [element] : [...element.querySelectorAll("canvas")];
      const colours = new Set();
      let hash = 0;
      for (const canvas of canvases) {
        const copy = new OffscreenCanvas(Math.min(canvas.width, 600), Math.min(canvas.height, 300));
        const context = copy.getContext("2d", { willReadFrequently: true });
        if (canvas.width === 0 || canvas.height === 0) continue;
        context.imageSmoothingEnabled = false;
        context.drawImage(canvas, 0, 0, copy.width, copy.height);
        for (const pixel of new Uint32Array(context.getImageData(0, 0, copy.width, copy.height).data.buffer)) {
          colours.add(pixel);
          hash = (Math.imul(hash, 31) + pixel) | 0;
        }
      }
      return { colours: colours.size, hash };
    });
  }

  async shot(name) {
    await mkdir(SHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SHOTS, `${name.replace(/[^\p{L}\p{N}]+/gu, "-")}.png`) });
  }
}

/** That `text` is made of symbols of `alphabet` only. */
export function assertWrittenWith(text, alphabet) {
  const known = new Set(alphabet);
  assert.ok(text.length > 0, "something was written");
  assert.deepEqual([...new Set(text)].filter((symbol) => !known.has(symbol)), [], "only known symbols are written");
}
