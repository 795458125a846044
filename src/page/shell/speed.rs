//! The speed of this machine, measured, shown and shared by whoever asks.

mod markup;
mod text;

use leptos::{html, prelude::*, task::spawn_local};
use web_sys::KeyboardEvent;

use crate::{
    page::{
        clipboard,
        control::{Icon, Shape},
        download,
        language::{use_say, use_words},
        session::{Measuring, Phase, SIZES, use_session},
    },
    protocol::{DeviceKind, Library, SpeedFigure, SpeedReport},
    words::Words,
};

/// A way of computing.
type Way = (Library, DeviceKind);

/// Each way that there is on this machine.
fn ways(report: &SpeedReport) -> Vec<Way> {
    let libraries = [Library::Unroll, Library::Burn].into_iter();
    let all = libraries.flat_map(|library| [(library, DeviceKind::WebGpu), (library, DeviceKind::Cpu)]);
    all.filter(|(_, device)| *device == DeviceKind::Cpu || report.gpu.is_some()).collect()
}

/// What was measured, as far as it was.
fn figure(report: &SpeedReport, size: usize, (library, device): Way) -> Option<&SpeedFigure> {
    report.figures.iter().find(|figure| (figure.size, figure.library, figure.device) == (size, library, device))
}

/// Names that are the same in every language.
fn names((library, device): Way) -> (&'static str, &'static str) {
    let device = match device {
        DeviceKind::WebGpu => "WebGPU",
        DeviceKind::Cpu => "CPU",
    };
    (device, if library == Library::Unroll { "Unroll" } else { "burn nn::Lstm" })
}

/// The panel, above everything else from when `dialog` is opened until it is closed; what is measured then ends.
#[component]
pub fn SpeedPanel(dialog: NodeRef<html::Dialog>) -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let copied = RwSignal::new(false);
    let going = move || session.measuring.is_going();
    let idle = move || !going() && session.engine.phase.get() != Phase::Ready;
    let press = move |_| {
        copied.set(false);
        if going() { session.stop_measuring() } else { session.measure_speed() }
    };
    let state = move || match (session.measuring.state.get(), session.measuring.report.get()) {
        (Measuring::Failed(reason), _) => (words().speed.failed)(&reason),
        (Measuring::Missing, _) => words().speed.missing.to_owned(),
        (Measuring::Going { .. }, report) => {
            let progress = report.map(|report| (words().speed.progress)(report.figures.len(), report.planned));
            progress.unwrap_or_else(|| words().device.opening.to_owned())
        }
        _ => String::new(),
    };
    let written = move |write: fn(&SpeedReport, &Words) -> String| {
        move || {
            session
                .measuring
                .report
                .with(|report| report.as_ref().map(|report| write(report, words())).unwrap_or_default())
        }
    };
    let copy = move |_| {
        let Some(report) = session.measuring.report.get_untracked() else { return };
        let text = text::of(&report, session.view.language.get_untracked().words());
        spawn_local(async move {
            // Where there is no clipboard the text comes as a file.
            if clipboard::copy(&text).await.is_ok() {
                copied.set(true);
            } else {
                let _ = download::save(words().speed.file_name, text.as_bytes());
            }
        });
    };
    // Escape closes the panel and nothing behind it.
    let key = move |event: KeyboardEvent| event.stop_propagation();
    view! {
        <dialog
            class="speed"
            node_ref=dialog
            data-testid="speed-panel"
            aria-label=say(|words| words.speed.title)
            on:keydown=key
            on:close=move |_| session.stop_measuring()
        >
            <h2>
                {say(|words| words.speed.title)}
                <button
                    class="plain square"
                    aria-label=say(|words| words.notice.dismiss)
                    title=say(|words| words.notice.dismiss)
                    on:click=move |_| {
                        if let Some(dialog) = dialog.get() {
                            dialog.close();
                        }
                    }
                >
                    <Icon shape=Shape::Close />
                </button>
            </h2>
            <p class="hint">{move || (words().speed.explain)(SIZES[0].batch, SIZES[0].context)}</p>
            <div
                class="speed-chart hint"
                data-testid="speed-chart"
                role="img"
                aria-label=say(|words| words.speed.picture)
                inner_html=written(markup::bars)
            ></div>
            <table class="speeds" data-testid="speed-table" inner_html=written(markup::table)></table>
            <div class="row">
                <button
                    class="button is-primary"
                    data-testid="speed-run"
                    prop:disabled=idle
                    on:click=press
                >
                    {move || if going() { words().speed.stop } else { words().speed.run }}
                </button>
                <button
                    class="button"
                    data-testid="speed-copy"
                    prop:disabled=move || session.measuring.report.with(|report| report.as_ref().is_none_or(|report| report.figures.is_empty()))
                    on:click=copy
                >
                    {move || if copied.get() { words().speed.copied } else { words().speed.copy }}
                </button>
                <p class="hint" role="status">{state}</p>
            </div>
        </dialog>
    }
}
