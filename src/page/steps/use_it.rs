//! Step 5: the model at work.

use leptos::prelude::*;

use super::{ask::AskColumns, keep::Keep};
use crate::page::language::use_say;

#[component]
pub fn UseItStep() -> impl IntoView {
    let say = use_say();
    view! {
        <div class="columns use-columns">
            <AskColumns />
            <div class="column">
                <Keep />
                <p class="hint later">{say(|words| words.use_it.later)}</p>
            </div>
        </div>
    }
}
