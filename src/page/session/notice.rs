//! The notice: what happened, and what can be done about it with one press.

use crate::{
    protocol::Trouble,
    words::{self, Language},
};

#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    Trouble(Trouble),
    /// Symbols of a prompt that the model does not know.
    PassedOver(Vec<String>),
    Saved(String),
    Loaded,
}

/// What one press does about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Remedy {
    StartAgain,
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
            Notice::Loaded => notice.loaded.to_owned(),
        }
    }

    /// Good news wait for a pause of the reader; trouble does not.
    pub fn is_trouble(&self) -> bool {
        matches!(self, Notice::Trouble(_))
    }

    pub fn remedy(&self) -> Option<Remedy> {
        let Notice::Trouble(trouble) = self else { return None };
        match *trouble {
            Trouble::WorkerDied { .. }
            | Trouble::EngineFailedToLoad { .. }
            | Trouble::DeviceLost { .. }
            | Trouble::OutOfMemory => Some(Remedy::StartAgain),
            Trouble::Diverged { base_rate, .. } => Some(Remedy::Recover { learning_rate: base_rate / 4.0 }),
            Trouble::TextTooShort { tokens, needed, .. } => Some(Remedy::FitToText { tokens, needed }),
            Trouble::TooManySymbols { .. } => Some(Remedy::UseBytes),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_engine_can_be_started_again_and_a_diverged_run_gone_on_with() {
        let died = Notice::Trouble(Trouble::WorkerDied { reason: String::new() });
        assert_eq!(died.remedy(), Some(Remedy::StartAgain));
        let diverged = Notice::Trouble(Trouble::Diverged { step: 3, base_rate: 0.4 });
        assert_eq!(diverged.remedy(), Some(Remedy::Recover { learning_rate: 0.1 }));
        assert_eq!(Notice::Loaded.remedy(), None);
    }
}
