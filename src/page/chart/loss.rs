//! The chart of losses over steps.

mod paint;
mod picture;
mod scene;
mod trace;
mod view;

use leptos::{html::Canvas, prelude::*};
use web_sys::{KeyboardEvent, PointerEvent, WheelEvent};

use self::{
    scene::{Figure, Layout, Ranges, Scene, end_of, write_loss},
    view::StepView,
};
use super::{
    LossUnit, References,
    download::{save_picture, save_text},
    export,
    frame::{Frame, slowly},
    label::run_labels,
    palette::Palette,
    scale::{Span, StepAxis},
    surface::{Change, Surface, watch},
};
use crate::{
    page::{
        history::{Histories, RunHistory},
        language::{use_language, use_words},
    },
    words::Language,
};

/// How far a pointer has to be dragged to choose a range, in pixels.
const LEAST_DRAG: f64 = 4.0;

/// All that the chart draws from, and what its user did to it.
#[derive(Clone, Copy)]
struct State {
    histories: RwSignal<Histories>,
    references: Signal<References>,
    total_steps: Signal<Option<u64>>,
    unit: RwSignal<LossUnit>,
    language: RwSignal<Language>,
    view: RwSignal<StepView>,
    figure: RwSignal<Option<Figure>>,
    cursor: RwSignal<Option<f64>>,
    /// Where a drag began and where it is, in steps.
    drag: RwSignal<Option<(f64, f64)>>,
    canvas: NodeRef<Canvas>,
    palette: StoredValue<Option<Palette>>,
    ranges: StoredValue<Ranges>,
}

impl State {
    /// Works with the scene as it is now.
    fn with_scene<R>(self, histories: &Histories, references: &References, work: impl FnOnce(Scene) -> R) -> R {
        let words = &self.language.get_untracked().words().chart;
        let shown: Vec<&RunHistory> = histories.shown().collect();
        let names = run_labels(&shown, words);
        let present = histories.present();
        let earlier = shown.iter().copied().zip(names).take(shown.len() - usize::from(present.is_some()));
        let selection = self.drag.get_untracked().map(|(from, to)| Span::new(from.min(to), from.max(to)));
        work(Scene {
            earlier: earlier.collect(),
            present,
            references,
            unit: self.unit.get_untracked(),
            view: self.view.get_untracked(),
            end: end_of(histories.shown(), self.total_steps.get_untracked()),
            figure: self.figure.get_untracked(),
            cursor: self.cursor.get_untracked(),
            selection,
            words,
        })
    }

    fn scene<R>(self, work: impl FnOnce(Scene) -> R) -> R {
        self.histories.with_untracked(|histories| {
            self.references.with_untracked(|references| self.with_scene(histories, references, work))
        })
    }

    fn draw(self) {
        let Some(canvas) = self.canvas.get_untracked() else { return };
        let Some(surface) = Surface::of(&canvas) else { return };
        let palette = self.palette.get_value().unwrap_or_else(|| Palette::read(&canvas));
        self.scene(|scene| {
            let layout = Layout::new(surface.width, surface.height, scene.figure.is_some());
            let ranges = self.ranges.try_update_value(|ranges| ranges.settle(&scene, scene.view.steps(scene.end)));
            if let Some(ranges) = ranges {
                paint::paint(&surface.context, &scene, &layout, ranges, &palette);
            }
        });
        self.palette.set_value(Some(palette));
    }

    /// Reads everything that is drawn, so that the calling effect runs again when it changes.
    fn track(self) {
        self.histories.track();
        self.references.track();
        self.total_steps.track();
        self.unit.track();
        self.language.track();
        self.view.track();
        self.figure.track();
        self.cursor.track();
        self.drag.track();
    }

    fn end(self) -> f64 {
        let total = self.total_steps.get_untracked();
        self.histories.with_untracked(|histories| end_of(histories.shown(), total))
    }

    fn axis(self) -> Option<StepAxis> {
        let canvas = self.canvas.get_untracked()?;
        let layout = Layout::new(f64::from(canvas.client_width()), f64::from(canvas.client_height()), false);
        let view = self.view.get_untracked();
        Some(layout.step_axis(view.log, view.steps(self.end())))
    }

    /// The step under a pixel, within what is shown.
    fn step_at(self, x: f64) -> Option<f64> {
        let axis = self.axis()?;
        Some(axis.step_at(x.clamp(axis.left, axis.right)).round())
    }

    fn zoom(self, factor: f64, step: Option<f64>) {
        let end = self.end();
        let steps = self.view.get_untracked().steps(end);
        let step = step.unwrap_or((steps.low + steps.high) / 2.0);
        self.view.update(|view| view.zoom_at(factor, step, end));
    }

    fn press(self, event: &PointerEvent) {
        if event.button() != 0 {
            return;
        }
        if let Some((canvas, step)) = self.canvas.get_untracked().zip(self.step_at(event.offset_x().into())) {
            // Without the capture a drag only ends at the edge of the chart.
            let _ = canvas.set_pointer_capture(event.pointer_id());
            self.drag.set(Some((step, step)));
        }
    }

    fn hover(self, event: &PointerEvent) {
        let Some(step) = self.step_at(event.offset_x().into()) else { return };
        self.cursor.set(Some(step));
        if let Some((from, _)) = self.drag.get_untracked() {
            self.drag.set(Some((from, step)));
        }
    }

    fn release(self) {
        let Some((from, to)) = self.drag.get_untracked() else { return };
        self.drag.set(None);
        let far = self.axis().is_some_and(|axis| (axis.x(from) - axis.x(to)).abs() >= LEAST_DRAG);
        if far {
            let end = self.end();
            self.view.update(|view| view.select(from, to, end));
        }
    }

    fn leave(self) {
        if self.drag.get_untracked().is_none() {
            self.cursor.set(None);
        }
    }

    fn wheel(self, event: &WheelEvent) {
        let zoomed = self.view.get_untracked().is_zoomed();
        if event.delta_x().abs() > event.delta_y().abs() {
            if zoomed {
                event.prevent_default();
                let end = self.end();
                self.view.update(|view| view.pan(event.delta_x() / 600.0, end));
            }
            return;
        }
        // All of it is in sight: let the page scroll.
        if event.delta_y() > 0.0 && !zoomed {
            return;
        }
        event.prevent_default();
        // Firefox counts lines.
        let pixels = if event.delta_mode() == WheelEvent::DOM_DELTA_LINE { 30.0 } else { 1.0 } * event.delta_y();
        self.zoom((pixels.clamp(-240.0, 240.0) * 0.002).exp(), self.step_at(event.offset_x().into()));
    }

    fn key(self, event: &KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let end = self.end();
        let side = if event.key() == "ArrowLeft" { -1.0 } else { 1.0 };
        match event.key().as_str() {
            "+" | "=" => self.zoom(0.5, self.cursor.get_untracked()),
            "-" | "_" | "−" => self.zoom(2.0, self.cursor.get_untracked()),
            "0" => self.view.update(StepView::reset),
            "Escape" if self.cursor.get_untracked().is_some() => self.cursor.set(None),
            "ArrowLeft" | "ArrowRight" if event.shift_key() => self.move_cursor(side),
            "ArrowLeft" | "ArrowRight" => self.view.update(|view| view.pan(0.2 * side, end)),
            _ => return,
        }
        event.prevent_default();
    }

    /// Six pixels, and at least a step.
    fn move_cursor(self, side: f64) {
        let Some(axis) = self.axis() else { return };
        let before = self.cursor.get_untracked().unwrap_or((axis.steps.low + axis.steps.high) / 2.0);
        let wished = axis.step_at(axis.x(before) + 6.0 * side).round();
        let step = if wished == before { before + side } else { wished };
        self.cursor.set(Some(step.clamp(axis.steps.low.ceil(), axis.steps.high.floor())));
    }

    /// The present figures in a sentence.
    fn described(self) -> String {
        let words = &self.language.get().words().chart;
        let unit = self.unit.get();
        self.histories.with(|histories| {
            let present = histories.present().filter(|run| !run.is_empty());
            let Some(run) = present else { return words.empty.to_owned() };
            let write = |nats: f64| write_loss(unit, nats, run.settings.characters_per_token);
            let training = write(run.smoothed.last().map_or(f64::NAN, f64::from));
            let validation = run.validation.last().map(|point| write(point.loss));
            (words.described)(run.last_step(), words.units_in_full[unit as usize], &training, validation.as_deref())
        })
    }

    fn save_picture(self) {
        let font = self.palette.with_value(|palette| palette.as_ref().map(|palette| palette.font.clone()));
        self.scene(|scene| {
            let scene = Scene { cursor: None, selection: None, ..scene };
            let run = scene.present.map(|run| (run.settings.text.clone(), run));
            let name = run.map_or_else(String::new, |(text, run)| {
                let network = run_labels(&[run], scene.words).concat();
                format!(" · {}", if text.is_empty() { network } else { format!("{text} · {network}") })
            });
            let title = format!("{}{name}", scene.words.title);
            if let Some(canvas) = picture::picture(&scene, &title, font.as_deref().unwrap_or("sans-serif")) {
                save_picture(&canvas, format!("{}.png", scene.words.file_name));
            }
        });
    }

    fn save_table(self) {
        let language = self.language.get_untracked();
        self.histories.with_untracked(|histories| {
            let shown: Vec<&RunHistory> = histories.shown().collect();
            let names = run_labels(&shown, &language.words().chart);
            let runs: Vec<(&RunHistory, String)> = shown.into_iter().zip(names).collect();
            let name = format!("{}.csv", language.words().chart.file_name);
            save_text(&export::csv(&runs), "text/csv;charset=utf-8", &name);
        });
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
    let words = use_words();
    let state = State {
        histories,
        references,
        total_steps,
        unit,
        language: use_language(),
        view: RwSignal::new(StepView::default()),
        figure: RwSignal::new(Some(Figure::GradientNorm)),
        cursor: RwSignal::new(None),
        drag: RwSignal::new(None),
        canvas: NodeRef::new(),
        palette: StoredValue::new(None),
        ranges: StoredValue::new(Ranges::default()),
    };
    let frame = Frame::new(move || state.draw());
    Effect::new(move |_| {
        state.track();
        frame.request();
    });
    Effect::new(move |_| {
        if let Some(canvas) = state.canvas.get() {
            watch(&canvas, move |change| {
                if change == Change::Theme {
                    state.palette.set_value(None);
                }
                frame.request();
            });
        }
    });
    let described = slowly(move || state.described());
    let is_empty = Memo::new(move |_| histories.with(|histories| histories.shown().all(RunHistory::is_empty)));

    view! {
        <div class="chart">
            <Head state />
            <EarlierRuns histories />
            <div class="chart-area">
                <canvas
                    class="chart-canvas"
                    data-testid="loss-chart"
                    node_ref=state.canvas
                    role="img"
                    tabindex="0"
                    aria-label=described
                    aria-description=move || words().chart.keys
                    on:pointerdown=move |event| state.press(&event)
                    on:pointermove=move |event| state.hover(&event)
                    on:pointerup=move |_| state.release()
                    on:pointercancel=move |_| state.drag.set(None)
                    on:pointerleave=move |_| state.leave()
                    on:blur=move |_| state.cursor.set(None)
                    on:dblclick=move |_| state.view.update(StepView::reset)
                    on:wheel=move |event| state.wheel(&event)
                    on:keydown=move |event| state.key(&event)
                ></canvas>
                <Show when=move || is_empty.get()>
                    <p class="chart-empty">{move || words().chart.empty}</p>
                </Show>
            </div>
            <Foot state />
        </div>
    }
}

/// Title, names of the lines, unit.
#[component]
fn Head(state: State) -> impl IntoView {
    let words = use_words();
    let has_old_text = Memo::new(move |_| {
        state.histories.with(|histories| histories.present().is_some_and(|run| !run.old_text.is_empty()))
    });
    let unit_button = move |unit: LossUnit| {
        let index = unit as usize;
        view! {
            <button
                type="button"
                aria-pressed=move || (state.unit.get() == unit).to_string()
                title=move || words().chart.units_in_full[index]
                on:click=move |_| state.unit.set(unit)
            >
                {move || words().chart.units[index]}
            </button>
        }
    };
    view! {
        <header class="chart-head">
            <h2 title=move || words().chart.keys>{move || words().chart.title}</h2>
            <ul class="chart-legend">
                <li class="is-train">{move || words().chart.training}</li>
                <li class="is-valid">{move || words().chart.validation}</li>
                <Show when=move || has_old_text.get()>
                    <li class="is-old-text">{move || words().chart.old_text}</li>
                </Show>
            </ul>
            <div class="chart-switch" role="group" aria-label=move || words().chart.unit>
                {LossUnit::ALL.map(unit_button).collect_view()}
            </div>
        </header>
    }
}

/// Every earlier run by its settings: shown or hidden by a click, removed by another.
#[component]
fn EarlierRuns(histories: RwSignal<Histories>) -> impl IntoView {
    let words = use_words();
    let names = Memo::new(move |_| {
        histories.with(|histories| {
            let all: Vec<&RunHistory> = histories.earlier().iter().chain(histories.present()).collect();
            let names = run_labels(&all, &words().chart);
            let runs = histories.earlier().iter().zip(names);
            runs.map(|(run, name)| (run.id, run.colour, run.shown, name)).rev().collect::<Vec<_>>()
        })
    });
    let run = move |(id, colour, shown, name): (u32, usize, bool, String)| {
        let (toggled, forgotten, label) = (name.clone(), name.clone(), name);
        view! {
            <li class=format!("chart-run is-run-{}", colour + 1)>
                <button
                    type="button"
                    class="chart-run-name"
                    aria-pressed=shown.to_string()
                    title=move || (words().chart.toggle_run)(&toggled)
                    on:click=move |_| histories.update(|histories| histories.toggle(id))
                >
                    {label}
                </button>
                <button
                    type="button"
                    class="chart-run-forget"
                    aria-label=move || (words().chart.forget_run)(&forgotten)
                    on:click=move |_| histories.update(|histories| histories.forget(id))
                >
                    "×"
                </button>
            </li>
        }
    };
    view! {
        <Show when=move || !names.with(Vec::is_empty)>
            <ul class="chart-runs" aria-label=move || words().chart.earlier_runs>
                <For each=move || names.get() key=Clone::clone children=run />
            </ul>
        </Show>
    }
}

/// The figure below the loss, the scale of the steps, files.
#[component]
fn Foot(state: State) -> impl IntoView {
    let words = use_words();
    // The figure that is drawn already is put away by another click.
    let choose = move |figure: Figure| {
        state.figure.update(|drawn| *drawn = (*drawn != Some(figure)).then_some(figure));
    };
    let figure_button = move |figure: Figure| {
        view! {
            <button
                type="button"
                aria-pressed=move || (state.figure.get() == Some(figure)).to_string()
                on:click=move |_| choose(figure)
            >
                {move || figure.name(&words().chart)}
            </button>
        }
    };
    view! {
        <footer class="chart-foot">
            <div
                class="chart-tabs"
                role="group"
                aria-label=move || words().chart.figure.label
                title=move || words().chart.figure.help
            >
                {Figure::ALL.map(figure_button).collect_view()}
            </div>
            <div class="chart-tools">
                <button
                    type="button"
                    disabled=move || !state.view.get().is_zoomed()
                    title=move || words().chart.all_steps.help
                    on:click=move |_| state.view.update(StepView::reset)
                >
                    {move || words().chart.all_steps.label}
                </button>
                <button
                    type="button"
                    aria-pressed=move || state.view.get().log.to_string()
                    title=move || words().chart.log_steps.help
                    on:click=move |_| state.view.update(|view| view.log = !view.log)
                >
                    {move || words().chart.log_steps.label}
                </button>
                <button type="button" title=move || words().chart.png.help on:click=move |_| state.save_picture()>
                    {move || words().chart.png.label}
                </button>
                <button type="button" title=move || words().chart.csv.help on:click=move |_| state.save_table()>
                    {move || words().chart.csv.label}
                </button>
            </div>
        </footer>
    }
}
