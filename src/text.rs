//! The text of a corpus: from the bytes of a file to streams of symbol ids, and back to something to show.
//!
//! `read` makes clean text of bytes, a [`Vocabulary`] numbers its symbols, a [`Corpus`] is a text in ids, split into
//! a part to learn from and a part to validate on, and [`Streams`] cuts the former into chunks. [`Ngrams`] tells how
//! well counting does on the same split, and [`generated`] writes texts whose best possible loss is known.

mod corpus;
mod decoder;
pub mod generated;
mod ngrams;
mod reading;
mod streams;
mod trie;
mod vocabulary;

pub use corpus::Corpus;
pub use decoder::Decoder;
pub use ngrams::Ngrams;
pub use reading::read;
pub use streams::Streams;
pub use vocabulary::{Encoded, Vocabulary};

#[cfg(test)]
mod assets;
