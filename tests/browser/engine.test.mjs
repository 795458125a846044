// The very engine that visitors load checks itself against its references, on each device.
import assert from "node:assert/strict";
import { lab } from "./helpers.mjs";

/** Asks an engine of its own, beside no page, and gives back its first event of that name. */
const ask = (page, device, request, answer) =>
  page.evaluate(
    async ([device, request, answer]) => {
      const worker = new Worker("/worker.js", { type: "module" });
      return new Promise((done, fail) => {
        worker.onerror = (event) => fail(new Error(event.message));
        worker.onmessage = ({ data }) => {
          if (data.failed) fail(new Error(data.failed));
          if (data.body === undefined) return;
          const event = JSON.parse(data.body);
          if (event.Trouble) fail(new Error(JSON.stringify(event)));
          if (event.Ready) worker.postMessage({ body: JSON.stringify(request), arrays: [] });
          if (event[answer]) done({ ready: event.Ready, [answer]: event[answer] });
        };
        worker.postMessage({ body: JSON.stringify({ Open: { device } }), arrays: [] });
      }).finally(() => worker.terminate());
    },
    [device, request, answer],
  );

for (const [device, seconds] of [["cpu", 120], ["gpu", 400]]) {
  lab(`cells, gradients and training steps agree with their references on the ${device}`, { path: "favicon.svg", query: "", webgpu: device === "gpu", allow: [/favicon\.ico/], seconds }, async (lab) => {
    const { Checked } = await ask(lab.page, device, "SelfCheck", "Checked");
    assert.ok(Checked.checks.length >= 3, "several figures are checked");
    for (const { name, error, allowed } of Checked.checks) {
      assert.ok(error !== null && error <= allowed, `${name}: error ${error}, allowed ${allowed}`);
    }
  });
}
