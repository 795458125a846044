//! A prompt for the model, what it writes, and what it thinks comes next.

use std::time::Duration;

use leptos::{leptos_dom::helpers::debounce, prelude::*};
use web_sys::KeyboardEvent;

use crate::{
    page::{
        control::{NumberControl, Says, Stops},
        keyboard::is_composing,
        language::{use_say, use_words},
        pictures::ProbabilityBars,
        session::{Asking, LIKELIEST, use_session},
    },
    protocol::{Limits, NO_REQUEST, Range},
};

const LENGTHS: Stops = Stops::At(&[1.0, 50.0, 100.0, 200.0, 300.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0]);
const TOP_K: Stops = Stops::At(&[0.0, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
const TOP_K_RANGE: Range = Range { low: 0.0, high: 8192.0 };

/// Everything in one card.
#[component]
pub fn AskCard() -> impl IntoView {
    let say = use_say();
    view! {
        <section class="card ask">
            <h2>{say(|words| words.ask.title)}</h2>
            <Prompt rows=1 />
            <SamplingSettings />
            <WrittenText />
            <NextSymbols />
        </section>
    }
}

/// Two cards: a larger prompt with all that goes with it, and beside it the text.
#[component]
pub fn AskColumns() -> impl IntoView {
    let say = use_say();
    view! {
        <section class="card ask-settings">
            <h2>{say(|words| words.use_it.title)}</h2>
            <Prompt rows=5 />
            <SamplingSettings />
            <h3>{say(|words| words.ask.next)}</h3>
            <NextSymbols />
        </section>
        <section class="card grow">
            <WrittenText />
        </section>
    }
}

/// The prompt and its buttons; Enter writes, Shift + Enter is a new line.
#[component]
fn Prompt(rows: u32) -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let asking = session.writing.asking;
    let mut resubscribe = debounce(Duration::from_millis(150), move |()| session.settle_subscriptions());
    let typing = move |event| {
        asking.update(|asking| asking.prompt = event_target_value(&event));
        resubscribe(());
    };
    let key = move |event: KeyboardEvent| {
        if event.key() == "Enter" && !event.shift_key() && !is_composing(&event) {
            event.prevent_default();
            session.generate();
        }
    };
    let going = move || session.writing.written.with(|writing| writing.going);
    let says = move || match (going(), session.writing.written.with(|writing| writing.request != NO_REQUEST)) {
        (true, _) => words().ask.stop,
        (false, true) if rows > 1 => words().ask.again,
        _ => words().ask.write,
    };
    let press = move |_| if going() { session.stop_writing() } else { session.generate() };
    let idle = move || !session.has_model();
    view! {
        <div class="prompt">
            <textarea
                class="prompt-text"
                data-testid="prompt"
                rows=rows
                aria-label=say(|words| words.ask.prompt.label)
                aria-description=say(|words| words.ask.prompt.help)
                placeholder=say(|words| words.ask.prompt_here)
                spellcheck="false"
                autocomplete="off"
                prop:value=move || asking.with(|asking| asking.prompt.clone())
                on:input=typing
                on:keydown=key
            ></textarea>
            <button
                class="button is-primary"
                data-testid="generate"
                title=move || says().help
                prop:disabled=idle
                on:click=press
            >
                {move || says().label}
            </button>
        </div>
    }
}

/// Temperature, length, and from how many symbols is drawn.
#[component]
fn SamplingSettings() -> impl IntoView {
    let asking = use_session().writing.asking;
    let control = move |says: Says, id, range, stops, read: fn(&Asking) -> f64, write: fn(&mut Asking, f64)| {
        view! {
            <NumberControl
                says
                id
                range
                stops
                whole=id != "temperature"
                value=Signal::derive(move || asking.with(read))
                set=move |value| asking.update(|asking| write(asking, value))
            />
        }
    };
    view! {
        {control(
            |words| words.ask.temperature,
            "temperature",
            Limits::TEMPERATURE,
            Stops::Even { low: 0.0, step: 0.1, count: 20 },
            |asking| asking.temperature,
            |asking, value| asking.temperature = value,
        )}
        {control(
            |words| words.ask.length,
            "length",
            Limits::LENGTH,
            LENGTHS,
            |asking| asking.length,
            |asking, value| asking.length = value,
        )}
        {control(
            |words| words.ask.top_k,
            "top-k",
            TOP_K_RANGE,
            TOP_K,
            |asking| asking.top_k,
            |asking, value| asking.top_k = value,
        )}
    }
}

#[component]
fn WrittenText() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let writing = session.writing.written;
    let begun = move || writing.with(|writing| writing.request != NO_REQUEST);
    let speed = move || {
        let speed = writing.with(|writing| writing.speed) * session.run.characters_per_token();
        (begun() && speed > 0.0).then(|| (words().ask.speed)(speed))
    };
    view! {
        <pre class="written" class:is-empty=move || !begun() tabindex="0" aria-live="off">
            <span class="written-prompt">{move || writing.with(|writing| writing.prompt.clone())}</span>
            <span data-testid="generated">{move || writing.with(|writing| writing.text.clone())}</span>
            {move || (!begun()).then(|| words().ask.nothing_yet)}
        </pre>
        <p class="hint written-speed">{speed}</p>
    }
}

#[component]
fn NextSymbols() -> impl IntoView {
    let session = use_session();
    let next = session.pictures.next;
    let say = use_say();
    view! {
        <div class="next" role="group" aria-label=say(|words| words.ask.next) title=say(|words| words.ask.next)>
            <ProbabilityBars probabilities=next rows=LIKELIEST seen=session.pictures.next_seen />
        </div>
    }
}
