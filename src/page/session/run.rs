//! The present run: its model, the text that it learns, its state, its figures, curves and samples.

use std::sync::Arc;

use leptos::prelude::*;

use super::{Session, notice::Notice, resets::Happening, undertaking::Undertaking};
use crate::{
    page::history::{Histories, RunHistory, RunSettings},
    protocol::{
        Array, Baseline, EvaluatedOn, Evaluation, ModelReport, NO_REQUEST, Origin, Progress, RunId, RunState, Sample,
        TextId, TextReport, Trouble,
    },
};

/// Samples that are kept.
const SAMPLES: usize = 60;

/// The figures of the transport bar; NaN where there is none yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    pub step: u64,
    pub epoch: f64,
    /// Smoothed, nats a token.
    pub training_loss: f64,
    /// Nats a token.
    pub validation_loss: f64,
    /// While fine-tuning: on the text learned before, nats a token.
    pub old_text_loss: f64,
    pub gradient_norm: f64,
    pub tokens_per_second: f64,
}

impl Figures {
    pub const fn at_step(step: u64) -> Self {
        Figures {
            step,
            epoch: 0.0,
            training_loss: f64::NAN,
            validation_loss: f64::NAN,
            old_text_loss: f64::NAN,
            gradient_norm: f64::NAN,
            tokens_per_second: f64::NAN,
        }
    }
}

/// A sample with a number of its own: after a recovery the same step comes again.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptSample {
    pub key: u32,
    pub sample: Sample,
}

#[derive(Clone, Copy)]
pub struct RunStore {
    /// Without its text, which is `text`.
    pub model: RwSignal<Option<Arc<ModelReport>>>,
    /// The text that it learns.
    pub text: RwSignal<Option<Arc<TextReport>>>,
    pub fine_tuning: RwSignal<bool>,
    /// Whether the engine still has it: an engine that failed has not.
    pub at_hand: RwSignal<bool>,
    pub state: RwSignal<RunState>,
    pub figures: RwSignal<Figures>,
    pub histories: RwSignal<Histories>,
    /// Newest first.
    pub samples: RwSignal<Vec<KeptSample>>,
    /// The sample that is open in place of the newest.
    pub open_sample: RwSignal<Option<u32>>,
    next_sample: StoredValue<u32>,
}

impl RunStore {
    pub fn new() -> Self {
        RunStore {
            model: RwSignal::new(None),
            text: RwSignal::new(None),
            fine_tuning: RwSignal::new(false),
            at_hand: RwSignal::new(false),
            state: RwSignal::new(RunState::Paused),
            figures: RwSignal::new(Figures::at_step(0)),
            histories: RwSignal::new(Histories::default()),
            samples: RwSignal::new(Vec::new()),
            open_sample: RwSignal::new(None),
            next_sample: StoredValue::new(0),
        }
    }

    pub fn is_running(self) -> bool {
        self.state.with(|state| *state == RunState::Running)
    }

    /// The step at which the run ends by itself.
    pub fn last_step(self) -> Option<u64> {
        self.model.with(|model| model.as_ref().and_then(|model| Some(model.first_step + model.train.steps?)))
    }

    /// The step at which the run began.
    fn first_step(self) -> u64 {
        self.model.with(|model| model.as_ref().map_or(0, |model| model.first_step))
    }

    /// Which part of the run is done at `step`, of all that ends at step `last`.
    pub fn done_of(self, step: u64, last: u64) -> f64 {
        let first = self.first_step();
        step.saturating_sub(first) as f64 / last.saturating_sub(first).max(1) as f64
    }

    pub fn characters_per_token(self) -> f64 {
        self.text.with(|text| text.as_ref().map_or(1.0, |text| text.characters_per_token))
    }

    /// Whether an event is about this very run.
    pub(super) fn is(self, run: RunId) -> bool {
        self.at_hand.get_untracked()
            && self.model.with_untracked(|model| model.as_ref().is_some_and(|model| model.run == run))
    }

    pub(super) fn heard_baselines(self, text: TextId, baselines: &[Baseline]) {
        same_text(self.text, text, baselines);
    }

    pub(super) fn heard_progress(self, progress: &Progress, arrays: &[Array]) {
        self.histories.update(|histories| histories.progress(progress, arrays));
        let latest = |of: fn(&RunHistory) -> Option<f32>| {
            let value = self.histories.with_untracked(|histories| histories.present().and_then(of));
            value.filter(|value| value.is_finite()).map(f64::from)
        };
        let (loss, norm) = (latest(|run| run.smoothed.last()), latest(|run| run.gradient_norm.last()));
        self.figures.update(|figures| {
            figures.step = progress.step;
            figures.epoch = progress.epoch;
            figures.tokens_per_second = progress.tokens_per_second;
            figures.training_loss = loss.unwrap_or(figures.training_loss);
            figures.gradient_norm = norm.unwrap_or(figures.gradient_norm);
        });
    }

    pub(super) fn heard_evaluation(self, evaluation: &Evaluation) {
        self.histories.update(|histories| histories.evaluated(evaluation));
        self.figures.update(|figures| match evaluation.on {
            EvaluatedOn::Validation => figures.validation_loss = evaluation.loss,
            EvaluatedOn::OldText => figures.old_text_loss = evaluation.loss,
            EvaluatedOn::Given => {}
        });
    }

    pub(super) fn heard_sample(self, sample: Sample) {
        self.next_sample.update_value(|next| *next += 1);
        let key = self.next_sample.get_value();
        self.samples.update(|samples| {
            // Where several are written at once, a later one may be done before an earlier one.
            let at = samples.iter().position(|kept| kept.sample.step <= sample.step).unwrap_or(samples.len());
            samples.insert(at, KeptSample { key, sample });
            if samples.len() > SAMPLES {
                // What stood before a fine-tuning is what the rest is compared with.
                let last_after = samples.iter().rposition(|kept| !kept.sample.before_fine_tuning);
                if let Some(last_after) = last_after {
                    samples.remove(last_after);
                }
            }
        });
    }

    /// Forgets what was sampled after `step`, and closes the sample that is open if it was one of these.
    pub(super) fn rewind_samples(self, step: u64) {
        self.samples.update(|samples| {
            samples.retain(|kept| kept.sample.before_fine_tuning || kept.sample.step <= step);
        });
        let open = self.open_sample.get_untracked();
        if open.is_some_and(|open| self.samples.with_untracked(|samples| samples.iter().all(|kept| kept.key != open))) {
            self.open_sample.set(None);
        }
    }

    fn begin(self, report: &ModelReport) {
        let text = self.text.get_untracked();
        self.histories.update(|histories| {
            histories.begin(RunSettings {
                source: text.as_ref().map(|text| text.source.clone()),
                model: report.config.clone(),
                train: report.train.clone(),
                parameters: report.parameters,
                characters_per_token: text.map_or(1.0, |text| text.characters_per_token),
                fine_tuning: report.origin == Origin::FineTuning,
            });
        });
    }
}

/// The n-gram losses of a text, for the report that is of that very text.
pub(super) fn same_text(report: RwSignal<Option<Arc<TextReport>>>, text: TextId, baselines: &[Baseline]) {
    if report.with_untracked(|report| report.as_ref().is_some_and(|report| report.id == text)) {
        report.update(|report| {
            if let Some(report) = report {
                Arc::make_mut(report).baselines = baselines.to_vec();
            }
        });
    }
}

impl Session {
    /// A run is there, or the present one goes on from another step.
    pub(super) fn model_ready(self, mut report: ModelReport) {
        let moves = self.undertaking.with_untracked(Undertaking::moves);
        let goes_on = moves || self.run.is(report.run);
        let (origin, step) = (report.origin, report.step);
        if goes_on {
            self.reset(Happening::RunGoesOn { step });
            // A loaded model has been given the text that it learned; another engine has its own number for it.
            if moves || self.run.text.with_untracked(Option::is_none) {
                self.run.text.set(report.text.take().map(Arc::new));
            }
        } else {
            self.reset(Happening::RunBegins { step });
            self.run.fine_tuning.set(origin == Origin::FineTuning);
            self.run.text.set(report.text.take().map(Arc::new));
            self.run.begin(&report);
            if let Some(text) = self.run.text.get_untracked().filter(|_| origin != Origin::FineTuning) {
                self.writing.suggest(&text);
            }
        }
        if !moves {
            self.settings.heard_model(&report, self.kind());
        }
        if self.pictures.layer.get_untracked() >= report.config.layers {
            self.pictures.layer.set(0);
        }
        let without_text = self.run.text.with_untracked(Option::is_none);
        let told = origin == Origin::Loaded && (!moves || without_text);
        let loaded = told.then(|| match std::mem::take(&mut report.unknown) {
            known if known.is_empty() => Notice::Loaded { without_text },
            unknown => Notice::Newer(unknown),
        });
        report.text = None;
        self.run.model.set(Some(Arc::new(report)));
        self.run.at_hand.set(true);
        self.engine.carried.set_value(None);
        if loaded.is_some() {
            self.notice.set(loaded);
        }
        self.settle_subscriptions();
    }

    pub(super) fn heard_state(self, state: RunState) {
        if let RunState::Diverged { step, base_rate, .. } = state {
            self.trouble(Trouble::Diverged { step, base_rate });
        }
        if state != RunState::Running {
            self.engine.end_task(NO_REQUEST);
        }
        self.run.state.set(state);
    }
}
