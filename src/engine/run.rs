//! A run: a model, the text it learns, and how far it has come.

use std::{rc::Rc, sync::Arc};

use web_time::Instant;

use super::{
    device::ComputeDevice,
    excerpt,
    gauge::{self, ours},
    memory,
    progress::{Gathered, Point},
    requests::learnable,
    text::Text,
};
use crate::{
    model::{LanguageModel, Weights, trace::trace},
    protocol::{DeviceKind, Event, ModelReport, Origin, Parcel, RunId, RunState, TrainConfig, Trouble},
    text::Vocabulary,
    train::{Checkpoint, Divergence, Evaluator, StepFigures, Trainer},
};

/// Symbols of a text that is read only so that a device compiles what reads it.
const WARM_UP: usize = 64;

pub struct Run {
    pub id: RunId,
    pub vocabulary: Vocabulary,
    /// What it learns; a loaded model may come without.
    pub text: Option<Rc<Text>>,
    /// While fine-tuning: the validation part of the text learned before.
    pub old_valid: Option<Arc<[u32]>>,
    pub state: RunState,
    origin: Origin,
    learner: Learner,
    memory_bytes: u64,
    gathered: Gathered,
    /// Goes on after the last step of the settings.
    endless: bool,
    /// The last one that was taken, where the device may be lost.
    kept: Option<Checkpoint>,
    /// What its file said that this program does not know.
    unknown: Vec<String>,
}

enum Learner {
    Training(Box<Trainer>),
    /// A model to be used and saved, and why it is not trained.
    Resting {
        model: LanguageModel,
        checkpoint: Box<Checkpoint>,
        why: Trouble,
    },
}

/// What is due after a step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Due {
    pub evaluation: bool,
    pub sample: bool,
}

/// A run to begin with.
pub struct Start {
    pub id: RunId,
    pub checkpoint: Checkpoint,
    /// What it learns, or why it learns nothing.
    pub text: Result<Rc<Text>, Trouble>,
    pub old_valid: Option<Arc<[u32]>>,
    pub origin: Origin,
    /// What its file said that this program does not know.
    pub unknown: Vec<String>,
}

impl Run {
    /// Puts the model on the device and gets ready to train, paused. One that cannot be trained there rests.
    pub fn new(start: Start, compute: &ComputeDevice) -> Self {
        let Start { id, checkpoint, text, old_valid, origin, unknown } = start;
        let (config, symbols) = (checkpoint.weights.config(), checkpoint.vocabulary.len());
        let memory_bytes = memory::bytes(config, &checkpoint.train, symbols);
        let trainer = text.clone().and_then(|text| {
            memory::check(config, &checkpoint.train, symbols, compute)?;
            Trainer::resume(&checkpoint, text.corpus.train().clone(), &compute.device)
        });
        // That of the settings may be a run of no steps, which ends when it is played.
        let finished = checkpoint.is_finished() && checkpoint.step > checkpoint.first_step;
        let kept = (compute.kind == DeviceKind::WebGpu).then(|| checkpoint.clone());
        let vocabulary = checkpoint.vocabulary.clone();
        let learner = match trainer {
            Ok(trainer) => Learner::Training(Box::new(trainer)),
            Err(why) => {
                let model = LanguageModel::from_weights(&checkpoint.weights, &compute.device);
                Learner::Resting { model, checkpoint: Box::new(checkpoint), why }
            }
        };
        Run {
            id,
            vocabulary,
            text: text.ok(),
            old_valid,
            state: if finished { RunState::Finished } else { RunState::Paused },
            origin,
            learner,
            memory_bytes,
            gathered: Gathered::new(id),
            endless: false,
            kept,
            unknown,
        }
    }

    pub fn model(&self) -> &LanguageModel {
        match &self.learner {
            Learner::Training(trainer) => trainer.model(),
            Learner::Resting { model, .. } => model,
        }
    }

    fn train_config(&self) -> &TrainConfig {
        match &self.learner {
            Learner::Training(trainer) => trainer.config(),
            Learner::Resting { checkpoint, .. } => &checkpoint.train,
        }
    }

    /// Steps done.
    pub fn step_number(&self) -> u64 {
        match &self.learner {
            Learner::Training(trainer) => trainer.steps_done(),
            Learner::Resting { checkpoint, .. } => checkpoint.step,
        }
    }

    /// Steps that the model had done when the run began.
    fn first_step(&self) -> u64 {
        match &self.learner {
            Learner::Training(trainer) => trainer.first_step(),
            Learner::Resting { checkpoint, .. } => checkpoint.first_step,
        }
    }

    /// The ids of as much of the end of a prompt as is read, and the symbols of it that the model does not know. A prompt
    /// of nothing is a text's beginning.
    pub fn prompt(&self, prompt: &str) -> (Vec<u32>, Vec<String>) {
        let mut encoded = self.vocabulary.encode(&excerpt::tail(prompt, excerpt::PROMPT));
        let mut ids = encoded.ids.split_off(encoded.ids.len().saturating_sub(excerpt::PROMPT));
        if ids.is_empty() {
            ids.push(self.first_symbol());
        }
        (ids, encoded.unknown)
    }

    /// What stands before a text: it begins like a line, where there are lines.
    pub fn first_symbol(&self) -> u32 {
        self.vocabulary.encode("\n").ids.first().copied().unwrap_or(0)
    }

    pub fn seed(&self) -> u64 {
        self.train_config().seed
    }

    pub fn eval_tokens(&self) -> Option<usize> {
        self.train_config().eval_tokens
    }

    /// The trainer.
    ///
    /// # Errors
    /// Why the model is not trained.
    pub fn trainer(&mut self) -> Result<&mut Trainer, Trouble> {
        match &mut self.learner {
            Learner::Training(trainer) => Ok(trainer),
            Learner::Resting { why, .. } => Err(why.clone()),
        }
    }

    /// Why the model is not trained, where it is not.
    pub fn resting(&self) -> Option<&Trouble> {
        match &self.learner {
            Learner::Training(_) => None,
            Learner::Resting { why, .. } => Some(why),
        }
    }

    /// One training step.
    pub async fn step(&mut self) -> Result<Vec<StepFigures>, Trouble> {
        let tokens = self.train_config().batch * self.train_config().context;
        let started = Instant::now();
        let figures = self.trainer()?.step().await?;
        self.gathered.clock(tokens, started.elapsed());
        Ok(figures)
    }

    /// Has a GPU compile what this run will use, on models and texts that are thrown away: nothing is compiled while it
    /// trains, is evaluated and is looked at.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn warm_up(&self) -> Result<(), Trouble> {
        let model = self.model();
        if let Learner::Training(trainer) = &self.learner {
            let TrainConfig { batch, context, .. } = *trainer.config();
            ours(model.clone())(batch, context)?.learn(1).await?;
        }
        let ids = gauge::text(model.symbols(), WARM_UP);
        trace(model, &ids, 0, 1).await?;
        Evaluator::new(model, ids, None)?.finish().await.map(drop)
    }

    /// The figures that are still on their way from the device.
    pub async fn flush(&mut self) -> Result<Vec<StepFigures>, Trouble> {
        match &mut self.learner {
            Learner::Training(trainer) => trainer.flush().await,
            Learner::Resting { .. } => Ok(Vec::new()),
        }
    }

    pub fn divergence(&self) -> Option<Divergence> {
        match &self.learner {
            Learner::Training(trainer) => trainer.divergence(),
            Learner::Resting { .. } => None,
        }
    }

    /// Takes figures; gives what there is to show if it is time to.
    pub fn gather(&mut self, figures: Vec<StepFigures>) -> Option<Parcel<Event>> {
        self.gathered.push(figures.into_iter().map(|figures| Point {
            step: figures.step,
            loss: figures.loss,
            norm: figures.grad_norm,
            learning_rate: figures.learning_rate as f32,
        }));
        self.gathered.due(Instant::now(), epochs(&self.learner))
    }

    /// What there is to show.
    pub fn take_progress(&mut self) -> Option<Parcel<Event>> {
        self.gathered.take(epochs(&self.learner))
    }

    /// What is due after the step that was just done.
    pub fn due(&self) -> Due {
        let (config, step) = (self.train_config(), self.step_number());
        let every = |steps: u64| steps > 0 && step.is_multiple_of(steps);
        Due {
            evaluation: every(config.eval_every) || self.is_at_the_end(),
            sample: config.sample_every.is_some_and(every),
        }
    }

    pub fn is_at_the_end(&self) -> bool {
        match &self.learner {
            Learner::Training(trainer) => trainer.finished() && !self.endless,
            Learner::Resting { .. } => false,
        }
    }

    /// Trains on, whatever number of steps the settings say.
    pub fn go_past_the_end(&mut self) {
        self.endless = true;
    }

    fn steps_per_epoch(&self) -> u64 {
        match &self.learner {
            Learner::Training(trainer) => trainer.steps_per_epoch(),
            Learner::Resting { .. } => 0,
        }
    }

    /// Takes a checkpoint where the device may be lost.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn keep(&mut self) -> Result<(), Trouble> {
        if self.kept.is_some() && matches!(self.learner, Learner::Training(_)) {
            self.kept = Some(self.checkpoint().await?);
        }
        Ok(())
    }

    /// The present state, or the last good one where the present one has diverged.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn checkpoint(&self) -> Result<Checkpoint, Trouble> {
        match &self.learner {
            Learner::Training(trainer) => trainer.checkpoint(self.vocabulary.clone()).await,
            Learner::Resting { checkpoint, .. } => Ok(checkpoint.as_ref().clone()),
        }
    }

    /// The weights of [`Run::checkpoint`].
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn weights(&self) -> Result<Weights, Trouble> {
        match &self.learner {
            Learner::Training(trainer) => trainer.weights().await,
            Learner::Resting { checkpoint, .. } => Ok(checkpoint.weights.clone()),
        }
    }

    /// Goes on, paused, from the last checkpoint on `compute`, or rests there, where the device that it lives on may be
    /// lost.
    pub fn moved_to(mut self, compute: &ComputeDevice, origin: Origin) -> Self {
        let last = match &mut self.learner {
            Learner::Training(_) => self.kept.take().map(|checkpoint| (checkpoint, Trouble::NoText)),
            Learner::Resting { checkpoint, why, .. } => Some((checkpoint.as_ref().clone(), why.clone())),
        };
        let Some((checkpoint, why)) = last else { return self };
        let Run { id, text, old_valid, endless, unknown, .. } = self;
        let text = text.ok_or(why);
        let run = Run::new(Start { id, checkpoint, text, old_valid, origin, unknown }, compute);
        // One that goes on after its last step is not at its end.
        let state = if endless { RunState::Paused } else { run.state.clone() };
        Run { endless, state, ..run }
    }

    /// Goes on, paused, on `text`, if it rests only for want of one; otherwise it is as it was, and knows why.
    pub fn resumed_on(mut self, text: Option<&Rc<Text>>, compute: &ComputeDevice) -> Result<Self, Self> {
        let Learner::Resting { checkpoint, why, .. } = &mut self.learner else { return Err(self) };
        if self.text.is_some() {
            return Err(self);
        }
        let text = match learnable(text, checkpoint) {
            Ok(text) => text,
            Err(trouble) => {
                *why = trouble;
                return Err(self);
            }
        };
        let start = Start {
            id: self.id,
            checkpoint: checkpoint.as_ref().clone(),
            text: Ok(text),
            old_valid: self.old_valid.clone(),
            origin: self.origin,
            unknown: self.unknown.clone(),
        };
        Ok(Run::new(start, compute))
    }

    pub fn origin(&self) -> Origin {
        self.origin
    }

    pub fn report(&self) -> ModelReport {
        let config = self.model().config();
        ModelReport {
            run: self.id,
            text: self.text.as_ref().map(|text| text.report()),
            config: config.clone(),
            train: self.train_config().clone(),
            symbols: self.vocabulary.displayed(),
            parameters: self.model().parameters(),
            memory_bytes: self.memory_bytes,
            step: self.step_number(),
            first_step: self.first_step(),
            steps_per_epoch: self.steps_per_epoch(),
            origin: self.origin,
            unknown: self.unknown.clone(),
        }
    }

    /// The run goes on from before a divergence, when it is played.
    pub fn recovered(&mut self) {
        self.origin = Origin::Recovered;
        self.state = RunState::Paused;
    }
}

/// How often the text was read when a step was done.
fn epochs(learner: &Learner) -> impl Fn(u64) -> f64 {
    move |step| match learner {
        Learner::Training(trainer) => trainer.epochs_at(step),
        Learner::Resting { .. } => 0.0,
    }
}
