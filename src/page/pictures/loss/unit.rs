//! The units a loss is read in.

use std::f64::consts::LN_2;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LossUnit {
    /// Nats a token.
    #[default]
    Nats,
    /// Bits a character.
    Bits,
    /// e to the loss: among how many equally likely symbols the model is in doubt.
    Perplexity,
}

impl LossUnit {
    pub const ALL: [LossUnit; 3] = [LossUnit::Nats, LossUnit::Bits, LossUnit::Perplexity];

    /// A loss of `nats` a token in this unit.
    pub fn of(self, nats: f64, characters_per_token: f64) -> f64 {
        match self {
            LossUnit::Perplexity => nats.exp(),
            _ => self.height(nats, characters_per_token),
        }
    }

    /// How high a loss is drawn: its value, but for perplexity its logarithm, so that its axis is logarithmic.
    pub fn height(self, nats: f64, characters_per_token: f64) -> f64 {
        match self {
            LossUnit::Nats | LossUnit::Perplexity => nats,
            LossUnit::Bits => nats / LN_2 / characters_per_token,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uniform_guess_among_65_symbols_reads_right_in_every_unit() {
        let nats = 65f64.ln();
        assert!((LossUnit::Nats.of(nats, 1.0) - 4.174).abs() < 1e-3);
        assert!((LossUnit::Bits.of(nats, 1.0) - 6.022).abs() < 1e-3);
        assert!((LossUnit::Perplexity.of(nats, 1.0) - 65.0).abs() < 1e-9);
    }

    #[test]
    fn bits_a_character_count_all_tokens_of_a_character() {
        // Three bytes to a character: each byte's bits count.
        assert!((LossUnit::Bits.of(LN_2, 1.0 / 3.0) - 3.0).abs() < 1e-12);
    }
}
