//! The chart of losses over steps.

mod axis;
mod csv;
mod layout;
mod name;
mod paint;
mod plot;
mod references;
mod scene;
mod trace;
mod unit;
mod view;

use leptos::prelude::*;

use self::{
    name::run_labels,
    plot::LossPlot,
    scene::{Below, run_class},
    view::StepView,
};
pub use self::{references::References, unit::LossUnit};
use crate::page::{
    history::{Histories, RunHistory},
    language::{use_say, use_words},
    plot::{PlotArea, PlotTools, Shown, plot_button, use_selection},
};

/// What its user did to the chart, kept while another step is open.
#[derive(Clone, Copy)]
pub struct LossView {
    steps: RwSignal<StepView>,
    below: RwSignal<Option<Below>>,
}

impl Default for LossView {
    fn default() -> Self {
        LossView { steps: RwSignal::new(StepView::default()), below: RwSignal::new(Some(Below::GradientNorm)) }
    }
}

/// Training, validation and old-text loss of the present run, earlier runs under it, and the losses they are measured
/// against. Fills the box it is put in.
#[component]
pub fn LossChart(
    histories: RwSignal<Histories>,
    #[prop(into)] references: Signal<References>,
    /// Where the present run ends by itself.
    #[prop(into)]
    total_steps: Signal<Option<u64>>,
    /// Shared with the other figures of the page.
    unit: RwSignal<LossUnit>,
) -> impl IntoView {
    let plot = LossPlot::new(histories, references, total_steps, unit);
    let shown = Shown::new(plot);
    view! {
        <div class="plot">
            <Head plot />
            <EarlierRuns histories />
            <PlotArea shown />
            <Foot plot shown />
        </div>
    }
}

/// Title, names of the lines, unit.
#[component]
fn Head(plot: LossPlot) -> impl IntoView {
    let say = use_say();
    let words = use_words();
    let has_old_text = Memo::new(move |_| {
        plot.histories.with(|histories| histories.present().is_some_and(|run| !run.old_text.is_empty()))
    });
    let unit_button = move |unit: LossUnit| {
        let index = unit as usize;
        plot_button(
            Signal::derive(move || words().chart.units[index]),
            Signal::derive(move || words().chart.units_in_full[index]),
            Some(Signal::derive(move || plot.unit.get() == unit)),
            move || plot.unit.set(unit),
        )
    };
    let old_text =
        move || has_old_text.get().then(|| view! { <li class="is-old-text">{say(|words| words.chart.old_text)}</li> });
    view! {
        <header class="plot-head">
            <h2 title=say(|words| words.chart.keys)>{say(|words| words.chart.title)}</h2>
            <ul class="plot-legend">
                <li class="is-train">{say(|words| words.chart.training)}</li>
                <li class="is-valid">{say(|words| words.chart.validation)}</li>
                {old_text}
            </ul>
            <div class="plot-switch" role="group" aria-label=say(|words| words.chart.unit)>
                {Vec::from(LossUnit::ALL.map(unit_button))}
            </div>
        </header>
    }
}

/// Every earlier run by its settings: shown or hidden by a click, removed by another.
#[component]
fn EarlierRuns(histories: RwSignal<Histories>) -> impl IntoView {
    let words = use_words();
    let say = use_say();
    let pointed = use_selection().run;
    let names = Memo::new(move |_| {
        histories.with(|histories| {
            let all: Vec<&RunHistory> = histories.earlier().iter().chain(histories.present()).collect();
            let names = run_labels(&all, words());
            let runs = histories.earlier().iter().zip(names);
            runs.map(|(run, name)| (run.id, run.colour, run.shown, name)).rev().collect::<Vec<_>>()
        })
    });
    let run = move |(id, colour, shown, name): (u32, usize, bool, String)| {
        let (toggled, forgotten) = (name.clone(), name.clone());
        view! {
            <li
                class=["plot-run ", run_class(colour)].concat()
                on:pointerenter=move |_| pointed.set(Some(id))
                on:pointerleave=move |_| pointed.set(None)
            >
                <button
                    type="button"
                    class="plot-run-name"
                    aria-pressed=shown.to_string()
                    title=move || (words().chart.toggle_run)(&toggled)
                    on:click=move |_| histories.update(|histories| histories.toggle(id))
                >
                    {name}
                </button>
                <button
                    type="button"
                    class="plot-run-forget"
                    aria-label=move || (words().chart.forget_run)(&forgotten)
                    on:click=move |_| {
                        pointed.set(None);
                        histories.update(|histories| histories.forget(id));
                    }
                >
                    "×"
                </button>
            </li>
        }
        .into_any()
    };
    view! {
        <ul
            class="plot-runs"
            class:is-gone=move || names.with(Vec::is_empty)
            aria-label=say(|words| words.chart.earlier_runs)
        >
            {move || names.get().into_iter().map(run).collect::<Vec<_>>()}
        </ul>
    }
}

/// What is drawn below the loss, the scale of the steps, files.
#[component]
fn Foot(plot: LossPlot, shown: Shown) -> impl IntoView {
    let words = use_words();
    let say = use_say();
    let LossView { steps, below } = plot.view;
    // What is drawn already is put away by another click.
    let below_button = move |one: Below| {
        plot_button(
            Signal::derive(move || one.name(&words().chart)),
            say(|words| words.chart.figure.help),
            Some(Signal::derive(move || below.get() == Some(one))),
            move || below.update(|drawn| *drawn = (*drawn != Some(one)).then_some(one)),
        )
    };
    let zoomed = Signal::derive(move || steps.with(|view| view.is_zoomed()));
    view! {
        <footer class="plot-foot">
            <div class="plot-switch" role="group" aria-label=say(|words| words.chart.figure.label)>
                {Vec::from(Below::ALL.map(below_button))}
            </div>
            <div class="plot-switch">
                <div class:is-unused=move || !zoomed.get()>
                    {plot_button(
                        say(|words| words.chart.all_steps.label),
                        say(|words| words.chart.all_steps.help),
                        None,
                        move || steps.update(StepView::reset),
                    )}
                </div>
                {plot_button(
                    say(|words| words.chart.log_steps.label),
                    say(|words| words.chart.log_steps.help),
                    Some(Signal::derive(move || steps.with(|view| view.log))),
                    move || steps.update(|view| view.log = !view.log),
                )} <PlotTools shown />
            </div>
        </footer>
    }
}
