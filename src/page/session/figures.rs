//! The figures of the transport bar.

/// NaN where there is none yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    pub step: u64,
    pub epoch: f64,
    /// Smoothed, nats a token.
    pub training_loss: f64,
    /// Nats a token.
    pub validation_loss: f64,
    /// While fine-tuning: on the text learned before, nats a token.
    pub old_text_loss: f64,
    pub gradient_norm: f64,
    pub tokens_per_second: f64,
}

impl Figures {
    pub fn at_step(step: u64) -> Self {
        Figures {
            step,
            epoch: 0.0,
            training_loss: f64::NAN,
            validation_loss: f64::NAN,
            old_text_loss: f64::NAN,
            gradient_norm: f64::NAN,
            tokens_per_second: f64::NAN,
        }
    }
}

impl Default for Figures {
    fn default() -> Self {
        Figures::at_step(0)
    }
}
