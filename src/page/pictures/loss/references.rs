//! The losses that a run is measured against.

use crate::protocol::{Baseline, TextReport};

/// What a run is measured against, nats a token on the validation part.
#[derive(Clone, Debug, PartialEq)]
pub struct References {
    /// Every symbol equally likely.
    pub uniform: Option<f64>,
    /// n-grams, lowest order first.
    pub n_grams: Vec<Baseline>,
    /// The least that any model can reach, where it is known.
    pub best_possible: Option<f64>,
    /// Turns nats a token into bits a character.
    pub characters_per_token: f64,
}

impl Default for References {
    fn default() -> Self {
        References { uniform: None, n_grams: Vec::new(), best_possible: None, characters_per_token: 1.0 }
    }
}

impl References {
    pub fn new(text: &TextReport, n_grams: &[Baseline]) -> Self {
        References {
            uniform: Some(text.uniform_loss),
            n_grams: n_grams.to_vec(),
            best_possible: text.best_possible,
            characters_per_token: text.characters_per_token,
        }
    }
}
