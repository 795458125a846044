//! A model's numbers on the host.

use super::{
    LanguageLayout, Slot,
    init::{self, Scheme},
};
use crate::protocol::ModelConfig;

/// Every weight of a model, in the order of its [`LanguageLayout`].
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    layout: LanguageLayout,
    values: Vec<f32>,
}

impl Weights {
    /// Draws the weights of a new model from `config.seed`.
    pub fn draw(config: &ModelConfig, symbols: usize) -> Self {
        let layout = LanguageLayout::new(config, symbols);
        let values = init::draw(&layout, Scheme::of(config), config.seed);
        Weights { layout, values }
    }

    /// All zeros.
    pub fn zeros(config: &ModelConfig, symbols: usize) -> Self {
        let layout = LanguageLayout::new(config, symbols);
        Weights { values: vec![0.0; layout.len()], layout }
    }

    /// `values` must be as many numbers as the layout has; what is missing is zero.
    pub(crate) fn from_values(layout: LanguageLayout, mut values: Vec<f32>) -> Self {
        values.resize(layout.len(), 0.0);
        Weights { layout, values }
    }

    #[cfg(test)]
    pub(crate) fn with_values(self, values: &[f32]) -> Self {
        Self::from_values(self.layout, values.to_vec())
    }

    pub fn layout(&self) -> &LanguageLayout {
        &self.layout
    }

    pub fn config(&self) -> &ModelConfig {
        self.layout.config()
    }

    /// V.
    pub fn symbols(&self) -> usize {
        self.layout.symbols()
    }

    /// The whole buffer.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Whether every number is one.
    pub fn is_finite(&self) -> bool {
        self.values.iter().all(|value| value.is_finite())
    }

    /// One weight, as it stands in the buffer. `slot` is of this model's layout.
    pub fn slot(&self, slot: &Slot) -> &[f32] {
        &self.values[slot.offset..slot.offset + slot.len()]
    }

    /// The same model with `added` more symbols at the end of its vocabulary: their rows of the token table, and their
    /// rows and biases of the output layer, are drawn from `seed`; every other number is what it was.
    ///
    /// So the scores of the old symbols stay the same, and probabilities among them keep their proportions.
    pub fn extend_vocabulary(&self, added: usize, seed: u64) -> Self {
        let layout = LanguageLayout::new(self.config(), self.symbols() + added);
        let mut values = vec![0.0; layout.len()];
        for (from, to) in self.layout.slots().iter().zip(layout.slots()) {
            // New rows follow the old ones, and so do the new columns of the one row of a bias.
            values[to.offset..to.offset + from.len()].copy_from_slice(self.slot(from));
        }
        let scheme = Scheme::of(self.config());
        let old = |slot: &Slot| self.layout.slots().iter().find(|old| old.name == slot.name);
        init::draw_rest(&layout, scheme, seed, &mut values, |slot| old(slot).map_or(0, Slot::len));
        Weights { layout, values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Cell, Init};

    #[test]
    fn a_seed_draws_the_same_weights_again_and_another_seed_others() {
        let config = ModelConfig { hidden: 16, layers: 2, ..ModelConfig::default() };
        assert_eq!(Weights::draw(&config, 7), Weights::draw(&config, 7));
        assert_ne!(Weights::draw(&config, 7).values(), Weights::draw(&ModelConfig { seed: 2, ..config }, 7).values());
    }

    #[test]
    fn new_symbols_leave_every_old_number_as_it_is() {
        for tie_weights in [false, true] {
            let config =
                ModelConfig { cell: Cell::Gru, hidden: 8, tie_weights, init: Init::Pytorch, ..ModelConfig::default() };
            let old = Weights::draw(&config, 5);
            let new = old.extend_vocabulary(3, 9);
            assert_eq!((new.symbols(), new.config()), (8, &config));
            for (from, to) in old.layout().slots().iter().zip(new.layout().slots()) {
                let (before, after) = (old.slot(from), new.slot(to));
                assert_eq!(before, &after[..before.len()], "{}", from.name);
                assert!(after[before.len()..].iter().any(|&value| value != 0.0) || from.len() == to.len());
            }
        }
    }
}
