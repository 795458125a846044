//! What a user chose, kept from visit to visit.

use serde::{Deserialize, Serialize};

use crate::protocol::{Limits, ModelConfig, Setting, TrainConfig, Trouble, VocabularyKind};

/// What an older page did not keep is the usual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub model: ModelConfig,
    pub train: TrainConfig,
    pub vocabulary: VocabularyKind,
    /// The part that is learned from.
    pub split: f64,
}

impl Default for Settings {
    /// Moves at once, even on a slow CPU.
    fn default() -> Self {
        Settings {
            model: ModelConfig::default(),
            train: TrainConfig {
                eval_every: 100,
                eval_tokens: Some(8192),
                sample_every: Some(100),
                ..TrainConfig::default()
            },
            vocabulary: VocabularyKind::default(),
            split: 0.9,
        }
    }
}

impl Settings {
    /// Refuses the first setting that is out of range.
    pub fn check(&self) -> Result<(), Trouble> {
        self.model.check()?;
        self.train.check()?;
        Limits::SPLIT.check(Setting::Split, self.split)
    }

    /// The same, with batch and context halved until a chunk fits into a text of `tokens`, of which it needs `needed`.
    pub fn fitted(&self, tokens: usize, needed: usize) -> Self {
        let mut settings = self.clone();
        let mut needed = needed;
        while needed > tokens && (settings.train.batch > 1 || settings.train.context > 1) {
            // Streams are given up first: the context is what a model can learn from.
            if settings.train.batch > 1 {
                settings.train.batch /= 2;
            } else {
                settings.train.context /= 2;
            }
            needed = needed.div_ceil(2);
        }
        settings
    }

    /// Whether a model of these settings would be trained otherwise than one of `model` and `train`; what changes
    /// while running does not count.
    pub fn differ(&self, model: &ModelConfig, train: &TrainConfig) -> bool {
        let live = TrainConfig { learning_rate: train.learning_rate, clip: train.clip, ..self.train.clone() };
        self.model != *model || live != *train
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_of_a_first_visit_are_in_range() {
        assert_eq!(Settings::default().check(), Ok(()));
    }

    #[test]
    fn fitting_gives_up_streams_before_context() {
        let settings = Settings::default();
        let fitted = settings.fitted(300, 32 * 65);
        assert_eq!((fitted.train.batch, fitted.train.context), (4, 64));
        let tiny = settings.fitted(20, 32 * 65);
        assert_eq!((tiny.train.batch, tiny.train.context), (1, 16));
        assert_eq!(settings.fitted(1 << 20, 2080), settings);
    }

    #[test]
    fn what_changes_while_running_needs_no_new_model() {
        let mut settings = Settings::default();
        let (model, train) = (settings.model.clone(), settings.train.clone());
        settings.train.learning_rate = 1e-4;
        settings.train.clip = 5.0;
        assert!(!settings.differ(&model, &train));
        settings.train.batch = 8;
        assert!(settings.differ(&model, &train));
    }
}
