//! AdamW as kernels: the squares of a few thousand numbers a cube, their sum and that of the losses by one cube, then one
//! unit a weight.

use burn::{backend::tensor::FloatTensor, tensor::Shape};
use burn_backend::TensorMetadata;
use burn_cubecl::{
    CubeBackend, kernel::into_contiguous, ops::numeric::empty_device_contiguous_dtype, tensor::CubeTensor,
};
use cubecl::{calculate_cube_count_elemwise, prelude::*};

use super::{BETA_1, BETA_2, EPSILON, Factors, Update};

/// Units a cube of the sums; a power of two.
const UNITS: usize = 256;
/// The most cubes of the first sum, which are the numbers of the second.
const CUBES: usize = 256;

impl Update for CubeBackend {
    fn adamw(
        weights: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        losses: FloatTensor<Self>,
        ring: FloatTensor<Self>,
        factors: Factors,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let own = |tensor: CubeTensor| if tensor.can_mut() { tensor } else { tensor.copy() };
        let (weights, first, second, ring) = (own(weights), own(first), own(second), own(ring));
        let gradient = into_contiguous(gradient);
        let count = gradient.shape().num_elements();
        let cubes = count.div_ceil(UNITS).clamp(1, CUBES);
        let parts = squares(gradient.clone(), cubes);
        let losses = into_contiguous(losses);
        figures::launch(
            &ring.client,
            CubeCount::Static(1, 1, 1),
            CubeDim::new_1d(UNITS as u32),
            parts.into_buffer_arg(),
            losses.clone().into_buffer_arg(),
            ring.clone().into_buffer_arg(),
            cubes,
            losses.shape().num_elements(),
            factors.slot,
            UNITS,
        );
        let cube = CubeDim::new(&weights.client, count);
        update::launch(
            &weights.client,
            calculate_cube_count_elemwise(&weights.client, count, cube),
            cube,
            weights.clone().into_buffer_arg(),
            first.clone().into_buffer_arg(),
            second.clone().into_buffer_arg(),
            gradient.into_buffer_arg(),
            ring.clone().into_buffer_arg(),
            factors.slot,
            factors.clip,
            factors.kept,
            factors.rate,
            factors.spread,
            count,
        );
        (weights, first, second, ring)
    }
}

/// Sums of the squares of `cubes` parts of `values`: [`cubes`].
fn squares(values: CubeTensor, cubes: usize) -> CubeTensor {
    let count = values.shape().num_elements();
    let (client, device, dtype) = (values.client.clone(), values.device.clone(), values.dtype);
    let sums = empty_device_contiguous_dtype(client.clone(), device, Shape::from([cubes]), dtype);
    squares_of_parts::launch(
        &client,
        CubeCount::Static(cubes as u32, 1, 1),
        CubeDim::new_1d(UNITS as u32),
        values.into_buffer_arg(),
        sums.clone().into_buffer_arg(),
        count,
        cubes,
        UNITS,
    );
    sums
}

/// The counts are told, because a buffer may be longer than what stands in it.
#[cube(launch)]
fn squares_of_parts(values: &[f32], sums: &mut [f32], count: usize, cubes: usize, #[comptime] units: usize) {
    let mut total = 0.0f32;
    let mut at = ABSOLUTE_POS;
    while at < count {
        total += values[at] * values[at];
        at += units * cubes;
    }
    let total = cube_sum(total, units);
    if UNIT_POS == 0 {
        sums[CUBE_POS as usize] = total;
    }
}

/// The losses' sum and that of the squares, by one cube.
#[cube(launch)]
fn figures(
    squares: &[f32],
    losses: &[f32],
    ring: &mut [f32],
    squares_count: usize,
    losses_count: usize,
    slot: usize,
    #[comptime] units: usize,
) {
    let loss = cube_sum(strided_sum(losses, losses_count, units), units);
    let square = cube_sum(strided_sum(squares, squares_count, units), units);
    if UNIT_POS == 0 {
        ring[2 * slot] = loss;
        ring[2 * slot + 1] = square;
    }
}

#[cube]
fn strided_sum(values: &[f32], count: usize, #[comptime] units: usize) -> f32 {
    let mut total = 0.0f32;
    let mut at = UNIT_POS as usize;
    while at < count {
        total += values[at];
        at += units;
    }
    total
}

/// The sum of one value of every unit, told to all of them.
#[cube]
fn cube_sum(value: f32, #[comptime] units: usize) -> f32 {
    let unit = UNIT_POS as usize;
    let mut strands = Shared::<[f32]>::new_slice(units);
    strands[unit] = value;
    sync_cube();
    let mut half = comptime!(units / 2).runtime();
    while half > 0 {
        if unit < half {
            strands[unit] = strands[unit] + strands[unit + half];
        }
        sync_cube();
        half /= 2;
    }
    strands[0]
}

#[cube(launch)]
fn update(
    weights: &mut [f32],
    first: &mut [f32],
    second: &mut [f32],
    gradient: &[f32],
    ring: &[f32],
    slot: usize,
    clip: f32,
    kept: f32,
    rate: f32,
    spread: f32,
    count: usize,
) {
    let at = ABSOLUTE_POS;
    if at < count {
        let scale = clip / ring[2 * slot + 1].sqrt().max(clip);
        let gradient = gradient[at] * scale;
        let mean = first[at] * BETA_1 + gradient * (1.0 - BETA_1);
        let square = second[at] * BETA_2 + gradient * gradient * (1.0 - BETA_2);
        first[at] = mean;
        second[at] = square;
        weights[at] = weights[at] * kept - mean * rate / ((square * spread).sqrt() + EPSILON);
    }
}
