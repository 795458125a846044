//! The page: leptos components, and pictures on canvas. Holds no tensor.
//!
//! `session` has the stores; `engine_link` brings them what the engine says. `shell` stands around every step, `steps`
//! are the five of them, `control` what they are made of; `plot` is the kit of the `pictures`.

mod address;
mod clipboard;
mod control;
mod corpora;
mod download;
mod engine_link;
pub mod history;
mod json;
mod keyboard;
pub mod language;
mod last_words;
pub mod pictures;
pub mod plot;
mod session;
mod settings;
mod shell;
mod sort;
mod steps;
mod storage;
mod theme;
mod visibility;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use self::{
    address::Address,
    language::provide_language,
    pictures::Views,
    plot::Selection,
    session::{Session, ViewStore},
    settings::{Settings, SettingsStore},
    steps::PresentStep,
    theme::Theme,
};
use crate::words::Language;

/// What is remembered from visit to visit.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    language: Option<String>,
    theme: Theme,
    settings: Option<Settings>,
}

const MEMORY: &str = "unroll";

/// Draws the page and starts the engine.
pub fn run() {
    last_words::listen();
    leptos::mount::mount_to_body(Page);
}

#[component]
fn Page() -> impl IntoView {
    let address = Address::of_page();
    let memory: Memory = storage::read(MEMORY).unwrap_or_default();
    let remembered = memory.language.as_deref().and_then(Language::from_tag);
    let language = address.language.or(remembered).unwrap_or_else(language_of_browser);
    let theme = address.theme.unwrap_or(memory.theme);
    // Settings of an earlier version of the page may be out of today's range.
    let settings = memory.settings.clone().filter(|settings| settings.check().is_ok()).unwrap_or_default();
    let view = ViewStore::new(language, theme);
    let session = Session::new(address, view, SettingsStore::new(settings));
    provide_context(session);
    provide_language(view.language);
    provide_context(Selection::new(session.pictures.layer));
    provide_context(Views::default());

    Effect::new(move || view.theme.get().apply());
    Effect::new(move || name_document(view.language.get()));
    Effect::new(move || {
        // What only the address asks for is forgotten with it.
        let (language, theme) = (view.language.get(), view.theme.get());
        let memory = Memory {
            language: if address.language == Some(language) {
                memory.language.clone()
            } else {
                Some(language.tag().to_owned())
            },
            theme: if address.theme == Some(theme) { memory.theme } else { theme },
            settings: Some(session.settings.pretraining.get()),
        };
        storage::write(MEMORY, &memory);
    });
    Effect::watch(
        move || {
            let pictures = session.pictures;
            let seen = (pictures.hidden_seen.get(), pictures.next_seen.get(), view.visible.get());
            (seen, pictures.watch_text.get(), pictures.layer.get())
        },
        move |_, _, _| session.settle_subscriptions(),
        false,
    );
    visibility::listen(view.visible);
    keyboard::listen(session);
    session.start_engine();
    session.use_corpus(corpora::FIRST);

    view! {
        <shell::Header />
        <shell::NoticeBar />
        <PresentStep />
        <shell::Transport />
    }
}

fn language_of_browser() -> Language {
    let tag = web_sys::window().and_then(|window| window.navigator().language()).unwrap_or_default();
    Language::from_tag(&tag).unwrap_or_default()
}

fn name_document(language: Language) {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
    document.set_title(language.words().header.title);
    if let Some(root) = document.document_element() {
        let _ = root.set_attribute("lang", language.tag());
    }
}
