// What Firefox compiles shaders with.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

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
    await promisify(execFile)("naga", ["--capabilities", "none", file, ...translated]).catch(({ stderr, message }) => {
      refused.push(`${file}: ${stderr || message}`);
    });
  }
  if (refused.length === 0) await rm(folder, { recursive: true });
  return refused;
}
