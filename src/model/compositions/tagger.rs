//! A label for each position.

use std::sync::Arc;

use burn::tensor::Tensor;

use super::{Composition, Sizes};
use crate::{
    model::{
        Layout,
        layout::{Embedding, Input, Linear, Placed, Recurrent},
        modules::Rows,
        parameters::Parameters,
    },
    recurrent::Direction,
};

/// Embedding → a layer in each direction (Schuster & Paliwal 1997), side by side → linear.
#[derive(Clone, Debug)]
pub struct Tagger {
    layout: Arc<Layout>,
    embedding: Embedding,
    forward: Recurrent,
    reverse: Recurrent,
    head: Linear,
}

impl Tagger {
    pub fn new(sizes: Sizes) -> Self {
        let Sizes { cell, symbols, width, hidden, classes } = sizes;
        let mut layout = Layout::default();
        let embedding = layout.embedding("embedding", symbols, width);
        let mut layer =
            |reverse| layout.recurrent("rnn", Placed { layer: 0, reverse }, cell, Input::Features(width), hidden);
        let (forward, reverse) = (layer(false), layer(true));
        let head = layout.linear("head", 2 * hidden, classes);
        Tagger { layout: Arc::new(layout), embedding, forward, reverse, head }
    }
}

impl Composition for Tagger {
    type Inputs = Rows;

    fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// [T·B, K], time-major.
    fn scores(&self, weights: &Parameters, rows: &Rows) -> Tensor<2> {
        let input = weights.embed(self.embedding, &rows.ids);
        let forward = weights.recurrent_from_zeros(self.forward, rows, Direction::Forward, input.clone());
        let reverse = weights.recurrent_from_zeros(self.reverse, rows, Direction::Reverse, input);
        let both = Tensor::cat(vec![forward.hidden, reverse.hidden], 2);
        weights.linear(self.head, both.reshape([rows.steps * rows.batch(), 2 * self.forward.hidden]))
    }
}
