// Serves a folder at 127.0.0.1: `node scripts/server.mjs FOLDER PORT`, or `serve(folder, port)` from a test.
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { createGzip } from "node:zlib";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".txt": "text/plain; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".wasm": "application/wasm",
  ".safetensors": "application/octet-stream",
};
const COMPRESSED = new Set([".html", ".css", ".js", ".json", ".txt", ".svg", ".wasm"]);

/** A listening server of `folder`; port 0 takes a free one. */
export async function serve(folder, port = 0) {
  const root = resolve(folder);
  const policy = await contentSecurityPolicy(root);
  const server = createServer((request, response) => {
    answer(root, policy, request, response).catch(() => response.writeHead(500).end());
  });
  await new Promise((done, fail) => server.once("error", fail).listen(port, "127.0.0.1", done));
  return server;
}

/**
 * The page's own policy, sent with every file: a worker obeys the header of its script, not the page's meta element.
 */
async function contentSecurityPolicy(root) {
  const html = await readFile(join(root, "index.html"), "utf8");
  const written = html.match(/http-equiv="Content-Security-Policy"\s+content="([^"]*)"/);
  if (!written) throw new Error("index.html has no Content-Security-Policy");
  return `${written[1].replace(/\s+/g, " ").trim().replace(/;$/, "")}; frame-ancestors 'none'`;
}

async function answer(root, policy, request, response) {
  const headers = {
    "Content-Security-Policy": policy,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
    Vary: "Accept-Encoding",
  };
  const refuse = (status, words) => response.writeHead(status, { ...headers, "Content-Type": "text/plain" }).end(words);
  if (request.method !== "GET" && request.method !== "HEAD") return refuse(405, "Only GET and HEAD.\n");

  const file = locate(root, request.url);
  const found = file && (await stat(file).catch(() => undefined));
  if (!found?.isFile()) return refuse(404, "There is no such file.\n");

  const extension = extname(file);
  headers["Content-Type"] = TYPES[extension] ?? "application/octet-stream";
  headers.ETag = `"${found.size.toString(36)}-${Math.round(found.mtimeMs).toString(36)}"`;
  if (request.headers["if-none-match"] === headers.ETag) return response.writeHead(304, headers).end();

  const gzip = COMPRESSED.has(extension) && /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
  if (gzip) headers["Content-Encoding"] = "gzip";
  else headers["Content-Length"] = found.size;
  response.writeHead(200, headers);
  if (request.method === "HEAD") return response.end();
  const stream = createReadStream(file).on("error", () => response.destroy());
  // Level 1: on the own machine the wait for a better one is longer than what it saves.
  return gzip ? stream.pipe(createGzip({ level: 1 })).pipe(response) : stream.pipe(response);
}

/** The file that a request asks for, or nothing where it would lead out of the folder. */
function locate(root, url) {
  let path;
  try {
    path = decodeURIComponent(new URL(url, "http://localhost").pathname);
  } catch {
    return undefined;
  }
  if (path.includes("\0")) return undefined;
  const file = join(root, normalize(path.endsWith("/") ? `${path}index.html` : path));
  return file.startsWith(root + sep) ? file : undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = "dist", port = "8080"] = process.argv.slice(2);
  serve(folder, Number(port)).catch((error) => {
    const words = error.code === "EADDRINUSE" ? `Port ${port} is taken by another program: choose another with ./serve --port N.` : error.message;
    console.error(`\nunroll: ${words}`);
    process.exit(1);
  });
}
