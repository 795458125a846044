//! One of a few, side by side: real radio buttons in the shape of a segmented control.

use leptos::prelude::*;

use super::Says;
use crate::{page::language::use_words, words::Words};

/// The name that tests and settings go by, and how it is called in each language.
type Named = (&'static str, fn(&'static Words) -> &'static str);

#[component]
pub fn Choice(
    says: Says,
    /// The name that tests go by, and that holds the radio buttons together.
    id: &'static str,
    /// What each stands for, and how it is called.
    options: Vec<Named>,
    #[prop(into)] value: Signal<&'static str>,
    #[prop(into)] set: Callback<&'static str>,
    /// The label stands beside it; otherwise it is for screen readers only.
    #[prop(optional)]
    labelled: bool,
) -> impl IntoView {
    let words = use_words();
    let option = move |(name, says): Named| {
        view! {
            <label class="segment">
                <input
                    type="radio"
                    name=id
                    value=name
                    prop:checked=move || value.get() == name
                    on:change=move |_| set.run(name)
                />
                <span>{move || says(words())}</span>
            </label>
        }
    };
    view! {
        <div class="choice" class:is-labelled=labelled title=move || says(words()).help>
            {labelled.then(|| view! { <span class="label" aria-hidden="true">{move || says(words()).label}</span> })}
            <div
                class="segments"
                role="radiogroup"
                data-testid=id
                aria-label=move || says(words()).label
                aria-description=move || says(words()).help
            >
                {options.into_iter().map(option).collect_view()}
            </div>
        </div>
    }
}
