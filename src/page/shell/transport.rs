//! Always at the foot: start, stop, one step, start over, and the figures of the run.

use leptos::prelude::*;

use crate::{
    page::{
        control::{Icon, Says, Shape},
        language::{use_say, use_words},
        pictures::LossUnit,
        session::{Phase, use_session},
    },
    protocol::DeviceKind,
    words::number,
};

#[component]
pub fn Transport() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let idle = Signal::derive(move || !session.has_model());
    let running = Signal::derive(move || session.is_running());
    let figures = session.run.figures;

    let speed = move || figures.get().tokens_per_second * session.run.characters_per_token();
    let speed = move || if speed().is_finite() { number::grouped(speed().round() as u64) } else { "–".to_owned() };
    let loss = move |nats: f64| {
        let decimals = if session.view.unit.get() == LossUnit::Perplexity { 2 } else { 3 };
        number::fixed(session.in_unit(nats), decimals)
    };
    let device = move || match session.engine.device.get().map(|device| device.kind) {
        Some(DeviceKind::WebGpu) => "webgpu",
        Some(DeviceKind::Cpu) => "cpu",
        None => "–",
    };
    view! {
        <footer class="transport" aria-label=say(|words| words.transport.title)>
            <div class="buttons">
                <TransportButton says=|words| words.transport.reset id="reset" shape=Shape::Reset disabled=idle press=move |()| session.reset_run() />
                <div class="deck">
                    <TransportButton
                        says=|words| words.transport.play
                        id="play"
                        shape=Shape::Play
                        disabled=idle
                        primary=Signal::derive(move || !running.get())
                        press=move |()| session.play()
                    />
                    <TransportButton
                        says=|words| words.transport.pause
                        id="pause"
                        shape=Shape::Pause
                        disabled=idle
                        primary=running
                        press=move |()| session.pause()
                    />
                </div>
                <TransportButton
                    says=|words| words.transport.step_once
                    id="step-once"
                    shape=Shape::StepOnce
                    disabled=idle
                    press=move |()| session.step_once()
                />
            </div>
            <ProgressLine />
            <dl class="figures">
                <Stat
                    id="stat-step"
                    label=move || (words().transport.step_of)(session.run.last_step())
                    value=move || number::grouped(figures.get().step)
                />
                <Stat id="stat-epoch" label=move || words().transport.epoch.to_owned() value=move || number::fixed(figures.get().epoch, 2) />
                <Stat
                    id="stat-train-loss"
                    label=move || words().transport.training.to_owned()
                    value=move || loss(figures.get().training_loss)
                />
                <Stat
                    id="stat-val-loss"
                    label=move || words().transport.validation.to_owned()
                    value=move || loss(figures.get().validation_loss)
                />
                <Stat
                    id="stat-grad-norm"
                    label=move || words().transport.gradient_norm.to_owned()
                    value=move || number::fixed(figures.get().gradient_norm, 2)
                />
                <Stat id="stat-speed" label=move || words().transport.speed.to_owned() value=speed />
                <Stat id="stat-device" label=move || words().transport.device.to_owned() value=move || device().to_owned() />
            </dl>
        </footer>
    }
}

#[component]
fn TransportButton(
    says: Says,
    id: &'static str,
    shape: Shape,
    #[prop(into)] disabled: Signal<bool>,
    #[prop(into, optional)] primary: Signal<bool>,
    #[prop(into)] press: Callback<()>,
) -> impl IntoView {
    let words = use_words();
    view! {
        <button
            class="press"
            class:is-primary=primary
            data-testid=id
            aria-label=move || says(words()).label
            title=move || says(words()).help
            prop:disabled=disabled
            on:click=move |_| press.run(())
        >
            <Icon shape />
        </button>
    }
}

#[component]
fn Stat(id: &'static str, #[prop(into)] label: Signal<String>, #[prop(into)] value: Signal<String>) -> impl IntoView {
    let value = Memo::new(move |_| value.get());
    view! {
        <div class=format!("stat {id}")>
            <dt>{label}</dt>
            <dd data-testid=id>{value}</dd>
        </div>
    }
}

/// How far the run is, with the samples as ticks; before that, that the engine is under way. How far it is nobody knows: a
/// script that counts its bytes takes from the browser what it compiles for the next visit, see `www/worker.js`.
#[component]
fn ProgressLine() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let loading = move || session.engine.phase.get() == Phase::Loading;
    let done = Memo::new(move |_| {
        let done = match (session.engine.working.get(), session.run.last_step()) {
            (Some(working), None) => f64::from(working.done),
            (_, Some(last)) => session.run.done_of(session.run.figures.get().step, last),
            // Without an end the line fills up ever slower.
            (None, None) => {
                let step = session.run.figures.get().step as f64;
                step / (step + 4000.0)
            }
        };
        done.clamp(0.0, 1.0)
    });
    let width = move || number::percent(done.get());
    let label = move || match session.engine.working.get() {
        _ if loading() => words().device.loading,
        Some(working) => (words().task)(working.task),
        None => "",
    };
    let ticks = move || {
        let Some(last) = session.run.last_step() else { return Vec::new() };
        let at = |step: u64| (step <= last).then(|| number::percent(session.run.done_of(step, last)));
        session.run.samples.with(|samples| {
            samples
                .iter()
                .filter(|kept| !kept.sample.before_fine_tuning)
                .filter_map(|kept| at(kept.sample.step))
                .map(|left| view! { <i class="tick" style:left=left></i> })
                .collect()
        })
    };
    view! {
        <div
            class="line"
            class:is-loading=loading
            role="progressbar"
            aria-label=say(|words| words.transport.progress)
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=move || (!loading()).then(|| (100.0 * done.get()).round() as u32)
        >
            <div class="line-track">
                {ticks} <div class="line-fill" style:width=width></div> <div class="line-knob" style:left=width></div>
            </div>
            <span class="line-label">{label}</span>
        </div>
    }
}
