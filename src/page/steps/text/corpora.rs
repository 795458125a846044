//! The texts that come with the page, and those that are made by rule.

use leptos::prelude::*;

use crate::{
    page::{
        corpora,
        language::{use_say, use_words},
        session::use_session,
    },
    protocol::{GeneratedText, Source},
    words::Words,
};

#[component]
pub fn Corpora() -> impl IntoView {
    let session = use_session();
    let say = use_say();
    let chosen = Memo::new(move |_| match session.chosen() {
        Some(Source::Corpus { id }) => id,
        Some(Source::Generated { text, .. }) => text.id().to_owned(),
        _ => String::new(),
    });
    let given = |id: &'static str| {
        let says = move |words: &'static Words| (words.text.corpus)(id).unwrap_or((id, ""));
        entry(id, says, chosen, Callback::new(move |()| session.use_corpus(id)))
    };
    let made = |text: GeneratedText| {
        let says = move |words: &'static Words| (words.text.made)(text);
        entry(text.id(), says, chosen, Callback::new(move |()| session.use_generated(text)))
    };
    view! {
        <section class="card corpora">
            <h2 id="corpora">{say(|words| words.text.corpora)}</h2>
            <div class="entries" role="radiogroup" aria-labelledby="corpora" data-testid="corpus">
                {corpora::ALL.map(given).collect_view()}
                <h3>{say(|words| words.text.generated)}</h3>
                {GeneratedText::ALL.map(made).collect_view()}
            </div>
        </section>
    }
}

/// A name and what it is.
fn entry(
    id: &'static str,
    says: impl Fn(&'static Words) -> (&'static str, &'static str) + Copy + Send + Sync + 'static,
    chosen: Memo<String>,
    choose: Callback<()>,
) -> impl IntoView {
    let words = use_words();
    view! {
        <label class="entry">
            <input
                type="radio"
                name="corpus"
                value=id
                prop:checked=move || chosen.get() == id
                on:change=move |_| choose.run(())
            />
            <span class="entry-name">{move || says(words()).0}</span>
            <span class="entry-what">{move || says(words()).1}</span>
        </label>
    }
}
