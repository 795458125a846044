//! Step 5: the model at work.

use leptos::prelude::*;

use super::{ask::Ask, keep::Keep};
use crate::page::language::use_words;

#[component]
pub fn UseItStep() -> impl IntoView {
    let words = use_words();
    view! {
        <div class="columns use-columns">
            <Ask large=true />
            <div class="column">
                <Keep />
                <p class="hint later">{move || words().use_it.later}</p>
            </div>
        </div>
    }
}
