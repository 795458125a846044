//! Rows of a matrix by their number: of a table by id, and of a sequence in another order.

use burn::backend::{
    TensorMetadata,
    tensor::{FloatTensor, IntTensor},
};
use burn_cubecl::{CubeBackend, kernel::into_contiguous, tensor::CubeTensor};
use cubecl::prelude::*;

use super::{empty, product::Matrix, table::sum_by_token};
use crate::linear::rows::Kernels;

/// Units of a cube, and cubes along one dimension of a dispatch: WebGPU allows 65,535.
const UNITS: usize = 256;
const CUBES: usize = 32_768;

impl Kernels for CubeBackend {
    fn take(table: FloatTensor<Self>, ids: IntTensor<Self>) -> FloatTensor<Self> {
        let ([_, width], [count]) = (table.shape().dims(), ids.shape().dims());
        reorder(Matrix::all(&into_contiguous(table), width), &into_contiguous(ids), [count; 2], width)
    }

    fn sum_by_id(
        rows: FloatTensor<Self>,
        ids: IntTensor<Self>,
        order: IntTensor<Self>,
        symbols: usize,
    ) -> FloatTensor<Self> {
        let [_, width] = rows.shape().dims();
        let sums = empty(&rows, [symbols, width]);
        let (rows, ids, order) = (into_contiguous(rows), into_contiguous(ids), into_contiguous(order));
        sum_by_token(&rows, (&ids, 0), (&order, 0), &sums, [symbols, width], false);
        sums
    }
}

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
        let mut place = i32::cast_from(row);
        if row < count {
            place = order[row];
        }
        let mut value = f32::new(0.0);
        if place >= 0 {
            value = rows[start + usize::cast_from(place) * stride + at % width];
        }
        result[at] = value;
    }
}
