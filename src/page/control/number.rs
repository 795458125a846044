//! A number: a slider for the hand, and the figure beside it that can be typed.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::{Says, Stops};
use crate::{
    page::{language::use_words, session::use_session},
    protocol::{Range, Setting, Trouble},
    words::number,
};

#[component]
pub fn NumberControl(
    says: Says,
    /// The name that tests and labels go by.
    id: &'static str,
    setting: Setting,
    range: Range,
    stops: Stops,
    #[prop(into)] value: Signal<f64>,
    /// Called with values in range only.
    #[prop(into)]
    set: Callback<f64>,
    #[prop(optional)] whole: bool,
    #[prop(into, optional)] disabled: Signal<bool>,
) -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let refused = RwSignal::new(false);

    let checked = move |typed: &str| -> Result<f64, Trouble> {
        let parsed = typed.trim().replace(',', "").parse::<f64>().unwrap_or(f64::NAN);
        let parsed = if whole && parsed.fract() != 0.0 { f64::NAN } else { parsed };
        range.check(setting, parsed).map(|()| parsed).map_err(|_| Trouble::OutOfRange {
            setting,
            value: if typed.trim().is_empty() { "–".to_owned() } else { typed.trim().chars().take(24).collect() },
            low: range.low,
            high: range.high,
        })
    };
    let typing = move |event| {
        let result = checked(&event_target_value(&event));
        refused.set(result.is_err());
        if let Ok(number) = result {
            set.run(number);
        }
    };
    // What was typed stays only where it can be used.
    let typed = move |event: web_sys::Event| {
        if let Err(trouble) = checked(&event_target_value(&event)) {
            session.trouble(trouble);
            refused.set(false);
        }
        event_target::<web_sys::HtmlInputElement>(&event).set_value(&number::setting(value.get_untracked()));
    };
    let step = move |event: KeyboardEvent| {
        let index = stops.nearest(value.get_untracked());
        let to = match event.key().as_str() {
            "ArrowUp" => index + 1,
            "ArrowDown" => index.saturating_sub(1),
            _ => return,
        };
        event.prevent_default();
        set.run(stops.value(to.min(stops.last())));
    };
    let slid = move |event| {
        let index = event_target_value(&event).parse().unwrap_or(0);
        refused.set(false);
        set.run(stops.value(index));
    };
    let position = move || stops.nearest(value.get());
    let fill = move || format!("{}%", 100.0 * position() as f64 / stops.last().max(1) as f64);
    let help_id = format!("{id}-help");

    view! {
        <div class="number" class:is-disabled=disabled title=move || says(words()).help>
            <label class="label" for=id>
                {move || says(words()).label}
            </label>
            <input
                class="slider"
                type="range"
                min="0"
                max=stops.last()
                step="1"
                aria-label=move || says(words()).label
                aria-valuetext=move || number::setting(value.get())
                prop:value=position
                prop:disabled=disabled
                style=("--fill", fill)
                on:input=slid
            />
            <input
                id=id
                class="figure"
                data-testid=id
                type="text"
                inputmode="decimal"
                autocomplete="off"
                spellcheck="false"
                aria-describedby=help_id.clone()
                aria-invalid=move || refused.get().to_string()
                prop:value=move || number::setting(value.get())
                prop:disabled=disabled
                on:input=typing
                on:change=typed
                on:keydown=step
            />
            <span class="unseen" id=help_id>
                {move || says(words()).help}
            </span>
        </div>
    }
}
