//! The page: leptos components, and pictures on canvas. Holds no tensor.
//!
//! `session` is the one store; `engine_link` brings it what the engine says. `shell` stands around every step, `steps`
//! are the five of them, `control` what they are made of; `plot` is the kit of the `pictures`.

mod address;
mod clipboard;
mod control;
mod corpora;
mod download;
mod engine_link;
pub mod history;
mod keyboard;
pub mod language;
pub mod pictures;
pub mod plot;
mod session;
mod settings;
mod shell;
mod sort;
mod steps;
mod storage;
mod theme;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use self::{
    address::Address, language::provide_language, pictures::Views, plot::Selection, session::Session,
    settings::Settings, steps::PresentStep, theme::Theme,
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
    console_error_panic_hook::set_once();
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
    let settings = memory.settings.filter(|settings| settings.check().is_ok()).unwrap_or_default();
    let session = Session::new(address, language, theme, settings);
    provide_context(session);
    provide_language(session.language);
    provide_context(Selection::new(session.layer));
    provide_context(Views::default());

    Effect::new(move || session.theme.get().apply());
    Effect::new(move || name_document(session.language.get()));
    Effect::new(move || {
        let memory = Memory {
            language: Some(session.language.get().tag().to_owned()),
            theme: session.theme.get(),
            settings: Some(session.settings.get()),
        };
        storage::write(MEMORY, &memory);
    });
    Effect::watch(move || (session.watch_text.get(), session.layer.get()), move |_, _, _| session.watch_now(), false);
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
