//! The hidden state as the network reads a text: text × unit.

mod csv;
mod frame;
mod order;
mod paint;
mod plot;
mod tiles;
mod view;

use std::sync::Arc;

use leptos::prelude::*;

pub use self::frame::HiddenFrame;
use self::{order::Order, plot::HeatmapPlot, view::Window};
use crate::page::{
    language::{use_say, use_words},
    plot::{PlotArea, PlotTools, Shown, plot_button, use_selection},
};

/// What its user did to the heatmap, kept while another step is open.
#[derive(Clone, Copy)]
pub struct HeatmapView {
    window: RwSignal<Window>,
    slowest_first: RwSignal<bool>,
    order: RwSignal<Order>,
}

impl Default for HeatmapView {
    fn default() -> Self {
        HeatmapView {
            window: RwSignal::new(Window::default()),
            slowest_first: RwSignal::new(true),
            order: RwSignal::new(Order::default()),
        }
    }
}

/// Text × unit of the selected layer, with what the network expects next under the cursor. Fills the box it is put in.
#[component]
pub fn HiddenHeatmap(
    #[prop(into)] frame: Signal<Option<Arc<HiddenFrame>>>,
    /// How to show each symbol the model knows, by id (`ModelReport::symbols`).
    #[prop(into)]
    vocabulary: Signal<Arc<Vec<String>>>,
    /// Layers of the present model.
    #[prop(into)]
    layers: Signal<usize>,
    /// Is told whether anybody sees it: while nobody does, no frame need be asked for.
    #[prop(default = RwSignal::new(false))]
    seen: RwSignal<bool>,
) -> impl IntoView {
    let plot = HeatmapPlot::new(frame, vocabulary);
    let shown = Shown::telling(plot, seen);
    view! {
        <div class="plot">
            <Head plot layers />
            <PlotArea shown />
            <Foot plot shown />
        </div>
    }
}

/// Title, layer, what is in sight, colours, zoom.
#[component]
fn Head(plot: HeatmapPlot, layers: Signal<usize>) -> impl IntoView {
    let words = use_words();
    let say = use_say();
    let window = plot.view.window;
    let layer = use_selection().layer;
    let in_sight = move || {
        let units = plot.drawn().map(|frame| frame.report.units)?;
        let rows = window.with(|window| window.rows.in_sight().round() as usize);
        Some((words().heatmap.in_sight)(rows.min(units), units))
    };
    let layer_button = move |index: usize| {
        let pressed = move || if layer.get() == index { "true" } else { "false" };
        view! {
            <button type="button" aria-pressed=pressed on:click=move |_| layer.set(index)>
                {index + 1}
            </button>
        }
        .into_any()
    };
    let layer_switch = move || {
        (layers.get() > 1).then(|| {
            view! {
                <div
                    class="plot-switch"
                    role="group"
                    aria-label=say(|words| words.heatmap.layer.label)
                    title=say(|words| words.heatmap.layer.help)
                >
                    <span class="plot-note">{say(|words| words.heatmap.layer.label)}</span>
                    {(0..layers.get()).map(layer_button).collect::<Vec<_>>()}
                </div>
            }
        })
    };
    let zoom_button = move |sign: &'static str, name: Signal<&'static str>, change: fn(&mut Window)| {
        view! {
            <button type="button" aria-label=name title=name on:click=move |_| window.update(change)>
                {sign}
            </button>
        }
        .into_any()
    };
    view! {
        <header class="plot-head">
            <h2 title=say(|words| words.heatmap.keys)>{say(|words| words.heatmap.title)}</h2>
            {layer_switch}
            <p class="plot-note is-pushed">{in_sight}</p>
            <div class="plot-scale" role="img" aria-label=say(|words| words.heatmap.scale)>
                <span class="is-low">"−1"</span>
                <span class="plot-scale-bar"></span>
                <span class="is-high">"+1"</span>
            </div>
            <div class="plot-switch plot-zoom">
                {zoom_button("−", say(|words| words.heatmap.zoom_out), |window| window.zoom(1.0 / 1.5))}
                {zoom_button("+", say(|words| words.heatmap.zoom_in), |window| window.zoom(1.5))}
                {zoom_button(
                    "⤢",
                    say(|words| words.heatmap.show_all),
                    |window| if window.shows_all() { window.reset() } else { window.show_all() },
                )}
            </div>
        </header>
    }
}

/// The order of the units, files.
#[component]
fn Foot(plot: HeatmapPlot, shown: Shown) -> impl IntoView {
    let say = use_say();
    let slowest_first = plot.view.slowest_first;
    view! {
        <footer class="plot-foot">
            <div class="plot-switch">
                {plot_button(
                    say(|words| words.heatmap.slowest_first),
                    say(|words| words.heatmap.order.help),
                    Some(slowest_first.into()),
                    move || slowest_first.update(|slowest_first| *slowest_first = !*slowest_first),
                )}
            </div>
            <PlotTools shown />
        </footer>
    }
}
