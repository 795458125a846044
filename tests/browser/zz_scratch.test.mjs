import { lab } from "./helpers.mjs";
lab("scratch", { path: "favicon.svg", query: "", webgpu: true, allow: [/favicon/], seconds: 300 }, async (lab) => {
  lab.page.on("console", (m) => console.log("console", m.text()));
  const log = await lab.page.evaluate(async ([model, train]) => {
    const out = [];
    const worker = new Worker("/worker.js", { type: "module" });
    const began = performance.now();
    const ask = (request, arrays = []) => worker.postMessage({ body: JSON.stringify(request), arrays });
    return new Promise((done) => {
      worker.onerror = (e) => done([...out, e.message]);
      let stage = 0;
      worker.onmessage = ({ data }) => {
        if (data.loading) return;
        const t = Math.round(performance.now() - began);
        out.push(`${t} ${data.failed ?? data.body.slice(0, 900)}`);
        if (data.failed) return done(out);
        const e = JSON.parse(data.body);
        if (e.Ready) ask({ UseText: { source: { Own: { name: "x" } }, vocabulary: "char", split: 0.9 } }, [new TextEncoder().encode("to be or not to be, that is the question. ".repeat(300))]);
        if (e.Baselines) ask({ Build: { model, train } });
        if (e.ModelReady) { stage++; if (stage == 1) ask({ Build: { model: {...model, hidden: 8}, train: {...train, batch: 2, context: 8} } }); else ask({ MeasureSpeed: { sizes: [{ hidden: 32, batch: 4, context: 32 },{hidden:128,batch:32,context:64}], patience: 10 } }); }
        if (e.Speed && !e.Speed.going) done(out);
      };
      ask({ Open: { device: "auto" } });
    });
  }, [{ cell: "lstm", layers: 1, hidden: 128, tie_weights: false, dropout: 0, forget_bias: 0, init: "pytorch", seed: 1 }, { batch: 32, context: 64, learning_rate: 2e-3, clip: 1, weight_decay: 0, schedule: { kind: "constant" }, steps: null, eval_every: 1e9, eval_tokens: null, sample_every: null, seed: 1 }]);
  console.log(log.join("\n"));
});
