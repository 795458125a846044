//! Everything a user reads, one file a language. A string that a language lacks is a compile error.

mod en;
pub mod number;
mod zh;

use crate::protocol::{DeviceReport, GeneratedText, Range, Schedule, Source, Task, Trouble};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    English,
    Chinese,
}

impl Language {
    /// BCP 47, for the document's `lang`, addresses and storage.
    pub const fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh-CN",
        }
    }

    /// The language that a tag asks for, where it is one of ours.
    pub fn from_tag(tag: &str) -> Option<Language> {
        match tag.to_ascii_lowercase().split(['-', '_']).next() {
            Some("en") => Some(Language::English),
            Some("zh") => Some(Language::Chinese),
            _ => None,
        }
    }

    pub const fn other(self) -> Language {
        match self {
            Language::English => Language::Chinese,
            Language::Chinese => Language::English,
        }
    }

    pub const fn words(self) -> &'static Words {
        match self {
            Language::English => &en::WORDS,
            Language::Chinese => &zh::WORDS,
        }
    }
}

/// What happened and what to do about it, in one plain sentence or two.
pub fn trouble(trouble: &Trouble, language: Language) -> String {
    match language {
        Language::English => en::trouble(trouble),
        Language::Chinese => zh::trouble(trouble),
    }
}

/// Every word of the page, by where it stands.
pub struct Words {
    pub header: Header,
    pub device: Device,
    pub speed: Speed,
    pub transport: Transport,
    pub notice: Notice,
    pub text: Text,
    pub number: Number,
    pub model: Model,
    pub training: Training,
    pub plot: Plot,
    pub chart: Chart,
    pub heatmap: Heatmap,
    pub samples: Samples,
    pub ask: Ask,
    pub inside: Inside,
    pub fine_tune: FineTune,
    pub use_it: UseIt,
    pub keep: Keep,
    pub task: fn(Task) -> &'static str,
}

/// A control: its label, and one sentence of help.
#[derive(Clone, Copy)]
pub struct Control {
    pub label: &'static str,
    pub help: &'static str,
}

pub struct Header {
    pub title: &'static str,
    pub steps: &'static str,
    /// In the order of the steps.
    pub step: [&'static str; 5],
    pub language: &'static str,
    /// The switch: system, light, dark.
    pub theme: [&'static str; 3],
}

pub struct Device {
    pub title: &'static str,
    pub webgpu: &'static str,
    pub cpu: &'static str,
    pub opening: &'static str,
    pub none: &'static str,
    /// Which device, and why.
    pub why: fn(&DeviceReport) -> String,
    pub choose: Control,
    pub auto: &'static str,
    pub loading: &'static str,
}

/// The panel that measures this machine.
pub struct Speed {
    pub title: &'static str,
    pub explain: fn(batch: usize, context: usize) -> String,
    pub open: &'static str,
    pub run: &'static str,
    pub stop: &'static str,
    pub copy: &'static str,
    pub copied: &'static str,
    pub progress: fn(done: usize, planned: usize) -> String,
    pub failed: fn(reason: &str) -> String,
    pub missing: &'static str,
    pub picture: &'static str,
    pub hidden: fn(units: usize) -> String,
    /// Fewer time steps than asked for were measured.
    pub at_context: fn(context: usize) -> String,
    pub no_figure: &'static str,
    pub file_name: &'static str,
}

pub struct Transport {
    pub title: &'static str,
    pub play: Control,
    pub pause: Control,
    pub step_once: Control,
    pub reset: Control,
    pub progress: &'static str,
    pub step_of: fn(total: Option<u64>) -> String,
    pub epoch: &'static str,
    pub training: &'static str,
    pub validation: &'static str,
    pub gradient_norm: &'static str,
    pub speed: &'static str,
    pub device: &'static str,
}

pub struct Notice {
    pub dismiss: &'static str,
    pub page_stopped: &'static str,
    pub reload: &'static str,
    pub start_again: &'static str,
    pub go_on: &'static str,
    pub recover: fn(learning_rate: f64) -> String,
    pub fit: &'static str,
    pub use_bytes: &'static str,
    pub saved: fn(name: &str) -> String,
    pub loaded: &'static str,
    pub loaded_without_text: &'static str,
    pub loaded_kept: &'static str,
    pub passed_over: fn(symbols: &[String]) -> String,
    /// A file of a newer program has these.
    pub newer: fn(names: &[String]) -> String,
}

pub struct Text {
    pub corpora: &'static str,
    pub generated: &'static str,
    pub corpus: fn(id: &str) -> Option<(&'static str, &'static str)>,
    pub made: fn(GeneratedText) -> (&'static str, &'static str),
    pub own: &'static str,
    pub own_name: &'static str,
    pub paste: Control,
    pub paste_here: &'static str,
    pub file: Control,
    pub drop: &'static str,
    pub remove_file: &'static str,
    pub use_text: Control,
    pub reading: &'static str,
    pub read_as: &'static str,
    pub vocabulary: Control,
    pub characters: &'static str,
    pub bytes: &'static str,
    pub split: Control,
    pub report: &'static str,
    pub size: fn(characters: u64, symbols: u64) -> String,
    pub parts: fn(train_percent: f64) -> String,
    /// Another text than that of the run.
    pub next: fn(name: &str) -> String,
    pub part_train: fn(tokens: u64) -> String,
    pub part_validation: fn(tokens: u64) -> String,
    pub alphabet: &'static str,
    pub more_symbols: fn(count: u64) -> String,
    pub occurs: fn(symbol: &str, count: u64) -> String,
    pub baselines: &'static str,
    pub baselines_help: &'static str,
    pub n_gram: fn(order: usize) -> String,
    pub uniform: &'static str,
    pub best_possible: &'static str,
    pub nats: &'static str,
    pub counting: &'static str,
    pub preview: &'static str,
    pub change: &'static str,
    pub train_on_it: &'static str,
}

/// Why a typed number is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Empty,
    NotANumber,
    NotWhole,
    OutOfRange,
}

/// Fields that numbers are typed into.
pub struct Number {
    /// What is wrong with what was typed into the field of that label, and what can be.
    pub refused: fn(Refusal, label: &str, typed: &str, whole: bool, Range) -> String,
}

pub struct Model {
    pub title: &'static str,
    pub parameters: fn(count: u64) -> String,
    pub cell: Control,
    pub layers: Control,
    pub hidden: Control,
    pub forget_bias: Control,
    pub dropout: Control,
    pub tie_weights: Control,
    pub init: Control,
    pub init_pytorch: &'static str,
    pub init_orthogonal: &'static str,
    pub more: &'static str,
    pub start_over: Control,
    pub changed: &'static str,
}

pub struct Training {
    pub title: &'static str,
    pub learning_rate: Control,
    pub batch: Control,
    pub context: Control,
    pub clip: Control,
    pub weight_decay: Control,
    pub schedule: Control,
    pub constant: &'static str,
    pub warmup: &'static str,
    pub cosine: &'static str,
    pub steps: Control,
    pub seed: Control,
    pub live: &'static str,
}

/// What every picture has.
pub struct Plot {
    pub table: Control,
    pub png: Control,
    pub csv: Control,
    pub link: Control,
}

/// The chart of losses.
pub struct Chart {
    pub title: &'static str,
    pub training: &'static str,
    pub smoothed: &'static str,
    pub validation: &'static str,
    pub old_text: &'static str,
    pub unit: &'static str,
    /// Nats, bits, perplexity: on the switch, and in full.
    pub units: [&'static str; 3],
    pub units_in_full: [&'static str; 3],
    pub log_steps: Control,
    pub all_steps: Control,
    pub figure: Control,
    pub gradient_norm: &'static str,
    pub learning_rate: &'static str,
    pub speed: &'static str,
    pub at_step: fn(step: u64) -> String,
    pub uniform: &'static str,
    pub n_gram: fn(order: usize) -> String,
    pub best_possible: &'static str,
    pub earlier_runs: &'static str,
    pub toggle_run: fn(run: &str) -> String,
    pub forget_run: fn(run: &str) -> String,
    pub step: &'static str,
    pub empty: &'static str,
    /// The figures in one sentence, for who cannot see the chart.
    pub described: fn(step: u64, unit: &str, training: &str, validation: Option<&str>) -> String,
    pub keys: &'static str,
    // Settings in a run's name.
    pub rate: &'static str,
    pub batch: &'static str,
    pub context: &'static str,
    pub clip: &'static str,
    pub decay: &'static str,
    pub dropout: &'static str,
    pub forget: &'static str,
    pub seed: &'static str,
    pub tied: &'static str,
    pub untied: &'static str,
    pub fine_tuned: &'static str,
    pub from_scratch: &'static str,
    pub schedule: fn(Schedule) -> &'static str,
}

/// The hidden state as the network reads.
pub struct Heatmap {
    pub title: &'static str,
    pub layer: Control,
    pub order: Control,
    pub slowest_first: &'static str,
    /// How many units and characters are in sight.
    pub in_sight: fn(rows: usize, units: usize) -> String,
    pub zoom_in: &'static str,
    pub zoom_out: &'static str,
    pub show_all: &'static str,
    pub unit: fn(number: usize) -> String,
    pub position: fn(number: usize) -> String,
    pub next: &'static str,
    pub scale: &'static str,
    pub symbol: &'static str,
    pub empty: &'static str,
    /// Of a text whose every symbol is unknown.
    pub nothing_known: &'static str,
    pub described: fn(layer: usize, positions: usize, units: usize, step: u64) -> String,
    pub keys: &'static str,
}

pub struct Samples {
    pub title: &'static str,
    pub at_step: fn(step: u64) -> String,
    pub none: &'static str,
    pub before: &'static str,
    pub after: &'static str,
    pub none_before: &'static str,
    pub none_after: &'static str,
}

pub struct Ask {
    pub title: &'static str,
    pub prompt: Control,
    pub prompt_here: &'static str,
    pub write: Control,
    pub stop: Control,
    pub again: Control,
    pub temperature: Control,
    pub length: Control,
    pub top_k: Control,
    pub next: &'static str,
    pub speed: fn(characters_per_second: f64) -> String,
    pub nothing_yet: &'static str,
}

pub struct Inside {
    pub read: Control,
    pub read_here: &'static str,
    pub explain: &'static str,
    pub next_title: &'static str,
    pub later: &'static str,
}

pub struct FineTune {
    pub text: &'static str,
    pub explain: &'static str,
    pub settings: &'static str,
    pub start: Control,
    pub new_symbols: fn(&[String]) -> String,
    pub old_loss: &'static str,
    pub new_loss: &'static str,
}

pub struct UseIt {
    pub title: &'static str,
    pub later: &'static str,
}

pub struct Keep {
    pub title: &'static str,
    pub explain: &'static str,
    pub save: Control,
    pub load: Control,
    pub present: fn(step: u64, parameters: u64) -> String,
}

impl Words {
    /// What the page calls a text.
    pub fn source_name(&self, source: &Source) -> String {
        match source {
            Source::Corpus { id } => (self.text.corpus)(id).map_or_else(|| id.clone(), |(name, _)| name.to_owned()),
            Source::Own { name } if name.is_empty() => self.text.own_name.to_owned(),
            Source::Own { name } => name.clone(),
            Source::Generated { text, .. } => (self.text.made)(*text).0.to_owned(),
        }
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
            Trouble::TextReplaced,
            Trouble::OutOfRange { setting: Setting::Hidden, value: "4096".to_owned(), low: 8.0, high: 1024.0 },
            Trouble::TooLargeForDevice { needed_bytes: 3 << 30, available_bytes: 1 << 30 },
            Trouble::NoModel,
            Trouble::NotAModel { reason: reason() },
            Trouble::UnknownSymbols { symbols: vec!["é".to_owned(), "ß".to_owned()] },
            Trouble::Diverged { step: 120, base_rate: 0.5 },
            Trouble::NothingToRecover,
            Trouble::OtherSymbols,
            Trouble::ModelReplaced,
            Trouble::NoFiniteLoss { step: 120 },
            Trouble::NoWebGpu { reason: reason() },
            Trouble::NoTimestampQuery,
            Trouble::DeviceLost { reason: reason() },
            Trouble::OutOfMemory,
            Trouble::WorkerDied { reason: reason() },
            Trouble::UnreadableMessage { reason: reason() },
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

    #[test]
    fn a_refused_number_is_answered_with_what_can_be_typed() {
        let range = Range { low: 1.0, high: 150_000.0 };
        for language in [Language::English, Language::Chinese] {
            for why in [Refusal::Empty, Refusal::NotANumber, Refusal::NotWhole, Refusal::OutOfRange] {
                let sentence = (language.words().number.refused)(why, "Batch", "many", true, range);
                for part in ["Batch", " 1 ", "150,000"] {
                    assert!(sentence.contains(part), "{sentence}");
                }
                assert!(sentence.ends_with(['.', '。']), "{sentence}");
                assert_eq!(sentence.contains("many"), why != Refusal::Empty, "{sentence}");
            }
        }
    }

    /// What stands between quotation marks in a source.
    fn literals(source: &str) -> Vec<String> {
        let (mut found, mut present) = (Vec::new(), None::<String>);
        let mut characters = source.chars();
        while let Some(character) = characters.next() {
            match (character, &mut present) {
                ('"', None) => present = Some(String::new()),
                ('"', Some(_)) => found.extend(present.take()),
                ('\\', Some(text)) => text.extend(characters.next()),
                (other, Some(text)) => text.push(other),
                (_, None) => {}
            }
        }
        found
    }

    #[test]
    fn each_language_calls_one_thing_by_one_name() {
        // What the glossary in CONTRIBUTING.md has another word for.
        let english = ["odds", "chance", "guess", "dice", "test part", "to test", "empty memory", "hyperparameter"];
        let chinese =
            ["纳特", "检验", "测试", "批大小", "批次", "纯猜", "几率", "机率", "token", "令牌", "标记", "神经元"];
        for (source, words) in
            [(include_str!("words/en.rs"), &english[..]), (include_str!("words/zh.rs"), &chinese[..])]
        {
            let sentences = literals(source);
            assert!(sentences.len() > 200, "{}", sentences.len());
            for sentence in sentences {
                for word in words {
                    assert!(!sentence.to_lowercase().contains(word), "“{word}” in “{sentence}”");
                }
            }
        }
    }

    #[test]
    fn a_language_is_found_by_its_tag() {
        assert_eq!(Language::from_tag("zh-TW"), Some(Language::Chinese));
        assert_eq!(Language::from_tag("EN"), Some(Language::English));
        assert_eq!(Language::from_tag("fr"), None);
        for language in [Language::English, Language::Chinese] {
            assert_eq!(Language::from_tag(language.tag()), Some(language));
        }
    }

    #[test]
    fn every_corpus_has_a_name_and_a_description_in_both_languages() {
        for language in [Language::English, Language::Chinese] {
            let words = language.words();
            for id in ["shakespeare", "tang", "song", "shijing", "names", "udhr"] {
                assert!((words.text.corpus)(id).is_some(), "{id}");
            }
            assert_eq!(words.source_name(&Source::Own { name: "a.txt".to_owned() }), "a.txt");
            assert!(!words.source_name(&Source::Own { name: String::new() }).is_empty());
        }
    }
}
