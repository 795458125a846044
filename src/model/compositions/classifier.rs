//! A label for a row.

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

/// Embedding → a layer → its h after each row's last symbol → linear.
#[derive(Clone, Debug)]
pub struct Classifier {
    layout: Arc<Layout>,
    embedding: Embedding,
    layer: Recurrent,
    head: Linear,
}

impl Classifier {
    pub fn new(sizes: Sizes) -> Self {
        let Sizes { cell, symbols, width, hidden, classes } = sizes;
        let mut layout = Layout::default();
        let embedding = layout.embedding("embedding", symbols, width);
        let at = Placed { layer: 0, reverse: false };
        let layer = layout.recurrent("rnn", at, cell, Input::Features(width), hidden);
        let head = layout.linear("head", hidden, classes);
        Classifier { layout: Arc::new(layout), embedding, layer, head }
    }
}

impl Composition for Classifier {
    type Inputs = Rows;

    fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// [B, K].
    fn scores(&self, weights: &Parameters, rows: &Rows) -> Tensor<2> {
        let input = weights.embed(self.embedding, &rows.ids);
        let sequence = weights.recurrent_from_zeros(self.layer, rows, Direction::Forward, input);
        weights.linear(self.head, sequence.last.hidden)
    }
}
