// Serves a folder at 127.0.0.1: `node scripts/server.mjs FOLDER PORT`, or `serve(folder, { port, line })` from a test.
import { createReadStream } from "node:fs";
import { readFile, readdir, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { createGzip, gzipSync } from "node:zlib";

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

/**
 * A listening server of `folder`; port 0 takes a free one. With a `line`, { bits (a second), latency (seconds) }, it
 * answers as a static host far away does: each file compressed as well as gzip can, and over a line that all answers share.
 */
export async function serve(folder, { port = 0, line } = {}) {
  const root = resolve(folder);
  const policy = await contentSecurityPolicy(root);
  const send = line ? await farAway(root, line) : nearBy;
  const server = createServer((request, response) => {
    answer(root, policy, request, response, send).catch(() => response.writeHead(500).end());
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

async function answer(root, policy, request, response, send) {
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
  const gzip = COMPRESSED.has(extension) && /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
  await send({ file, size: found.size, headers, gzip, known: request.headers["if-none-match"] === headers.ETag, head: request.method === "HEAD" }, response);
}

/** To a browser on this very machine. */
function nearBy({ file, size, headers, gzip, known, head }, response) {
  if (known) return response.writeHead(304, headers).end();
  if (gzip) headers["Content-Encoding"] = "gzip";
  else headers["Content-Length"] = size;
  response.writeHead(200, headers);
  if (head) return response.end();
  const stream = createReadStream(file).on("error", () => response.destroy());
  // Level 1: on the own machine the wait for a better one is longer than what it saves.
  return gzip ? stream.pipe(createGzip({ level: 1 })).pipe(response) : stream.pipe(response);
}

/** Over a line of so many bits a second, which all answers share, and after so many seconds. Compressed beforehand. */
async function farAway(root, { bits, latency }) {
  const zipped = new Map();
  for (const name of await readdir(root, { recursive: true })) {
    if (COMPRESSED.has(extname(name))) zipped.set(join(root, name), gzipSync(await readFile(join(root, name)), { level: 9 }));
  }
  const share = sharedLine(bits / 8);
  return async ({ file, headers, gzip, known, head }, response) => {
    await new Promise((done) => setTimeout(done, 1000 * latency));
    if (known) return response.writeHead(304, headers).end();
    const body = (gzip && zipped.get(file)) || (await readFile(file));
    if (gzip) headers["Content-Encoding"] = "gzip";
    headers["Content-Length"] = body.length;
    response.writeHead(200, headers);
    if (head) return response.end();
    for (let sent = 0; sent < body.length && !response.destroyed; ) {
      const bytes = Math.min(PACKET, body.length - sent);
      await share(bytes);
      response.write(body.subarray(sent, (sent += bytes)));
    }
    return response.end();
  };
}

/** Bytes that an answer puts on the line before another one has its turn. */
const PACKET = 4096;

/** Waits until the line has carried `bytes` more; whoever asks is served in turn. */
function sharedLine(bytesASecond) {
  let free = 0;
  return (bytes) => {
    const now = performance.now();
    free = Math.max(now, free) + (1000 * bytes) / bytesASecond;
    return new Promise((done) => setTimeout(done, free - now));
  };
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
  serve(folder, { port: Number(port) }).catch((error) => {
    const words = error.code === "EADDRINUSE" ? `Port ${port} is taken by another program: choose another with ./serve --port N.` : error.message;
    console.error(`\nunroll: ${words}`);
    process.exit(1);
  });
}
