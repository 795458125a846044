//! Softmax, cross-entropy and its gradient: the units of a position go through its symbols side by side.
//!
//! Each unit finds the largest of its own scores and then the sum of their exponentials; both times every unit then goes
//! through what those of its position found, which costs one barrier where halving would cost several.

use burn::backend::{
    TensorMetadata,
    ops::FloatTensorOps,
    tensor::{FloatTensor, IntTensor},
};
use burn_cubecl::{CubeBackend, kernel::into_contiguous, tensor::CubeTensor};
use cubecl::prelude::*;

use super::Kernels;
use crate::linear::gpu::empty;

/// Cubes along one dimension of a dispatch: WebGPU allows 65,535.
const CUBES: usize = 32_768;
/// The fewest units of a cube.
const UNITS: usize = 32;
/// Symbols of a unit, where that makes at least 8 units a position and at most a cube.
const SYMBOLS: usize = 16;

impl Kernels for CubeBackend {
    fn loss_and_gradient(
        logits: FloatTensor<Self>,
        targets: IntTensor<Self>,
        weights: Option<FloatTensor<Self>>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (logits, targets) = (into_contiguous(logits), into_contiguous(targets));
        let [_, symbols] = logits.shape().dims();
        let scores = if logits.can_mut() { logits } else { logits.copy() };
        let bias = Self::float_zeros([symbols].into(), &scores.device, scores.dtype.into());
        (gradients(&scores, bias, &targets, 0, weights.map(into_contiguous)), scores)
    }
}

/// Adds `bias` [V] to `scores` [N, V], and makes them the gradient by themselves of the mean cross-entropy with the ids
/// from `first_target` of `text` on; with `weights` [N] that of the weighted sum. Gives each position's part of it, [N].
pub fn gradients(
    scores: &CubeTensor,
    bias: CubeTensor,
    text: &CubeTensor,
    first_target: usize,
    weights: Option<CubeTensor>,
) -> CubeTensor {
    let weighted = weights.is_some();
    // Something that is only read stands in for what is not looked at.
    let weights = weights.unwrap_or_else(|| bias.clone());
    let [positions, symbols] = scores.shape().dims();
    let losses = empty(scores, [positions]);
    let lanes = symbols.div_ceil(SYMBOLS).next_power_of_two().clamp(8, 256);
    let units = lanes.max(UNITS);
    let cubes = positions.div_ceil(units / lanes);
    // SAFETY: units past the last position read the last one and write nothing, the others stay below V; ids are below V
    // because the text was made of the vocabulary.
    unsafe {
        softmax_loss::launch_unchecked(
            &scores.client,
            CubeCount::Static(cubes.min(CUBES) as u32, cubes.div_ceil(CUBES) as u32, 1),
            CubeDim::new_1d(units as u32),
            scores.clone().into_buffer_arg(),
            bias.into_buffer_arg(),
            text.clone().into_buffer_arg(),
            losses.clone().into_buffer_arg(),
            weights.into_buffer_arg(),
            first_target,
            positions,
            symbols,
            lanes,
            units,
            weighted,
        );
    }
    losses
}

#[cube(launch_unchecked)]
fn softmax_loss(
    scores: &mut [f32],
    bias: &[f32],
    text: &[i32],
    losses: &mut [f32],
    weights: &[f32],
    first_target: usize,
    positions: usize,
    symbols: usize,
    #[comptime] lanes: usize,
    #[comptime] units: usize,
    #[comptime] weighted: bool,
) {
    let unit = UNIT_POS as usize;
    let lane = unit % lanes;
    let position = CUBE_POS as usize * comptime!(units / lanes) + unit / lanes;
    let start = position.min(positions - 1) * symbols;
    let mut found = Shared::<[f32]>::new_slice(comptime!(2 * units));
    // A unit without symbols finds the first one's score.
    let mut largest = scores[start] + bias[0];
    let mut symbol = lane;
    while symbol < symbols {
        largest = largest.max(scores[start + symbol] + bias[symbol]);
        symbol += lanes;
    }
    found[unit] = largest;
    sync_cube();
    for other in 0..lanes {
        largest = largest.max(found[unit - lane + other]);
    }
    let mut total = f32::new(0.0);
    symbol = lane;
    while symbol < symbols {
        total += (scores[start + symbol] + bias[symbol] - largest).exp();
        symbol += lanes;
    }
    found[units + unit] = total;
    sync_cube();
    total = f32::new(0.0);
    for other in 0..lanes {
        total += found[units + unit - lane + other];
    }

    if position < positions {
        let target = usize::cast_from(text[first_target + position]);
        let mut share = f32::new(1.0) / f32::cast_from(positions);
        if comptime!(weighted) {
            share = weights[position];
        }
        symbol = lane;
        while symbol < symbols {
            let score = scores[start + symbol] + bias[symbol] - largest;
            let mut gradient = score.exp() / total;
            if symbol == target {
                gradient -= f32::new(1.0);
                losses[position] = (total.ln() - score) * share;
            }
            scores[start + symbol] = gradient * share;
            symbol += lanes;
        }
    }
}
