//! Where each weight stands in the flat buffer.

use crate::protocol::ModelConfig;

/// A weight begins at a multiple of this many numbers, so that on a GPU it can be bound where it stands: WebGPU wants
/// 256 bytes.
const ALIGNMENT: usize = 64;

/// One weight's place. A bias has one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The PyTorch name, which is the name in a file.
    pub name: String,
    /// Rows and columns as they stand in the buffer.
    pub rows: usize,
    pub columns: usize,
    /// PyTorch has columns and rows the other way round.
    pub transposed: bool,
    /// A vector in PyTorch.
    pub bias: bool,
    /// First number in the buffer.
    pub offset: usize,
}

impl Slot {
    pub fn len(&self) -> usize {
        self.rows * self.columns
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// From the start to the start of what follows.
    pub fn padded(&self) -> usize {
        self.len().next_multiple_of(ALIGNMENT)
    }

    /// The shape in PyTorch and in files.
    pub fn shape(&self) -> Vec<usize> {
        match (self.bias, self.transposed) {
            (true, _) => vec![self.columns],
            (false, true) => vec![self.columns, self.rows],
            (false, false) => vec![self.rows, self.columns],
        }
    }
}

/// How many weights a layer has.
const PER_LAYER: usize = 4;

/// The places of a layer's weights.
#[derive(Clone, Copy, Debug)]
pub struct LayerSlots<'a> {
    /// [V, G·H] for layer 0 without tied weights, else [G·H, H].
    pub weight_ih: &'a Slot,
    /// [G·H, H].
    pub weight_hh: &'a Slot,
    /// [G·H].
    pub bias_ih: &'a Slot,
    /// [G·H].
    pub bias_hh: &'a Slot,
}

/// The places of all weights of a model.
///
/// Per layer `rnn.weight_ih_l`, `rnn.weight_hh_l`, `rnn.bias_ih_l` and `rnn.bias_hh_l`, then `head.weight` and
/// `head.bias`. Between them and after the last one there may be zeros. Without tied weights layer 0 reads one-hot
/// tokens, so its `weight_ih` [G·H, V] is kept transposed: what a token adds is one row. With tied weights
/// `head.weight` [V, H] is the token table too.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    config: ModelConfig,
    symbols: usize,
    slots: Vec<Slot>,
}

impl Layout {
    pub fn new(config: &ModelConfig, symbols: usize) -> Self {
        let (hidden, rows) = (config.hidden, config.cell.gates() * config.hidden);
        let mut layout = Layout { config: config.clone(), symbols, slots: Vec::new() };
        for layer in 0..config.layers {
            if layer == 0 && !config.tie_weights {
                layout.push(format!("rnn.weight_ih_l{layer}"), symbols, rows, true, false);
            } else {
                layout.push(format!("rnn.weight_ih_l{layer}"), rows, hidden, false, false);
            }
            layout.push(format!("rnn.weight_hh_l{layer}"), rows, hidden, false, false);
            layout.push(format!("rnn.bias_ih_l{layer}"), 1, rows, false, true);
            layout.push(format!("rnn.bias_hh_l{layer}"), 1, rows, false, true);
        }
        layout.push("head.weight".to_owned(), symbols, hidden, false, false);
        layout.push("head.bias".to_owned(), 1, symbols, false, true);
        layout
    }

    fn push(&mut self, name: String, rows: usize, columns: usize, transposed: bool, bias: bool) {
        let offset = self.len();
        self.slots.push(Slot { name, rows, columns, transposed, bias, offset });
    }

    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    pub fn symbols(&self) -> usize {
        self.symbols
    }

    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The places of one layer's weights, from 0.
    pub fn layer(&self, layer: usize) -> LayerSlots<'_> {
        let slots = &self.slots[PER_LAYER * layer..PER_LAYER * (layer + 1)];
        LayerSlots { weight_ih: &slots[0], weight_hh: &slots[1], bias_ih: &slots[2], bias_hh: &slots[3] }
    }

    /// [V, H], which with tied weights is the token table too.
    pub fn head_weight(&self) -> &Slot {
        &self.slots[self.slots.len() - 2]
    }

    /// [V].
    pub fn head_bias(&self) -> &Slot {
        &self.slots[self.slots.len() - 1]
    }

    /// Numbers in the buffer, zeros between the weights counted.
    pub fn len(&self) -> usize {
        self.slots.last().map_or(0, |slot| slot.offset + slot.padded())
    }

    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Cell;

    #[test]
    fn every_number_has_one_place_and_they_add_up_to_the_parameters() {
        for cell in Cell::ALL {
            for (layers, tie_weights) in [(1, false), (1, true), (4, false), (3, true)] {
                let config = ModelConfig { cell, layers, hidden: 9, tie_weights, ..ModelConfig::default() };
                let layout = Layout::new(&config, 65);
                let weights: usize = layout.slots().iter().map(Slot::len).sum();
                assert_eq!(weights, config.parameters(65));
                for pair in layout.slots().windows(2) {
                    assert_eq!(pair[0].offset + pair[0].padded(), pair[1].offset);
                    assert_eq!(pair[1].offset % ALIGNMENT, 0);
                }
            }
        }
    }

    #[test]
    fn files_have_the_shapes_of_pytorch() {
        let config = ModelConfig { layers: 2, hidden: 8, ..ModelConfig::default() };
        let shapes: Vec<_> =
            Layout::new(&config, 5).slots().iter().map(|slot| (slot.name.clone(), slot.shape())).collect();
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
