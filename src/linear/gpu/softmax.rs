//! Softmax of rows: a cube for each, whose units go through its numbers side by side.

use burn::backend::{
    TensorMetadata,
    tensor::{FloatTensor, IntTensor},
};
use burn_cubecl::{CubeBackend, kernel::into_contiguous};
use cubecl::prelude::*;

use super::empty;
use crate::linear::softmax::Kernels;

/// Units of a cube.
const UNITS: usize = 32;
/// Cubes along one dimension of a dispatch: WebGPU allows 65,535.
const CUBES: usize = 32_768;

fn cubes(rows: usize) -> (CubeCount, CubeDim) {
    let count = CubeCount::Static(rows.min(CUBES) as u32, rows.div_ceil(CUBES) as u32, 1);
    (count, CubeDim::new_1d(UNITS as u32))
}

impl Kernels for CubeBackend {
    fn probabilities(scores: FloatTensor<Self>, lengths: IntTensor<Self>) -> FloatTensor<Self> {
        let [count, rows, width] = scores.shape().dims();
        let result = empty(&scores, [count, rows, width]);
        let (cubes, dim) = cubes(count * rows);
        let (scores, lengths) = (into_contiguous(scores).into_buffer_arg(), into_contiguous(lengths).into_buffer_arg());
        let out = result.clone().into_buffer_arg();
        // SAFETY: cubes past the last row do nothing, units stay below the width.
        unsafe {
            forward::launch_unchecked(&result.client, cubes, dim, scores, lengths, out, rows, width, count * rows);
        }
        result
    }

    fn probabilities_backward(softmax: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let [count, rows, width] = softmax.shape().dims();
        let result = empty(&softmax, [count, rows, width]);
        let (cubes, dim) = cubes(count * rows);
        let (softmax, gradient) =
            (into_contiguous(softmax).into_buffer_arg(), into_contiguous(gradient).into_buffer_arg());
        let out = result.clone().into_buffer_arg();
        // SAFETY: as forward.
        unsafe {
            backward::launch_unchecked(&result.client, cubes, dim, softmax, gradient, out, width, count * rows);
        }
        result
    }
}

#[cube(launch_unchecked)]
fn forward(scores: &[f32], lengths: &[i32], result: &mut [f32], rows: usize, width: usize, count: usize) {
    let row = (CUBE_POS as usize).min(count - 1);
    let unit = UNIT_POS as usize;
    let start = row * width;
    let length = usize::cast_from(lengths[row / rows]);
    let mut found = Shared::<[f32]>::new_slice(UNITS);
    // A unit without numbers finds the first one.
    let mut largest = scores[start];
    let mut at = unit;
    while at < length {
        largest = largest.max(scores[start + at]);
        at += UNITS;
    }
    found[unit] = largest;
    sync_cube();
    for other in 0..UNITS {
        largest = largest.max(found[other]);
    }
    sync_cube();
    let mut total = f32::new(0.0);
    at = unit;
    while at < length {
        total += (scores[start + at] - largest).exp();
        at += UNITS;
    }
    found[unit] = total;
    sync_cube();
    total = f32::new(0.0);
    for other in 0..UNITS {
        total += found[other];
    }
    at = unit;
    while at < width {
        let mut probability = f32::new(0.0);
        if at < length {
            probability = (scores[start + at] - largest).exp() / total;
        }
        result[start + at] = probability;
        at += UNITS;
    }
}

#[cube(launch_unchecked)]
fn backward(softmax: &[f32], gradient: &[f32], result: &mut [f32], width: usize, count: usize) {
    let row = (CUBE_POS as usize).min(count - 1);
    let unit = UNIT_POS as usize;
    let start = row * width;
    let mut found = Shared::<[f32]>::new_slice(UNITS);
    let mut mean = f32::new(0.0);
    let mut at = unit;
    while at < width {
        mean += softmax[start + at] * gradient[start + at];
        at += UNITS;
    }
    found[unit] = mean;
    sync_cube();
    mean = f32::new(0.0);
    for other in 0..UNITS {
        mean += found[other];
    }
    at = unit;
    while at < width {
        result[start + at] = softmax[start + at] * (gradient[start + at] - mean);
        at += UNITS;
    }
}
