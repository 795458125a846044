//! The part of a text that a model will read, cut before anything is made of it: a user may paste a whole book.

/// Symbols of a prompt that are read; what stands before them hardly moves the state any more.
pub const PROMPT: usize = 2048;

/// Characters for each symbol that is wanted: several may make one symbol, and a model may not know all of them.
const CHARACTERS: usize = 16;

/// Enough of the start of `text` for so many symbols.
pub fn head(text: &str, symbols: usize) -> String {
    let end = text.char_indices().nth(symbols * CHARACTERS).map_or(text.len(), |(end, _)| end);
    text[..end].to_owned()
}

/// Enough of the end of `text` for so many symbols.
pub fn tail(text: &str, symbols: usize) -> String {
    let start = text.char_indices().rev().nth(symbols * CHARACTERS - 1).map_or(0, |(start, _)| start);
    text[start..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters_and_a_short_one_stays_whole() {
        let text = "a中".repeat(20);
        assert_eq!(head(&text, 1), "a中".repeat(8));
        assert_eq!(tail(&text, 2), "a中".repeat(16));
        assert_eq!((head(&text, 3), tail(&text, 3)), (text.clone(), text));
        assert_eq!((head("", 1), tail("", 1)), (String::new(), String::new()));
    }
}
