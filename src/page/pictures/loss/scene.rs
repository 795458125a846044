//! What the chart shows, before anything is drawn: the runs, the ranges, the figures at a step.

use super::{LossUnit, References, axis::steps_end, view::StepView};
use crate::{
    page::{
        history::{EARLIER_RUNS, Evaluated, RunHistory, Series},
        plot::{NoteRow, Span, nice_step, settle},
    },
    words::{Chart, number},
};

/// What can be drawn below the loss, over the same steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below {
    GradientNorm,
    LearningRate,
    Speed,
}

impl Below {
    pub const ALL: [Below; 3] = [Below::GradientNorm, Below::LearningRate, Below::Speed];

    pub fn name(self, words: &Chart) -> &'static str {
        match self {
            Below::GradientNorm => words.gradient_norm,
            Below::LearningRate => words.learning_rate,
            Below::Speed => words.speed,
        }
    }

    pub fn series(self, run: &RunHistory) -> &Series {
        match self {
            Below::GradientNorm => &run.gradient_norm,
            Below::LearningRate => &run.learning_rate,
            Below::Speed => &run.speed,
        }
    }

    /// What a value of the series is multiplied by to be shown.
    pub fn factor(self, run: &RunHistory) -> f64 {
        if self == Below::Speed { run.settings.characters_per_token } else { 1.0 }
    }

    pub fn write(self, value: f64) -> String {
        match self {
            Below::GradientNorm => number::fixed(value, 2),
            Below::LearningRate => number::setting(significant(value)),
            Below::Speed => number::grouped(value.round().max(0.0) as u64),
        }
    }
}

/// Three significant digits: what is left of a learning rate that travelled in single precision.
pub fn significant(value: f64) -> f64 {
    let power = 10f64.powf(2.0 - value.abs().log10().floor());
    if value == 0.0 || !power.is_finite() { value } else { (value * power).round() / power }
}

/// A loss as it is written: perplexity with two decimals, the others with three.
pub fn write_loss(unit: LossUnit, nats: f64, characters_per_token: f64) -> String {
    number::fixed(unit.of(nats, characters_per_token), if unit == LossUnit::Perplexity { 2 } else { 3 })
}

/// Everything the chart shows.
pub struct Scene<'a> {
    /// The earlier runs that are shown, oldest first, and what they are called.
    pub earlier: Vec<(&'a RunHistory, String)>,
    pub present: Option<&'a RunHistory>,
    pub references: &'a References,
    pub unit: LossUnit,
    pub view: StepView,
    pub end: f64,
    pub below: Option<Below>,
    /// The step under the pointer.
    pub cursor: Option<f64>,
    /// The earlier run that is pointed at.
    pub pointed: Option<u32>,
    /// The range of steps that is being chosen.
    pub selection: Option<Span>,
    pub words: &'a Chart,
}

/// Where the step axis ends: behind the last step of any run that is shown.
pub fn end_of<'a>(runs: impl Iterator<Item = &'a RunHistory>, total_steps: Option<u64>) -> f64 {
    steps_end(runs.map(RunHistory::last_step).max().unwrap_or(0), total_steps)
}

impl Scene<'_> {
    pub fn runs(&self) -> impl Iterator<Item = &RunHistory> {
        self.earlier.iter().map(|(run, _)| *run).chain(self.present)
    }

    pub fn height(&self, run: &RunHistory, nats: f64) -> f64 {
        self.unit.height(nats, run.settings.characters_per_token)
    }

    /// The losses that runs are measured against: name and nats a token.
    pub fn reference_lines(&self) -> Vec<(String, f64)> {
        let references = self.references;
        let uniform = references.uniform.map(|loss| (self.words.uniform.to_owned(), loss));
        let n_grams = references.n_grams.iter().map(|baseline| ((self.words.n_gram)(baseline.order), baseline.loss));
        let best = references.best_possible.map(|loss| (self.words.best_possible.to_owned(), loss));
        uniform.into_iter().chain(n_grams).chain(best).filter(|(_, loss)| loss.is_finite()).collect()
    }

    /// The heights that have to be in sight: the curves within the steps that are shown and, unless zoomed, the lines
    /// they are measured against.
    pub fn needed_heights(&self, steps: Span) -> Span {
        let mut needed = Span::EMPTY;
        for run in self.runs() {
            let mut of_run = Span::EMPTY;
            let smoothed = run.smoothed.between(steps.low, steps.high + 1.0);
            let raw = run.loss.between(steps.low, steps.high + 1.0);
            [smoothed.min, smoothed.max, raw.min].into_iter().for_each(|nats| of_run.include(f64::from(nats)));
            for point in run.validation.iter().chain(&run.old_text) {
                if steps.contains(point.step as f64) {
                    of_run.include(point.loss);
                }
            }
            // A diverging run must not flatten what came before.
            let ceiling = 1.6
                * self
                    .references
                    .uniform
                    .or(run.loss.values().first().map(|&nats| f64::from(nats)))
                    .unwrap_or(f64::INFINITY);
            needed.include(self.height(run, of_run.low));
            needed.include(self.height(run, of_run.high.min(ceiling.max(of_run.low))));
        }
        if !self.view.is_zoomed() || needed.is_empty() {
            for (_, nats) in self.reference_lines() {
                needed.include(self.unit.height(nats, self.references.characters_per_token));
            }
        }
        if needed.is_empty() { Span::new(0.0, 1.0) } else { needed }
    }

    /// The range of the figure below the loss; it begins at zero.
    pub fn needed_below(&self, figure: Below, steps: Span) -> Span {
        let mut needed = Span::new(0.0, 0.0);
        for run in self.runs() {
            let values = figure.series(run).between(steps.low, steps.high + 1.0);
            // Spikes of the gradient are cut off rather than hiding everything else.
            let high = if figure == Below::GradientNorm { values.max.min(8.0 * values.mean()) } else { values.max };
            needed.include(f64::from(high) * figure.factor(run));
        }
        if needed.high > 0.0 { needed } else { Span::new(0.0, 1.0) }
    }

    /// What is known at a step. The present run's figures come first.
    pub fn figures_at(&self, step: f64) -> Vec<NoteRow> {
        let mut rows = Vec::new();
        let words = self.words;
        if let Some(run) = self.present {
            let write = |nats: f64| write_loss(self.unit, nats, run.settings.characters_per_token);
            let before = |points: &[Evaluated]| {
                let after = points.partition_point(|point| point.step as f64 <= step + 0.5);
                points[..after].last().map(|point| point.loss)
            };
            // Beyond the newest step nothing is known, although the last value is before it.
            let reached = step <= run.last_step() as f64 + 0.5;
            let mut add = |mark, name: &str, nats: Option<f64>| {
                if let Some(nats) = nats.filter(|_| reached) {
                    rows.push(NoteRow { mark, name: name.to_owned(), value: write(nats) });
                }
            };
            add("is-train is-faint", words.training, run.loss.at(step).map(f64::from));
            add("is-train", words.smoothed, run.smoothed.at(step).map(f64::from));
            add("is-valid", words.validation, before(&run.validation));
            add("is-old-text", words.old_text, before(&run.old_text));
        }
        for (run, name) in self.earlier.iter().rev() {
            if let Some(nats) = run.smoothed.at(step).filter(|_| step <= run.last_step() as f64 + 0.5) {
                let value = write_loss(self.unit, f64::from(nats), run.settings.characters_per_token);
                rows.push(NoteRow { mark: run_class(run.colour), name: name.clone(), value });
            }
        }
        if let Some((figure, run)) = self.below.zip(self.present)
            && let Some(value) = figure.series(run).at(step).filter(|_| step <= run.last_step() as f64 + 0.5)
        {
            let value = figure.write(f64::from(value) * figure.factor(run));
            rows.push(NoteRow { mark: "is-below", name: figure.name(words).to_owned(), value });
        }
        rows
    }
}

/// The class of an earlier run's colour.
pub fn run_class(place: usize) -> &'static str {
    const CLASSES: [&str; EARLIER_RUNS] =
        ["is-run-1", "is-run-2", "is-run-3", "is-run-4", "is-run-5", "is-run-6", "is-run-7", "is-run-8"];
    CLASSES[place % EARLIER_RUNS]
}

/// The ranges that were drawn last, so that they move seldom.
#[derive(Clone, Debug, Default)]
pub struct Ranges {
    drawn_for: Option<(u32, LossUnit, bool, Option<Below>)>,
    heights: Option<Span>,
    below: Option<Span>,
}

impl Ranges {
    /// The ranges to draw now: heights, and those of the figure below.
    pub fn settle(&mut self, scene: &Scene, steps: Span) -> (Span, Span) {
        let run = scene.present.map_or(0, |run| run.id);
        let now = Some((run, scene.unit, scene.view.is_zoomed(), scene.below));
        if self.drawn_for != now {
            *self = Ranges { drawn_for: now, ..Ranges::default() };
        }
        let heights = settle(self.heights, scene.needed_heights(steps));
        let below = scene.below.map_or(Span::new(0.0, 1.0), |below| scene.needed_below(below, steps));
        let below = settle_from_zero(self.below, below.high);
        (self.heights, self.below) = (Some(heights), Some(below));
        (heights, below)
    }
}

/// Like [`settle`], for a range that begins at zero.
fn settle_from_zero(drawn: Option<Span>, high: f64) -> Span {
    match drawn {
        Some(drawn) if high <= drawn.high && high >= 0.4 * drawn.high => drawn,
        _ => {
            let step = nice_step(high / 2.0);
            Span::new(0.0, (high * 1.04 / step).ceil() * step)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        page::history::{Histories, RunSettings},
        protocol::{Array, Baseline, EvaluatedOn, Evaluation, ModelConfig, Progress, TrainConfig},
        words::Language,
    };

    fn histories(losses: &[f32]) -> Histories {
        let mut histories = Histories::default();
        histories.begin(RunSettings {
            source: None,
            model: ModelConfig::default(),
            train: TrainConfig::default(),
            parameters: 1,
            characters_per_token: 1.0,
            fine_tuning: false,
        });
        let progress =
            Progress { run: 1, first_step: 1, step: losses.len() as u64, epoch: 0.0, tokens_per_second: 10.0 };
        histories.progress(&progress, &[Array::Floats(losses.to_vec()), Array::Floats(losses.to_vec())]);
        histories.evaluated(&Evaluation { run: 1, step: 2, on: EvaluatedOn::Validation, loss: 3.5, tokens: 1 });
        histories
    }

    fn scene<'a>(histories: &'a Histories, references: &'a References) -> Scene<'a> {
        Scene {
            earlier: Vec::new(),
            present: histories.present(),
            references,
            unit: LossUnit::Nats,
            view: StepView::default(),
            end: 100.0,
            below: Some(Below::GradientNorm),
            cursor: None,
            pointed: None,
            selection: None,
            words: &Language::English.words().chart,
        }
    }

    fn references() -> References {
        let n_grams = vec![Baseline { order: 5, loss: 1.67 }];
        References { uniform: Some(4.17), n_grams, ..References::default() }
    }

    #[test]
    fn a_run_that_diverges_does_not_flatten_what_came_before() {
        let (histories, references) = (histories(&[4.0, 3.0, 2.0, 1e9]), references());
        let needed = scene(&histories, &references).needed_heights(Span::new(0.0, 100.0));
        assert!(needed.high < 10.0, "{needed:?}");
    }

    #[test]
    fn the_lines_to_beat_are_in_sight_until_somebody_zooms() {
        let (histories, references) = (histories(&[4.0, 3.0, 2.5, 2.4]), references());
        let mut scene = scene(&histories, &references);
        assert!(scene.needed_heights(Span::new(0.0, 100.0)).low <= 1.67);
        scene.view.select(1.0, 4.0, 100.0);
        assert!(scene.needed_heights(Span::new(1.0, 4.0)).low > 2.0);
    }

    #[test]
    fn the_cursor_reads_the_last_evaluation_before_it_and_nothing_beyond_the_run() {
        let (histories, references) = (histories(&[4.0, 3.0, 2.5]), references());
        let scene = scene(&histories, &references);
        let names = |step| scene.figures_at(step).into_iter().map(|row| row.mark).collect::<Vec<_>>();
        assert_eq!(names(1.0), ["is-train is-faint", "is-train", "is-below"]);
        assert_eq!(names(3.0), ["is-train is-faint", "is-train", "is-valid", "is-below"]);
        assert_eq!(scene.figures_at(3.0)[2].value, "3.500");
        assert!(names(4.0).is_empty());
    }

    #[test]
    fn a_gradient_spike_leaves_the_rest_readable() {
        let mut losses = vec![1.0; 100];
        losses[50] = 1e6;
        let mut spiky = vec![1.0f32; 1000];
        spiky[500] = 100.0;
        let (histories, references) = (histories(&spiky), references());
        let needed = scene(&histories, &references).needed_below(Below::GradientNorm, Span::new(0.0, 1000.0));
        assert!(needed.high < 20.0, "{needed:?}");
    }

    #[test]
    fn learning_rates_are_written_without_the_noise_of_single_precision() {
        assert_eq!(Below::LearningRate.write(f64::from(2e-3f32)), "2e-3");
        assert_eq!(Below::LearningRate.write(f64::from(0.1f32)), "0.1");
    }
}
