//! From symbol ids to text, one id at a time, as a model writes them.

use super::Vocabulary;

/// Turns ids into text as they come.
///
/// It holds back a character whose last bytes are still to come, and writes U+FFFD for bytes that are no UTF-8, as
/// `String::from_utf8_lossy` does, and for an id without a symbol.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// The start of a character in UTF-8, at most three bytes.
    pending: Vec<u8>,
}

impl Decoder {
    pub fn new() -> Self {
        Self::default()
    }

    /// The text that `id` completes; empty where a character is not complete yet.
    pub fn push(&mut self, vocabulary: &Vocabulary, id: u32) -> String {
        match vocabulary.symbol(id) {
            Some(symbol) => self.push_bytes(symbol),
            None => self.finish() + char::REPLACEMENT_CHARACTER.encode_utf8(&mut [0; 4]),
        }
    }

    /// What is left when no more ids come: U+FFFD for a character that was never completed, else nothing.
    pub fn finish(&mut self) -> String {
        let rest = String::from_utf8_lossy(&self.pending).into_owned();
        self.pending.clear();
        rest
    }

    fn push_bytes(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let mut text = String::new();
        // Ends: every turn either leaves the loop or takes at least one byte away.
        loop {
            let (complete, invalid) = match std::str::from_utf8(&self.pending) {
                Ok(complete) => (complete.len(), None),
                Err(error) => (error.valid_up_to(), error.error_len()),
            };
            text.push_str(&String::from_utf8_lossy(&self.pending[..complete]));
            self.pending.drain(..complete + invalid.unwrap_or_default());
            if invalid.is_none() {
                return text;
            }
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::VocabularyKind;

    fn bytes() -> Vocabulary {
        Vocabulary::from_text(VocabularyKind::Byte, "").unwrap()
    }

    fn pieces(bytes_in: &[u8]) -> Vec<String> {
        let (vocabulary, mut decoder) = (bytes(), Decoder::new());
        let mut pieces: Vec<_> = bytes_in.iter().map(|&byte| decoder.push(&vocabulary, byte.into())).collect();
        pieces.push(decoder.finish());
        pieces
    }

    #[test]
    fn a_character_is_written_when_its_last_byte_comes() {
        assert_eq!(pieces("a中😀".as_bytes()), ["a", "", "", "中", "", "", "", "😀", ""]);
    }

    #[test]
    fn a_character_that_is_never_completed_is_replaced() {
        assert_eq!(pieces(b"\xE4\xB8a"), ["", "", "\u{FFFD}a", ""]);
        assert_eq!(pieces(b"\xE4\xB8"), ["", "", "\u{FFFD}"]);
        assert_eq!(pieces(b"\xE4\xE4\xB8\xAD"), ["", "\u{FFFD}", "", "中", ""]);
    }

    #[test]
    fn any_bytes_are_written_as_the_standard_library_reads_them() {
        // Every pair of bytes of interest, next to one another, and each before a letter.
        let interesting = [b'a', 0x80, 0xBF, 0xC0, 0xC3, 0xE0, 0xA0, 0xED, 0xF0, 0x90, 0xF4, 0xFF];
        for first in interesting {
            for second in interesting {
                for third in interesting {
                    let sequence = [first, second, third, b'z', third, first];
                    assert_eq!(pieces(&sequence).concat(), String::from_utf8_lossy(&sequence), "{sequence:?}");
                }
            }
        }
    }

    #[test]
    fn ids_of_characters_are_written_at_once() {
        let vocabulary = Vocabulary::from_text(VocabularyKind::Char, "中a").unwrap();
        let mut decoder = Decoder::new();
        assert_eq!(decoder.push(&vocabulary, 1), "中");
        assert_eq!(decoder.push(&vocabulary, 0), "a");
        assert_eq!(decoder.push(&vocabulary, 9), "\u{FFFD}");
        assert_eq!(decoder.finish(), "");
    }
}
