//! Step 2: settings, what happens, and what the model writes.

use leptos::prelude::*;

use super::{
    ask::AskCard,
    samples::SamplesCard,
    settings::{ModelCard, TrainingCard},
};
use crate::page::{
    language::{use_say, use_words},
    pictures::{HiddenHeatmap, LossChart},
    session::{Session, Step, use_session},
};

#[component]
pub fn PretrainStep() -> impl IntoView {
    let session = use_session();
    view! {
        <div class="columns pretrain-columns">
            <div class="column settings">
                <TextCard />
                <ModelCard />
                <TrainingCard />
                <StartOver />
            </div>
            <div class="column">
                <section class="card chart-card">{loss_chart(session)}</section>
                <section class="card heatmap-card">{heatmap(session)}</section>
            </div>
            <div class="column">
                <SamplesCard />
                <AskCard />
            </div>
        </div>
    }
}

/// The chart of the present run.
pub fn loss_chart(session: Session) -> impl IntoView {
    view! {
        <LossChart
            histories=session.run.histories
            references=Signal::derive(move || session.references())
            total_steps=Signal::derive(move || session.run.last_step())
            unit=session.view.unit
        />
    }
}

/// The hidden state as the model reads.
pub fn heatmap(session: Session) -> impl IntoView {
    let vocabulary = Memo::new(move |_| {
        session.run.model.with(|model| model.as_ref().map(|model| model.symbols.clone()).unwrap_or_default().into())
    });
    let layers =
        Memo::new(move |_| session.run.model.with(|model| model.as_ref().map_or(1, |model| model.config.layers)));
    view! { <HiddenHeatmap frame=session.pictures.hidden vocabulary layers seen=session.pictures.hidden_seen /> }
}

/// The text in three lines.
#[component]
fn TextCard() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let text = Memo::new(move |_| session.present_text());
    let name = move || text.get().map(|text| words().source_name(&text.source));
    let size = move || text.get().map(|text| (words().text.size)(text.characters as u64, text.symbols.len() as u64));
    let parts = move || {
        text.get().map(|text| (words().text.parts)(100.0 * text.train_tokens as f64 / text.tokens.max(1) as f64))
    };
    let next = move || session.next_text().map(|text| (words().text.next)(&words().source_name(&text.source)));
    view! {
        <section class="card text-card">
            <h2>
                <span>{move || words().header.step[0]}</span>
                <button class="plain link" on:click=move |_| session.view.step.set(Step::Text)>
                    {say(|words| words.text.change)}
                </button>
            </h2>
            <p class="name">{move || name().unwrap_or_else(|| words().text.reading.to_owned())}</p>
            <p class="hint">{size}</p>
            <p class="hint">{parts}</p>
            <p class="hint">{next}</p>
        </section>
    }
}

/// Settings that change the model count from here.
#[component]
fn StartOver() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let changed = Memo::new(move |_| session.is_changed());
    view! {
        <div class="start-over" class:is-changed=changed>
            <button
                class="button"
                class:is-primary=changed
                data-testid="start-over"
                title=say(|words| words.model.start_over.help)
                prop:disabled=move || session.texts.taken.with(Option::is_none)
                on:click=move |_| session.start_over()
            >
                {say(|words| words.model.start_over.label)}
            </button>
            <p class="hint" role="status">
                {move || changed.get().then(|| words().model.changed)}
            </p>
        </div>
    }
}
