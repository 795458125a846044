//! The fused operators on the CPU: whole sequences on plain slices, one core, no allocation within the time loop.
//!
//! Each step is one product of the batch with the packed recurrent weights, then one pass over gates and states. For the
//! backward pass the gates are kept. It walks time in reverse; what needs no order, the gradient of W_hh, is one product
//! over batch × time after the loop.

pub mod activation;
mod gru;
mod kernels;
mod lstm;
pub mod product;
mod rnn;
pub mod simd;

use pulp::{Simd, WithSimd};

use super::Cell;
use product::multiply_transposed_add;

/// T, B, H.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub steps: usize,
    pub batch: usize,
    pub units: usize,
}

impl Shape {
    /// Numbers of one step of a tensor [T, B, H].
    const fn step(self) -> usize {
        self.batch * self.units
    }
}

/// What a cell computes from; shapes as in [`super::sequence`].
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    pub shape: Shape,
    pub projected: &'a [f32],
    pub hidden: &'a [f32],
    /// LSTM only; else empty.
    pub cell: &'a [f32],
    pub weight: &'a [f32],
    pub bias: &'a [f32],
}

/// What a cell computes.
pub struct Outputs {
    /// h after every step, [T, B, H]; for an LSTM followed by the last c, so [T + 1, B, H].
    pub hidden: Vec<f32>,
    /// What only the backward pass needs, [T, B, [`saved`]]; empty where that is not wanted.
    pub saved: Vec<f32>,
}

/// Numbers that the backward pass needs of each step, row and unit besides h:
/// GRU: r, z, n and Wₙh + bₙ; LSTM: i, f, g, o and c.
pub const fn saved(cell: Cell) -> usize {
    match cell {
        Cell::Rnn => 0,
        Cell::Gru => 4,
        Cell::Lstm => 5,
    }
}

/// What the backward pass starts from.
pub struct Trail<'a> {
    pub shape: Shape,
    pub hidden: &'a [f32],
    pub cell: &'a [f32],
    pub weight: &'a [f32],
    pub outputs: &'a [f32],
    pub saved: &'a [f32],
    /// The gradient of `outputs`.
    pub gradient: &'a [f32],
}

/// The gradients of [`Inputs`].
pub struct Gradients {
    pub projected: Vec<f32>,
    pub hidden: Vec<f32>,
    pub cell: Vec<f32>,
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

/// Runs `cell` forward; `keep` what the backward pass needs.
pub fn forward(cell: Cell, inputs: Inputs, keep: bool) -> Outputs {
    simd::run(Forward { cell, inputs, keep })
}

/// Runs `cell` backward.
pub fn backward(cell: Cell, trail: Trail) -> Gradients {
    simd::run(Backward { cell, trail })
}

struct Forward<'a> {
    cell: Cell,
    inputs: Inputs<'a>,
    keep: bool,
}

impl WithSimd for Forward<'_> {
    type Output = Outputs;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Outputs {
        match self.cell {
            Cell::Rnn => rnn::forward(simd, self.inputs),
            Cell::Gru => gru::forward(simd, self.inputs, self.keep),
            Cell::Lstm => lstm::forward(simd, self.inputs, self.keep),
        }
    }
}

struct Backward<'a> {
    cell: Cell,
    trail: Trail<'a>,
}

impl WithSimd for Backward<'_> {
    type Output = Gradients;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Gradients {
        match self.cell {
            Cell::Rnn => rnn::backward(simd, self.trail),
            Cell::Gru => gru::backward(simd, self.trail),
            Cell::Lstm => lstm::backward(simd, self.trail),
        }
    }
}

/// The gradients of W_hh and b_hh, from those of all steps' W_hh h₍ₜ₋₁₎ + b_hh, [T, B, G·H].
#[inline(always)]
fn weight_gradients<S: Simd>(simd: S, trail: &Trail, sums: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let Shape { steps, batch, units } = trail.shape;
    let rows = trail.weight.len() / units;
    let mut weight = vec![0.0; rows * units];
    let (first, others) = sums.split_at(batch * rows);
    multiply_transposed_add(simd, first, trail.hidden, &mut weight, rows);
    multiply_transposed_add(simd, others, &trail.outputs[..(steps - 1) * batch * units], &mut weight, rows);
    let mut bias = vec![0.0; rows];
    for row in sums.chunks_exact(rows) {
        for at in (0..rows).step_by(S::F32_LANES) {
            let sum = simd.add_f32s(simd::load(simd, &bias, at), simd::load(simd, row, at));
            simd::store(simd, &mut bias, at, sum);
        }
    }
    (weight, bias)
}

/// Cuts a row of `N` blocks of `units` numbers.
#[inline(always)]
fn blocks<const N: usize>(row: &[f32], units: usize) -> [&[f32]; N] {
    std::array::from_fn(|block| &row[block * units..(block + 1) * units])
}

/// Cuts a row of `N` blocks of `units` numbers, to be written.
#[inline(always)]
fn blocks_mut<const N: usize>(mut row: &mut [f32], units: usize) -> [&mut [f32]; N] {
    std::array::from_fn(|_| {
        let (block, rest) = std::mem::take(&mut row).split_at_mut(units);
        row = rest;
        block
    })
}
