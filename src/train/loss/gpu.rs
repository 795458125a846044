//! Softmax and cross-entropy as kernels.
//!
//! Forward: one cube a row, whose units go through the row's symbols side by side: the maximum, the sum of the
//! exponentials, the quotients. Backward: one unit a number, in place.

use burn::{
    backend::{
        ops::FloatTensorOps,
        tensor::{FloatTensor, IntTensor},
    },
    tensor::Shape,
};
use burn_backend::{TensorMetadata, cubecl::dtype_to_storage_type};
use burn_cubecl::{CubeBackend, kernel::into_contiguous, ops::numeric::empty_device_contiguous_dtype};
use cubecl::{calculate_cube_count_elemwise, prelude::*};

use super::{CrossEntropy, Kernels};

/// Units a cube; a power of two.
const UNITS: u32 = 64;
/// Cubes along one dimension of a dispatch: WebGPU allows 65,535.
const CUBES: usize = 32_768;

impl CrossEntropy for CubeBackend {
    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self> {
        Self::forward(logits, targets).0
    }
}

impl Kernels for CubeBackend {
    fn forward(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (logits, targets) = (into_contiguous(logits), into_contiguous(targets));
        let [rows, symbols] = logits.shape().dims();
        let empty = |shape: Shape| {
            empty_device_contiguous_dtype(logits.client.clone(), logits.device.clone(), shape, logits.dtype)
        };
        let (probabilities, losses) = (empty(Shape::from([rows, symbols])), empty(Shape::from([rows])));
        softmax_loss::launch(
            &logits.client.clone(),
            CubeCount::Static(rows.min(CUBES) as u32, rows.div_ceil(CUBES) as u32, 1),
            CubeDim::new_1d(UNITS),
            logits.into_buffer_arg(),
            targets.clone().into_buffer_arg(),
            probabilities.clone().into_buffer_arg(),
            losses.clone().into_buffer_arg(),
            symbols,
            rows,
            UNITS as usize,
            dtype_to_storage_type(targets.dtype),
        );
        (Self::float_mean(losses), probabilities)
    }

    fn backward(
        probabilities: FloatTensor<Self>,
        targets: IntTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (targets, gradient) = (into_contiguous(targets), into_contiguous(gradient));
        let [rows, symbols] = probabilities.shape().dims();
        let result = if probabilities.can_mut() { probabilities } else { probabilities.copy() };
        let cube = CubeDim::new(&result.client, rows * symbols);
        softmax_loss_backward::launch(
            &result.client,
            calculate_cube_count_elemwise(&result.client, rows * symbols, cube),
            cube,
            result.clone().into_buffer_arg(),
            targets.clone().into_buffer_arg(),
            gradient.into_buffer_arg(),
            symbols,
            rows,
            dtype_to_storage_type(targets.dtype),
        );
        result
    }
}

/// `logits` and `probabilities` [N, V], `targets` and `losses` [N].
#[cube(launch)]
fn softmax_loss<I: Int>(
    logits: &[f32],
    targets: &[I],
    probabilities: &mut [f32],
    losses: &mut [f32],
    symbols: usize,
    rows: usize,
    #[comptime] units: usize,
    #[define(I)] _ids: ElemType,
) {
    let row = CUBE_POS as usize;
    let unit = UNIT_POS as usize;
    let mut strands = Shared::<[f32]>::new_slice(units);
    let inside = row < rows;
    // A cube past the last row reads the last one again and writes nothing: all cubes must reach every barrier.
    let start = if inside { row * symbols } else { (rows - 1) * symbols };

    let mut largest = logits[start];
    let mut at = unit;
    while at < symbols {
        largest = largest.max(logits[start + at]);
        at += units;
    }
    strands[unit] = largest;
    sync_cube();
    let mut half = comptime!(units / 2).runtime();
    while half > 0 {
        if unit < half {
            strands[unit] = strands[unit].max(strands[unit + half]);
        }
        sync_cube();
        half /= 2;
    }
    largest = strands[0];
    sync_cube();

    let mut total = 0.0f32;
    at = unit;
    while at < symbols {
        total += (logits[start + at] - largest).exp();
        at += units;
    }
    strands[unit] = total;
    sync_cube();
    half = comptime!(units / 2).runtime();
    while half > 0 {
        if unit < half {
            strands[unit] = strands[unit] + strands[unit + half];
        }
        sync_cube();
        half /= 2;
    }
    total = strands[0];

    if inside {
        at = unit;
        while at < symbols {
            probabilities[start + at] = (logits[start + at] - largest).exp() / total;
            at += units;
        }
        if unit == 0 {
            losses[row] = total.ln() + largest - logits[start + usize::cast_from(targets[row])];
        }
    }
}

/// `probabilities` [N, V] become the gradient of the logits; `gradient` [1] is that of the mean.
#[cube(launch)]
fn softmax_loss_backward<I: Int>(
    probabilities: &mut [f32],
    targets: &[I],
    gradient: &[f32],
    symbols: usize,
    rows: usize,
    #[define(I)] _ids: ElemType,
) {
    let at = ABSOLUTE_POS;
    if at < rows * symbols {
        let factor = gradient[0] / f32::cast_from(rows);
        let mut value = probabilities[at] * factor;
        if at % symbols == usize::cast_from(targets[at / symbols]) {
            value -= factor;
        }
        probabilities[at] = value;
    }
}
