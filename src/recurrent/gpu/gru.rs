//! With s = W h₍ₜ₋₁₎ + b: r = σ(pᵣ + sᵣ), z = σ(p_z + s_z), n = tanh(pₙ + r ⊙ sₙ), h = n + z ⊙ (h₍ₜ₋₁₎ − n).

use cubecl::prelude::*;

use crate::linear::gpu::math::{sigmoid, tanh};

/// h. `input`: p; `recurrent`: s; `before`: h₍ₜ₋₁₎. What the way back needs goes to `kept`: r, z, n, sₙ.
#[cube]
pub fn forward(input: &Array<f32>, recurrent: &Array<f32>, before: f32, kept: &mut Array<f32>) -> f32 {
    let r = sigmoid(input[0] + recurrent[0]);
    let z = sigmoid(input[1] + recurrent[1]);
    let n = tanh(input[2] + r * recurrent[2]);
    kept[0] = r;
    kept[1] = z;
    kept[2] = n;
    kept[3] = recurrent[2];
    n + z * (before - n)
}

/// From the gradient of h those of pᵣ and sᵣ, p_z and s_z, pₙ, sₙ, to `sums`; gives that of h₍ₜ₋₁₎ but for what comes
/// through s.
#[cube]
pub fn backward(kept: &Array<f32>, before: f32, gradient: f32, sums: &mut Array<f32>) -> f32 {
    let r = kept[0];
    let z = kept[1];
    let n = kept[2];
    let dn = gradient * (1.0 - z) * (1.0 - n * n);
    sums[0] = dn * kept[3] * r * (1.0 - r);
    sums[1] = gradient * (before - n) * z * (1.0 - z);
    sums[2] = dn;
    sums[3] = dn * r;
    gradient * z
}
