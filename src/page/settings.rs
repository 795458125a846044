//! What a user chose, kept from visit to visit.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::protocol::{
    Limits, ModelConfig, ModelReport, Origin, Schedule, Setting, TrainConfig, Trouble, VocabularyKind,
};

/// What settings are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Pretraining,
    FineTuning,
}

#[derive(Clone, Copy)]
pub struct SettingsStore {
    /// Kept from visit to visit.
    pub pretraining: RwSignal<Settings>,
    /// None as long as nobody changed them: then they follow those of the pretraining.
    tuned: RwSignal<Option<TrainConfig>>,
}

impl SettingsStore {
    pub fn new(settings: Settings) -> Self {
        SettingsStore { pretraining: RwSignal::new(settings), tuned: RwSignal::new(None) }
    }

    /// How a fine-tuning trains.
    pub fn fine_tuning(self) -> TrainConfig {
        self.tuned.get().unwrap_or_else(|| self.pretraining.with(|settings| gentle(&settings.train)))
    }

    pub fn set_fine_tuning(self, train: TrainConfig) {
        self.tuned.set(Some(train));
    }

    /// What acts while a run trains: learning rate and clip.
    pub fn live(self, kind: Kind) -> (f64, f64) {
        untrack(|| match kind {
            Kind::Pretraining => self.pretraining.with(|settings| (settings.train.learning_rate, settings.train.clip)),
            Kind::FineTuning => {
                let train = self.fine_tuning();
                (train.learning_rate, train.clip)
            }
        })
    }

    /// A run says how it is trained. One from a file brings its settings along, as far as they can be seen here; one
    /// that was recovered its lower rate.
    pub fn heard_model(self, report: &ModelReport, kind: Kind) {
        let rate = report.train.learning_rate;
        match (report.origin, kind) {
            (Origin::Loaded, _) => self.pretraining.update(|settings| {
                settings.model = report.config.clone();
                settings.train = with_visible(&settings.train, &report.train);
            }),
            (Origin::Recovered, Kind::Pretraining) => {
                self.pretraining.update(|settings| settings.train.learning_rate = rate)
            }
            (Origin::Recovered, Kind::FineTuning) => {
                self.set_fine_tuning(TrainConfig { learning_rate: rate, ..untrack(|| self.fine_tuning()) })
            }
            (Origin::Drawn | Origin::FineTuning | Origin::Moved, _) => {}
        }
    }
}

/// A gentler rate than usual, so that less is forgotten, and evaluated more often, because it is soon over.
fn gentle(train: &TrainConfig) -> TrainConfig {
    TrainConfig {
        learning_rate: 5e-4,
        batch: train.batch.min(16),
        schedule: Schedule::Constant,
        steps: Some(1000),
        eval_every: 25,
        sample_every: Some(50),
        ..train.clone()
    }
}

/// These settings with those of `other` that the page has a control for; how often a run is evaluated and sampled is the
/// page's own choice.
fn with_visible(own: &TrainConfig, other: &TrainConfig) -> TrainConfig {
    TrainConfig {
        eval_every: own.eval_every,
        eval_tokens: own.eval_tokens,
        sample_every: own.sample_every,
        ..other.clone()
    }
}

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
        let live = TrainConfig { learning_rate: self.train.learning_rate, clip: self.train.clip, ..train.clone() };
        self.model != *model || self.train != with_visible(&self.train, &live)
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

    #[test]
    fn what_has_no_control_asks_for_no_new_model() {
        let settings = Settings::default();
        let train = TrainConfig { sample_every: None, eval_every: 7, eval_tokens: None, ..settings.train.clone() };
        assert!(!settings.differ(&settings.model, &train));
    }

    #[test]
    fn settings_of_an_earlier_version_keep_what_they_have() {
        let settings: Settings = serde_json::from_str(r#"{"split":0.8}"#).expect("a part of the settings");
        assert_eq!(settings, Settings { split: 0.8, ..Settings::default() });
    }

    #[test]
    fn the_settings_of_a_fine_tuning_follow_the_pretraining_until_they_are_changed() {
        let store = SettingsStore::new(Settings::default());
        store.pretraining.update(|settings| settings.train.context = 32);
        assert_eq!((store.fine_tuning().context, store.fine_tuning().learning_rate), (32, 5e-4));
        store.set_fine_tuning(TrainConfig { batch: 4, ..store.fine_tuning() });
        store.pretraining.update(|settings| settings.train.context = 64);
        assert_eq!((store.fine_tuning().context, store.fine_tuning().batch), (32, 4));
    }
}
