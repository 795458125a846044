//! A file of the user's.

use js_sys::Uint8Array;
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use super::Says;
use crate::{
    page::{language::use_words, session::Session},
    protocol::Trouble,
};

/// Hands the file's name and bytes to `then`, unless `check` refuses its size.
pub fn read_file(
    session: Session,
    file: File,
    check: fn(u64) -> Result<(), Trouble>,
    then: impl FnOnce(String, Vec<u8>) + 'static,
) {
    if !session.accept(check(file.size() as u64)) {
        return;
    }
    spawn_local(async move {
        match JsFuture::from(file.array_buffer()).await {
            Ok(buffer) => then(file.name(), Uint8Array::new(&buffer).to_vec()),
            Err(error) => {
                let reason = js_sys::Reflect::get(&error, &"message".into()).ok().and_then(|reason| reason.as_string());
                session.trouble(Trouble::CannotRead { name: file.name(), reason: reason.unwrap_or_default() });
            }
        }
    });
}

/// A button that opens the browser's file dialogue.
#[component]
pub fn FilePicker(
    says: Says,
    id: &'static str,
    accept: &'static str,
    #[prop(into)] chosen: Callback<File>,
) -> impl IntoView {
    let words = use_words();
    let input = NodeRef::<leptos::html::Input>::new();
    let changed = move |_| {
        let Some(input) = input.get_untracked() else { return };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            chosen.run(file);
        }
        // The same file can be chosen again.
        input.set_value("");
    };
    view! {
        <label class="button file" title=move || says(words()).help>
            <input
                node_ref=input
                type="file"
                data-testid=id
                accept=accept
                aria-description=move || says(words()).help
                on:change=changed
            />
            <span>{move || says(words()).label}</span>
        </label>
    }
}
