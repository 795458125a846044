//! The modules of a language model: recurrent layers in a stack, and a linear layer that scores the next symbol.

use std::{ops::Deref, sync::Arc};

use super::layout::{Input, Layout, Linear, Placed, Recurrent};
use crate::protocol::ModelConfig;

/// The places of a language model's weights.
///
/// Per layer `rnn.weight_ih_l`, `rnn.weight_hh_l`, `rnn.bias_ih_l` and `rnn.bias_hh_l`, then `head.weight` and
/// `head.bias`. Without tied weights layer 0 reads one-hot symbols; with tied weights `head.weight` [V, H] is the token
/// table too.
#[derive(Clone, Debug, PartialEq)]
pub struct LanguageLayout {
    config: ModelConfig,
    symbols: usize,
    layout: Arc<Layout>,
    layers: Vec<Recurrent>,
    head: Linear,
}

impl LanguageLayout {
    pub fn new(config: &ModelConfig, symbols: usize) -> Self {
        let mut layout = Layout::default();
        let layers = (0..config.layers).map(|layer| {
            let input = match layer {
                0 if !config.tie_weights => Input::Symbols(symbols),
                _ => Input::Features(config.hidden),
            };
            layout.recurrent("rnn", Placed { layer, reverse: false }, config.cell, input, config.hidden)
        });
        let layers = layers.collect();
        let head = layout.linear("head", config.hidden, symbols);
        LanguageLayout { config: config.clone(), symbols, layout: Arc::new(layout), layers, head }
    }

    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// V.
    pub fn symbols(&self) -> usize {
        self.symbols
    }

    /// The places alone.
    pub(super) fn places(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// From the one that reads symbols on.
    pub fn layers(&self) -> &[Recurrent] {
        &self.layers
    }

    /// The output layer; its weight [V, H] is the token table too where weights are tied.
    pub fn head(&self) -> Linear {
        self.head
    }
}

impl Deref for LanguageLayout {
    type Target = Layout;

    fn deref(&self) -> &Layout {
        &self.layout
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::Slot, protocol::Cell};

    #[test]
    fn every_number_has_one_place_and_they_add_up_to_the_parameters() {
        for cell in Cell::ALL {
            for (layers, tie_weights) in [(1, false), (1, true), (4, false), (3, true)] {
                let config = ModelConfig { cell, layers, hidden: 9, tie_weights, ..ModelConfig::default() };
                let layout = LanguageLayout::new(&config, 65);
                assert_eq!(layout.parameters(), config.parameters(65));
                let padded: usize = layout.slots().iter().map(Slot::padded).sum();
                assert_eq!(layout.len(), padded);
            }
        }
    }

    #[test]
    fn files_have_the_shapes_of_pytorch() {
        let config = ModelConfig { layers: 2, hidden: 8, ..ModelConfig::default() };
        let shapes: Vec<_> =
            LanguageLayout::new(&config, 5).slots().iter().map(|slot| (slot.name.clone(), slot.shape())).collect();
        let expected: [(&str, &[usize]); 10] = [
            ("rnn.weight_ih_l0", &[32, 5]),
            ("rnn.weight_hh_l0", &[32, 8]),
            ("rnn.bias_ih_l0", &[32]),
            ("rnn.bias_hh_l0", &[32]),
            ("rnn.weight_ih_l1", &[32, 8]),
            ("rnn.weight_hh_l1", &[32, 8]),
            ("rnn.bias_ih_l1", &[32]),
            ("rnn.bias_hh_l1", &[32]),
            ("head.weight", &[5, 8]),
            ("head.bias", &[5]),
        ];
        assert_eq!(shapes, expected.map(|(name, shape)| (name.to_owned(), shape.to_vec())));
    }
}
