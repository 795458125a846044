//! Everything a user reads, one file a language.
