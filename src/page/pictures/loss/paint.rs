//! Puts a scene on a canvas.

use super::{
    LossUnit,
    axis::{HeightAxis, StepAxis, loss_ticks},
    layout::Layout,
    scene::{Scene, significant},
    trace::{Column, columns},
};
use crate::{
    page::{
        history::{Evaluated, RunHistory},
        plot::{Colour, Palette, Span, Surface, decimals, declutter, ticks},
    },
    words::number,
};

/// Draws the scene; `ranges`: of the loss, and of what is drawn below it. Gives back where it drew.
pub fn paint(surface: &Surface, scene: &Scene, ranges: (Span, Span), palette: &Palette) -> Layout {
    surface.small(palette);
    let rows = Layout::new(surface.width, surface.height, scene.below.is_some());
    let losses = loss_labels(scene, ranges.0, &rows);
    let below: Vec<(f64, String)> = match rows.below {
        Some(_) => ticks(ranges.1, 2).into_iter().map(|value| (value, short(value))).collect(),
        None => Vec::new(),
    };
    let references = reference_labels(scene, rows.is_narrow());
    let widest =
        |labels: &mut dyn Iterator<Item = &String>| labels.map(|label| surface.width_of(label)).fold(0.0, f64::max);
    let layout = rows.with_labels(
        widest(&mut losses.iter().chain(&below).map(|label| &label.1)),
        widest(&mut references.iter().map(|line| &line.0)),
    );
    let steps = layout.step_axis(scene.view.log, scene.view.steps(scene.end));
    let painter = Painter { surface, scene, layout: &layout, palette, steps, heights: layout.height_axis(ranges.0) };
    painter.grid(&losses);
    painter.references(&references);
    painter.clipped((layout.top, layout.bottom), &|| painter.curves());
    if let Some((top, bottom)) = layout.below {
        painter.below(HeightAxis { heights: ranges.1, top, bottom }, &below);
    }
    painter.selection();
    painter.cursor();
    layout
}

/// Heights of the losses that have a grid line, and how they are written.
fn loss_labels(scene: &Scene, heights: Span, layout: &Layout) -> Vec<(f64, String)> {
    let rows = ((layout.bottom - layout.top) / 44.0).clamp(2.0, 8.0) as usize;
    let marks = loss_ticks(scene.unit, heights, rows);
    let values: Vec<f64> = marks.iter().map(|mark| mark.1).collect();
    let perplexity = scene.unit == LossUnit::Perplexity;
    let digits = if perplexity { decimals(&values) } else { decimals(&values).max(1) };
    let write = |value: f64| {
        if digits == 0 && value >= 0.0 { number::grouped(value.round() as u64) } else { number::fixed(value, digits) }
    };
    marks.into_iter().map(|(height, value)| (height, write(value))).collect()
}

/// Lines to beat: what stands at their end, and their height.
fn reference_labels(scene: &Scene, narrow: bool) -> Vec<(String, f64)> {
    let per_token = scene.references.characters_per_token;
    let label = |(name, nats): (String, f64)| {
        let value = number::fixed(scene.unit.of(nats, per_token), 2);
        let label = if narrow { name } else { [&name, " ", &value].concat() };
        (label, scene.unit.height(nats, per_token))
    };
    scene.reference_lines().into_iter().map(label).collect()
}

struct Painter<'a> {
    surface: &'a Surface,
    scene: &'a Scene<'a>,
    layout: &'a Layout,
    palette: &'a Palette,
    steps: StepAxis,
    heights: HeightAxis,
}

impl Painter<'_> {
    fn grid(&self, losses: &[(f64, String)]) {
        let Painter { surface, layout, palette, .. } = self;
        self.scale(self.heights, losses);
        surface.align("center", "top");
        surface.fill(palette.muted, 1.0);
        let columns = ((layout.right - layout.left) / 110.0).clamp(2.0, 8.0) as usize;
        for step in self.steps.ticks(columns) {
            let label = number::grouped(step.round() as u64);
            let half = surface.width_of(&label) / 2.0;
            // The last one may stand at the very end of a chart without lines to beat.
            let x = self.steps.x(step).min(layout.width - half - 1.0);
            surface.text(&label, x, layout.bottom + 7.0);
        }
    }

    /// Grid lines with their labels.
    fn scale(&self, axis: HeightAxis, labels: &[(f64, String)]) {
        let Painter { surface, layout, palette, .. } = self;
        surface.align("right", "middle");
        for (height, label) in labels {
            let y = axis.y(*height);
            surface.horizontal(layout.left, layout.right, y, palette.hairline, 1.0);
            surface.fill(palette.muted, 1.0);
            surface.text(label, layout.left - Layout::GAP, y);
        }
    }

    /// Dashed lines, named at their end.
    fn references(&self, lines: &[(String, f64)]) {
        let Painter { surface, layout, palette, .. } = self;
        let lines: Vec<&(String, f64)> = lines.iter().filter(|line| self.heights.heights.contains(line.1)).collect();
        let wishes: Vec<f64> = lines.iter().map(|line| self.heights.y(line.1)).collect();
        let places = declutter(&wishes, 14.0, layout.top, layout.bottom);
        surface.align("left", "middle");
        for ((line, y), place) in lines.into_iter().zip(wishes).zip(places) {
            let hairline = surface.hairline();
            let middle = surface.snap(0.0, y - hairline / 2.0).1 + hairline / 2.0;
            surface.stroke(palette.muted, 0.75, hairline);
            surface.dashed(&[4.0, 4.0]);
            surface.line(&mut [(layout.left, middle), (layout.right, middle)].into_iter());
            surface.dashed(&[]);
            if (place - y).abs() > 2.0 {
                surface.stroke(palette.muted, 0.5, 1.0);
                surface.line(&mut [(layout.right, middle), (layout.right + 7.0, place)].into_iter());
            }
            surface.fill(palette.muted, 1.0);
            surface.text_within(&line.0, layout.right + Layout::GAP, place, layout.room_right());
        }
    }

    fn curves(&self) {
        let Painter { scene, palette, .. } = self;
        for (run, _) in &scene.earlier {
            let (opacity, width) = if scene.pointed == Some(run.id) { (1.0, 2.5) } else { (0.85, 1.25) };
            self.mean_line(&columns(&run.smoothed, &self.steps), run, palette.run(run.colour), opacity, width);
            self.evaluations(run, &run.validation, palette.run(run.colour), false);
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
        self.surface.stroke(colour, opacity, 1.0);
        let y = |nats| self.heights.y(self.scene.height(run, nats));
        let ends = |column: &Column| {
            let least = (column.min != column.max).then_some((column.x, y(column.min)));
            std::iter::once((column.x, y(column.max))).chain(least)
        };
        self.surface.line(&mut columns.iter().flat_map(ends));
    }

    fn mean_line(&self, columns: &[Column], run: &RunHistory, colour: Colour, opacity: f64, width: f64) {
        self.surface.stroke(colour, opacity, width);
        let y = |column: &Column| self.heights.y(self.scene.height(run, column.mean));
        self.surface.line(&mut columns.iter().map(|column| (column.x, y(column))));
    }

    /// A line through the evaluations, each with a dot where there is room for dots.
    fn evaluations(&self, run: &RunHistory, points: &[Evaluated], colour: Colour, present: bool) {
        let surface = self.surface;
        let place =
            |point: &Evaluated| (self.steps.x(point.step as f64), self.heights.y(self.scene.height(run, point.loss)));
        let finite: Vec<(f64, f64)> = points.iter().filter(|point| point.loss.is_finite()).map(place).collect();
        if present {
            surface.stroke(colour, 1.0, 1.75);
        } else {
            surface.stroke(colour, 0.85, 1.25);
            surface.dashed(&[2.0, 3.0]);
        }
        let mut last = f64::NEG_INFINITY;
        surface.line(&mut finite.iter().copied().filter(|(x, _)| {
            // Many evaluations in one column of pixels are one corner of the line.
            let apart = x - last >= 0.5;
            if apart {
                last = *x;
            }
            apart
        }));
        surface.dashed(&[]);
        let in_sight = finite.iter().filter(|(x, _)| (self.layout.left..=self.layout.right).contains(x)).count();
        if present && in_sight as f64 * 9.0 <= self.layout.right - self.layout.left {
            surface.fill(colour, 1.0);
            finite.iter().for_each(|(x, y)| surface.dot(*x, *y, 2.6));
        }
    }

    /// What is drawn below the loss: its name, its scale, its curves.
    fn below(&self, axis: HeightAxis, labels: &[(f64, String)]) {
        let Painter { surface, scene, layout, palette, .. } = self;
        let Some(below) = scene.below else { return };
        surface.align("left", "alphabetic");
        surface.fill(palette.muted, 1.0);
        surface.text(below.name(scene.words), layout.left, axis.top - 6.0);
        self.scale(axis, labels);
        self.clipped((axis.top - 1.0, axis.bottom + 1.0), &|| {
            for run in scene.runs() {
                let present = scene.present.is_some_and(|present| present.id == run.id);
                let factor = below.factor(run);
                let columns = columns(below.series(run), &self.steps);
                if present {
                    surface.stroke(palette.accent, 0.3, 1.0);
                    surface.context.begin_path();
                    for column in columns.iter().filter(|column| column.min != column.max) {
                        surface.context.move_to(column.x, axis.y(column.min * factor));
                        surface.context.line_to(column.x, axis.y(column.max * factor));
                    }
                    surface.context.stroke();
                    surface.stroke(palette.accent, 1.0, 1.25);
                } else {
                    surface.stroke(palette.run(run.colour), 0.6, 1.0);
                }
                surface.line(&mut columns.iter().map(|column| (column.x, axis.y(column.mean * factor))));
            }
        });
    }

    fn selection(&self) {
        let Some(selection) = self.scene.selection else { return };
        let Layout { left, right, top, bottom, .. } = *self.layout;
        let from = self.steps.x(selection.low).max(left);
        let to = self.steps.x(selection.high).min(right);
        self.surface.fill(self.palette.accent, 0.12);
        self.surface.context.fill_rect(from, top, to - from, bottom - top);
        for x in [from, to] {
            self.surface.vertical(x, top, bottom, self.palette.accent, 0.7);
        }
    }

    /// A line at the step, and where it meets the curves.
    fn cursor(&self) {
        let Some(step) = self.scene.cursor else { return };
        let x = self.steps.x(step);
        if x < self.layout.left - 0.5 || x > self.layout.right + 0.5 {
            return;
        }
        let foot = self.layout.below.map_or(self.layout.bottom, |below| below.1);
        self.surface.vertical(x, self.layout.top, foot, self.palette.ink, 0.35);
        if self.scene.selection.is_some() {
            return;
        }
        let dot = |run: &RunHistory, colour: Colour| {
            let Some(nats) = run.smoothed.at(step).filter(|_| step <= run.last_step() as f64 + 0.5) else { return };
            let y = self.heights.y(self.scene.height(run, f64::from(nats)));
            if y >= self.layout.top && y <= self.layout.bottom {
                self.surface.fill(self.palette.card, 1.0);
                self.surface.dot(x, y, 4.5);
                self.surface.fill(colour, 1.0);
                self.surface.dot(x, y, 3.0);
            }
        };
        for (run, _) in &self.scene.earlier {
            dot(run, self.palette.run(run.colour));
        }
        if let Some(run) = self.scene.present {
            dot(run, self.palette.train);
        }
    }

    /// Draws within the columns of the chart and these rows only.
    fn clipped(&self, (top, bottom): (f64, f64), draw: &dyn Fn()) {
        let Layout { left, right, .. } = self.layout;
        // Dots on the edges stay whole.
        self.surface.clipped(left - 3.0, top - 3.0, right - left + 6.0, bottom - top + 6.0, draw);
    }
}

/// A tick of the small axis in few letters: 0.5, 50k, 2e-3.
fn short(value: f64) -> String {
    let (value, suffix) = if value >= 1e6 {
        (value / 1e6, "M")
    } else if value >= 1e3 {
        (value / 1e3, "k")
    } else {
        (value, "")
    };
    [&number::setting(significant(value)), suffix].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_of_the_small_axis_are_short() {
        assert_eq!(short(0.5), "0.5");
        assert_eq!(short(50_000.0), "50k");
        assert_eq!(short(2_500_000.0), "2.5M");
        assert_eq!(short(f64::from(2e-3f32)), "2e-3");
        assert_eq!(short(0.0), "0");
    }
}
