//! The range of every setting, shared so that a slider and the engine agree.

use super::{Setting, Trouble};

/// An inclusive range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    pub low: f64,
    pub high: f64,
}

/// The range of every setting.
pub struct Limits;

impl Limits {
    pub const LAYERS: Range = Range { low: 1.0, high: 4.0 };
    pub const HIDDEN: Range = Range { low: 8.0, high: 1024.0 };
    pub const DROPOUT: Range = Range { low: 0.0, high: 0.9 };
    pub const FORGET_BIAS: Range = Range { low: -5.0, high: 5.0 };
    pub const BATCH: Range = Range { low: 1.0, high: 256.0 };
    pub const CONTEXT: Range = Range { low: 1.0, high: 512.0 };
    pub const LEARNING_RATE: Range = Range { low: 1e-7, high: 10.0 };
    pub const CLIP: Range = Range { low: 1e-3, high: 1e6 };
    pub const WEIGHT_DECAY: Range = Range { low: 0.0, high: 1.0 };
    pub const EVERY: Range = Range { low: 1.0, high: 1e9 };
    pub const EVAL_TOKENS: Range = Range { low: 1.0, high: 1e9 };
    pub const SPLIT: Range = Range { low: 0.5, high: 0.99 };
    pub const TEMPERATURE: Range = Range { low: 0.0, high: 5.0 };
    pub const LENGTH: Range = Range { low: 1.0, high: 100_000.0 };

    /// The largest text, in bytes.
    pub const TEXT_BYTES: usize = 20 << 20;
    /// More training steps than any model has done; JavaScript counts on to nine times as many.
    pub const STEPS: u64 = 1_000_000_000_000_000;
    /// The most symbols in a vocabulary.
    pub const SYMBOLS: usize = 8192;
    /// The longest text that a heatmap reads, in tokens.
    pub const WATCHED: usize = 512;
}

impl Range {
    /// Refuses a value outside of the range, and one that is no number.
    pub fn check(self, setting: Setting, value: f64) -> Result<(), Trouble> {
        if value >= self.low && value <= self.high {
            return Ok(());
        }
        Err(Trouble::OutOfRange { setting, value: crate::float::shortest(value), low: self.low, high: self.high })
    }
}
