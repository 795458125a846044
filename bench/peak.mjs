// WebAssembly modules that do nothing but f32 multiply-adds, in many independent chains of v128 registers.
import wabt from "wabt";

const INSTRUCTIONS = {
  "f32x4.mul, f32x4.add": (chain) => `(f32x4.add (f32x4.mul ${chain} (local.get $x)) (local.get $y))`,
  "f32x4.relaxed_madd": (chain) => `(f32x4.relaxed_madd ${chain} (local.get $x) (local.get $y))`,
};
// Few leave the multiplier waiting, many do not fit in the registers: which is best depends on the machine.
const CHAINS = [6, 8, 10, 12, 13];

/** [{ instructions, chains, bytes }], each module with `run(steps, x, y)`, `chains` × 4 multiply-adds a step. */
export async function peakModules() {
  const { parseWat } = await wabt();
  const made = [];
  for (const [instructions, multiplyAdd] of Object.entries(INSTRUCTIONS)) {
    for (const chains of CHAINS) {
      const module = parseWat("peak.wat", text(chains, multiplyAdd), { simd: true, relaxed_simd: true });
      made.push({ instructions, chains, bytes: [...module.toBinary({}).buffer] });
      module.destroy();
    }
  }
  return made;
}

function text(chains, multiplyAdd) {
  const each = (part) => Array.from({ length: chains }, (_, chain) => part(`$c${chain}`)).join("\n");
  const sum = Array.from({ length: chains }, (_, chain) => `$c${chain}`).reduce(
    (sum, chain) => `(f32x4.add ${sum} (local.get ${chain}))`,
    "(local.get $y)",
  );
  return `(module (func (export "run") (param $steps i32) (param $fx f32) (param $fy f32) (result f32)
    (local $x v128) (local $y v128)
    ${each((chain) => `(local ${chain} v128)`)}
    (local.set $x (f32x4.splat (local.get $fx)))
    (local.set $y (f32x4.splat (local.get $fy)))
    (loop $again
      ${each((chain) => `(local.set ${chain} ${multiplyAdd(`(local.get ${chain})`)})`)}
      (br_if $again (local.tee $steps (i32.sub (local.get $steps) (i32.const 1)))))
    (f32x4.extract_lane 0 ${sum})))`;
}
