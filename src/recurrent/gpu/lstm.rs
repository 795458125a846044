//! With s = p + W h₍ₜ₋₁₎ + b: i, f, o = σ(s), g = tanh(s), c = f ⊙ c₍ₜ₋₁₎ + i ⊙ g, h = o ⊙ tanh(c).

use cubecl::prelude::*;

use crate::linear::gpu::math::{sigmoid, tanh};

/// h. `input`: p; `recurrent`: the rest of s; `before`: c₍ₜ₋₁₎. What the way back needs goes to `kept`: i, f, g, o, c.
#[cube]
pub fn forward(input: &Array<f32>, recurrent: &Array<f32>, before: f32, kept: &mut Array<f32>) -> f32 {
    let i = sigmoid(input[0] + recurrent[0]);
    let f = sigmoid(input[1] + recurrent[1]);
    let g = tanh(input[2] + recurrent[2]);
    let o = sigmoid(input[3] + recurrent[3]);
    let c = f * before + i * g;
    kept[0] = i;
    kept[1] = f;
    kept[2] = g;
    kept[3] = o;
    kept[4] = c;
    o * tanh(c)
}

/// From the gradients of h and, by the steps after this one, of c those of s, to `sums`; gives that of `before`,
/// c₍ₜ₋₁₎.
#[cube]
pub fn backward(kept: &Array<f32>, before: f32, gradient: f32, cell: f32, sums: &mut Array<f32>) -> f32 {
    let i = kept[0];
    let f = kept[1];
    let g = kept[2];
    let o = kept[3];
    let squashed = tanh(kept[4]);
    let dc = cell + gradient * o * (1.0 - squashed * squashed);
    sums[0] = dc * g * i * (1.0 - i);
    sums[1] = dc * before * f * (1.0 - f);
    sums[2] = dc * i * (1.0 - g * g);
    sums[3] = gradient * squashed * o * (1.0 - o);
    dc * f
}
