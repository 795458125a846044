//! Rows of a matrix in another order: from positions to the steps that read them, and back.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use crate::linear::gpu::{empty, product::Matrix};

/// Units of a cube, and cubes along one dimension of a dispatch: WebGPU allows 65,535.
const UNITS: usize = 256;
const CUBES: usize = 32_768;

/// A matrix [`total`, `width`] whose row i is row `order[i]` of `rows`, or zeros where that is negative; from row `count` on
/// they stay in their order.
pub fn reorder(rows: Matrix, order: &CubeTensor, [count, total]: [usize; 2], width: usize) -> CubeTensor {
    let result = empty(&rows.buffer, [total, width]);
    let cubes = (total * width).div_ceil(UNITS);
    // SAFETY: units past the last number do nothing; the order names rows of the matrix.
    unsafe {
        take_rows::launch_unchecked(
            &result.client,
            CubeCount::Static(cubes.min(CUBES) as u32, cubes.div_ceil(CUBES) as u32, 1),
            CubeDim::new_1d(UNITS as u32),
            rows.buffer.into_buffer_arg(),
            order.clone().into_buffer_arg(),
            result.clone().into_buffer_arg(),
            rows.start,
            rows.stride,
            width,
            count,
            total,
        );
    }
    result
}

#[cube(launch_unchecked)]
fn take_rows(
    rows: &[f32],
    order: &[i32],
    result: &mut [f32],
    start: usize,
    stride: usize,
    width: usize,
    count: usize,
    total: usize,
) {
    let at = CUBE_POS as usize * UNITS + UNIT_POS as usize;
    if at < total * width {
        let row = at / width;
        let mut from = row;
        let mut value = f32::new(0.0);
        if row < count {
            let place = order[row];
            from = usize::cast_from(place.max(0));
            if place < 0 {
                from = total;
            }
        }
        if from < total {
            value = rows[start + from * stride + at % width];
        }
        result[at] = value;
    }
}
