//! The points of the present run and of earlier ones, with their settings, for the charts.

mod series;
mod smoothing;

pub use series::{Bucket, Series};
pub use smoothing::Smoothing;

use crate::{
    protocol::{Array, EvaluatedOn, Evaluation, ModelConfig, Progress, Source, TrainConfig},
    words::Words,
};

/// Earlier runs that are kept.
pub const EARLIER_RUNS: usize = 8;
/// Values of each figure that the present run keeps before neighbours are averaged.
const PRESENT_VALUES: usize = 1 << 20;
/// The same, once the run is an earlier one.
const EARLIER_VALUES: usize = 1 << 17;
/// Evaluations of each kind that a run keeps before every other one is dropped.
const EVALUATIONS: usize = 1 << 13;

/// What a run was trained with, so that its curve can be labelled.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSettings {
    /// Where its text comes from; a loaded model may come without one.
    pub source: Option<Source>,
    pub model: ModelConfig,
    pub train: TrainConfig,
    pub parameters: usize,
    /// Turns nats a token into bits a character.
    pub characters_per_token: f64,
    pub fine_tuning: bool,
}

impl RunSettings {
    /// What its text is called; empty where it has none.
    pub fn text(&self, words: &Words) -> String {
        self.source.as_ref().map(|source| words.source_name(source)).unwrap_or_default()
    }
}

/// A loss on a text held out, nats a token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluated {
    pub step: u64,
    pub loss: f64,
}

/// One run: every figure over its steps.
#[derive(Clone, Debug)]
pub struct RunHistory {
    pub id: u32,
    pub settings: RunSettings,
    /// Whether the chart draws it, when it is an earlier one.
    pub shown: bool,
    /// Its place among the earlier runs' colours, below [`EARLIER_RUNS`].
    pub colour: usize,
    /// Training loss, nats a token.
    pub loss: Series,
    /// The same, smoothed.
    pub smoothed: Series,
    /// Global norm before clipping.
    pub gradient_norm: Series,
    pub learning_rate: Series,
    /// Tokens a second.
    pub speed: Series,
    pub validation: Vec<Evaluated>,
    pub old_text: Vec<Evaluated>,
    smoothing: Smoothing,
}

impl RunHistory {
    fn new(id: u32, settings: RunSettings) -> Self {
        let series = || Series::new(PRESENT_VALUES);
        RunHistory {
            id,
            settings,
            shown: true,
            colour: 0,
            loss: series(),
            smoothed: series(),
            gradient_norm: series(),
            learning_rate: series(),
            speed: series(),
            validation: Vec::new(),
            old_text: Vec::new(),
            smoothing: Smoothing::default(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.loss.is_empty() && self.validation.is_empty()
    }

    /// The last step of which anything is known.
    pub fn last_step(&self) -> u64 {
        let trained = self.loss.next_step().map_or(0, |next| next.saturating_sub(1));
        trained.max(self.validation.last().map_or(0, |point| point.step))
    }

    fn progress(&mut self, progress: &Progress, arrays: &[Array]) {
        let figure = |index: usize| match arrays.get(index) {
            Some(Array::Floats(values)) => values.as_slice(),
            _ => &[],
        };
        let (losses, norms, rates) = (figure(0), figure(1), figure(2));
        if self.loss.next_step().is_some_and(|next| progress.first_step < next) {
            self.rewind(progress.first_step.saturating_sub(1));
        }
        for (offset, &loss) in losses.iter().enumerate() {
            let step = progress.first_step + offset as u64;
            let of = |values: &[f32]| values.get(offset).copied().unwrap_or(f32::NAN);
            self.loss.push(step, loss);
            self.smoothed.push(step, self.smoothing.next(loss));
            self.gradient_norm.push(step, of(norms));
            self.learning_rate.push(step, of(rates));
            self.speed.push(step, progress.tokens_per_second as f32);
        }
    }

    fn evaluated(&mut self, evaluation: &Evaluation) {
        let points = match evaluation.on {
            EvaluatedOn::Validation => &mut self.validation,
            EvaluatedOn::OldText => &mut self.old_text,
            EvaluatedOn::Given => return,
        };
        points.retain(|point| point.step < evaluation.step);
        points.push(Evaluated { step: evaluation.step, loss: evaluation.loss });
        if points.len() > EVALUATIONS {
            let mut keep = points.len() % 2 == 0;
            points.retain(|_| {
                keep = !keep;
                keep
            });
        }
    }

    /// Forgets what came after `step`.
    fn rewind(&mut self, step: u64) {
        for series in self.all_series() {
            series.truncate(step + 1);
        }
        self.validation.retain(|point| point.step <= step);
        self.old_text.retain(|point| point.step <= step);
        self.smoothing = Smoothing::default();
        let tail = self.loss.len().saturating_sub(Smoothing::MEMORY);
        for &loss in self.loss.values().iter().skip(tail) {
            self.smoothing.next(loss);
        }
    }

    fn all_series(&mut self) -> [&mut Series; 5] {
        [&mut self.loss, &mut self.smoothed, &mut self.gradient_norm, &mut self.learning_rate, &mut self.speed]
    }
}

/// The present run, and up to [`EARLIER_RUNS`] earlier ones.
#[derive(Clone, Debug, Default)]
pub struct Histories {
    present: Option<RunHistory>,
    /// Oldest first.
    earlier: Vec<RunHistory>,
    next_id: u32,
}

impl Histories {
    /// Begins a run. The present one, if it took any step, becomes an earlier one.
    pub fn begin(&mut self, settings: RunSettings) {
        if let Some(mut run) = self.present.take().filter(|run| !run.loss.is_empty()) {
            run.all_series().into_iter().for_each(|series| series.shrink(EARLIER_VALUES));
            if self.earlier.len() == EARLIER_RUNS {
                self.earlier.remove(0);
            }
            run.colour = (0..EARLIER_RUNS)
                .find(|colour| self.earlier.iter().all(|run| run.colour != *colour))
                .unwrap_or_default();
            self.earlier.push(run);
        }
        self.present = Some(RunHistory::new(self.next_id, settings));
        self.next_id += 1;
    }

    /// Takes an `Event::Progress` with its arrays.
    pub fn progress(&mut self, progress: &Progress, arrays: &[Array]) {
        if let Some(run) = &mut self.present {
            run.progress(progress, arrays);
        }
    }

    /// Takes an `Event::Evaluated`.
    pub fn evaluated(&mut self, evaluation: &Evaluation) {
        if let Some(run) = &mut self.present {
            run.evaluated(evaluation);
        }
    }

    /// The run goes on from `step`: what came after it is forgotten.
    pub fn rewind(&mut self, step: u64) {
        if let Some(run) = &mut self.present {
            run.rewind(step);
        }
    }

    pub fn present(&self) -> Option<&RunHistory> {
        self.present.as_ref()
    }

    /// Oldest first.
    pub fn earlier(&self) -> &[RunHistory] {
        &self.earlier
    }

    /// What the chart draws: the earlier runs that are switched on, oldest first, then the present one.
    pub fn shown(&self) -> impl Iterator<Item = &RunHistory> {
        self.earlier.iter().filter(|run| run.shown).chain(&self.present)
    }

    /// Shows or hides an earlier run.
    pub fn toggle(&mut self, id: u32) {
        if let Some(run) = self.earlier.iter_mut().find(|run| run.id == id) {
            run.shown = !run.shown;
        }
    }

    /// Forgets an earlier run.
    pub fn forget(&mut self, id: u32) {
        self.earlier.retain(|run| run.id != id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> RunSettings {
        RunSettings {
            source: Some(Source::Corpus { id: "shakespeare".to_owned() }),
            model: ModelConfig::default(),
            train: TrainConfig::default(),
            parameters: 108_225,
            characters_per_token: 1.0,
            fine_tuning: false,
        }
    }

    fn train(histories: &mut Histories, first_step: u64, losses: &[f32]) {
        let step = first_step + losses.len() as u64 - 1;
        let progress = Progress { run: 1, first_step, step, epoch: 0.0, tokens_per_second: 100.0 };
        let figure = |scale: f32| Array::Floats(losses.iter().map(|loss| loss * scale).collect());
        histories.progress(&progress, &[figure(1.0), figure(0.1), figure(0.01)]);
    }

    #[test]
    fn a_run_that_took_steps_is_kept_when_another_begins() {
        let mut histories = Histories::default();
        histories.begin(settings());
        histories.begin(settings());
        assert!(histories.earlier().is_empty());
        train(&mut histories, 1, &[4.0, 3.0]);
        histories.begin(settings());
        assert_eq!(histories.earlier().len(), 1);
        assert_eq!(histories.earlier()[0].loss.values(), [4.0, 3.0]);
        assert!(histories.present().is_some_and(RunHistory::is_empty));
    }

    #[test]
    fn the_oldest_run_gives_way_and_every_other_keeps_its_colour() {
        let mut histories = Histories::default();
        for _ in 0..=EARLIER_RUNS {
            histories.begin(settings());
            train(&mut histories, 1, &[1.0]);
        }
        let before: Vec<_> = histories.earlier().iter().map(|run| (run.id, run.colour)).collect();
        histories.begin(settings());
        let after: Vec<_> = histories.earlier().iter().map(|run| (run.id, run.colour)).collect();
        assert_eq!(after.len(), EARLIER_RUNS);
        assert_eq!(before[1..], after[..EARLIER_RUNS - 1]);
        assert_eq!(after[EARLIER_RUNS - 1].1, before[0].1);
    }

    #[test]
    fn a_hidden_run_is_not_drawn_and_comes_back() {
        let mut histories = Histories::default();
        histories.begin(settings());
        train(&mut histories, 1, &[1.0]);
        histories.begin(settings());
        let id = histories.earlier()[0].id;
        histories.toggle(id);
        assert_eq!(histories.shown().count(), 1);
        histories.toggle(id);
        assert_eq!(histories.shown().count(), 2);
    }

    #[test]
    fn recovering_from_an_earlier_step_forgets_what_came_after_it() {
        let mut histories = Histories::default();
        histories.begin(settings());
        train(&mut histories, 1, &[4.0; 10]);
        for step in [0, 5, 10] {
            histories.evaluated(&Evaluation { run: 1, step, on: EvaluatedOn::Validation, loss: 4.0, tokens: 1 });
        }
        train(&mut histories, 6, &[3.0]);
        let run = histories.present().expect("a run began");
        assert_eq!(run.last_step(), 6);
        assert_eq!(run.validation.iter().map(|point| point.step).collect::<Vec<_>>(), [0, 5]);
        assert_eq!(run.loss.values(), [4.0, 4.0, 4.0, 4.0, 4.0, 3.0]);
        assert!((run.smoothed.values()[5] - 3.81).abs() < 0.05, "the average goes on from step 5");
    }

    #[test]
    fn figures_that_were_not_read_are_no_figures() {
        let mut histories = Histories::default();
        histories.begin(settings());
        let progress = Progress { run: 1, first_step: 1, step: 2, epoch: 0.0, tokens_per_second: 1.0 };
        histories.progress(&progress, &[Array::Floats(vec![2.0, 1.0]), Array::Floats(vec![0.5])]);
        let run = histories.present().expect("a run began");
        assert_eq!(run.gradient_norm.at(1.0), Some(0.5));
        assert_eq!(run.gradient_norm.at(2.0), None);
        assert_eq!(run.learning_rate.last(), None);
    }

    #[test]
    fn evaluations_stay_bounded_and_the_last_is_kept() {
        let mut histories = Histories::default();
        histories.begin(settings());
        for step in 0..3 * EVALUATIONS as u64 {
            histories.evaluated(&Evaluation { run: 1, step, on: EvaluatedOn::OldText, loss: 1.0, tokens: 1 });
        }
        let run = histories.present().expect("a run began");
        assert!(run.old_text.len() <= EVALUATIONS);
        assert_eq!(run.old_text.last().map(|point| point.step), Some(3 * EVALUATIONS as u64 - 1));
    }
}
