//! Modules as functions of tensors: what a composition is put together from.

use burn::tensor::{Device, Int, Tensor};

use super::{
    layout::{Embedding, Linear, Recurrent},
    network::on_device,
    parameters::Parameters,
};
use crate::{
    linear::{self, Ids, affine},
    recurrent::{self, Direction, ReadingOrder, Sequence, State},
};

/// A batch of rows of symbols, padded to the longest and time-major, on a device.
#[derive(Clone, Debug)]
pub struct Rows {
    /// [T·B]; past the end of a row symbol 0, which nothing is made of.
    pub ids: Ids,
    /// T.
    pub steps: usize,
    /// The length of each row, [B].
    pub lengths: Tensor<1, Int>,
    forward: ReadingOrder,
    reverse: ReadingOrder,
    batch: usize,
}

impl Rows {
    /// Rows of ids. An empty one is read as one symbol 0.
    pub fn new(rows: &[Vec<u32>], device: &Device) -> Self {
        let lengths: Vec<usize> = rows.iter().map(|row| row.len().max(1)).collect();
        let steps = lengths.iter().copied().max().unwrap_or(1);
        let at = |step: usize| rows.iter().map(move |row| row.get(step).copied().unwrap_or_default());
        let ids: Vec<u32> = (0..steps).flat_map(at).collect();
        let in_direction = |direction| ReadingOrder::new(direction, &lengths, steps, device);
        let counts: Vec<u32> = lengths.iter().map(|&length| length as u32).collect();
        Rows {
            ids: Ids::new(&ids, device),
            steps,
            lengths: on_device(&counts, device),
            forward: in_direction(Direction::Forward),
            reverse: in_direction(Direction::Reverse),
            batch: rows.len(),
        }
    }

    /// B.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// In which order a layer of `direction` reads them.
    pub fn order(&self, direction: Direction) -> &ReadingOrder {
        match direction {
            Direction::Forward => &self.forward,
            Direction::Reverse => &self.reverse,
        }
    }
}

impl Parameters {
    /// The vector of each symbol, [N, E].
    pub fn embed(&self, module: Embedding, ids: &Ids) -> Tensor<2> {
        linear::rows(self.matrix(module.table), ids)
    }

    /// y = x Wᵀ + b: [N, I] → [N, O].
    pub fn linear(&self, module: Linear, input: Tensor<2>) -> Tensor<2> {
        affine(input, self.matrix(module.weight), Some(self.vector(module.bias)))
    }

    /// A recurrent layer over `rows` in `direction`, from `input` [T·B, I] and `state`.
    pub fn recurrent(
        &self,
        module: Recurrent,
        rows: &Rows,
        direction: Direction,
        input: Tensor<2>,
        state: State,
    ) -> Sequence {
        let projected = affine(input, self.matrix(module.weight_ih), Some(self.vector(module.bias_ih)));
        let projected = projected.reshape([rows.steps, rows.batch, module.cell.gates() * module.hidden]);
        let weights =
            recurrent::Weights { weight_hh: self.matrix(module.weight_hh), bias_hh: self.vector(module.bias_hh) };
        recurrent::sequence_along(rows.order(direction), module.cell, projected, state, weights)
    }

    /// The same from the state before anything was read.
    pub fn recurrent_from_zeros(
        &self,
        module: Recurrent,
        rows: &Rows,
        direction: Direction,
        input: Tensor<2>,
    ) -> Sequence {
        let state = State::zeros(module.cell, rows.batch, module.hidden, &self.device());
        self.recurrent(module, rows, direction, input, state)
    }
}
