//! A text in ids, split into a part to learn from and a part to validate on.

use std::sync::Arc;

use super::{Vocabulary, generated, read, reading::normalized};
use crate::protocol::{Baseline, Limits, Setting, Source, TextId, TextReport, TextRequest, Trouble, VocabularyKind};

/// Characters of a text that are shown.
const PREVIEW: usize = 400;

/// A text that a model learns.
#[derive(Clone, Debug)]
pub struct Corpus {
    vocabulary: Vocabulary,
    /// The first ⌊N·split⌋ ids.
    train: Arc<[u32]>,
    /// The rest.
    valid: Arc<[u32]>,
    request: TextRequest,
    characters: usize,
    counts: Vec<usize>,
    preview: String,
    /// The symbols that the vocabulary of a model did not have.
    added: Vec<String>,
}

impl Corpus {
    /// The corpus that `request` asks for; `bytes` is the file, which a generated text does not need.
    ///
    /// With the vocabulary of a `model`, its kind counts and not that of the request, ids stay what they are for the
    /// model, and missing symbols are added.
    ///
    /// # Errors
    /// Those of [`read`] and [`Vocabulary::from_text`], `OutOfRange` for the split, and `TextTooShort` where a part
    /// has less than two ids, of which one would predict the other.
    pub fn new(request: &TextRequest, bytes: &[u8], model: Option<&Vocabulary>) -> Result<Self, Trouble> {
        Limits::SPLIT.check(Setting::Split, request.split)?;
        match &request.source {
            Source::Generated { text, seed } => Self::of_text(request, &generated::text(*text, *seed), model),
            Source::Corpus { .. } | Source::Own { .. } => Self::of_text(request, &read(bytes)?, model),
        }
    }

    fn of_text(request: &TextRequest, text: &str, model: Option<&Vocabulary>) -> Result<Self, Trouble> {
        let text = normalized(text);
        let (vocabulary, added) = match model {
            None => (Vocabulary::from_text(request.vocabulary, &text)?, Vec::new()),
            Some(known) => {
                let mut vocabulary = known.clone();
                let added = vocabulary.extend(&text)?;
                (vocabulary, added)
            }
        };
        let ids = vocabulary.encode(&text).ids;
        let boundary = |tokens: usize| (tokens as f64 * request.split).floor() as usize;
        let (train, valid) = ids.split_at(boundary(ids.len()));
        if train.len() < 2 || valid.len() < 2 {
            let suffices = |&tokens: &usize| boundary(tokens) >= 2 && tokens - boundary(tokens) >= 2;
            let needed = (4..).find(suffices).unwrap_or(usize::MAX);
            return Err(Trouble::TextTooShort { tokens: ids.len(), needed, batch: 1, context: 1 });
        }
        let mut counts = vec![0; vocabulary.len()];
        for &id in &ids {
            counts[id as usize] += 1;
        }
        Ok(Corpus {
            train: train.into(),
            valid: valid.into(),
            request: TextRequest { vocabulary: vocabulary.kind(), ..request.clone() },
            characters: match vocabulary.kind() {
                VocabularyKind::Char => ids.len(),
                VocabularyKind::Byte => text.chars().count(),
            },
            counts,
            preview: text.chars().take(PREVIEW).collect(),
            added: added.into_iter().map(|id| vocabulary.display(id)).collect(),
            vocabulary,
        })
    }

    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    pub fn train(&self) -> &Arc<[u32]> {
        &self.train
    }

    pub fn valid(&self) -> &Arc<[u32]> {
        &self.valid
    }

    /// Characters per token on average: 1, or less for bytes.
    pub fn characters_per_token(&self) -> f64 {
        self.characters as f64 / self.tokens() as f64
    }

    /// The least loss that any model can reach on average, nats a token, where it is known.
    pub fn best_possible(&self) -> Option<f64> {
        match self.request.source {
            // These texts are ASCII, so that a byte is a character.
            Source::Generated { text, .. } => Some(generated::best_possible(text)),
            Source::Corpus { .. } | Source::Own { .. } => None,
        }
    }

    /// The first few hundred characters.
    pub fn preview(&self) -> &str {
        &self.preview
    }

    /// What there is to say of the text under its number, with the n-gram losses that are known.
    pub fn report(&self, id: TextId, baselines: &[Baseline]) -> TextReport {
        TextReport {
            id,
            source: self.request.source.clone(),
            vocabulary: self.vocabulary.kind(),
            characters: self.characters,
            tokens: self.tokens(),
            symbols: self.vocabulary.displayed(),
            counts: self.counts.clone(),
            train_tokens: self.train.len(),
            valid_tokens: self.valid.len(),
            uniform_loss: (self.vocabulary.len() as f64).ln(),
            best_possible: self.best_possible(),
            characters_per_token: self.characters_per_token(),
            preview: self.preview.clone(),
            added: self.added.clone(),
            baselines: baselines.to_vec(),
        }
    }

    fn tokens(&self) -> usize {
        self.train.len() + self.valid.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::GeneratedText;

    fn request(vocabulary: VocabularyKind, split: f64) -> TextRequest {
        TextRequest { source: Source::Own { name: "my.txt".to_owned() }, vocabulary, split }
    }

    fn chars(text: &str) -> Corpus {
        Corpus::new(&request(VocabularyKind::Char, 0.9), text.as_bytes(), None).unwrap()
    }

    #[test]
    fn the_first_part_is_learned_and_the_rest_validates() {
        let corpus = chars("abcabcabcabcabcabcabcabcabc");
        // ⌊27 · 0.9⌋ = 24.
        assert_eq!(corpus.train().len(), 24);
        assert_eq!(corpus.valid()[..], [0, 1, 2]);
    }

    #[test]
    fn a_text_is_reported_as_it_is() {
        let report = chars("banana\nbananas\nban\u{303}ana\n中文").report(1, &[]);
        assert_eq!(report.symbols, ["↵", "a", "b", "n", "s", "ñ", "中", "文"]);
        assert_eq!(report.counts, [3, 9, 3, 5, 1, 1, 1, 1]);
        assert_eq!((report.characters, report.tokens), (24, 24));
        assert_eq!((report.train_tokens, report.valid_tokens), (21, 3));
        assert_eq!(report.preview, "banana\nbananas\nbañana\n中文");
        assert_eq!(report.uniform_loss, 8f64.ln());
        assert_eq!((report.characters_per_token, report.best_possible), (1.0, None));
        assert!(report.added.is_empty());
    }

    #[test]
    fn bytes_are_fewer_than_a_character_each() {
        let corpus = Corpus::new(&request(VocabularyKind::Byte, 0.5), "中文中文".as_bytes(), None).unwrap();
        let report = corpus.report(1, &[]);
        assert_eq!((report.characters, report.tokens, report.symbols.len()), (4, 12, 256));
        assert_eq!(report.characters_per_token, 1.0 / 3.0);
        assert_eq!(report.counts.iter().sum::<usize>(), 12);
    }

    #[test]
    fn a_preview_is_a_few_hundred_characters() {
        assert_eq!(chars(&"中".repeat(5000)).report(1, &[]).preview, "中".repeat(PREVIEW));
    }

    #[test]
    fn the_ids_of_a_model_stay_and_what_it_lacks_is_added() {
        let known = Vocabulary::from_text(VocabularyKind::Char, "xyz").unwrap();
        let corpus = Corpus::new(&request(VocabularyKind::Byte, 0.5), b"zab zab zab", Some(&known)).unwrap();
        assert_eq!(corpus.train()[..5], [2, 4, 5, 3, 2]);
        let report = corpus.report(1, &[]);
        assert_eq!(report.vocabulary, VocabularyKind::Char);
        assert_eq!(report.added, ["␣", "a", "b"]);
        assert_eq!(report.counts, [0, 0, 3, 2, 3, 3]);
    }

    #[test]
    fn a_text_too_short_to_split_says_how_much_it_takes() {
        // 0.9 of 11 leaves two to validate, 0.9 of 10 only one.
        let refused = |text: &str| Corpus::new(&request(VocabularyKind::Char, 0.9), text.as_bytes(), None).unwrap_err();
        let needed = Trouble::TextTooShort { tokens: 1, needed: 11, batch: 1, context: 1 };
        assert_eq!(refused("a"), needed);
        assert_eq!(refused("0123456789"), Trouble::TextTooShort { tokens: 10, needed: 11, batch: 1, context: 1 });
        assert_eq!(chars("01234567890").valid().len(), 2);
    }

    #[test]
    fn a_split_that_leaves_nothing_is_refused() {
        for split in [0.0, 1.0, f64::NAN] {
            let refused = Corpus::new(&request(VocabularyKind::Char, split), b"a text", None).unwrap_err();
            assert!(matches!(refused, Trouble::OutOfRange { setting: Setting::Split, .. }));
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let refused = Corpus::new(&request(VocabularyKind::Char, 0.9), b"\x89PNG\r\n\x1A\n", None).unwrap_err();
        assert_eq!(refused, Trouble::NotText { kind: "PNG".to_owned() });
    }

    #[test]
    fn a_generated_text_comes_with_its_best_possible_loss() {
        for text in GeneratedText::ALL {
            let source = Source::Generated { text, seed: 1 };
            let request = TextRequest { source, vocabulary: VocabularyKind::Char, split: 0.9 };
            let report = Corpus::new(&request, &[], None).unwrap().report(1, &[]);
            let best = report.best_possible.unwrap();
            assert!(best > 0.0 && best < report.uniform_loss, "{text:?}: {best}");
        }
    }
}
