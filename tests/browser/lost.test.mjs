// A graphics device may be misused or lost at any moment: the engine and the run stay.
import assert from "node:assert/strict";
import { lab } from "./helpers.mjs";
import { SMALL, remembered } from "./settings.mjs";

const onGpu = (more) => ({ query: "device=gpu", webgpu: true, storage: SMALL, seconds: 300, ...more });

lab("a run is started over twenty times while it trains on WebGPU, and no engine is lost", onGpu(), async (lab) => {
  await lab.trains(2, 240);
  await lab.go("pretrain");
  for (let round = 0; round < 20; round += 1) {
    await lab.newRun(() => lab.by("start-over").click());
    await lab.trains(2);
  }
  assert.match(await lab.by("stat-device").textContent(), /webgpu/i);
  assert.equal(await lab.by("notice").count(), 0);
});

// Decoupled weight decay multiplies each weight by 1 − 10 at every step; at a quarter of the rate by 1 − 2.5.
const DIVERGES = remembered({
  model: { hidden: 8 },
  train: { batch: 2, context: 8, learning_rate: 10, clip: 1e6, weight_decay: 1, steps: null, eval_every: 1000, eval_tokens: 16, sample_every: null },
});

lab("a run that diverges on WebGPU goes on from before, again and again, and no engine is lost", onGpu({ storage: DIVERGES }), async (lab) => {
  await lab.trains(2, 240);
  // 10, 2.5, 0.625: the last one shrinks the weights.
  for (const _ of [10, 2.5]) {
    await lab.notice(/diverged/, 120);
    await lab.by("remedy").click();
  }
  await lab.trains(60, 120);
  assert.match(await lab.by("stat-device").textContent(), /webgpu/i);
  assert.equal(await lab.by("notice").count(), 0);
});

/** Destroys the device just before the nth call of a method; `self.arm(method, n)` from the test. */
const DESTROYER = `
  let device;
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    return (device = await request.apply(this, given));
  };
  self.arm = (type, method, left) => {
    const real = self[type].prototype[method];
    self[type].prototype[method] = function (...given) {
      if (device && left-- === 0) device.destroy();
      return real.apply(this, given);
    };
  };
`;

/** What a run does, and how often it has done so when the device goes: while it gets ready, at its first steps, later on. */
const MOMENTS = [
  ["GPUDevice", "createComputePipeline", 0],
  ["GPUDevice", "createBuffer", 5],
  ["GPUQueue", "submit", 0],
  ["GPUQueue", "submit", 3],
  ["GPUBuffer", "mapAsync", 0],
  ["GPUBuffer", "mapAsync", 2],
  ["GPUComputePassEncoder", "dispatchWorkgroups", 30],
  ["GPUQueue", "submit", 40],
  ["GPUComputePassEncoder", "dispatchWorkgroups", 900],
  ["GPUBuffer", "mapAsync", 8],
];

/** Warm-up over 2,000 steps: the rate tells at which step the schedule is. */
const RATE = 0.01;
const WARM_UP = 2000;
const scheduled = (eval_every) => remembered({
  model: { hidden: 8 },
  train: { batch: 2, context: 8, learning_rate: RATE, schedule: { kind: "warmup", steps: WARM_UP }, steps: null, eval_every, eval_tokens: 16, sample_every: null },
});

/** Runs in the page before anything else: keeps each step's learning rate as the engine tells it, in the order told. */
function keepRates() {
  window.rates = [];
  const Real = window.Worker;
  window.Worker = class extends Real {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        const progress = data.body && JSON.parse(data.body).Progress;
        if (progress) data.arrays[2].forEach((rate, at) => window.rates.push([progress.first_step + at, rate]));
      });
    }
  };
}

/** Twenty steps more, whichever step it goes on from; a run that was interrupted waits for a press. */
async function goesOn(lab) {
  const told = () => lab.page.evaluate(() => window.rates.length);
  const before = await told();
  const resting = lab.page.locator("[data-testid=play].is-primary:not(:disabled)");
  await lab.until("the run goes on", async () => {
    if ((await resting.count()) > 0) await lab.play();
    return (await told()) >= before + 20;
  });
}

for (const [type, method, calls] of MOMENTS) {
  lab(`a device that is lost at call ${calls + 1} of ${method} leaves the run, which goes on where its last checkpoint was`, onGpu({
    storage: scheduled(1000),
    worker: `${DESTROYER} self.arm("${type}", "${method}", ${calls});`,
    // Chromium itself tells of what was under way on the device.
    allow: [/destroyed|Destroyed|lost|mapAsync|AbortError/],
    before: (lab) => lab.page.addInitScript(keepRates),
    seconds: 240,
  }), async (lab) => {
    await lab.until("the CPU has taken over", async () => /cpu/i.test(await lab.by("stat-device").textContent()), 120);
    assert.equal(lab.page.workers().length, 1);
    await goesOn(lab);
    assert.doesNotMatch((await lab.by("notice").allInnerTexts()).join(" "), /start it again/i, "the engine did not end");
    const rates = (await lab.page.evaluate(() => window.rates)).filter(([, rate]) => Number.isFinite(rate));
    assert.ok(rates.length > 0, "rates were told");
    for (const [step, rate] of rates) assert.ok(Math.abs(rate - (RATE * step) / WARM_UP) < 1e-3 * RATE, `at step ${step} the rate was ${rate}`);
  });
}

/** With every evaluation of a run on a GPU goes a checkpoint. */
const EVERY = 25;

lab("a device that is lost long after the start costs the run no more than what came after its last checkpoint", onGpu({
  storage: scheduled(EVERY),
  worker: DESTROYER,
  allow: [/destroyed|Destroyed|lost|mapAsync|AbortError/],
  before: (lab) => lab.page.addInitScript(keepRates),
}), async (lab) => {
  await lab.trains(120, 240);
  await lab.page.workers()[0].evaluate(() => self.arm("GPUQueue", "submit", 0));
  await lab.until("the CPU has taken over", async () => /cpu/i.test(await lab.by("stat-device").textContent()), 60);
  await goesOn(lab);
  const steps = (await lab.page.evaluate(() => window.rates)).map(([step]) => step);
  const back = steps.findIndex((step, at) => at > 0 && step <= steps[at - 1]);
  const cost = back > 0 ? steps[back - 1] + 1 - steps[back] : 0;
  assert.ok(cost < 2 * EVERY, `${cost} steps were lost`);
  const rates = (await lab.page.evaluate(() => window.rates)).filter(([, rate]) => Number.isFinite(rate));
  for (const [step, rate] of rates) assert.ok(Math.abs(rate - (RATE * step) / WARM_UP) < 1e-3 * RATE, `at step ${step} the rate was ${rate}`);
});
