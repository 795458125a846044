//! The language that the page speaks.

use leptos::prelude::*;

use crate::words::{Language, Words};

#[derive(Clone, Copy)]
struct Spoken(RwSignal<Language>);

/// Lets every component below speak this language.
pub fn provide_language(language: RwSignal<Language>) {
    provide_context(Spoken(language));
}

pub fn use_language() -> RwSignal<Language> {
    use_context::<Spoken>().map_or_else(|| RwSignal::new(Language::default()), |spoken| spoken.0)
}

/// The words of the present language: `{move || words().header.title}`.
pub fn use_words() -> impl Fn() -> &'static Words + Copy + Send + Sync + 'static {
    let language = use_language();
    move || language.get().words()
}

/// One of the present language's words: `{say(|words| words.header.title)}`. A signal and not a closure, so that the
/// page's program holds the code that draws it once and not once a word.
pub fn use_say() -> impl Fn(fn(&'static Words) -> &'static str) -> Signal<&'static str> + Copy + Send + Sync + 'static {
    let language = use_language();
    move |pick| Signal::derive(move || pick(language.get().words()))
}
