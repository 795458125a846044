//! One row from another.

use std::sync::Arc;

use burn::tensor::Tensor;

use super::{Composition, Sizes};
use crate::{
    linear::attention,
    model::{
        Layout,
        layout::{Embedding, Input, Linear, Placed, Recurrent},
        modules::Rows,
        parameters::Parameters,
    },
    recurrent::Direction,
};

/// An encoder and a decoder that begins with the encoder's last state (Sutskever et al. 2014), with dot attention to all
/// the encoder's positions (Luong et al. 2015); context and h side by side → linear.
#[derive(Clone, Debug)]
pub struct Translator {
    layout: Arc<Layout>,
    source: Embedding,
    encoder: Recurrent,
    target: Embedding,
    decoder: Recurrent,
    head: Linear,
}

/// Rows of the source, and as many of what was written so far (teacher forcing).
#[derive(Clone, Debug)]
pub struct Pair {
    pub source: Rows,
    pub target: Rows,
}

impl Translator {
    /// `sizes.classes` symbols are written and read by the decoder.
    pub fn new(sizes: Sizes) -> Self {
        let Sizes { cell, symbols, width, hidden, classes } = sizes;
        let (at, input) = (Placed { layer: 0, reverse: false }, Input::Features(width));
        let mut layout = Layout::default();
        let source = layout.embedding("source", symbols, width);
        let encoder = layout.recurrent("encoder", at, cell, input, hidden);
        let target = layout.embedding("target", classes, width);
        let decoder = layout.recurrent("decoder", at, cell, input, hidden);
        let head = layout.linear("head", 2 * hidden, classes);
        Translator { layout: Arc::new(layout), source, encoder, target, decoder, head }
    }

    /// The scores of [`Composition::scores`], and the weights of the attention, [B, T, S].
    pub fn read(&self, weights: &Parameters, Pair { source, target }: &Pair) -> (Tensor<2>, Tensor<3>) {
        let input = weights.embed(self.source, &source.ids);
        let encoded = weights.recurrent_from_zeros(self.encoder, source, Direction::Forward, input);
        let input = weights.embed(self.target, &target.ids);
        let decoded = weights.recurrent(self.decoder, target, Direction::Forward, input, encoded.last).hidden;
        let of_rows = encoded.hidden.swap_dims(0, 1);
        let queries = decoded.clone().swap_dims(0, 1);
        let (contexts, attended) = attention(queries, of_rows.clone(), of_rows, source.lengths.clone());
        let both = Tensor::cat(vec![contexts.swap_dims(0, 1), decoded], 2);
        let both = both.reshape([target.steps * target.batch(), 2 * self.decoder.hidden]);
        (weights.linear(self.head, both), attended)
    }
}

impl Composition for Translator {
    type Inputs = Pair;

    fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// [T·B, K], time-major: of the symbol that follows each one of the target.
    fn scores(&self, weights: &Parameters, pair: &Pair) -> Tensor<2> {
        self.read(weights, pair).0
    }
}
