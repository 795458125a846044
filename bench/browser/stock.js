// burn's own LSTM, as the page's panel of speed measures it: over fewer time steps where these take long.
import { Engine } from "/instruments/driver.js";

/** Seconds in which a device gets ready. */
const PATIENCE = 60;

export async function measure({ device, hidden, batch, context }) {
  const engine = new Engine({ site: "/site/", program: "bench" });
  const kind = { cpu: "Cpu", gpu: "WebGpu" }[device];
  try {
    engine.ask({ MeasureSpeed: { sizes: [{ hidden, batch, context }], patience: PATIENCE } });
    for (;;) {
      const { figures, going } = await engine.hear("Speed");
      const figure = figures.find((figure) => figure.library === "Burn" && figure.device === kind);
      if (figure?.tokens_per_second) return { rates: [figure.tokens_per_second], context: figure.context };
      if (figure || !going) throw new Error(`not ready after ${PATIENCE} s`);
    }
  } finally {
    engine.end();
  }
}
