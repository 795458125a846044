//! On or off.

use leptos::prelude::*;

use super::Says;
use crate::page::language::use_words;

#[component]
pub fn Switch(
    says: Says,
    id: &'static str,
    #[prop(into)] value: Signal<bool>,
    #[prop(into)] set: Callback<bool>,
) -> impl IntoView {
    let words = use_words();
    view! {
        <label class="switch" title=move || says(words()).help>
            <span class="label">{move || says(words()).label}</span>
            <input
                type="checkbox"
                role="switch"
                data-testid=id
                aria-description=move || says(words()).help
                prop:checked=value
                on:change=move |event| set.run(event_target_checked(&event))
            />
            <span class="switch-track" aria-hidden="true"></span>
        </label>
    }
}
