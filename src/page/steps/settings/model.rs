//! The shape of the model. It counts from the next start.

use leptos::prelude::*;

use crate::{
    page::{
        control::{Choice, NumberControl, Stops, Switch},
        language::{use_say, use_words},
        session::use_session,
    },
    protocol::{Cell, Init, Limits, ModelConfig},
};

const HIDDEN: Stops = Stops::At(&[8.0, 16.0, 32.0, 48.0, 64.0, 96.0, 128.0, 192.0, 256.0, 384.0, 512.0, 768.0, 1024.0]);

#[component]
pub fn ModelCard() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let settings = session.settings.pretraining;
    let of =
        move |read: fn(&ModelConfig) -> f64| Signal::derive(move || settings.with(|settings| read(&settings.model)));
    let set = move |write: fn(&mut ModelConfig, f64)| {
        move |value| settings.update(|settings| write(&mut settings.model, value))
    };
    let cell = Signal::derive(move || settings.with(|settings| settings.model.cell.name()));
    let set_cell = move |name| {
        let cell = Cell::ALL.into_iter().find(|cell| cell.name() == name).unwrap_or_default();
        settings.update(|settings| settings.model.cell = cell);
    };
    let not_lstm = Signal::derive(move || settings.with(|settings| settings.model.cell != Cell::Lstm));
    let one_layer = Signal::derive(move || settings.with(|settings| settings.model.layers < 2));
    let init = Signal::derive(move || match settings.with(|settings| settings.model.init) {
        Init::Pytorch => "pytorch",
        Init::Orthogonal => "orthogonal",
    });
    let set_init = move |name| {
        let init = if name == "orthogonal" { Init::Orthogonal } else { Init::Pytorch };
        settings.update(|settings| settings.model.init = init);
    };
    // Of the chosen settings, so that their price is known before the start.
    let parameters = Memo::new(move |_| {
        let symbols = session.texts.taken.with(|text| text.as_ref().map(|text| text.symbols.len()))?;
        Some(settings.with(|settings| settings.model.parameters(symbols)))
    });
    view! {
        <section class="card">
            <h2>
                <span>{say(|words| words.model.title)}</span>
                <small>
                    {move || parameters.get().map(|count| (words().model.parameters)(count as u64))}
                </small>
            </h2>
            <Choice
                says=|words| words.model.cell
                id="cell"
                options=vec![("rnn", |_| "RNN"), ("gru", |_| "GRU"), ("lstm", |_| "LSTM")]
                value=cell
                set=set_cell
            />
            <NumberControl
                says=|words| words.model.layers
                id="layers"
                range=Limits::LAYERS
                stops=Stops::At(&[1.0, 2.0, 3.0, 4.0])
                whole=true
                value=of(|model| model.layers as f64)
                set=set(|model, value| model.layers = value as usize)
            />
            <NumberControl
                says=|words| words.model.hidden
                id="hidden"
                range=Limits::HIDDEN
                stops=HIDDEN
                whole=true
                value=of(|model| model.hidden as f64)
                set=set(|model, value| model.hidden = value as usize)
            />
            <NumberControl
                says=|words| words.model.forget_bias
                id="forget-bias"
                range=Limits::FORGET_BIAS
                stops=Stops::Even { low: -1.0, step: 0.5, count: 8 }
                disabled=not_lstm
                value=of(|model| rounded(model.forget_bias))
                set=set(|model, value| model.forget_bias = value as f32)
            />
            <details class="more">
                <summary>{say(|words| words.model.more)}</summary>
                <NumberControl
                    says=|words| words.model.dropout
                    id="dropout"
                    range=Limits::DROPOUT
                    stops=Stops::Even { low: 0.0, step: 0.05, count: 18 }
                    disabled=one_layer
                    value=of(|model| rounded(model.dropout))
                    set=set(|model, value| model.dropout = value as f32)
                />
                <Choice
                    says=|words| words.model.init
                    id="init"
                    options=vec![
                        ("pytorch", |words| words.model.init_pytorch),
                        ("orthogonal", |words| words.model.init_orthogonal),
                    ]
                    value=init
                    set=set_init
                    labelled=true
                />
                <Switch
                    says=|words| words.model.tie_weights
                    id="tie-weights"
                    value=Signal::derive(move || settings.with(|settings| settings.model.tie_weights))
                    set=move |tied| settings.update(|settings| settings.model.tie_weights = tied)
                />
            </details>
        </section>
    }
}

/// A single-precision setting without the tail of its binary form.
fn rounded(value: f32) -> f64 {
    (f64::from(value) * 1e5).round() / 1e5
}
