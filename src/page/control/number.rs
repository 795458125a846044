//! A number: a slider for the hand, and beside it a field to type in.
//!
//! The slider acts as it moves. What is typed acts on Enter and on leaving the field: `0.` on the way to `0.002` is not
//! meant. Until then the field is the user's, and it stays so while it holds what cannot be read.

mod typed;

use leptos::{html, prelude::*};
use web_sys::KeyboardEvent;

use super::{Says, Stops};
use crate::{
    float::within,
    page::{keyboard::is_composing, language::use_words},
    protocol::Range,
    words::number,
};

/// Characters of a refused text that the sentence repeats.
const REPEATED: usize = 24;

#[component]
pub fn NumberControl(
    says: Says,
    /// The name that tests and labels go by.
    id: &'static str,
    range: Range,
    stops: Stops,
    #[prop(into)] value: Signal<f64>,
    /// Called with values in range only, and only with another than the present one.
    #[prop(into)]
    set: Callback<f64>,
    #[prop(optional)] whole: bool,
    #[prop(into, optional)] disabled: Signal<bool>,
) -> impl IntoView {
    let words = use_words();
    let label = Signal::derive(move || says(words()).label);
    let help = Signal::derive(move || says(words()).help);
    let field = NodeRef::<html::Input>::new();
    let focused = RwSignal::new(false);
    // Something was typed that has not acted yet.
    let pending = StoredValue::new(false);
    // What could not be taken, and why.
    let refused = RwSignal::new(None);

    let text = move || field.get_untracked().map(|field| field.value()).unwrap_or_default();
    let write = move |number| {
        pending.set_value(false);
        refused.set(None);
        if let Some(field) = field.get_untracked() {
            field.set_value(&number::setting(number));
        }
    };
    let change = move |number: f64| {
        if number != value.get_untracked() {
            set.run(number);
        }
    };
    // The field follows the value, except where it is the user's.
    Effect::new(move |before: Option<f64>| {
        let now = value.get();
        let replaced = before.is_some_and(|before| before != now);
        if field.get().is_some() && !focused.get() && (replaced || refused.with_untracked(Option::is_none)) {
            write(now);
        }
        now
    });

    let take = move || {
        if !pending.get_value() {
            return;
        }
        pending.set_value(false);
        let text = text();
        match typed::read(&text, whole, range) {
            Ok(number) => {
                refused.set(None);
                change(number);
            }
            Err(why) => refused.set(Some((why, text.trim().chars().take(REPEATED).collect::<String>()))),
        }
    };
    let typing = move |_| {
        pending.set_value(true);
        // Blame ends as soon as there is nothing to blame.
        if refused.with_untracked(Option::is_some) && typed::read(&text(), whole, range).is_ok() {
            refused.set(None);
        }
    };
    let step = move |next: fn(Stops, f64) -> f64, to_whole: fn(f64) -> f64| {
        let from = typed::read(&text(), whole, range).unwrap_or(value.get_untracked());
        let to = next(stops, from);
        let to = within(if whole { to_whole(to) } else { to }, range.low, range.high);
        write(to);
        change(to);
    };
    let key = move |event: KeyboardEvent| {
        if is_composing(&event) {
            return;
        }
        match event.key().as_str() {
            "Enter" => take(),
            "ArrowUp" => step(Stops::above, f64::ceil),
            "ArrowDown" => step(Stops::below, f64::floor),
            "Escape" if pending.get_value() || refused.with_untracked(Option::is_some) => {
                write(value.get_untracked());
                // What is around the field stays open.
                event.stop_propagation();
            }
            _ => return,
        }
        event.prevent_default();
    };
    let slid = move |event| {
        let number = stops.value(event_target_value(&event).parse::<usize>().unwrap_or(0));
        write(number);
        change(number);
    };
    let position = move || stops.nearest(value.get());
    let fill = move || number::percent(position() as f64 / stops.last().max(1) as f64);
    let sentence = move || {
        refused.get().map(|(why, text)| {
            let sentence = (words().number.refused)(why, label.get(), &text, whole, range);
            view! { <p class="refusal" id=format!("{id}-refused") data-testid="notice" role="alert" aria-live="polite">{sentence}</p> }
        })
    };
    // The keyboards of telephones for numbers have no minus.
    let keyboard = match (range.low < 0.0, whole) {
        (true, _) => "text",
        (false, true) => "numeric",
        (false, false) => "decimal",
    };

    view! {
        <div class="number" class:is-disabled=disabled title=help>
            <label class="label" for=id>
                {label}
            </label>
            <input
                class="slider"
                type="range"
                min="0"
                max=stops.last()
                step="1"
                aria-label=label
                aria-valuetext=move || number::setting(value.get())
                prop:value=position
                prop:disabled=disabled
                style=("--fill", fill)
                on:input=slid
            />
            <input
                node_ref=field
                id=id
                class="figure"
                data-testid=id
                type="text"
                inputmode=keyboard
                enterkeyhint="done"
                autocomplete="off"
                spellcheck="false"
                aria-describedby=format!("{id}-help {id}-refused")
                aria-invalid=move || refused.with(Option::is_some).to_string()
                prop:disabled=disabled
                on:input=typing
                on:keydown=key
                on:focus=move |_| focused.set(true)
                on:blur=move |_| {
                    take();
                    focused.set(false);
                }
            />
            <span class="unseen" id=format!("{id}-help")>{help}</span>
            {sentence}
        </div>
    }
}
