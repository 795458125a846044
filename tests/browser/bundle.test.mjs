// What a visitor downloads: small, and nothing in it that is not meant for them.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { DIST, ROOT } from "./helpers.mjs";

const read = (name) => readFileSync(join(DIST, name));
const zipped = (...names) => names.reduce((sum, name) => sum + gzipSync(read(name), { level: 9 }).length, 0);

test("the page program is at most 340 KB compressed", (t) => {
  const bytes = zipped("page.js", "page_bg.wasm");
  t.diagnostic(`page program: ${(bytes / 1e3).toFixed(1)} KB gzip`);
  assert.ok(bytes <= 340e3, `${bytes} bytes`);
});

test("the engine is at most 2.4 MB compressed", (t) => {
  const bytes = zipped("engine.js", "engine_bg.wasm");
  t.diagnostic(`engine: ${(bytes / 1e6).toFixed(2)} MB gzip`);
  assert.ok(bytes <= 2.4e6, `${bytes} bytes`);
});

// It was a sixth of the engine, and most of the time of its last compilation: products go through src/linear/.
test("burn's own matrix product is not in the engine", () => {
  assert.doesNotMatch(read("engine_bg.wasm").toString("latin1"), /cubek-matmul-[\d.]+\/src\/multi_level/);
});

test("the page knows how large the engine is", () => {
  assert.match(read("index.html").toString(), new RegExp(`name="engine-bytes" content="${read("engine_bg.wasm").length}"`));
});

// Folders of whoever built it, in a message of a panic, say.
const MACHINE = [ROOT.replace(/\/$/, ""), homedir(), "/root/", "/home/", "/Users/", ".cargo", "registry/src", "rustlib/src"];

test("no file says where it was built, and none has a source map", () => {
  for (const name of readdirSync(DIST).filter((name) => /\.(wasm|js|css|html)$/.test(name))) {
    const text = read(name).toString("latin1");
    for (const folder of MACHINE) assert.ok(!text.includes(folder), `${name} names ${folder}`);
    assert.ok(!text.includes("sourceMappingURL"), `${name} has a source map`);
  }
});

test("scripts are allowed from the page's own origin only, and never evaluated", () => {
  const policy = read("index.html").toString().match(/http-equiv="Content-Security-Policy"\s+content="([^"]*)"/)[1];
  const scripts = policy.split(";").map((part) => part.trim().split(/\s+/)).find(([name]) => name === "script-src");
  assert.deepEqual(scripts.slice(1).sort(), ["'self'", "'wasm-unsafe-eval'"]);
  for (const host of policy.matchAll(/https?:|\*/g)) assert.fail(`the policy lets in ${host[0]}`);
});
