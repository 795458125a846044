//! From the bytes of a file to clean text, or a plain reason why not.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::protocol::{Limits, Trouble};

const BOM: char = '\u{FEFF}';

/// The text in `bytes`: UTF-8, without its byte order mark, line ends as `\n`, in NFC.
///
/// # Errors
/// `TextTooLarge`, `TextEmpty` (also when there is nothing but white space), `NotText` for what is known to be
/// something else, `NulByte` and `InvalidUtf8` with the offset in `bytes` where it stands.
pub fn read(bytes: &[u8]) -> Result<String, Trouble> {
    if bytes.len() > Limits::TEXT_BYTES {
        return Err(Trouble::TextTooLarge { bytes: bytes.len() as u64, limit: Limits::TEXT_BYTES as u64 });
    }
    // Before anything else is said about the bytes, so that a picture is called a picture.
    if let Some(kind) = kind_of(bytes) {
        return Err(Trouble::NotText { kind: kind.to_owned() });
    }
    if let Some(offset) = bytes.iter().position(|&byte| byte == 0) {
        return Err(Trouble::NulByte { offset });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| Trouble::InvalidUtf8 { offset: error.valid_up_to() })?;
    let text = with_line_feeds(text.strip_prefix(BOM).unwrap_or(text));
    if text.trim().is_empty() {
        return Err(Trouble::TextEmpty);
    }
    Ok(match normalized(&text) {
        Cow::Borrowed(_) => text.into_owned(),
        Cow::Owned(text) => text,
    })
}

/// The text in NFC, copied only where it is not so already.
pub(super) fn normalized(text: &str) -> Cow<'_, str> {
    // Below U+0300, whose UTF-8 starts with this byte, everything is in NFC.
    if text.bytes().all(|byte| byte < 0xCC) || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfc().collect())
}

fn with_line_feeds(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// What a file is that is no UTF-8 text, by the mark that its format puts at the start.
fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    const AT_START: [(&[u8], &str); 28] = [
        (b"\x89PNG\r\n\x1A\n", "PNG"),
        (b"\xFF\xD8\xFF", "JPEG"),
        (b"GIF87a", "GIF"),
        (b"GIF89a", "GIF"),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"\0\0\x01\0", "ICO"),
        (b"%PDF-", "PDF"),
        (b"PK\x03\x04", "ZIP"),
        (b"PK\x05\x06", "ZIP"),
        (b"\x1F\x8B", "gzip"),
        (b"BZh91AY&SY", "bzip2"),
        (b"\xFD7zXZ\0", "xz"),
        (b"\x28\xB5\x2F\xFD", "Zstandard"),
        (b"7z\xBC\xAF\x27\x1C", "7z"),
        (b"Rar!\x1A\x07", "RAR"),
        (b"\0asm", "WebAssembly"),
        (b"\x7FELF", "ELF"),
        (b"SQLite format 3\0", "SQLite"),
        // Word, Excel and PowerPoint before 2007.
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "Microsoft Office"),
        (b"OggS\0", "Ogg"),
        (b"fLaC\0", "FLAC"),
        (b"ID3\x03", "MP3"),
        (b"ID3\x04", "MP3"),
        (b"\x1A\x45\xDF\xA3", "WebM"),
        // UTF-32 first: in little endian it begins as UTF-16 does.
        (b"\xFF\xFE\0\0", "UTF-32"),
        (b"\xFF\xFE", "UTF-16"),
        (b"\xFE\xFF", "UTF-16"),
    ];
    const WITHIN: [(usize, &[u8], &str); 5] = [
        (8, b"WEBPVP8", "WebP"),
        (8, b"WAVEfmt ", "WAV"),
        // The box that opens every file of the family begins with its length, which is small.
        (4, b"ftyp", "MP4"),
        (257, b"ustar", "tar"),
        (8, b"{\"__metadata__\":", "safetensors"),
    ];
    let at = |offset: usize, mark: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(mark));
    let mut kinds = AT_START.iter().map(|&(mark, kind)| (0, mark, kind)).chain(WITHIN);
    let (offset, _, kind) = kinds.find(|&(offset, mark, _)| at(offset, mark))?;
    // A mark inside is made of letters that a text may hold; only a binary has a NUL before or soon after it.
    let is_binary = offset == 0 || bytes.iter().take(512).any(|&byte| byte == 0);
    is_binary.then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn not_text(kind: &str) -> Result<String, Trouble> {
        Err(Trouble::NotText { kind: kind.to_owned() })
    }

    #[test]
    fn text_is_taken_as_it_is() {
        assert_eq!(read("Hello,\n 世界 👩‍👩‍👧\n".as_bytes()), Ok("Hello,\n 世界 👩‍👩‍👧\n".to_owned()));
    }

    #[test]
    fn a_byte_order_mark_is_taken_off() {
        assert_eq!(read(b"\xEF\xBB\xBFone"), Ok("one".to_owned()));
    }

    #[test]
    fn every_line_ends_with_a_line_feed() {
        assert_eq!(read(b"a\r\nb\rc\n\r\n\rd"), Ok("a\nb\nc\n\n\nd".to_owned()));
    }

    #[test]
    fn letters_and_marks_are_composed() {
        assert_eq!(read("e\u{301}A\u{30A}x\u{302}".as_bytes()), Ok("\u{E9}\u{C5}x\u{302}".to_owned()));
        // One that is a single scalar and still not in NFC.
        assert_eq!(read("\u{2126}".as_bytes()), Ok("\u{3A9}".to_owned()));
    }

    #[test]
    fn nothing_and_white_space_are_empty() {
        for bytes in [b"".as_slice(), b" \r\n\t\n", b"\xEF\xBB\xBF", "\u{3000}\n".as_bytes()] {
            assert_eq!(read(bytes), Err(Trouble::TextEmpty), "{bytes:?}");
        }
    }

    #[test]
    fn a_text_of_the_largest_size_is_read_and_one_byte_more_is_not() {
        let limit = Limits::TEXT_BYTES;
        let mut bytes = vec![b'a'; limit];
        assert_eq!(read(&bytes).map(|text| text.len()), Ok(limit));
        bytes.push(b'a');
        assert_eq!(read(&bytes), Err(Trouble::TextTooLarge { bytes: limit as u64 + 1, limit: limit as u64 }));
    }

    #[test]
    fn what_is_no_utf8_is_refused_where_it_stands() {
        assert_eq!(read(b"na\xEFve"), Err(Trouble::InvalidUtf8 { offset: 2 }));
        assert_eq!(read(b"\xEF\xBB\xBFcut \xE4\xB8"), Err(Trouble::InvalidUtf8 { offset: 7 }));
        assert_eq!(read(b"ab\0cd"), Err(Trouble::NulByte { offset: 2 }));
    }

    #[test]
    fn known_files_are_called_by_their_name() {
        assert_eq!(read(b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR"), not_text("PNG"));
        assert_eq!(read(b"\xFF\xD8\xFF\xE0\0\x10JFIF"), not_text("JPEG"));
        assert_eq!(read(b"GIF89a\x01\0\x01\0"), not_text("GIF"));
        assert_eq!(read(b"RIFF\x24\0\0\0WEBPVP8 "), not_text("WebP"));
        assert_eq!(read(b"%PDF-1.7\n%\xE2\xE3"), not_text("PDF"));
        assert_eq!(read(b"PK\x03\x04\x14\0\x06\0"), not_text("ZIP"));
        assert_eq!(read(b"\x1F\x8B\x08\0"), not_text("gzip"));
        assert_eq!(read(b"\0asm\x01\0\0\0"), not_text("WebAssembly"));
        assert_eq!(read(b"\0\0\0\x20ftypisom"), not_text("MP4"));
        assert_eq!(read(b"\x40\0\0\0\0\0\0\0{\"__metadata__\":{}}"), not_text("safetensors"));
    }

    #[test]
    fn other_unicode_encodings_are_called_by_their_name() {
        assert_eq!(read(b"\xFF\xFEh\0i\0"), not_text("UTF-16"));
        assert_eq!(read(b"\xFE\xFF\0h\0i"), not_text("UTF-16"));
        assert_eq!(read(b"\xFF\xFE\0\0h\0\0\0"), not_text("UTF-32"));
    }

    #[test]
    fn a_text_that_speaks_of_files_is_a_text() {
        for text in ["PNG and JPEG", "The ftyp box", "Rar! said the lion", "PK", "12345678{\"__metadata__\":1}"] {
            assert_eq!(read(text.as_bytes()), Ok(text.to_owned()));
        }
    }
}
