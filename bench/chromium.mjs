// One Chromium for all measurements in the browser, each in a page of its own.
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "./server.mjs";

// WebGPU without a graphics card: SwiftShader, a program on the CPU.
const FLAGS = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

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
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  return {
    version: browser.version(),
    async measure(library, wish) {
      const page = await browser.newPage();
      try {
        await page.goto(`${server.origin}/bench/index.html`, { waitUntil: "load" });
        const measured = page.evaluate(([library, wish]) => window.measure(library, wish), [library, wish]);
        // When it is given up, its page is closed under it.
        measured.catch(() => {});
        return await Promise.race([measured, late()]);
      } catch (error) {
        // A page that crashes is that library's result, not the end of the run.
        return { error: error.message.split("\n")[0] };
      } finally {
        await page.close();
      }
    },
    async close() {
      await browser.close();
      server.close();
    },
  };
}

async function late() {
  await new Promise((resolve) => setTimeout(resolve, MINUTES * 60_000).unref());
  return { error: `nothing after ${MINUTES} minutes` };
}
