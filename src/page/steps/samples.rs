//! What the model wrote by itself as it learned, newest first.

use leptos::prelude::*;

use crate::{
    page::{
        language::{use_say, use_words},
        session::{KeptSample, use_session},
    },
    protocol::Sample,
    words::number,
};

/// Characters of an earlier sample that are shown.
const EXCERPT: usize = 90;

#[component]
pub fn SamplesCard() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let open = session.run.open_sample;
    let shown = Memo::new(move |_| {
        let open = open.get();
        session.run.samples.with(|samples| {
            let opened = samples.iter().find(|kept| Some(kept.key) == open);
            opened.or(samples.first()).map(|kept| kept.sample.clone())
        })
    });
    let earlier = move || session.run.samples.with(|samples| samples.iter().skip(1).cloned().collect::<Vec<_>>());
    let row = move |KeptSample { key, sample }: KeptSample| {
        let step = sample.step;
        let excerpt: String =
            sample.text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(EXCERPT).collect();
        view! {
            <button
                class="earlier"
                aria-pressed=move || (open.get() == Some(key)).to_string()
                on:click=move |_| open.update(|open| *open = (*open != Some(key)).then_some(key))
            >
                <span class="earlier-step">{number::grouped(step)}</span>
                <span class="earlier-text">{excerpt}</span>
            </button>
        }
    };
    view! {
        <section class="card samples grow">
            <h2>
                <span>{say(|words| words.samples.title)}</span>
                <small>{move || shown.get().map(|sample| (words().samples.at_step)(sample.step))}</small>
            </h2>
            <pre class="sample" class:is-empty=move || shown.with(Option::is_none) data-testid="sample" tabindex="0">
                {move || match shown.get() {
                    Some(sample) => sample.text,
                    None => words().samples.none.to_owned(),
                }}
            </pre>
            <div class="earlier-list">
                <For each=earlier key=|kept| kept.key children=row />
            </div>
        </section>
    }
}

/// The newest from before, or from after, a fine-tuning began.
fn first_of(samples: &[KeptSample], before: bool) -> Option<Sample> {
    samples.iter().find(|kept| kept.sample.before_fine_tuning == before).map(|kept| kept.sample.clone())
}

/// A fine-tuning's first sample, and its newest.
#[component]
pub fn BeforeAfter() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let before = Memo::new(move |_| session.run.samples.with(|samples| first_of(samples, true)));
    let after = Memo::new(move |_| session.run.samples.with(|samples| first_of(samples, false)));
    let after = move || after.get().filter(|_| before.with(Option::is_some));
    let step = move |sample: Option<Sample>| sample.map(|sample| (words().samples.at_step)(sample.step));
    view! {
        <section class="card before-after grow">
            <div>
                <h2>
                    <span>{say(|words| words.samples.before)}</span>
                </h2>
                <pre class="sample" class:is-empty=move || before.get().is_none() data-testid="sample-before" tabindex="0">
                    {move || before.get().map_or_else(|| words().samples.none_before.to_owned(), |sample| sample.text)}
                </pre>
            </div>
            <div>
                <h2>
                    <span>{say(|words| words.samples.after)}</span>
                    <small>{move || step(after())}</small>
                </h2>
                <pre class="sample" class:is-empty=move || after().is_none() data-testid="sample" tabindex="0">
                    {move || after().map_or_else(|| words().samples.none_after.to_owned(), |sample| sample.text)}
                </pre>
            </div>
        </section>
    }
}
