//! A recurrent layer over a whole sequence, forward and backward.
//!
//! The layer's input arrives already projected, for all time steps at once: `projected` = x W_ihᵀ + b_ih. What remains is
//! the part that cannot be done at once, because each step needs the one before: with s = W_hh h₍ₜ₋₁₎ + b_hh,
//!
//! | cell | equations (PyTorch's conventions, which fix the order of the gates) |
//! |---|---|
//! | RNN (Elman 1990) | h = tanh(p + s) |
//! | GRU (Cho et al. 2014) | r = σ(pᵣ + sᵣ), z = σ(p_z + s_z), n = tanh(pₙ + r ⊙ sₙ), h = (1 − z) ⊙ n + z ⊙ h₍ₜ₋₁₎ |
//! | LSTM (Hochreiter & Schmidhuber 1997, Gers et al. 2000) | i, f, o = σ(p + s), g = tanh(p + s), c = f ⊙ c₍ₜ₋₁₎ + i ⊙ g, h = o ⊙ tanh(c) |
//!
//! [`sequence`] reads all rows forward; [`sequence_along`] in either direction and over rows of different lengths, by a
//! [`ReadingOrder`]; [`sequence_with_tape`] also hands out every gate, and after a backward pass the gradients that arrived.
//!
//! Shapes: T time steps, B batch rows, H units, G gates ([`Cell::gates`]). Everything is time-major.

pub mod check;
#[cfg(test)]
pub mod composed;
pub(crate) mod cpu;
mod extension;
pub(crate) mod gpu;
mod order;
mod tape;

use burn::tensor::{Device, Tensor};

pub use order::{Direction, ReadingOrder};
pub use tape::{Arrived, Tape};

pub use crate::protocol::Cell;

/// What a layer remembers between two steps.
#[derive(Clone, Debug)]
pub struct State {
    /// h, [B, H].
    pub hidden: Tensor<2>,
    /// c, [B, H]; LSTM only.
    pub cell: Option<Tensor<2>>,
}

impl State {
    /// The state before anything was read.
    pub fn zeros(cell: Cell, batch: usize, hidden: usize, device: &Device) -> Self {
        let zeros = || Tensor::zeros([batch, hidden], device);
        State { hidden: zeros(), cell: (cell == Cell::Lstm).then(zeros) }
    }

    /// The same numbers, through which no gradient flows back.
    pub fn detach(self) -> Self {
        State { hidden: self.hidden.detach(), cell: self.cell.map(Tensor::detach) }
    }
}

/// What a layer makes of a sequence.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// h at every position, [T, B, H].
    pub hidden: Tensor<3>,
    /// The state after the last step of each row.
    pub last: State,
}

/// The weights of a layer's recurrent part.
#[derive(Clone, Debug)]
pub struct Weights {
    /// W_hh, [G·H, H].
    pub weight_hh: Tensor<2>,
    /// b_hh, [G·H].
    pub bias_hh: Tensor<1>,
}

/// Runs `cell` over all T steps of `projected`, [T, B, G·H], from `state`.
///
/// `weight_hh` is [G·H, H], `bias_hh` is [G·H]. Differentiable in every tensor.
pub fn sequence(cell: Cell, projected: Tensor<3>, state: State, weight_hh: Tensor<2>, bias_hh: Tensor<1>) -> Sequence {
    sequence_along(&ReadingOrder::default(), cell, projected, state, Weights { weight_hh, bias_hh })
}

/// The same in either direction and over rows of different lengths.
pub fn sequence_along(
    order: &ReadingOrder,
    cell: Cell,
    projected: Tensor<3>,
    state: State,
    weights: Weights,
) -> Sequence {
    extension::sequence(order, cell, projected, state, weights)
}

/// The same with a [`Tape`]. It costs memory for every gate, so it is for looking, not for training.
pub fn sequence_with_tape(
    order: &ReadingOrder,
    cell: Cell,
    projected: Tensor<3>,
    state: State,
    weights: Weights,
) -> (Sequence, Tape) {
    extension::sequence_with_tape(order, cell, projected, state, weights)
}
