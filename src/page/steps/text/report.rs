//! What the text is: its size, its alphabet, what counting reaches on it, and how it begins.

use std::sync::Arc;

use leptos::prelude::*;

use crate::{
    page::{
        language::{use_say, use_words},
        pictures::shown,
        session::{Step, use_session},
        sort::rising,
    },
    protocol::TextReport,
    words::number,
};

/// Symbols that are shown, the most frequent ones.
const SYMBOLS: usize = 120;

#[component]
pub fn Report() -> impl IntoView {
    let session = use_session();
    let say = use_say();
    let text = Memo::new(move |_| session.texts.taken.get());
    view! {
        <div class="column">
            <section class="card">
                <h2>
                    <span>{say(|words| words.text.report)}</span>
                    <button class="plain link" on:click=move |_| session.view.step.set(Step::Pretrain)>
                        {say(|words| words.text.train_on_it)}
                    </button>
                </h2>
                {move || text.get().map(|text| view! { <Size text /> })}
                <p class="hint" class:is-gone=move || text.with(Option::is_some)>{say(|words| words.text.reading)}</p>
            </section>
            <section class="card">
                <h2 title=say(|words| words.text.baselines_help)>
                    <span>{say(|words| words.text.baselines)}</span>
                    <small>{say(|words| words.text.nats)}</small>
                </h2>
                {move || text.get().map(|text| view! { <Baselines text /> })}
            </section>
            <section class="card">
                <h2>{say(|words| words.text.alphabet)}</h2>
                {move || text.get().map(|text| view! { <Alphabet text /> })}
            </section>
            <section class="card grow">
                <h2>{say(|words| words.text.preview)}</h2>
                <pre class="preview" tabindex="0">{move || text.get().map(|text| text.preview.clone())}</pre>
            </section>
        </div>
    }
}

#[component]
fn Size(text: Arc<TextReport>) -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let share = text.train_tokens as f64 / text.tokens.max(1) as f64;
    let (characters, symbols) = (text.characters as u64, text.symbols.len() as u64);
    let (train, valid) = (text.train_tokens as u64, text.valid_tokens as u64);
    let source = text.source.clone();
    view! {
        <p class="name">{move || session.view.language.get().words().source_name(&source)}</p>
        <p class="hint">{move || (words().text.size)(characters, symbols)}</p>
        <div class="split" aria-hidden="true">
            <i style:width=number::percent(share)></i>
        </div>
        <p class="hint ends">
            <span>{move || (words().text.part_train)(train)}</span>
            <span>{move || (words().text.part_validation)(valid)}</span>
        </p>
    }
}

/// Bars that end at the loss, so that the shortest is the best.
#[component]
fn Baselines(text: Arc<TextReport>) -> impl IntoView {
    let words = use_words();
    let uniform = text.uniform_loss;
    let row = move |name: String, loss: f64, class: &'static str| {
        let width = number::percent((loss / uniform.max(1e-9)).clamp(0.0, 1.0));
        view! {
            <tr class=class>
                <th scope="row">{name}</th>
                <td class="bar">
                    <i style:width=width></i>
                </td>
                <td>{number::fixed(loss, 3)}</td>
            </tr>
        }
    };
    let rows = move || {
        let words = words();
        let baselines = text.baselines.clone();
        let best = baselines.iter().map(|baseline| baseline.loss).fold(f64::INFINITY, f64::min);
        let grams = baselines
            .into_iter()
            .map(|baseline| {
                let class = if baseline.loss == best { "is-best" } else { "" };
                row((words.text.n_gram)(baseline.order), baseline.loss, class)
            })
            .collect_view();
        let counting = text.baselines.is_empty().then_some(words.text.counting);
        view! {
            {row(words.text.uniform.to_owned(), uniform, "")}
            {grams}
            {counting.map(|counting| view! { <tr><th scope="row" colspan="3" class="hint">{counting}</th></tr> })}
            {text.best_possible.map(|loss| row(words.text.best_possible.to_owned(), loss, "is-possible"))}
        }
    };
    view! {
        <table class="baselines">
            <tbody>{rows}</tbody>
        </table>
    }
}

/// The most frequent symbols; how often, in shade and in words.
#[component]
fn Alphabet(text: Arc<TextReport>) -> impl IntoView {
    let words = use_words();
    // The most frequent first.
    let order = rising(&text.counts.iter().map(|&count| -(count as f64)).collect::<Vec<_>>());
    let counted = |index: u32| Some((text.symbols.get(index as usize)?.clone(), *text.counts.get(index as usize)?));
    let mut symbols: Vec<(String, usize)> =
        order.into_iter().filter_map(counted).filter(|(_, count)| *count > 0).collect();
    let hidden = symbols.len().saturating_sub(SYMBOLS) as u64;
    symbols.truncate(SYMBOLS);
    let most = symbols.first().map_or(1, |(_, count)| *count).max(1) as f64;
    let cell = move |(symbol, count): (String, usize)| {
        // Counts fall by powers: the root of the share can be told apart by eye.
        let share = number::fixed((count as f64 / most).sqrt(), 3);
        let symbol = shown(&symbol);
        let label = {
            let symbol = symbol.clone();
            move || (words().text.occurs)(&symbol, count as u64)
        };
        view! { <li class="symbol" style=("--share", share) title=label>{symbol}</li> }
    };
    view! {
        <ul class="alphabet" tabindex="0">
            {symbols.into_iter().map(cell).collect_view()}
            {(hidden > 0).then(|| view! { <li class="hint">{move || (words().text.more_symbols)(hidden)}</li> })}
        </ul>
    }
}
