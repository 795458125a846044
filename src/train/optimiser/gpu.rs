//! AdamW as kernels: each unit the squares of a few numbers, their sum and that of the losses by one cube, then one unit
//! a few weights.
//!
//! The first dispatch needs no barrier, so that it costs no more where cubes are dear.

use burn::{backend::tensor::FloatTensor, tensor::Shape};
use burn_backend::TensorMetadata;
use burn_cubecl::{
    CubeBackend, kernel::into_contiguous, ops::numeric::empty_device_contiguous_dtype, tensor::CubeTensor,
};
use cubecl::prelude::*;

use super::{BETA_1, BETA_2, EPSILON, Factors, Update};

/// Units of a cube.
const UNITS: usize = 64;
/// Weights of a unit, which it reads and writes as one vector where their number allows; a layout's always does.
const WIDTH: usize = 4;
/// Cubes along one dimension of a dispatch: WebGPU allows 65,535.
const CUBES: usize = 32_768;
/// Numbers that a unit squares, until there are so many units that they square more.
const SQUARES: usize = 8;
/// The most parts of the squares' sum, each of one unit of the first dispatch.
const PARTS: usize = 256 * UNITS;

impl Update for CubeBackend {
    fn adamw(
        weights: FloatTensor<Self>,
        first_moment: FloatTensor<Self>,
        second_moment: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        losses: FloatTensor<Self>,
        ring: FloatTensor<Self>,
        factors: Factors,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let own = |tensor: CubeTensor| if tensor.can_mut() { tensor } else { tensor.copy() };
        let (weights, ring) = (own(weights), own(ring));
        let (first_moment, second_moment) = (own(first_moment), own(second_moment));
        let gradient = into_contiguous(gradient);
        let count = gradient.shape().num_elements();
        let parts = squares(gradient.clone(), count.div_ceil(SQUARES).clamp(1, PARTS).next_multiple_of(UNITS));
        let losses = into_contiguous(losses);
        // SAFETY: both sums are told how much there is to add, and the slot is one of the ring's.
        unsafe {
            figures::launch_unchecked(
                &ring.client,
                CubeCount::Static(1, 1, 1),
                CubeDim::new_1d(UNITS as u32),
                parts.clone().into_buffer_arg(),
                losses.clone().into_buffer_arg(),
                ring.clone().into_buffer_arg(),
                parts.shape().num_elements(),
                losses.shape().num_elements(),
                factors.slot,
            );
        }
        let wide = if count.is_multiple_of(WIDTH) { WIDTH } else { 1 };
        let cubes = (count / wide).div_ceil(UNITS);
        // SAFETY: units past the last number do nothing.
        unsafe {
            update::launch_unchecked(
                &weights.client,
                CubeCount::Static(cubes.min(CUBES) as u32, cubes.div_ceil(CUBES) as u32, 1),
                CubeDim::new_1d(UNITS as u32),
                wide,
                weights.clone().into_buffer_arg(),
                first_moment.clone().into_buffer_arg(),
                second_moment.clone().into_buffer_arg(),
                gradient.into_buffer_arg(),
                ring.clone().into_buffer_arg(),
                factors.slot,
                factors.clip,
                factors.kept,
                factors.rate,
                factors.second_correction,
                count / wide,
            );
        }
        (weights, first_moment, second_moment, ring)
    }
}

/// Sums of the squares of `parts` parts of `values`: [`parts`].
fn squares(values: CubeTensor, parts: usize) -> CubeTensor {
    let count = values.shape().num_elements();
    let (client, device, dtype) = (values.client.clone(), values.device.clone(), values.dtype);
    let sums = empty_device_contiguous_dtype(client.clone(), device, Shape::from([parts]), dtype);
    // SAFETY: there are as many units as parts, and they are told how much there is to add.
    unsafe {
        squares_of_parts::launch_unchecked(
            &client,
            CubeCount::Static((parts / UNITS) as u32, 1, 1),
            CubeDim::new_1d(UNITS as u32),
            values.into_buffer_arg(),
            sums.clone().into_buffer_arg(),
            count,
            parts,
        );
    }
    sums
}

/// The counts are told, because a buffer may be longer than what stands in it.
#[cube(launch_unchecked)]
fn squares_of_parts(values: &[f32], sums: &mut [f32], count: usize, parts: usize) {
    let mut total = 0.0f32;
    let mut at = ABSOLUTE_POS;
    while at < count {
        total += values[at] * values[at];
        at += parts;
    }
    sums[ABSOLUTE_POS] = total;
}

/// The losses' sum and that of the squares, by one cube.
#[cube(launch_unchecked)]
fn figures(squares: &[f32], losses: &[f32], ring: &mut [f32], squares_count: usize, losses_count: usize, slot: usize) {
    let unit = UNIT_POS as usize;
    let mut found = Shared::<[f32]>::new_slice(comptime!(2 * UNITS));
    found[unit] = strided_sum(losses, losses_count);
    found[UNITS + unit] = strided_sum(squares, squares_count);
    sync_cube();
    if unit < 2 {
        let mut total = 0.0f32;
        for other in 0..UNITS {
            total += found[unit * UNITS + other];
        }
        ring[2 * slot + unit] = total;
    }
}

/// A unit's part of a sum by one cube.
#[cube]
fn strided_sum(values: &[f32], count: usize) -> f32 {
    let mut total = 0.0f32;
    let mut at = UNIT_POS as usize;
    while at < count {
        total += values[at];
        at += UNITS;
    }
    total
}

#[cube(launch_unchecked)]
fn update<N: Size>(
    weights: &mut [Vector<f32, N>],
    first_moment: &mut [Vector<f32, N>],
    second_moment: &mut [Vector<f32, N>],
    gradient: &[Vector<f32, N>],
    ring: &[f32],
    slot: usize,
    clip: f32,
    kept: f32,
    rate: f32,
    second_correction: f32,
    count: usize,
) {
    let at = ABSOLUTE_POS;
    if at < count {
        let scale = clip / ring[2 * slot + 1].sqrt().max(clip);
        let gradient = gradient[at] * Vector::new(scale);
        let mean = first_moment[at] * Vector::new(BETA_1) + gradient * Vector::new(1.0 - BETA_1);
        let square = second_moment[at] * Vector::new(BETA_2) + gradient * gradient * Vector::new(1.0 - BETA_2);
        first_moment[at] = mean;
        second_moment[at] = square;
        weights[at] = weights[at] * Vector::new(kept)
            - mean * Vector::new(rate) / ((square * Vector::new(second_correction)).sqrt() + Vector::new(EPSILON));
    }
}
