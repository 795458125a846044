// burn's own LSTM, measured by the engine that the page's panel asks, with the same request.
import { Engine } from "./unroll.js";

export async function measure({ hidden, batch, context, symbols, timing }) {
  if (symbols !== 65) throw new Error(`the engine measures with 65 symbols, not ${symbols}`);
  const engine = new Engine("bench");
  try {
    engine.ask({ Open: { device: "cpu" } });
    await engine.hear("Ready");
    engine.ask({ MeasureSpeed: { sizes: [{ hidden, batch, context }], patience: timing.box } });
    for (;;) {
      const { figures } = await engine.hear("Speed");
      const figure = figures.find(({ library, device }) => library === "Burn" && device === "Cpu");
      if (figure?.tokens_per_second == null && figure) throw new Error("it failed, or was not ready in time");
      if (figure) return { rates: [figure.tokens_per_second], context: figure.context };
    }
  } finally {
    engine.end();
  }
}
