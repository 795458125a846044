// What Firefox compiles shaders with.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

// Where the setup puts it.
const CACHE = process.env.UNROLL_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "unroll");
const BUILT = join(CACHE, "bin/naga");
const NAGA = existsSync(BUILT) ? BUILT : "naga";

/**
 * What naga has against these shaders: with nothing beyond core WebGPU, on their way to Vulkan, Metal and Direct3D.
 * Those that it refuses are left in $TMPDIR.
 */
export async function refusals(shaders) {
  const folder = await mkdtemp(join(tmpdir(), "unroll-shaders-"));
  const refused = [];
  for (const [at, shader] of shaders.entries()) {
    const [file, ...translated] = ["wgsl", "spv", "metal", "hlsl"].map((kind) => join(folder, `${at}.${kind}`));
    await writeFile(file, shader);
    await promisify(execFile)(NAGA, ["--capabilities", "none", file, ...translated]).catch(({ code, stderr, message }) => {
      if (code === "ENOENT") throw new Error("naga is missing, which checks the shaders: run `./test browser` once, which builds it.");
      refused.push(`${file}: ${stderr || message}`);
    });
  }
  if (refused.length === 0) await rm(folder, { recursive: true });
  return refused;
}
