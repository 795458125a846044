//! Saving the model as a file, and taking one from a file.

use leptos::prelude::*;
use web_sys::File;

use crate::{
    page::{
        control::{FilePicker, read_file},
        language::{use_say, use_words},
        session::use_session,
    },
    protocol::Trouble,
};

#[component]
pub fn Keep() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let chosen = move |file: File| read_file(session, file, any_size, move |_, bytes| session.load(bytes));
    let present = move || {
        let model = session.run.model.get()?;
        Some((words().keep.present)(session.run.figures.get().step, model.parameters as u64))
    };
    view! {
        <section class="card">
            <h2>{say(|words| words.keep.title)}</h2>
            <p class="hint">{say(|words| words.keep.explain)}</p>
            <p>{present}</p>
            <div class="row">
                <button
                    class="button"
                    data-testid="save-model"
                    title=say(|words| words.keep.save.help)
                    prop:disabled=move || !session.has_model()
                    on:click=move |_| session.save()
                >
                    {say(|words| words.keep.save.label)}
                </button>
                <FilePicker says=|words| words.keep.load id="load-model" accept=".safetensors" chosen />
            </div>
        </section>
    }
}

/// The engine looks at a model's size itself, by its tensors.
fn any_size(_: u64) -> Result<(), Trouble> {
    Ok(())
}
