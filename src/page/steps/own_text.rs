//! A text of the user's own: pasted, chosen as a file, or dropped.

use std::sync::Arc;

use leptos::{html, prelude::*};
use web_sys::{DragEvent, File};

use crate::page::{
    control::{FilePicker, Icon, Says, Shape, read_file},
    language::{use_say, use_words},
    session::{Draft, Taken, fits, use_session},
};
use crate::words::number;

#[component]
pub fn OwnText(
    /// The button that takes the text.
    says: Says,
    /// What is there before it is taken, and when the user comes back.
    draft: Draft,
    /// An empty name stands for a pasted text.
    #[prop(into)]
    take: Callback<Taken>,
    /// A chosen file is taken at once.
    #[prop(default = true)]
    at_once: bool,
) -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let area = NodeRef::<html::Textarea>::new();
    let over = RwSignal::new(false);

    let pasted = move || area.get_untracked().map(|area| area.value()).unwrap_or_default();
    let use_text = move |_| {
        let text = pasted();
        match draft.file.get_untracked().filter(|_| text.is_empty()) {
            Some(taken) => take.run(taken),
            None => take.run((String::new(), Arc::new(text.into_bytes()))),
        }
    };
    let forget = move || {
        if draft.file.with_untracked(Option::is_some) {
            draft.file.set(None);
        }
    };
    // Not at every key: a pasted text can have megabytes.
    let keep = move || draft.pasted.set(pasted());
    let label = move || {
        draft
            .file
            .with(|file| file.as_ref().map(|(name, bytes)| format!("{name} · {}", number::bytes(bytes.len() as u64))))
    };
    let chosen = move |chosen: File| {
        read_file(session, chosen, fits, move |name, bytes| {
            let taken = (name, Arc::new(bytes));
            if let Some(area) = area.get_untracked() {
                area.set_value("");
            }
            draft.pasted.set(String::new());
            draft.file.set(Some(taken.clone()));
            if at_once {
                take.run(taken);
            }
        });
    };
    let chip = move |label: String| {
        view! {
            <span class="chip">
                {label}
                <button class="plain" aria-label=say(|words| words.text.remove_file) title=say(|words| words.text.remove_file) on:click=move |_| forget()>
                    <Icon shape=Shape::Close />
                </button>
            </span>
        }
    };
    let dropped = move |event: DragEvent| {
        event.prevent_default();
        over.set(false);
        if let Some(first) = event.data_transfer().and_then(|data| data.files()).and_then(|files| files.get(0)) {
            chosen(first);
        }
    };
    view! {
        <div
            class="own"
            class:is-over=over
            on:dragover=move |event| {
                event.prevent_default();
                over.set(true);
            }
            on:dragleave=move |_| over.set(false)
            on:drop=dropped
        >
            <textarea
                node_ref=area
                class="paste"
                data-testid="text-input"
                aria-label=say(|words| words.text.paste.label)
                aria-description=say(|words| words.text.paste.help)
                placeholder=say(|words| words.text.paste_here)
                spellcheck="false"
                autocomplete="off"
                prop:value=draft.pasted.get_untracked()
                on:input=move |_| forget()
                on:change=move |_| keep()
                on:blur=move |_| keep()
            ></textarea>
            <div class="own-foot">
                <FilePicker
                    says=|words| words.text.file
                    id="text-file"
                    accept=".txt,.md,.csv,.json,.tex,.html,.xml,.log,text/*"
                    chosen
                />
                {move || label().map(chip)}
                <span class="hint" class:is-gone=move || draft.file.with(Option::is_some)>
                    {say(|words| words.text.drop)}
                </span>
                <button
                    class="button is-primary"
                    data-testid="use-text"
                    title=move || says(words()).help
                    on:click=use_text
                >
                    {move || says(words()).label}
                </button>
            </div>
        </div>
    }
}
