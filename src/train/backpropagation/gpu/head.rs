//! Softmax, cross-entropy and its gradient: one cube a position, whose units go through the symbols side by side.
//!
//! Each unit finds the largest of its own scores and then the sum of their exponentials; both times every unit then goes
//! through what all of them found, which costs one barrier where halving would cost five.

use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use crate::recurrent::gpu::empty;

/// Cubes along one dimension of a dispatch: WebGPU allows 65,535.
const CUBES: usize = 32_768;

/// Adds `bias` [V] to `scores` [N, V], and makes them the gradient by themselves of the mean cross-entropy with the ids
/// from `first_target` of `text` on. Gives each position's part of that mean, [N].
pub fn loss(scores: &CubeTensor, bias: CubeTensor, text: &CubeTensor, first_target: usize) -> CubeTensor {
    let [positions, symbols] = scores.shape().dims();
    let losses = empty(scores, [positions]);
    let units = if symbols > 512 { 256 } else { 32 };
    // SAFETY: a cube past the last position ends at once; units stay below V, and ids are below V because the text was
    // made of the vocabulary.
    unsafe {
        softmax_loss::launch_unchecked(
            &scores.client,
            CubeCount::Static(positions.min(CUBES) as u32, positions.div_ceil(CUBES) as u32, 1),
            CubeDim::new_1d(units as u32),
            scores.clone().into_buffer_arg(),
            bias.into_buffer_arg(),
            text.clone().into_buffer_arg(),
            losses.clone().into_buffer_arg(),
            first_target,
            positions,
            symbols,
            units,
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
    first_target: usize,
    positions: usize,
    symbols: usize,
    #[comptime] units: usize,
) {
    let position = CUBE_POS as usize;
    let unit = UNIT_POS as usize;
    if position >= positions {
        terminate!();
    }
    let start = position * symbols;
    let mut found = Shared::<[f32]>::new_slice(comptime!(2 * units));
    // A unit without symbols finds the first one's score.
    let mut largest = scores[start] + bias[0];
    let mut symbol = unit;
    while symbol < symbols {
        largest = largest.max(scores[start + symbol] + bias[symbol]);
        symbol += units;
    }
    found[unit] = largest;
    sync_cube();
    for other in 0..units {
        largest = largest.max(found[other]);
    }
    let mut total = f32::new(0.0);
    symbol = unit;
    while symbol < symbols {
        total += (scores[start + symbol] + bias[symbol] - largest).exp();
        symbol += units;
    }
    found[units + unit] = total;
    sync_cube();
    total = f32::new(0.0);
    for other in 0..units {
        total += found[units + other];
    }

    let target = usize::cast_from(text[first_target + position]);
    let share = f32::new(1.0) / f32::cast_from(positions);
    symbol = unit;
    while symbol < symbols {
        let score = scores[start + symbol] + bias[symbol] - largest;
        let mut gradient = score.exp() / total;
        if symbol == target {
            gradient -= f32::new(1.0);
            losses[position] = (total.ln() - score) * share;
        }
        scores[start + symbol] = gradient * share;
        symbol += units;
    }
}
