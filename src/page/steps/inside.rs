//! Step 3: the hidden state of the model as it reads.

use std::time::Duration;

use leptos::{leptos_dom::helpers::debounce, prelude::*};

use super::pretrain::heatmap;
use crate::page::{
    language::{use_say, use_words},
    session::use_session,
};

#[component]
pub fn InsideStep() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let mut changed = debounce(Duration::from_millis(200), move |text: String| {
        session.pictures.watch_text.set(text);
    });
    let unknown = move || {
        session.pictures.unknown.with(|unknown| (!unknown.is_empty()).then(|| (words().notice.passed_over)(unknown)))
    };
    view! {
        <div class="columns inside-columns">
            <div class="column">
                <section class="card grow">
                    <h2>{say(|words| words.inside.next_title)}</h2>
                    <label class="label" for="watch">{say(|words| words.inside.read.label)}</label>
                    <textarea
                        id="watch"
                        class="paste"
                        data-testid="watch-text"
                        aria-description=say(|words| words.inside.read.help)
                        placeholder=say(|words| words.inside.read_here)
                        spellcheck="false"
                        autocomplete="off"
                        maxlength="512"
                        prop:value=session.pictures.watch_text.get_untracked()
                        on:input=move |event| changed(event_target_value(&event))
                    ></textarea>
                    <p class="hint" role="status">{unknown}</p>
                    <p class="hint">{say(|words| words.inside.explain)}</p>
                    <p class="hint later">{say(|words| words.inside.later)}</p>
                </section>
            </div>
            <section class="card heatmap-card">{heatmap(session)}</section>
        </div>
    }
}
