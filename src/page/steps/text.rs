//! Step 1: the text that is learned.

mod corpora;
mod report;

use leptos::prelude::*;

use super::own_text::OwnText;
use crate::{
    page::{
        control::{Choice, NumberControl, Stops},
        language::use_say,
        session::use_session,
    },
    protocol::{Limits, VocabularyKind},
};

#[component]
pub fn TextStep() -> impl IntoView {
    let session = use_session();
    let say = use_say();
    view! {
        <div class="columns text-columns">
            <corpora::Corpora />
            <div class="column">
                <section class="card grow">
                    <h2>{say(|words| words.text.own)}</h2>
                    <OwnText
                        says=|words| words.text.use_text
                        draft=session.texts.draft
                        take=move |taken| session.use_own(taken)
                    />
                </section>
                <ReadAs />
            </div>
            <report::Report />
        </div>
    }
}

/// What a symbol is, and which part is learned from.
#[component]
fn ReadAs() -> impl IntoView {
    let session = use_session();
    let say = use_say();
    let settings = session.settings.pretraining;
    let kind = Signal::derive(move || match settings.with(|settings| settings.vocabulary) {
        VocabularyKind::Char => "char",
        VocabularyKind::Byte => "byte",
    });
    let set_kind = move |name: &'static str| {
        let kind = if name == "byte" { VocabularyKind::Byte } else { VocabularyKind::Char };
        settings.update(|settings| settings.vocabulary = kind);
        session.read_again();
    };
    let split = Signal::derive(move || settings.with(|settings| settings.split));
    // The text is read again when the hand comes to rest.
    let read_again =
        leptos::leptos_dom::helpers::debounce(std::time::Duration::from_millis(400), move |()| session.read_again());
    let mut read_again = read_again;
    let set_split = move |value| {
        settings.update(|settings| settings.split = value);
    };
    Effect::watch(
        move || split.get(),
        move |now, before, _| {
            if before.is_some_and(|before| before != now) {
                read_again(());
            }
        },
        false,
    );
    view! {
        <section class="card">
            <h2>{say(|words| words.text.read_as)}</h2>
            <Choice
                says=|words| words.text.vocabulary
                id="vocabulary"
                options=vec![("char", |words| words.text.characters), ("byte", |words| words.text.bytes)]
                value=kind
                set=set_kind
                labelled=true
            />
            <NumberControl
                says=|words| words.text.split
                id="split"
                range=Limits::SPLIT
                stops=Stops::Even { low: 0.5, step: 0.05, count: 9 }
                value=split
                set=set_split
            />
        </section>
    }
}
