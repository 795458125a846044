// How every training loop in the browser is timed.
import { aStep, counts } from "/instruments/webgpu.js";

/**
 * Times a training loop.
 *
 * `train(steps)` resolves when that many steps have been computed and the last loss has been read. It warms up first;
 * then come `repetitions` of as many steps as fill `seconds`. Past `box` seconds no further repetition starts.
 *
 * Gives tokens a second of each repetition, seconds of the first step, and the WebGPU calls a step.
 */
export async function timed(train, { tokens, repetitions, seconds, box }) {
  const began = performance.now();
  const since = (time) => (performance.now() - time) / 1000;

  await train(1);
  const first = since(began);
  // The first step compiles; the second tells how many fill a repetition. Where one step fills the time, a third would
  // only take what the repetitions need.
  let start = performance.now();
  await train(1);
  let aStepTakes = since(start);
  while (since(start) < seconds && aStepTakes < seconds) {
    const again = performance.now();
    await train(1);
    aStepTakes = since(again);
  }
  const steps = Math.max(1, Math.round(seconds / aStepTakes));

  const rates = [];
  const before = { ...counts };
  while (rates.length < repetitions && (rates.length === 0 || since(began) < box)) {
    start = performance.now();
    await train(steps);
    rates.push((steps * tokens) / since(start));
  }
  return { rates, first, steps, calls: aStep(before, counts, steps * rates.length) };
}
