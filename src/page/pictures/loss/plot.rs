//! The loss chart as a plot: what it draws from, and what is done to it.

use leptos::prelude::*;

use super::{
    LossUnit, LossView, References,
    axis::StepAxis,
    csv::CsvRows,
    layout::Layout,
    name::run_labels,
    paint::paint,
    scene::{Ranges, Scene, end_of, write_loss},
    view::StepView,
};
use crate::{
    float::within,
    page::{
        history::{Evaluated, Histories, RunHistory},
        language::use_language,
        pictures::use_views,
        plot::{Colour, Drag, Note, Palette, Plot, Point, Selection, Span, Surface, Table, use_selection},
    },
    words::{Chart, Language, Words, number},
};

/// Rows of the table.
const ROWS: usize = 100;

#[derive(Clone, Copy)]
pub struct LossPlot {
    pub histories: RwSignal<Histories>,
    references: Signal<References>,
    total_steps: Signal<Option<u64>>,
    pub unit: RwSignal<LossUnit>,
    pub view: LossView,
    language: RwSignal<Language>,
    selection: Selection,
    /// Where a drag began and where it is, in steps.
    dragged: RwSignal<Option<(f64, f64)>>,
    /// Where the chart was drawn last, and the ranges it had.
    layout: StoredValue<Layout>,
    ranges: StoredValue<Ranges>,
}

impl LossPlot {
    /// Called by a component.
    pub fn new(
        histories: RwSignal<Histories>,
        references: Signal<References>,
        total_steps: Signal<Option<u64>>,
        unit: RwSignal<LossUnit>,
    ) -> Self {
        LossPlot {
            histories,
            references,
            total_steps,
            unit,
            view: use_views().loss,
            language: use_language(),
            selection: use_selection(),
            dragged: RwSignal::new(None),
            layout: StoredValue::new(Layout::new(1.0, 1.0, false)),
            ranges: StoredValue::new(Ranges::default()),
        }
    }

    fn words(self) -> &'static Chart {
        &self.all_words().chart
    }

    fn all_words(self) -> &'static Words {
        self.language.get().words()
    }

    /// Works with the scene as it is now.
    fn scene<R>(self, work: impl FnOnce(Scene) -> R) -> R {
        let dragged = self.dragged.get();
        let references = self.references.get();
        self.histories.with(|histories| {
            let words = self.words();
            let shown: Vec<&RunHistory> = histories.shown().collect();
            let names = run_labels(&shown, self.all_words());
            let present = histories.present();
            let earlier = shown.iter().copied().zip(names).take(shown.len() - usize::from(present.is_some()));
            work(Scene {
                earlier: earlier.collect(),
                present,
                references: &references,
                unit: self.unit.get(),
                view: self.view.steps.get(),
                end: end_of(histories.shown(), self.total_steps.get()),
                below: self.view.below.get(),
                cursor: self.selection.step.get().map(|step| step as f64),
                pointed: self.selection.run.get(),
                selection: dragged.map(|(from, to)| Span::new(from.min(to), from.max(to))),
                words,
            })
        })
    }

    fn end(self) -> f64 {
        let total = self.total_steps.get();
        self.histories.with(|histories| end_of(histories.shown(), total))
    }

    /// As it was drawn last.
    fn axis(self) -> StepAxis {
        let view = self.view.steps.get();
        self.layout.get_value().step_axis(view.log, view.steps(self.end()))
    }

    /// Changes which steps are shown.
    fn show(self, change: impl FnOnce(&mut StepView, f64)) {
        let end = untrack(|| self.end());
        self.view.steps.update(|view| change(view, end));
    }
}

impl Plot for LossPlot {
    fn id(&self) -> &'static str {
        "loss-chart"
    }

    fn title(&self) -> String {
        let words = self.all_words();
        let run = self.histories.with(|histories| {
            histories.present().map(|run| (run.settings.text(words), run_labels(&[run], words).concat()))
        });
        let (text, network) = run.unwrap_or_default();
        let parts = [words.chart.title, &text, &network];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    }

    fn hint(&self) -> &'static str {
        self.words().keys
    }

    fn file_name(&self) -> &'static str {
        "unroll-loss"
    }

    fn nothing(&self) -> Option<String> {
        let is_empty = self.histories.with(|histories| histories.shown().all(RunHistory::is_empty));
        is_empty.then(|| self.words().empty.to_owned())
    }

    /// The present figures in a sentence.
    fn described(&self) -> String {
        let words = self.words();
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

    fn track(&self) {
        self.histories.track();
        self.references.track();
        self.total_steps.track();
        self.unit.track();
        self.language.track();
        self.view.steps.track();
        self.view.below.track();
        self.selection.step.track();
        self.selection.run.track();
        self.dragged.track();
    }

    fn draw(&self, surface: &Surface, palette: &Palette, for_file: bool) {
        self.scene(|scene| {
            let steps = scene.view.steps(scene.end);
            if for_file {
                let scene = Scene { cursor: None, selection: None, ..scene };
                paint(surface, &scene, Ranges::default().settle(&scene, steps), palette);
            } else if let Some(ranges) = self.ranges.try_update_value(|ranges| ranges.settle(&scene, steps)) {
                self.layout.set_value(paint(surface, &scene, ranges, palette));
            }
        });
    }

    fn legend(&self, palette: &Palette) -> Vec<(Option<Colour>, String)> {
        self.scene(|scene| {
            let words = scene.words;
            let mut entries = vec![(None, words.units_in_full[scene.unit as usize].to_owned())];
            if let Some(run) = scene.present {
                entries.push((Some(palette.train), words.training.to_owned()));
                entries.push((Some(palette.valid), words.validation.to_owned()));
                if !run.old_text.is_empty() {
                    entries.push((Some(palette.old_text), words.old_text.to_owned()));
                }
            }
            let earlier = scene.earlier.into_iter();
            entries.extend(earlier.map(|(run, name)| (Some(palette.run(run.colour)), name)));
            entries
        })
    }

    fn note(&self) -> Option<Note> {
        let step = self.selection.step.get().filter(|_| self.dragged.with(Option::is_none))?;
        let axis = self.axis();
        let x = axis.x(step as f64);
        if !(axis.left..=axis.right).contains(&x) || self.nothing().is_some() {
            return None;
        }
        self.scene(|scene| {
            let rows = scene.figures_at(step as f64);
            Some(Note { left: x, right: x, title: (scene.words.at_step)(step), rows, ..Note::default() })
        })
    }

    /// What is known at every evaluation, the newest first.
    fn table(&self) -> Table {
        let words = self.words();
        self.scene(|scene| {
            let Some(run) = scene.present else { return Table::default() };
            let mut head = vec![words.step.to_owned()];
            let below = scene.below.map(|below| below.name(words));
            let old_text = (!run.old_text.is_empty()).then_some(words.old_text);
            let names = [Some(words.smoothed), Some(words.validation), old_text, below];
            head.extend(names.into_iter().flatten().map(str::to_owned));
            let row = |point: &Evaluated| {
                let known = scene.figures_at(point.step as f64);
                let value = |name: &String| known.iter().find(|row| row.name == *name).map(|row| row.value.clone());
                let values = head[1..].iter().map(|name| value(name).unwrap_or_default());
                std::iter::once(number::grouped(point.step)).chain(values).collect()
            };
            let points = if run.validation.is_empty() { &run.old_text } else { &run.validation };
            let rows = points.iter().rev().take(ROWS).map(row).collect();
            Table { head, rows }
        })
    }

    fn csv(&self) -> Box<dyn FnMut() -> Option<String>> {
        let histories = self.histories;
        let mut rows = self.scene(|scene| {
            let mut runs = scene.earlier;
            let all = runs.iter().map(|run| run.0).chain(scene.present).collect::<Vec<_>>();
            let names = run_labels(&all, self.all_words());
            runs.extend(scene.present.zip(names.last().cloned()));
            CsvRows::new(&runs)
        });
        Box::new(move || histories.try_with_untracked(|histories| rows.next(histories)).flatten())
    }

    fn point(&self, at: Option<Point>) {
        let step = at.map(|at| {
            let axis = untrack(|| self.axis());
            axis.step_at(within(at.x, axis.left, axis.right)).round().max(0.0) as u64
        });
        if self.selection.step.get_untracked() != step {
            self.selection.step.set(step);
        }
    }

    /// Four pixels, and at least a step.
    fn move_cursor(&self, right: i32, _: i32, far: bool) {
        if right == 0 {
            return;
        }
        let axis = untrack(|| self.axis());
        let (low, high) = (axis.steps.low.ceil(), axis.steps.high.floor());
        let side = f64::from(right);
        let step = match self.selection.step.get_untracked() {
            _ if far => {
                if right < 0 {
                    low
                } else {
                    high
                }
            }
            None => (low + high) / 2.0,
            Some(before) => {
                let before = before as f64;
                let wished = axis.step_at(axis.x(before) + 4.0 * side).round();
                if wished == before { before + side } else { wished }
            }
        };
        self.selection.step.set(Some(within(step, low, high.max(low)) as u64));
    }

    /// Chooses a range of steps.
    fn drag(&self, drag: Option<Drag>) {
        let Some(Drag { from, to, done, .. }) = drag else {
            self.dragged.set(None);
            return;
        };
        let axis = untrack(|| self.axis());
        let step = |at: Point| axis.step_at(within(at.x, axis.left, axis.right)).round();
        let (from, to) = (step(from), step(to));
        self.dragged.set((!done).then_some((from, to)));
        self.selection.step.set(Some(to.max(0.0) as u64));
        if done {
            self.show(|view, end| view.select(from, to, end));
        }
    }

    fn zoom(&self, factor: f64, at: Option<Point>) {
        let axis = untrack(|| self.axis());
        let step = match at {
            Some(at) => axis.step_at(within(at.x, axis.left, axis.right)),
            None => {
                self.selection.step.get_untracked().map_or((axis.steps.low + axis.steps.high) / 2.0, |step| step as f64)
            }
        };
        self.show(|view, end| view.zoom_at(1.0 / factor, step, end));
    }

    fn pan(&self, by: Point) {
        let axis = untrack(|| self.axis());
        self.show(|view, end| view.pan(by.x / (axis.right - axis.left), end));
    }

    fn show_all(&self) {
        self.view.steps.update(StepView::reset);
    }

    fn hides_some(&self) -> bool {
        self.view.steps.with(|view| view.is_zoomed())
    }
}
