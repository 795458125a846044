//! What the kernels share.

use cubecl::prelude::*;

/// 1 / (1 + e⁻ˣ)
#[cube]
pub fn sigmoid(x: f32) -> f32 {
    f32::new(1.0) / (f32::new(1.0) + f32::exp(-x))
}

/// 2 σ(2x) − 1: right for every x, where some drivers' own tanh is not for large ones.
#[cube]
pub fn tanh(x: f32) -> f32 {
    f32::new(2.0) * sigmoid(f32::new(2.0) * x) - f32::new(1.0)
}
