//! What the model wrote by itself as it learned, newest first.

use leptos::prelude::*;

use crate::{
    page::{
        language::{use_say, use_words},
        session::use_session,
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
    let newest = Memo::new(move |_| session.samples.with(|samples| samples.first().cloned()));
    // One of the earlier ones, picked by its step.
    let picked = RwSignal::new(None::<u64>);
    let shown = Memo::new(move |_| {
        let picked = picked.get();
        session.samples.with(|samples| {
            let by_step = samples.iter().find(|sample| Some(sample.step) == picked);
            by_step.or(samples.first()).cloned()
        })
    });
    let earlier = move || session.samples.with(|samples| samples.iter().skip(1).map(Sample::clone).collect::<Vec<_>>());
    let row = move |sample: Sample| {
        let step = sample.step;
        let excerpt: String =
            sample.text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(EXCERPT).collect();
        view! {
            <button
                class="earlier"
                aria-pressed=move || (picked.get() == Some(step)).to_string()
                on:click=move |_| picked.update(|picked| *picked = (*picked != Some(step)).then_some(step))
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
            <pre class="sample" class:is-empty=move || newest.get().is_none() data-testid="sample" tabindex="0">
                {move || match shown.get() {
                    Some(sample) => sample.text,
                    None => words().samples.none.to_owned(),
                }}
            </pre>
            <div class="earlier-list">
                <For each=earlier key=|sample| (sample.step, sample.text.len()) children=row />
            </div>
        </section>
    }
}

/// A fine-tuning's first sample, and its newest.
#[component]
pub fn BeforeAfter() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let before = Memo::new(move |_| {
        session.samples.with(|samples| samples.iter().find(|sample| sample.before_fine_tuning).cloned())
    });
    let after = Memo::new(move |_| {
        session.samples.with(|samples| samples.iter().find(|sample| !sample.before_fine_tuning).cloned())
    });
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
