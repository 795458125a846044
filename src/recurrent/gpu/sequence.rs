//! A whole sequence of a layer: what it reads and writes, and which form of kernel goes over it.
//!
//! ForwardForm, with s = W_hh h₍ₜ₋₁₎ + b_hh and p the projected input, each step is the cell's equations of p and s.
//! BackwardForm, the step's gradients of s give that of h₍ₜ₋₁₎ as W_hhᵀ ds. The gradient of W_hh needs no order: it is one
//! product over batch × time afterwards.

use burn_cubecl::tensor::CubeTensor;

use super::{persistent, stepwise, tape::Tape};
use crate::protocol::Cell;

/// The largest hidden size of which one cube goes over a row alone, through all steps.
///
/// Such a cube reads all of W_hh at every step for its few rows; kernels of a step read it once for 16 rows, and
/// all cubes of the GPU share in it, but each step is a dispatch that waits for the one before. Measured on lavapipe, an
/// LSTM forward and back: at H = 256, B = 32 this took 0.7 of the time of a dispatch a step, at 512 still 0.8 (0.4 with
/// B = 4), at 1024 4 times as long.
const PERSISTENT: usize = 512;

/// How the forward pass comes by its input, and what it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ForwardForm {
    /// The input is a table [V, G·H] whose rows are taken by id, else [T, B, G·H].
    pub gather: bool,
    /// b_ih is to be added to the input.
    pub input_bias: bool,
    /// There is a way back.
    pub keep: bool,
    /// `state` becomes the state after the last step.
    pub carry: bool,
    /// The ids are the order of [`crate::recurrent::ReadingOrder`]: which row of the input a step reads. c stays what it is when
    /// its row has ended.
    pub ordered: bool,
}

/// What the forward pass reads and writes.
pub struct ForwardBuffers<'a> {
    /// The ids of the steps begin at the number after it. Read with [`ForwardForm::gather`] or [`ForwardForm::ordered`].
    pub ids: (&'a CubeTensor, usize),
    /// p, see [`ForwardForm`].
    pub input: CubeTensor,
    /// W_hh, [G·H, H].
    pub weight: CubeTensor,
    /// b_hh begins at the number after it; b_ih at 0, with [`ForwardForm::input_bias`].
    pub biases: (CubeTensor, usize),
    /// h and then, in an LSTM, c before the first step, each [B, H], begin at the number after it.
    pub state: (&'a CubeTensor, usize),
    /// See [`Tape`].
    pub record: &'a CubeTensor,
}

/// What is known of the gradient at the ends of the sequence, and what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BackwardForm {
    /// That of c after the last step follows that of h, [T + 1, B, H]; LSTM.
    pub last_cell: bool,
    /// That of the state before the first step is wanted.
    pub first_state: bool,
    /// Rows end where their order says. That of h after each row's last step and, in an LSTM, then that of c follow that of
    /// h after every step: [T + 1, B, H] or [T + 2, B, H].
    pub ordered: bool,
    /// The whole gradient of h after every step, [T, B, H], is wanted behind those of p and s.
    pub arrived: bool,
}

/// What the backward pass reads and writes.
pub struct BackwardBuffers<'a> {
    /// See [`Tape`].
    pub record: &'a CubeTensor,
    /// The gradient of h after every step by what is above, [T, B, H]; see [`BackwardForm`].
    pub above: CubeTensor,
    /// W_hh, [G·H, H].
    pub weight: CubeTensor,
    /// The gradients of p and s, [T, B, S, H], S of [`blocks`].
    pub sums: &'a CubeTensor,
    /// The gradients of h and, in an LSTM, c before the first step; each [B, H].
    pub first_state: &'a CubeTensor,
    /// See [`crate::recurrent::ReadingOrder`]. Read with [`BackwardForm::ordered`] only.
    pub order: &'a CubeTensor,
}

/// S: blocks of H numbers in the gradients of p and s, which are the same in an RNN and an LSTM. In a GRU the reset gate
/// stands between those of n: r, z, pₙ, sₙ.
pub const fn blocks(cell: Cell) -> usize {
    match cell {
        Cell::Rnn => 1,
        Cell::Gru | Cell::Lstm => 4,
    }
}

/// Which of these blocks is that of s at `gate`.
pub const fn block_of(cell: Cell, gate: usize) -> usize {
    if matches!(cell, Cell::Gru) && gate == 2 { 3 } else { gate }
}

/// All steps forward.
pub fn forward(tape: Tape, form: ForwardForm, buffers: ForwardBuffers) {
    if tape.hidden <= PERSISTENT {
        persistent::forward(tape, form, buffers)
    } else {
        stepwise::forward(tape, form, buffers)
    }
}

/// All steps backward.
pub fn backward(tape: Tape, form: BackwardForm, buffers: BackwardBuffers) {
    if tape.hidden <= PERSISTENT {
        persistent::backward(tape, form, buffers)
    } else {
        stepwise::backward(tape, form, buffers)
    }
}
