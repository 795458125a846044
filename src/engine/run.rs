//! A run: a model, the text it learns, and how far it has come.

use std::{rc::Rc, sync::Arc};

use web_time::Instant;

use super::{
    device::ComputeDevice,
    excerpt,
    gauge::{self, ours},
    memory,
    progress::{Gathered, Point},
    text::Text,
};
use crate::{
    model::{LanguageModel, Weights, trace::trace},
    protocol::{DeviceKind, Event, ModelConfig, ModelReport, Origin, Parcel, RunId, RunState, TrainConfig, Trouble},
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
    /// Weights on the host and their step, where the device may be lost.
    kept: Option<(Weights, u64)>,
}

enum Learner {
    Training(Box<Trainer>),
    /// A model without a text to learn.
    Resting {
        model: LanguageModel,
        train: TrainConfig,
        step: u64,
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
    pub weights: Weights,
    pub vocabulary: Vocabulary,
    pub text: Option<Rc<Text>>,
    pub old_valid: Option<Arc<[u32]>>,
    pub train: TrainConfig,
    pub step: u64,
    pub origin: Origin,
}

impl Run {
    /// Puts the weights on the device and gets ready to train, paused.
    ///
    /// # Errors
    /// `OutOfRange`, `TextTooShort`, `TooLargeForDevice`.
    pub fn new(start: Start, compute: &ComputeDevice) -> Result<Self, Trouble> {
        let Start { id, weights, vocabulary, text, old_valid, train, step, origin } = start;
        let memory_bytes = memory::check(weights.config(), &train, vocabulary.len(), compute)?;
        let checkpoint = Checkpoint::beginning(weights, vocabulary, train, step);
        let learner = match &text {
            Some(text) => {
                Learner::Training(Box::new(Trainer::resume(&checkpoint, text.corpus.train().clone(), &compute.device)?))
            }
            None => {
                let model = LanguageModel::from_weights(&checkpoint.weights, &compute.device);
                Learner::Resting { model, train: checkpoint.train, step }
            }
        };
        let Checkpoint { weights, vocabulary, .. } = checkpoint;
        Ok(Run {
            id,
            vocabulary,
            text,
            old_valid,
            state: RunState::Paused,
            origin,
            learner,
            memory_bytes,
            gathered: Gathered::new(id),
            endless: false,
            kept: (compute.kind == DeviceKind::WebGpu).then_some((weights, step)),
        })
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
            Learner::Resting { train, .. } => train,
        }
    }

    /// Steps done.
    pub fn step_number(&self) -> u64 {
        match &self.learner {
            Learner::Training(trainer) => trainer.steps_done(),
            Learner::Resting { step, .. } => *step,
        }
    }

    /// Steps that the model had done when the run began.
    fn first_step(&self) -> u64 {
        match &self.learner {
            Learner::Training(trainer) => trainer.first_step(),
            Learner::Resting { step, .. } => *step,
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
    /// `NoText` where the model has none to learn.
    pub fn trainer(&mut self) -> Result<&mut Trainer, Trouble> {
        match &mut self.learner {
            Learner::Training(trainer) => Ok(trainer),
            Learner::Resting { .. } => Err(Trouble::NoText),
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
        self.gathered.due(Instant::now(), self.steps_per_epoch())
    }

    /// What there is to show.
    pub fn take_progress(&mut self) -> Option<Parcel<Event>> {
        self.gathered.take(self.steps_per_epoch())
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

    /// Keeps a copy of the weights on the host where the device may be lost.
    pub async fn keep(&mut self) -> Result<(), Trouble> {
        if self.kept.is_some() {
            let weights = self.model().weights().await?;
            // Not what is about to be found out to have diverged.
            if weights.values().iter().all(|value| value.is_finite()) {
                self.kept = Some((weights, self.step_number()));
            }
        }
        Ok(())
    }

    /// The weights last kept, on another device.
    ///
    /// # Errors
    /// `NoModel` where none were kept, `TooLargeForDevice`.
    pub fn moved_to(self, compute: &ComputeDevice) -> Result<Self, Trouble> {
        let train = self.train_config().clone();
        let (weights, step) = self.kept.ok_or(Trouble::NoModel)?;
        let Run { id, vocabulary, text, old_valid, .. } = self;
        Run::new(Start { id, weights, vocabulary, text, old_valid, train, step, origin: Origin::Moved }, compute)
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
        }
    }

    /// The run goes on from before a divergence, when it is played.
    pub fn recovered(&mut self) {
        self.origin = Origin::Recovered;
        self.state = RunState::Paused;
    }

    /// Everything that goes into a file, and its name.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn saved(&self) -> Result<(Checkpoint, String), Trouble> {
        let weights = self.model().weights().await?;
        let ModelConfig { cell, layers, hidden, .. } = weights.config();
        let step = self.step_number();
        let name = format!("unroll-{}-{layers}x{hidden}-step{step}.safetensors", cell.name());
        let (vocabulary, train) = (self.vocabulary.clone(), self.train_config().clone());
        Ok((Checkpoint { first_step: 0, ..Checkpoint::beginning(weights, vocabulary, train, step) }, name))
    }
}
