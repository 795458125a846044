//! A text of the user's own: pasted, chosen as a file, or dropped.

use leptos::{html, prelude::*};
use web_sys::{DragEvent, File};

use crate::page::{
    control::{FilePicker, Icon, Says, Shape, read_file},
    language::{use_say, use_words},
    session::{fits, use_session},
};
use crate::words::number;

/// The name of the file, and its bytes.
type Taken = (String, Vec<u8>);

#[component]
pub fn OwnText(
    /// The button that takes the text.
    says: Says,
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
    let file = StoredValue::new(None::<Taken>);
    let file_label = RwSignal::new(None::<String>);
    let over = RwSignal::new(false);

    let pasted = move || area.get_untracked().map(|area| area.value()).unwrap_or_default();
    let use_text = move |_| {
        let text = pasted();
        match file.get_value().filter(|_| text.is_empty()) {
            Some(taken) => take.run(taken),
            None => take.run((String::new(), text.into_bytes())),
        }
    };
    let forget = move || {
        file.set_value(None);
        file_label.set(None);
    };
    let chosen = move |chosen: File| {
        read_file(session, chosen, fits, move |name, bytes| {
            file_label.set(Some(format!("{name} · {}", number::bytes(bytes.len() as u64))));
            if let Some(area) = area.get_untracked() {
                area.set_value("");
            }
            file.set_value(Some((name.clone(), bytes.clone())));
            if at_once {
                take.run((name, bytes));
            }
        });
    };
    let chip = move |label: String| {
        view! {
            <span class="chip">
                {label}
                <button class="plain" aria-label=say(|words| words.notice.dismiss) on:click=move |_| forget()>
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
                on:input=move |_| forget()
            ></textarea>
            <div class="own-foot">
                <FilePicker
                    says=|words| words.text.file
                    id="text-file"
                    accept=".txt,.md,.csv,.json,.tex,.html,.xml,.log,text/*"
                    chosen
                />
                {move || file_label.get().map(chip)}
                <span class="hint" class:is-gone=move || file_label.with(Option::is_some)>
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
