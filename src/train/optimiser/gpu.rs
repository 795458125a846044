//! AdamW as kernels: the squares of a few thousand numbers a cube, their sum by one cube, then one unit a weight.

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
        factors: Factors,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let own = |tensor: CubeTensor| if tensor.can_mut() { tensor } else { tensor.copy() };
        let (weights, first, second) = (own(weights), own(first), own(second));
        let gradient = into_contiguous(gradient);
        let count = gradient.shape().num_elements();
        let cubes = count.div_ceil(UNITS).clamp(1, CUBES);
        let parts = sums(gradient.clone(), cubes, true);
        let squared_norm = sums(parts, 1, false);
        let cube = CubeDim::new(&weights.client, count);
        update::launch(
            &weights.client,
            calculate_cube_count_elemwise(&weights.client, count, cube),
            cube,
            weights.clone().into_buffer_arg(),
            first.clone().into_buffer_arg(),
            second.clone().into_buffer_arg(),
            gradient.into_buffer_arg(),
            squared_norm.clone().into_buffer_arg(),
            factors.clip,
            factors.kept,
            factors.rate,
            factors.spread,
            count,
        );
        (weights, first, second, squared_norm)
    }
}

/// Sums of `cubes` parts of `values`, or of their squares: [`cubes`].
fn sums(values: CubeTensor, cubes: usize, squared: bool) -> CubeTensor {
    let count = values.shape().num_elements();
    let (client, device, dtype) = (values.client.clone(), values.device.clone(), values.dtype);
    let sums = empty_device_contiguous_dtype(client.clone(), device, Shape::from([cubes]), dtype);
    sum::launch(
        &client,
        CubeCount::Static(cubes as u32, 1, 1),
        CubeDim::new_1d(UNITS as u32),
        values.into_buffer_arg(),
        sums.clone().into_buffer_arg(),
        count,
        cubes,
        squared,
        UNITS,
    );
    sums
}

/// The counts are told, because a buffer may be longer than what stands in it.
#[cube(launch)]
fn sum(
    values: &[f32],
    sums: &mut [f32],
    count: usize,
    cubes: usize,
    #[comptime] squared: bool,
    #[comptime] units: usize,
) {
    let unit = UNIT_POS as usize;
    let mut strands = Shared::<[f32]>::new_slice(units);
    let mut total = 0.0f32;
    let mut at = ABSOLUTE_POS;
    let step = units * cubes;
    while at < count {
        let value = values[at];
        if comptime!(squared) {
            total += value * value;
        } else {
            total += value;
        }
        at += step;
    }
    strands[unit] = total;
    sync_cube();
    let mut half = comptime!(units / 2).runtime();
    while half > 0 {
        if unit < half {
            strands[unit] = strands[unit] + strands[unit + half];
        }
        sync_cube();
        half /= 2;
    }
    if unit == 0 {
        sums[CUBE_POS as usize] = strands[0];
    }
}

#[cube(launch)]
fn update(
    weights: &mut [f32],
    first: &mut [f32],
    second: &mut [f32],
    gradient: &[f32],
    squared_norm: &[f32],
    clip: f32,
    kept: f32,
    rate: f32,
    spread: f32,
    count: usize,
) {
    let at = ABSOLUTE_POS;
    if at < count {
        let scale = clip / squared_norm[0].sqrt().max(clip);
        let gradient = gradient[at] * scale;
        let mean = first[at] * BETA_1 + gradient * (1.0 - BETA_1);
        let square = second[at] * BETA_2 + gradient * gradient * (1.0 - BETA_2);
        first[at] = mean;
        second[at] = square;
        weights[at] = weights[at] * kept - mean * rate / ((square * spread).sqrt() + EPSILON);
    }
}
