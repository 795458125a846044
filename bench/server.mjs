// A static server of several folders and files, each at its own place. No policy headers: the peers need what they need.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, resolve, sep } from "node:path";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".wasm": "application/wasm" };

/** Serves `mounts`, { "/folder/": path, "/file": path }, the first that fits, at a free port of 127.0.0.1. */
export async function serve(mounts) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    try {
      const file = locate(mounts, decodeURIComponent(pathname));
      const bytes = await readFile(file);
      response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream", "Content-Length": bytes.length });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** The file of a path; never one outside of its folder. */
function locate(mounts, path) {
  const [place, target] = Object.entries(mounts).find(([place]) => path === place || (place.endsWith("/") && path.startsWith(place)));
  const root = resolve(target);
  const file = path === place ? root : join(root, normalize(`/${path.slice(place.length)}`));
  if (file !== root && !file.startsWith(root + sep)) throw new Error(`${path} is outside of ${place}`);
  return file;
}
