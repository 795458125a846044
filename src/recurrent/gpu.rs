//! The fused operators on the GPU: one dispatch walks all time steps of a layer, forward or backward.
//!
//! Batch rows are independent, so each cube owns one row and waits for nobody else: h and c stay in its shared memory and
//! its units meet at `sync_cube` between steps. A unit owns every `CUBE_DIM`-th hidden unit; neighbours read neighbouring
//! weights, so the forward pass takes W_hhᵀ and the backward pass W_hh. The gradient of W_hh needs no order: it is one
//! product over batch × time afterwards.
//!
//! Shared memory: 3 H numbers forward, at most 6 H backward, 24 KiB of WebGPU's 32 at H = 1024.

mod gru;
mod lstm;
mod math;
mod rnn;

use burn::backend::{TensorMetadata, ops::FloatTensorOps, tensor::FloatTensor};
use burn_cubecl::{
    CubeBackend, kernel::into_contiguous, ops::numeric::empty_device_contiguous_dtype, tensor::CubeTensor,
};
use cubecl::prelude::*;

use super::{
    Cell,
    extension::{Inputs, Kernels, Trail},
};

/// Units of a cube, as many as WebGPU promises.
const CUBE: u32 = 256;

/// The largest hidden size whose backward pass fits the shared memory that WebGPU promises, 32 KiB.
pub const LARGEST: usize = 1024;

/// Numbers that the backward pass needs of each step, row and unit besides h; those of the CPU, and for a GRU
/// h₍ₜ₋₁₎ − n as well, which saves two bindings.
const fn saved(cell: Cell) -> usize {
    match cell {
        Cell::Rnn => 0,
        Cell::Gru | Cell::Lstm => 5,
    }
}

/// T, B, H.
#[derive(Clone, Copy)]
struct Shape {
    steps: usize,
    batch: usize,
    units: usize,
}

impl Shape {
    fn cubes(self) -> (CubeCount, CubeDim) {
        let units = (self.units as u32).next_multiple_of(32).min(CUBE);
        (CubeCount::Static(self.batch as u32, 1, 1), CubeDim::new_1d(units))
    }
}

/// An uninitialised tensor on the device of `like`.
fn empty<const D: usize>(like: &CubeTensor, shape: [usize; D]) -> CubeTensor {
    let shape = burn::tensor::Shape::new(shape);
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape, like.dtype)
}

impl Kernels for CubeBackend {
    fn forward(cell: Cell, inputs: Inputs<Self>) -> FloatTensor<Self> {
        forward(cell, inputs, false).0
    }

    fn forward_saving(cell: Cell, inputs: Inputs<Self>) -> (FloatTensor<Self>, Option<FloatTensor<Self>>) {
        forward(cell, inputs, true)
    }

    fn backward(cell: Cell, trail: Trail<Self>, gradient: FloatTensor<Self>) -> Inputs<Self> {
        let [batch, units] = trail.hidden.shape().dims();
        let [count, _, _] = trail.outputs.shape().dims();
        let shape = Shape { steps: count - usize::from(cell == Cell::Lstm), batch, units };
        let rows = cell.gates() * units;
        let gradient = into_contiguous(gradient);
        let [projected, hidden] = [empty(&gradient, [shape.steps, batch, rows]), empty(&gradient, [batch, units])];
        let weight = into_contiguous(trail.weight);
        let saved = trail.saved.unwrap_or_else(|| trail.outputs.clone());
        let mut memory = hidden.clone();
        let mut sums = projected.clone();
        match cell {
            Cell::Rnn => rnn::backward(shape, [saved, gradient, weight], [&projected, &hidden]),
            Cell::Gru => {
                sums = empty(&projected, [shape.steps, batch, rows]);
                gru::backward(shape, [saved, gradient, weight], [&projected, &sums, &hidden]);
            }
            Cell::Lstm => {
                memory = empty(&hidden, [batch, units]);
                let before = into_contiguous(trail.memory);
                lstm::backward(shape, [saved, gradient, weight, before], [&projected, &hidden, &memory]);
            }
        }
        let (weight, bias) = weight_gradients(shape, trail.hidden, trail.outputs, sums, rows);
        Inputs { projected, hidden, memory, weight, bias }
    }
}

fn forward(cell: Cell, inputs: Inputs<CubeBackend>, keep: bool) -> (CubeTensor, Option<CubeTensor>) {
    let [steps, batch, _] = inputs.projected.shape().dims();
    let [_, units] = inputs.hidden.shape().dims();
    let shape = Shape { steps, batch, units };
    let outputs = empty(&inputs.projected, [steps + usize::from(cell == Cell::Lstm), batch, units]);
    // A kernel's argument must be there even where nothing is kept.
    let saved = empty(&inputs.projected, [if keep { steps * batch * units * saved(cell) } else { 0 }.max(1)]);
    let given = [inputs.projected, inputs.hidden, CubeBackend::float_transpose(inputs.weight), inputs.bias]
        .map(into_contiguous);
    match cell {
        Cell::Rnn => rnn::forward(shape, given, &outputs),
        Cell::Gru => gru::forward(shape, given, [&outputs, &saved], keep),
        Cell::Lstm => lstm::forward(shape, given, into_contiguous(inputs.memory), [&outputs, &saved], keep),
    }
    (outputs, (keep && cell != Cell::Rnn).then_some(saved))
}

/// The gradients of W_hh and b_hh, from those of all steps' W_hh h₍ₜ₋₁₎ + b_hh, [T, B, G·H].
fn weight_gradients(
    shape: Shape,
    first: CubeTensor,
    outputs: CubeTensor,
    sums: CubeTensor,
    rows: usize,
) -> (CubeTensor, CubeTensor) {
    let Shape { steps, batch, units } = shape;
    let before = (steps - 1) * batch;
    let outputs = CubeBackend::float_reshape(outputs.clone(), [outputs.shape().num_elements() / units, units].into());
    let last = if before == 0 {
        first
    } else {
        CubeBackend::float_cat(
            vec![first, CubeBackend::float_slice(outputs, &[(0..before).into(), (0..units).into()])],
            0,
        )
    };
    let sums = CubeBackend::float_reshape(sums, [steps * batch, rows].into());
    let weight = CubeBackend::float_matmul(CubeBackend::float_transpose(sums.clone()), last);
    (weight, CubeBackend::float_reshape(CubeBackend::float_sum_dim(sums, 0), [rows].into()))
}
