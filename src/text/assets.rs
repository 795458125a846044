//! The corpora that are committed are those that `assets/README.md` tells of.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::{Vocabulary, read};
use crate::protocol::VocabularyKind;

const IDS: [&str; 6] = ["shakespeare", "tang", "song", "shijing", "names", "udhr"];
const LARGEST: usize = 1_200_000;

fn assets() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets")
}

fn corpus(id: &str) -> Vec<u8> {
    std::fs::read(assets().join(format!("corpora/{id}.txt"))).unwrap()
}

/// The corpus's row in the README: what it is, its symbols, its checksum.
fn row(id: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(assets().join("README.md")).unwrap();
    let start = format!("| `corpora/{id}.txt` |");
    let row = readme.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
    row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
}

#[test]
fn every_corpus_has_the_checksum_that_is_named() {
    for id in IDS {
        let sum: String = Sha256::digest(corpus(id)).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(sum, row(id)[2], "{id}");
    }
}

#[test]
fn every_corpus_is_clean_text_of_a_bearable_size() {
    for id in IDS {
        let bytes = corpus(id);
        let text = read(&bytes).unwrap();
        assert!(text.as_bytes() == bytes, "{id} is not in NFC with line feeds");
        assert!(bytes.len() <= LARGEST, "{id}: {} bytes", bytes.len());
        assert!(text.ends_with('\n') && !text.contains(['\t', '\u{FFFD}']), "{id}");
        let symbols = Vocabulary::from_text(VocabularyKind::Char, &text).unwrap().len();
        assert_eq!(symbols.to_string(), row(id)[1].replace(',', ""), "{id}");
    }
}

#[test]
fn every_file_that_is_there_is_told_of() {
    let files = std::fs::read_dir(assets().join("corpora")).unwrap();
    let mut ids: Vec<String> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
    ids.sort();
    let mut expected = IDS;
    expected.sort();
    assert_eq!(ids, expected);
}
