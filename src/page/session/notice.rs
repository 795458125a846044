//! The notice: what happened, and what can be done about it with one press.

use leptos::prelude::*;

use super::Session;
use crate::{
    protocol::{Trouble, VocabularyKind},
    words::{self, Language},
};

#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    Trouble(Trouble),
    /// Symbols of a prompt that the model does not know.
    PassedOver(Vec<String>),
    Saved(String),
    /// A model came from a file of a newer program, without these settings and tensors of it.
    Newer(Vec<String>),
    /// A model came from a file. Without the text that it learned it cannot be trained further as it is.
    Loaded {
        without_text: bool,
    },
    /// A text was taken, and the model that came from a file without its text is kept.
    LoadedKept,
}

/// What one press does about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Remedy {
    StartAgain,
    /// Trains the run that was moved to another device.
    GoOn,
    Recover {
        learning_rate: f64,
    },
    /// The text has `tokens` where `needed` are asked for.
    FitToText {
        tokens: usize,
        needed: usize,
    },
    UseBytes,
}

impl Notice {
    pub fn sentence(&self, language: Language) -> String {
        let notice = &language.words().notice;
        match self {
            Notice::Trouble(trouble) => words::trouble(trouble, language),
            Notice::PassedOver(symbols) => (notice.passed_over)(symbols),
            Notice::Saved(name) => (notice.saved)(name),
            Notice::Newer(names) => (notice.newer)(names),
            Notice::Loaded { without_text: false } => notice.loaded.to_owned(),
            Notice::Loaded { without_text: true } => notice.loaded_without_text.to_owned(),
            Notice::LoadedKept => notice.loaded_kept.to_owned(),
        }
    }

    /// Good news wait for a pause of the reader; trouble does not.
    pub fn is_trouble(&self) -> bool {
        matches!(self, Notice::Trouble(_))
    }

    pub fn remedy(&self) -> Option<Remedy> {
        let Notice::Trouble(trouble) = self else { return None };
        match *trouble {
            Trouble::WorkerDied { .. } | Trouble::EngineFailedToLoad { .. } | Trouble::OutOfMemory => {
                Some(Remedy::StartAgain)
            }
            // The engine has the run still, on the CPU.
            Trouble::DeviceLost { .. } => Some(Remedy::GoOn),
            Trouble::Diverged { base_rate, .. } => Some(Remedy::Recover { learning_rate: base_rate / 4.0 }),
            Trouble::TextTooShort { tokens, needed, .. } => Some(Remedy::FitToText { tokens, needed }),
            Trouble::TooManySymbols { .. } => Some(Remedy::UseBytes),
            _ => None,
        }
    }
}

impl Session {
    /// What can be done about a notice as things stand.
    pub fn remedy_of(self, notice: &Notice) -> Option<Remedy> {
        // A text of a fine-tuning has the vocabulary of its model.
        notice.remedy().filter(|remedy| *remedy != Remedy::UseBytes || self.texts.refused.with_value(Option::is_some))
    }

    pub fn remedy(self, remedy: Remedy) {
        self.notice.set(None);
        match remedy {
            Remedy::GoOn if self.has_model_now() => self.play(),
            Remedy::StartAgain | Remedy::GoOn => self.start_engine(),
            Remedy::Recover { learning_rate } => self.recover(learning_rate),
            Remedy::FitToText { tokens, needed } => {
                self.settings.pretraining.update(|settings| *settings = settings.fitted(tokens, needed));
                self.start_over();
            }
            Remedy::UseBytes => {
                self.settings.pretraining.update(|settings| settings.vocabulary = VocabularyKind::Byte);
                self.take_refused();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_engine_can_be_started_again_and_a_run_that_was_stopped_gone_on_with() {
        let remedy = |trouble| Notice::Trouble(trouble).remedy();
        assert_eq!(remedy(Trouble::WorkerDied { reason: String::new() }), Some(Remedy::StartAgain));
        assert_eq!(remedy(Trouble::DeviceLost { reason: String::new() }), Some(Remedy::GoOn));
        let diverged = Trouble::Diverged { step: 3, base_rate: 0.4 };
        assert_eq!(remedy(diverged), Some(Remedy::Recover { learning_rate: 0.1 }));
        assert_eq!(Notice::Loaded { without_text: false }.remedy(), None);
    }
}
