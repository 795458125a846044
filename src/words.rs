//! Everything a user reads, one file a language. A string that a language lacks is a compile error.

mod en;
pub mod number;
mod zh;

use crate::protocol::Trouble;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    English,
    Chinese,
}

/// What happened and what to do about it, in one plain sentence or two.
pub fn trouble(trouble: &Trouble, language: Language) -> String {
    match language {
        Language::English => en::trouble(trouble),
        Language::Chinese => zh::trouble(trouble),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Setting;

    fn every_trouble() -> Vec<Trouble> {
        let reason = || "the reason".to_owned();
        vec![
            Trouble::TextEmpty,
            Trouble::TextTooShort { tokens: 40, needed: 2080, batch: 32, context: 64 },
            Trouble::TextTooLarge { bytes: 22_020_096, limit: 20_971_520 },
            Trouble::NotText { kind: "PNG".to_owned() },
            Trouble::InvalidUtf8 { offset: 12 },
            Trouble::NulByte { offset: 3 },
            Trouble::TooManySymbols { symbols: 9000, limit: 8192 },
            Trouble::NoText,
            Trouble::OutOfRange { setting: Setting::Hidden, value: "4096".to_owned(), low: 8.0, high: 1024.0 },
            Trouble::TooLargeForDevice { needed_bytes: 3 << 30, available_bytes: 1 << 30 },
            Trouble::NoModel,
            Trouble::NotAModel { reason: reason() },
            Trouble::UnknownSymbols { symbols: vec!["é".to_owned(), "ß".to_owned()] },
            Trouble::Diverged { step: 120, learning_rate: 0.5 },
            Trouble::NothingToRecover,
            Trouble::NoWebGpu { reason: reason() },
            Trouble::NoTimestampQuery,
            Trouble::DeviceLost { reason: reason() },
            Trouble::OutOfMemory,
            Trouble::WorkerDied { reason: reason() },
            Trouble::EngineFailedToLoad { reason: reason() },
            Trouble::CannotRead { name: "a.txt".to_owned(), reason: reason() },
            Trouble::CannotWrite { name: "a.txt".to_owned(), reason: reason() },
        ]
    }

    #[test]
    fn every_trouble_is_a_finished_sentence_in_both_languages() {
        for case in every_trouble() {
            let english = trouble(&case, Language::English);
            let chinese = trouble(&case, Language::Chinese);
            assert!(english.ends_with('.'), "{english}");
            assert!(chinese.ends_with('。'), "{chinese}");
            assert!(!english.contains('\n') && !chinese.contains('\n'));
            assert_ne!(english, chinese);
        }
    }

    #[test]
    fn a_sentence_names_the_figures_that_help() {
        let short = Trouble::TextTooShort { tokens: 40, needed: 2080, batch: 32, context: 64 };
        for language in [Language::English, Language::Chinese] {
            let sentence = trouble(&short, language);
            for figure in ["40", "2,080", "32", "64"] {
                assert!(sentence.contains(figure), "{sentence}");
            }
        }
    }

    #[test]
    fn a_long_list_of_unknown_symbols_is_cut() {
        let symbols: Vec<String> = (0..500).map(|i| format!("<{i}>")).collect();
        let sentence = trouble(&Trouble::UnknownSymbols { symbols }, Language::English);
        assert!(sentence.chars().count() < 300, "{sentence}");
    }
}
