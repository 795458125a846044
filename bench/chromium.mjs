// A Chromium for each measurement, so that none suffers from what another left behind.
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "./server.mjs";

const FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
// WebGPU without a graphics card: SwiftShader, a program on the CPU.
const SWIFTSHADER = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

// Past this a library is taken to hang. None needs as long that ends at all.
const MINUTES = 4;

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** { version, measure(library, wish), close() } of the built site in the folder `site`. */
export async function open(site, executablePath) {
  const server = await serve({
    "/bench/": path("browser"),
    "/npm/": path("node_modules"),
    "/instruments/": path("../tests/instruments"),
    "/site/instrumented.js": path("../tests/instruments/instrumented.js"),
    "/site/": site,
  });
  const launch = (webgpu) => chromium.launch({ executablePath, args: webgpu ? [...FLAGS, ...SWIFTSHADER] : FLAGS });
  const browser = await launch(false);
  const version = browser.version();
  await browser.close();
  return {
    version,
    async measure(library, wish) {
      let browser;
      try {
        browser = await launch(wish.webgpu ?? true);
        const page = await browser.newPage();
        await page.goto(`${server.origin}/bench/index.html`, { waitUntil: "load" });
        const measured = page.evaluate(([library, wish]) => window.measure(library, wish), [library, wish]);
        // When it is given up, its page is closed under it.
        measured.catch(() => {});
        return await Promise.race([measured, late()]);
      } catch (error) {
        // A page that crashes is that library's result, not the end of the run.
        return { error: error.message.split("\n")[0] };
      } finally {
        await browser?.close().catch(() => {});
      }
    },
    close: () => server.close(),
  };
}

async function late() {
  await new Promise((resolve) => setTimeout(resolve, MINUTES * 60_000).unref());
  return { error: `nothing after ${MINUTES} minutes` };
}
