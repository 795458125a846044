//! Puts a scene on a canvas.

use web_sys::CanvasRenderingContext2d;

use super::{
    scene::{Layout, Mark, Scene},
    trace::{Column, columns},
};
use crate::{
    page::{
        chart::{
            LossUnit,
            colour::Colour,
            label::declutter,
            palette::Palette,
            scale::{HeightAxis, Span, StepAxis, decimals, loss_ticks, ticks},
        },
        history::{Evaluated, RunHistory},
    },
    words::number,
};

const SMALL: f64 = 11.5;

/// Draws the scene; `heights` and `figure` are the ranges of the loss and of the figure below it.
pub fn paint(
    context: &CanvasRenderingContext2d,
    scene: &Scene,
    layout: &Layout,
    ranges: (Span, Span),
    palette: &Palette,
) {
    let steps = layout.step_axis(scene.view.log, scene.view.steps(scene.end));
    let painter = Painter { context, scene, layout, palette, steps, heights: layout.height_axis(ranges.0) };
    painter.font(SMALL, "");
    painter.grid();
    painter.references();
    painter.clipped((layout.top, layout.bottom), || painter.curves());
    if let Some((top, bottom)) = layout.figure {
        painter.figure(HeightAxis { heights: ranges.1, top, bottom });
    }
    painter.selection();
    painter.cursor();
}

struct Painter<'a> {
    context: &'a CanvasRenderingContext2d,
    scene: &'a Scene<'a>,
    layout: &'a Layout,
    palette: &'a Palette,
    steps: StepAxis,
    heights: HeightAxis,
}

impl Painter<'_> {
    fn grid(&self) {
        let Painter { context, layout, palette, .. } = self;
        let rows = ((layout.bottom - layout.top) / 44.0).clamp(2.0, 8.0) as usize;
        let marks = loss_ticks(self.scene.unit, self.heights.heights, rows);
        let values: Vec<f64> = marks.iter().map(|mark| mark.1).collect();
        let digits = if self.scene.unit == LossUnit::Perplexity { decimals(&values) } else { decimals(&values).max(1) };
        context.set_text_align("right");
        context.set_text_baseline("middle");
        for (height, value) in marks {
            let y = self.heights.y(height);
            self.horizontal(y, palette.hairline, 1.0);
            self.ink(palette.muted, 1.0);
            self.text(&number::fixed(value, digits), layout.left - 10.0, y);
        }
        context.set_text_align("center");
        context.set_text_baseline("top");
        let columns = ((layout.right - layout.left) / 110.0).clamp(2.0, 8.0) as usize;
        for step in self.steps.ticks(columns) {
            self.ink(palette.muted, 1.0);
            self.text(&number::grouped(step.round() as u64), self.steps.x(step), layout.bottom + 7.0);
        }
    }

    /// Dashed lines, named at their end.
    fn references(&self) {
        let Painter { context, scene, layout, palette, .. } = self;
        let per_token = scene.references.characters_per_token;
        let lines: Vec<(String, f64, f64)> = scene
            .reference_lines()
            .into_iter()
            .map(|(name, nats)| (name, nats, scene.unit.height(nats, per_token)))
            .filter(|line| self.heights.heights.contains(line.2))
            .collect();
        let wishes: Vec<f64> = lines.iter().map(|line| self.heights.y(line.2)).collect();
        let places = declutter(&wishes, 14.0, layout.top, layout.bottom);
        context.set_text_align("left");
        context.set_text_baseline("middle");
        for (((name, nats, _), y), place) in lines.into_iter().zip(wishes).zip(places) {
            self.dashed(&[4.0, 4.0]);
            self.horizontal(y, palette.muted, 0.75);
            self.dashed(&[]);
            if (place - y).abs() > 2.0 {
                self.stroke(palette.muted, 0.5, 1.0);
                context.begin_path();
                context.move_to(layout.right, crisp(y));
                context.line_to(layout.right + 7.0, place);
                context.stroke();
            }
            let value = number::fixed(scene.unit.of(nats, per_token), 2);
            let label = if layout.narrow { name } else { format!("{name} {value}") };
            self.ink(palette.muted, 1.0);
            // The last resort of a long name: it is drawn narrower.
            let room = layout.width - layout.right - 10.0;
            let _ = context.fill_text_with_max_width(&label, layout.right + 10.0, place, room);
        }
    }

    fn curves(&self) {
        let Painter { scene, palette, .. } = self;
        for (run, _) in &scene.earlier {
            let colour = palette.runs.get(run.colour).copied().unwrap_or(palette.muted);
            self.mean_line(&columns(&run.smoothed, &self.steps), run, colour, 0.85, 1.25);
            self.evaluations(run, &run.validation, colour, false);
        }
        let Some(run) = scene.present else { return };
        let raw = columns(&run.loss, &self.steps);
        self.band(&raw, run, palette.train, 0.38);
        self.mean_line(&columns(&run.smoothed, &self.steps), run, palette.train, 1.0, 1.75);
        self.evaluations(run, &run.old_text, palette.old_text, true);
        self.evaluations(run, &run.validation, palette.valid, true);
    }

    /// Everything between the least and the greatest value of each column.
    fn band(&self, columns: &[Column], run: &RunHistory, colour: Colour, opacity: f64) {
        self.stroke(colour, opacity, 1.0);
        let y = |nats| self.heights.y(self.scene.height(run, nats));
        self.context.begin_path();
        for column in columns {
            self.context.line_to(column.x, y(column.max));
            if column.min != column.max {
                self.context.line_to(column.x, y(column.min));
            }
        }
        self.context.stroke();
    }

    fn mean_line(&self, columns: &[Column], run: &RunHistory, colour: Colour, opacity: f64, width: f64) {
        self.stroke(colour, opacity, width);
        self.context.begin_path();
        for column in columns {
            self.context.line_to(column.x, self.heights.y(self.scene.height(run, column.mean)));
        }
        self.context.stroke();
    }

    /// A line through the evaluations, each with a dot where there is room for dots.
    fn evaluations(&self, run: &RunHistory, points: &[Evaluated], colour: Colour, present: bool) {
        let context = self.context;
        let place =
            |point: &Evaluated| (self.steps.x(point.step as f64), self.heights.y(self.scene.height(run, point.loss)));
        let in_sight = points.iter().map(place).filter(|(x, _)| (self.layout.left..=self.layout.right).contains(x));
        let in_sight = in_sight.count();
        if present {
            self.stroke(colour, 1.0, 1.75);
        } else {
            self.stroke(colour, 0.85, 1.25);
            self.dashed(&[2.0, 3.0]);
        }
        context.begin_path();
        let mut last = f64::NEG_INFINITY;
        for (x, y) in points.iter().filter(|point| point.loss.is_finite()).map(place) {
            // Many evaluations in one column of pixels are one corner of the line.
            if x - last >= 0.5 {
                context.line_to(x, y);
                last = x;
            }
        }
        context.stroke();
        self.dashed(&[]);
        if present && in_sight as f64 * 9.0 <= self.layout.right - self.layout.left {
            self.ink(colour, 1.0);
            for (x, y) in points.iter().filter(|point| point.loss.is_finite()).map(place) {
                self.dot(x, y, 2.6);
            }
        }
    }

    /// The figure below the loss: its name, the ends of its range, its curve.
    fn figure(&self, axis: HeightAxis) {
        let Painter { context, scene, layout, palette, .. } = self;
        let Some(figure) = scene.figure else { return };
        context.set_text_align("left");
        context.set_text_baseline("alphabetic");
        self.ink(palette.muted, 1.0);
        self.text(figure.name(scene.words), layout.left, axis.top - 6.0);
        context.set_text_align("right");
        context.set_text_baseline("middle");
        for value in ticks(axis.heights, 2) {
            self.horizontal(axis.y(value), palette.hairline, 1.0);
            self.ink(palette.muted, 1.0);
            self.text(&short(value), layout.left - 10.0, axis.y(value));
        }
        self.clipped((axis.top - 1.0, axis.bottom + 1.0), || {
            for run in scene.runs() {
                let present = scene.present.is_some_and(|present| present.id == run.id);
                let earlier = palette.runs.get(run.colour).copied().unwrap_or(palette.muted);
                let factor = figure.factor(run);
                let columns = columns(figure.series(run), &self.steps);
                if present {
                    self.stroke(palette.accent, 0.3, 1.0);
                    context.begin_path();
                    for column in columns.iter().filter(|column| column.min != column.max) {
                        context.move_to(column.x, axis.y(column.min * factor));
                        context.line_to(column.x, axis.y(column.max * factor));
                    }
                    context.stroke();
                    self.stroke(palette.accent, 1.0, 1.25);
                } else {
                    self.stroke(earlier, 0.6, 1.0);
                }
                context.begin_path();
                columns.iter().for_each(|column| context.line_to(column.x, axis.y(column.mean * factor)));
                context.stroke();
            }
        });
    }

    fn selection(&self) {
        let Some(selection) = self.scene.selection else { return };
        let (Layout { left, right, top, bottom, .. }, steps) = (self.layout, &self.steps);
        let from = steps.x(selection.low).max(*left);
        let to = steps.x(selection.high).min(*right);
        self.ink(self.palette.accent, 0.12);
        self.context.fill_rect(from, *top, to - from, bottom - top);
        for x in [from, to] {
            self.vertical(x, self.palette.accent, 0.7);
        }
    }

    fn cursor(&self) {
        let Some(step) = self.scene.cursor else { return };
        let x = self.steps.x(step);
        if x < self.layout.left - 0.5 || x > self.layout.right + 0.5 {
            return;
        }
        self.vertical(x, self.palette.ink, 0.35);
        if self.scene.selection.is_some() {
            return;
        }
        self.cursor_dots(step, x);
        let rows = self.scene.figures_at(step);
        self.note(x, &(self.scene.words.at_step)(step.round().max(0.0) as u64), &rows);
    }

    /// Where the cursor meets the curves.
    fn cursor_dots(&self, step: f64, x: f64) {
        let dot = |run: &RunHistory, colour: Colour| {
            let Some(nats) = run.smoothed.at(step).filter(|_| step <= run.last_step() as f64 + 0.5) else { return };
            let y = self.heights.y(self.scene.height(run, f64::from(nats)));
            if y >= self.layout.top && y <= self.layout.bottom {
                self.ink(self.palette.card, 1.0);
                self.dot(x, y, 4.5);
                self.ink(colour, 1.0);
                self.dot(x, y, 3.0);
            }
        };
        for (run, _) in &self.scene.earlier {
            dot(run, self.palette.runs.get(run.colour).copied().unwrap_or(self.palette.muted));
        }
        if let Some(run) = self.scene.present {
            dot(run, self.palette.train);
        }
    }

    /// The figures at the cursor, on a card beside it.
    fn note(&self, x: f64, title: &str, rows: &[(Mark, String, String)]) {
        let Painter { context, layout, palette, .. } = self;
        const LINE: f64 = 18.0;
        const PAD: f64 = 10.0;
        let measure = |text: &str| context.measure_text(text).map_or(0.0, |metrics| metrics.width());
        let values = rows.iter().map(|row| measure(&row.2)).fold(0.0, f64::max);
        let room = (layout.width - 8.0).min(360.0) - values - 16.0 - 14.0 - 2.0 * PAD;
        let names = rows.iter().map(|row| measure(&row.1)).fold(0.0, f64::max).min(room);
        self.font(SMALL, "600");
        let width = (names + values + 16.0 + 14.0).max(measure(title)).ceil() + 2.0 * PAD;
        let height = LINE * (rows.len() + 1) as f64 + PAD + 2.0;
        let beside = if x + 12.0 + width <= layout.width { x + 12.0 } else { x - 12.0 - width };
        let left = beside.clamp(4.0, (layout.width - width - 4.0).max(4.0)).round();
        let top = (layout.top + 6.0).min(layout.height - height - 2.0).max(0.0).round();
        context.begin_path();
        // A negative radius is the only thing it refuses.
        let _ = context.round_rect_with_f64(left + 0.5, top + 0.5, width, height, 6.0);
        self.ink(palette.card, 0.96);
        context.fill();
        self.stroke(palette.hairline, 1.0, 1.0);
        context.stroke();
        context.set_text_baseline("middle");
        context.set_text_align("left");
        self.ink(palette.ink, 1.0);
        self.text(title, left + PAD, top + PAD / 2.0 + LINE / 2.0 + 1.0);
        self.font(SMALL, "");
        for (index, (mark, name, value)) in rows.iter().enumerate() {
            let y = top + PAD / 2.0 + LINE * (index as f64 + 1.5) + 1.0;
            let (colour, opacity) = self.mark(*mark);
            self.ink(colour, opacity);
            context.fill_rect(left + PAD, y - 1.5, 9.0, 3.0);
            self.ink(palette.muted, 1.0);
            context.set_text_align("left");
            // Too long a name is drawn narrower.
            let _ = context.fill_text_with_max_width(name, left + PAD + 14.0, y, names.max(1.0));
            self.ink(palette.ink, 1.0);
            context.set_text_align("right");
            self.text(value, left + width - PAD, y);
        }
    }

    fn mark(&self, mark: Mark) -> (Colour, f64) {
        let palette = self.palette;
        match mark {
            Mark::Training => (palette.train, 0.45),
            Mark::Smoothed => (palette.train, 1.0),
            Mark::Validation => (palette.valid, 1.0),
            Mark::OldText => (palette.old_text, 1.0),
            Mark::Earlier(place) => (palette.runs.get(place).copied().unwrap_or(palette.muted), 1.0),
            Mark::Figure => (palette.accent, 1.0),
        }
    }

    /// Draws within the columns of the chart and these rows only.
    fn clipped(&self, (top, bottom): (f64, f64), draw: impl Fn()) {
        let Layout { left, right, .. } = self.layout;
        self.context.save();
        self.context.begin_path();
        // Dots on the edges stay whole.
        self.context.rect(left - 3.0, top - 3.0, right - left + 6.0, bottom - top + 6.0);
        self.context.clip();
        self.context.set_line_join("round");
        draw();
        self.context.restore();
    }

    fn horizontal(&self, y: f64, colour: Colour, opacity: f64) {
        self.stroke(colour, opacity, 1.0);
        self.context.begin_path();
        self.context.move_to(self.layout.left, crisp(y));
        self.context.line_to(self.layout.right, crisp(y));
        self.context.stroke();
    }

    fn vertical(&self, x: f64, colour: Colour, opacity: f64) {
        self.stroke(colour, opacity, 1.0);
        self.context.begin_path();
        self.context.move_to(crisp(x), self.layout.top);
        self.context.line_to(crisp(x), self.layout.figure.map_or(self.layout.bottom, |figure| figure.1));
        self.context.stroke();
    }

    fn dot(&self, x: f64, y: f64, radius: f64) {
        self.context.begin_path();
        // A negative radius is the only thing it refuses.
        let _ = self.context.arc(x, y, radius, 0.0, std::f64::consts::TAU);
        self.context.fill();
    }

    fn text(&self, text: &str, x: f64, y: f64) {
        // Drawing text refuses nothing that we give it.
        let _ = self.context.fill_text(text, x, y);
    }

    fn font(&self, size: f64, weight: &str) {
        self.context.set_font(&format!("{weight} {size}px {}", self.palette.font));
    }

    fn ink(&self, colour: Colour, opacity: f64) {
        self.context.set_fill_style_str(&colour.css(opacity));
    }

    fn stroke(&self, colour: Colour, opacity: f64, width: f64) {
        self.context.set_stroke_style_str(&colour.css(opacity));
        self.context.set_line_width(width);
    }

    fn dashed(&self, lengths: &[f64]) {
        let lengths: js_sys::Array = lengths.iter().map(|&length| js_sys::Number::from(length)).collect();
        // Only a negative length is refused.
        let _ = self.context.set_line_dash(&lengths);
    }
}

/// The middle of the pixel, where a hairline is one pixel wide.
fn crisp(place: f64) -> f64 {
    place.floor() + 0.5
}

/// A tick of the small axis in few letters: 0.5, 50k, 2e-3.
fn short(value: f64) -> String {
    if value >= 1e6 {
        format!("{}M", number::setting((value / 1e4).round() / 1e2))
    } else if value >= 1e3 {
        format!("{}k", number::setting((value / 1e2).round() / 1e1))
    } else {
        number::setting(format!("{value:.2e}").parse().unwrap_or(value))
    }
}
