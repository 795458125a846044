//! Which symbols there are, and their ids.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use unicode_normalization::char::is_combining_mark;

use super::{Decoder, reading::normalized, trie::Trie};
use crate::protocol::{Limits, Trouble, VocabularyKind};

/// The symbols of a text and their ids, from 0. A symbol is a string of bytes, whatever it stands for: a character, a byte, a
/// part of a word.
///
/// Serialised as `{"kind": "char", "symbols": "…"}`, the symbols one after the other by id, or `{"kind": "byte"}`.
/// Reading refuses a symbol that is there twice, no symbols, and more than `Limits::SYMBOLS`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Stored", try_from = "Stored")]
pub struct Vocabulary {
    kind: VocabularyKind,
    /// By id.
    symbols: Vec<Box<[u8]>>,
    ids: Trie,
}

/// A text in ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    pub ids: Vec<u32>,
    /// How to show the symbols that are not in the vocabulary and were passed over: each once, as they appear.
    pub unknown: Vec<String>,
}

impl Vocabulary {
    /// The symbols of `text` (in NFC), in the order of their scalar values, or all 256 bytes.
    ///
    /// # Errors
    /// `TextEmpty` for characters of an empty text, `TooManySymbols`.
    pub fn from_text(kind: VocabularyKind, text: &str) -> Result<Self, Trouble> {
        let mut vocabulary = Vocabulary::new(kind);
        vocabulary.extend(text)?;
        if vocabulary.is_empty() {
            return Err(Trouble::TextEmpty);
        }
        Ok(vocabulary)
    }

    /// Without any character, or with every byte, which is its own id.
    fn new(kind: VocabularyKind) -> Self {
        let mut vocabulary = Vocabulary { kind, symbols: Vec::new(), ids: Trie::default() };
        if kind == VocabularyKind::Byte {
            (0..=u8::MAX).for_each(|byte| vocabulary.add(&[byte]));
        }
        vocabulary
    }

    pub fn kind(&self) -> VocabularyKind {
        self.kind
    }

    /// How many symbols there are.
    pub fn len(&self) -> usize {
        self.symbols.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `text`, brought to NFC, in ids, each the longest symbol that stands there; what is no symbol is passed over and
    /// reported.
    pub fn encode(&self, text: &str) -> Encoded {
        let text = normalized(text);
        let mut ids = Vec::with_capacity(text.len());
        let (mut unknown, mut reported) = (Vec::new(), HashSet::new());
        let mut at = 0;
        while at < text.len() {
            if let Some((id, length)) = self.ids.longest(&text.as_bytes()[at..]) {
                ids.push(id);
                at += length;
                continue;
            }
            // A whole character, or where a symbol ended within one what is left of it.
            let length = (1..=text.len() - at).find(|&length| text.is_char_boundary(at + length)).unwrap_or(1);
            let missing = &text.as_bytes()[at..at + length];
            if reported.insert(missing) {
                unknown.push(displayed(missing));
            }
            at += length;
        }
        Encoded { ids, unknown }
    }

    /// The text of `ids`; U+FFFD for an id without a symbol and for bytes that are no UTF-8.
    pub fn decode(&self, ids: &[u32]) -> String {
        let mut decoder = Decoder::new();
        let mut text: String = ids.iter().map(|&id| decoder.push(self, id)).collect();
        text.push_str(&decoder.finish());
        text
    }

    /// How to show a symbol on its own: signs for a space and a line end, a circle under a mark that combines, the
    /// code of what has no shape.
    pub fn display(&self, id: u32) -> String {
        self.symbol(id).map_or_else(|| char::REPLACEMENT_CHARACTER.to_string(), displayed)
    }

    /// How to show every symbol, by id.
    pub fn displayed(&self) -> Vec<String> {
        (0..self.len() as u32).map(|id| self.display(id)).collect()
    }

    /// Adds the symbols of `text` that are missing, in the order of their scalar values, and says which ids are new.
    /// Ids that were there stay what they are.
    ///
    /// # Errors
    /// `TooManySymbols`; the vocabulary is then what it was.
    pub fn extend(&mut self, text: &str) -> Result<Vec<u32>, Trouble> {
        if self.kind == VocabularyKind::Byte {
            return Ok(Vec::new());
        }
        let mut missing = vec![false; char::MAX as usize + 1];
        for scalar in normalized(text).chars() {
            missing[scalar as usize] = true;
        }
        let missing = (0..=u32::from(char::MAX)).filter(|&scalar| missing[scalar as usize]);
        let mut added: Vec<char> = missing.filter_map(char::from_u32).collect();
        added.retain(|scalar| self.ids.id(scalar.encode_utf8(&mut [0; 4]).as_bytes()).is_none());
        let (before, symbols) = (self.len(), self.len() + added.len());
        if symbols > Limits::SYMBOLS {
            return Err(Trouble::TooManySymbols { symbols, limit: Limits::SYMBOLS });
        }
        for scalar in added {
            self.add(scalar.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok((before as u32..symbols as u32).collect())
    }

    /// The bytes of an id.
    pub(super) fn symbol(&self, id: u32) -> Option<&[u8]> {
        self.symbols.get(id as usize).map(|symbol| &**symbol)
    }

    /// Gives the next id to a symbol that has none.
    fn add(&mut self, symbol: &[u8]) {
        self.ids.insert(symbol, self.symbols.len() as u32);
        self.symbols.push(symbol.into());
    }
}

/// A vocabulary in a file.
#[derive(Serialize, Deserialize)]
struct Stored {
    kind: VocabularyKind,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    symbols: String,
}

impl From<Vocabulary> for Stored {
    fn from(vocabulary: Vocabulary) -> Self {
        let symbols = match vocabulary.kind {
            VocabularyKind::Char => String::from_utf8_lossy(&vocabulary.symbols.concat()).into_owned(),
            VocabularyKind::Byte => String::new(),
        };
        Stored { kind: vocabulary.kind, symbols }
    }
}

impl TryFrom<Stored> for Vocabulary {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        let mut vocabulary = Vocabulary::new(stored.kind);
        if stored.kind == VocabularyKind::Byte && !stored.symbols.is_empty() {
            return Err("bytes have no list of symbols".to_owned());
        }
        for scalar in stored.symbols.chars() {
            let (mut place, full) = ([0; 4], vocabulary.len() == Limits::SYMBOLS);
            let symbol = scalar.encode_utf8(&mut place).as_bytes();
            if vocabulary.ids.id(symbol).is_some() {
                return Err(format!("the symbol {} is there twice", shown(scalar)));
            }
            if full {
                return Err(format!("there are more than {} symbols", Limits::SYMBOLS));
            }
            vocabulary.add(symbol);
        }
        if vocabulary.is_empty() { Err("there are no symbols".to_owned()) } else { Ok(vocabulary) }
    }
}

/// How to show a symbol: its characters one by one, or where it is no UTF-8 its bytes.
fn displayed(symbol: &[u8]) -> String {
    match std::str::from_utf8(symbol) {
        Ok(text) => text.chars().map(shown).collect(),
        Err(_) => symbol.iter().map(|byte| format!("0x{byte:02X}")).collect(),
    }
}

fn shown(scalar: char) -> String {
    match scalar {
        '\n' => "↵".to_owned(),
        ' ' => "␣".to_owned(),
        '\t' => "⇥".to_owned(),
        scalar if scalar.is_control() => format!("0x{:02X}", scalar as u32),
        scalar if scalar.is_whitespace() || has_no_shape(scalar) => format!("U+{:04X}", scalar as u32),
        scalar if is_combining_mark(scalar) => format!("\u{25CC}{scalar}"),
        scalar => scalar.to_string(),
    }
}

/// Format characters (Unicode general category Cf), variation selectors and private use: nothing to see by themselves.
fn has_no_shape(scalar: char) -> bool {
    matches!(scalar,
        '\u{AD}' | '\u{34F}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}' | '\u{8E2}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{E000}'..='\u{F8FF}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 8] = [
        "First Citizen:\nBefore we proceed any further, hear me speak.\n",
        "床前明月光，疑是地上霜。",
        "😀👍🏽 🇨🇳 👩‍👩‍👧‍👦 ❤️ 🏴\u{E0067}\u{E0062}\u{E007F}",
        "x\u{302}q\u{303}\u{323} e\u{301}, Z\u{351}\u{36B}\u{343}a\u{325}lgo",
        "हिन्दी தமிழ் ภาษาไทย العربية עִבְרִית 한국어",
        "aaaaaaaaaaaaaaaaaaaa",
        "\u{0}\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}",
        "a",
    ];

    fn of(kind: VocabularyKind, text: &str) -> Vocabulary {
        Vocabulary::from_text(kind, text).unwrap()
    }

    fn chars(text: &str) -> Vocabulary {
        of(VocabularyKind::Char, text)
    }

    #[test]
    fn what_is_encoded_is_decoded_again_in_nfc() {
        for text in TEXTS {
            for kind in [VocabularyKind::Char, VocabularyKind::Byte] {
                let vocabulary = of(kind, text);
                let encoded = vocabulary.encode(text);
                assert!(encoded.unknown.is_empty());
                assert!(encoded.ids.iter().all(|&id| (id as usize) < vocabulary.len()));
                assert_eq!(vocabulary.decode(&encoded.ids), normalized(text), "{kind:?}");
            }
        }
    }

    #[test]
    fn any_ids_are_decoded_and_encoded_to_the_same_ids() {
        // Symbols that never combine, so that NFC leaves every sequence of them alone.
        let vocabulary = chars("abc 中文😀\u{200D}🏽\n");
        let mut id = 1u32;
        let ids: Vec<u32> = (0..1000).map(|_| (id, id = id * 75 % 65_537).0 % vocabulary.len() as u32).collect();
        assert_eq!(vocabulary.encode(&vocabulary.decode(&ids)).ids, ids);
    }

    #[test]
    fn symbols_are_sorted_and_numbered_from_zero() {
        let vocabulary = chars("cab bac 中");
        assert_eq!(vocabulary.displayed(), ["␣", "a", "b", "c", "中"]);
        assert_eq!(vocabulary.encode("abc").ids, [1, 2, 3]);
    }

    #[test]
    fn one_repeated_letter_is_a_vocabulary() {
        let vocabulary = chars("aaaa");
        assert_eq!((vocabulary.len(), vocabulary.encode("aaa").ids), (1, vec![0, 0, 0]));
    }

    #[test]
    fn unknown_symbols_are_reported_once_as_they_appear() {
        let encoded = chars("ab").encode("zaz\nb\u{301}z😀");
        assert_eq!(encoded.ids, [0, 1]);
        assert_eq!(encoded.unknown, ["z", "↵", "\u{25CC}\u{301}", "😀"]);
    }

    #[test]
    fn text_is_composed_before_it_is_looked_up() {
        let vocabulary = chars("\u{E9}");
        assert_eq!(vocabulary.encode("e\u{301}").ids, [0]);
        assert_eq!(chars("e\u{301}"), vocabulary);
    }

    #[test]
    fn nothing_is_unknown_to_bytes() {
        let vocabulary = of(VocabularyKind::Byte, "a");
        assert_eq!(vocabulary.len(), 256);
        assert_eq!(vocabulary.encode("中").ids, [0xE4, 0xB8, 0xAD]);
        assert_eq!(vocabulary.decode(&[0xE4, 0xB8, 0x41, 300]), "\u{FFFD}A\u{FFFD}");
    }

    #[test]
    fn symbols_of_several_characters_are_taken_where_they_fit_and_decoded_again() {
        let mut vocabulary = chars("then ");
        for part in ["the".as_bytes(), b"th", &[0xE4, 0xB8], &[0xAD]] {
            vocabulary.add(part);
        }
        let encoded = vocabulary.encode("then teh th 中\u{4E2E}");
        assert_eq!(
            encoded.ids.iter().map(|&id| vocabulary.display(id)).collect::<Vec<_>>(),
            ["the", "n", "␣", "t", "e", "h", "␣", "th", "␣", "0xE40xB8", "0xAD", "0xE40xB8"]
        );
        assert_eq!(encoded.unknown, ["0xAE"]);
        assert_eq!(vocabulary.decode(&encoded.ids[..11]), "then teh th 中");
        assert_eq!(vocabulary.decode(&encoded.ids), "then teh th 中\u{FFFD}");
    }

    #[test]
    fn symbols_without_a_shape_are_shown_by_a_sign_or_their_code() {
        let shown_each = |text: &str| text.chars().map(shown).collect::<Vec<_>>();
        assert_eq!(shown_each("a中\n \t"), ["a", "中", "↵", "␣", "⇥"]);
        assert_eq!(shown_each("\u{1B}\u{A0}\u{3000}"), ["0x1B", "U+00A0", "U+3000"]);
        assert_eq!(shown_each("\u{200D}\u{FE0F}\u{E0067}"), ["U+200D", "U+FE0F", "U+E0067"]);
        assert_eq!(shown_each("\u{301}\u{93F}"), ["\u{25CC}\u{301}", "\u{25CC}\u{93F}"]);
        let bytes = of(VocabularyKind::Byte, "");
        let ids = [0x41, 0x0A, 0x00, 0x7F, 0x80, 0xFF];
        assert_eq!(ids.map(|id| bytes.display(id)), ["A", "↵", "0x00", "0x7F", "0x80", "0xFF"]);
    }

    #[test]
    fn new_symbols_come_after_the_old_ones() {
        let mut vocabulary = chars("mn");
        assert_eq!(vocabulary.extend("zmay"), Ok(vec![2, 3, 4]));
        assert_eq!(vocabulary.displayed(), ["m", "n", "a", "y", "z"]);
        assert_eq!(vocabulary.extend("many"), Ok(vec![]));
        assert_eq!(of(VocabularyKind::Byte, "").extend("中"), Ok(vec![]));
    }

    #[test]
    fn too_many_symbols_are_refused_and_change_nothing() {
        let limit = Limits::SYMBOLS;
        let many: String = ('\u{4E00}'..).take(limit).collect();
        let mut vocabulary = chars(&many);
        let before = vocabulary.clone();
        let refused = Trouble::TooManySymbols { symbols: limit + 1, limit };
        assert_eq!(vocabulary.extend("a"), Err(refused.clone()));
        assert_eq!(vocabulary, before);
        assert_eq!(Vocabulary::from_text(VocabularyKind::Char, &(many + "a")), Err(refused));
        assert_eq!(Vocabulary::from_text(VocabularyKind::Char, ""), Err(Trouble::TextEmpty));
    }

    #[test]
    fn a_stored_vocabulary_is_read_again_with_its_ids() {
        let mut extended = chars("no\"\n\u{301}");
        extended.extend("中a").unwrap();
        for vocabulary in [extended, of(VocabularyKind::Byte, "")] {
            let stored = serde_json::to_string(&vocabulary).unwrap();
            assert_eq!(serde_json::from_str::<Vocabulary>(&stored).unwrap(), vocabulary);
        }
        assert_eq!(serde_json::to_string(&chars("ba")).unwrap(), r#"{"kind":"char","symbols":"ab"}"#);
    }

    #[test]
    fn a_stored_vocabulary_that_cannot_be_is_refused() {
        let many: String = ('\u{4E00}'..).take(Limits::SYMBOLS + 1).collect();
        for (kind, symbols) in [("char", ""), ("char", "aba"), ("char", &many), ("byte", "a"), ("word", "a")] {
            let stored = serde_json::json!({ "kind": kind, "symbols": symbols });
            assert!(serde_json::from_value::<Vocabulary>(stored).is_err(), "{kind} {symbols:.9}");
        }
    }
}
