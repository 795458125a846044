//! h = tanh(p + s), s = W h₍ₜ₋₁₎ + b. The way back needs nothing but h: tanh′ = 1 − h².

use cubecl::prelude::*;

use crate::linear::gpu::math::tanh;

/// h. `input`: p; `recurrent`: s.
#[cube]
pub fn forward(input: &Array<f32>, recurrent: &Array<f32>) -> f32 {
    tanh(input[0] + recurrent[0])
}

/// From the gradient of h that of p and s alike, to `sums`.
#[cube]
pub fn backward(h: f32, gradient: f32, sums: &mut Array<f32>) {
    sums[0] = gradient * (1.0 - h * h);
}
