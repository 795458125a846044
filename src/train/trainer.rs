//! The training loop.

use std::{cell::OnceCell, sync::Arc};

use burn::tensor::{Device, Tensor};

use super::{
    AdamW, Checkpoint, StepFigures, TextHash,
    backpropagation::{Pass, backpropagate},
    checkpoint::Snapshot,
    optimiser::Step,
    readback::Readback,
    resident::Resident,
    schedule,
};
use crate::{
    model::{Dropout, LanguageModel, Weights},
    protocol::{Limits, Setting, TrainConfig, Trouble},
    text::{Streams, Vocabulary},
};

/// Steps between two snapshots.
const SNAPSHOT_EVERY: u64 = 50;
/// A snapshot is good when the next step's loss is at most this much above that of guessing, in nats.
const WORSE_THAN_GUESSING: f32 = 1.0;

/// Stateful truncated back-propagation through time (Williams & Peng 1990) over contiguous streams.
///
/// A chunk starts with the state that the one before it ended with; an epoch starts from zeros. Gradients reach back
/// to the start of the chunk.
pub struct Trainer {
    pub(super) model: LanguageModel,
    config: TrainConfig,
    /// What is learned.
    ids: Arc<[u32]>,
    /// The same, cut for the batch.
    streams: Streams,
    /// The same, on the device.
    text: Resident,
    optimiser: AdamW,
    /// [L, S, B, H]; see [`super::backpropagation::Backpropagation`].
    states: Tensor<4>,
    dropout: Option<Dropout>,
    /// Steps that the model had done when this training began.
    first_step: u64,
    step: u64,
    readback: Readback,
    good: Snapshot,
    /// Good as soon as the next step's figures say so.
    candidate: Option<Snapshot>,
    divergence: Option<Divergence>,
    /// Of `ids`, found when it is first wanted.
    hash: OnceCell<TextHash>,
}

/// The loss or the gradient was no finite number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Divergence {
    pub step: u64,
    /// The step of the weights that are kept.
    pub good_step: u64,
    /// The rate of the settings, which the schedule multiplies.
    pub base_rate: f64,
}

impl Trainer {
    /// Trains `model` on `ids` from a fresh optimiser and the start of the text.
    ///
    /// # Errors
    /// `OutOfRange`, and `TextTooShort` where `ids` do not fill one chunk of the batch.
    pub fn new(model: LanguageModel, ids: Arc<[u32]>, config: TrainConfig) -> Result<Self, Trouble> {
        config.check()?;
        let snapshot = Snapshot::beginning(model, &config);
        Self::from_snapshot(snapshot, ids, config, 0)
    }

    /// Goes on from `checkpoint` on `device`; see [`Snapshot::of`] for what becomes of it on another text.
    ///
    /// # Errors
    /// Those of [`Trainer::new`].
    pub fn resume(checkpoint: &Checkpoint, ids: Arc<[u32]>, device: &Device) -> Result<Self, Trouble> {
        checkpoint.train.check()?;
        let snapshot = Snapshot::of(checkpoint, &ids, device);
        Self::from_snapshot(snapshot, ids, checkpoint.train.clone(), checkpoint.first_step)
    }

    fn from_snapshot(
        snapshot: Snapshot,
        ids: Arc<[u32]>,
        config: TrainConfig,
        first_step: u64,
    ) -> Result<Self, Trouble> {
        let mut streams = Streams::new(ids.clone(), config.batch, config.context)?;
        let good = snapshot.clone();
        let Snapshot { step, position, model, optimiser, states, dropout } = snapshot;
        streams.seek(position);
        let text = Resident::new(&streams, &model.device());
        let readback = Readback::new(&model.device());
        Ok(Trainer {
            model,
            config,
            ids,
            streams,
            text,
            optimiser,
            states,
            dropout,
            first_step,
            step,
            readback,
            good,
            candidate: None,
            divergence: None,
            hash: OnceCell::new(),
        })
    }

    /// One step. Figures are those that have arrived: on the CPU this step's, on a GPU several earlier ones' or none.
    ///
    /// A divergence is found when its figures arrive: then they are the last ones, [`Trainer::divergence`] tells of it,
    /// and the model is back at its last good weights.
    ///
    /// # Errors
    /// `Diverged` until [`Trainer::recover`], `DeviceLost`.
    pub async fn step(&mut self) -> Result<Vec<StepFigures>, Trouble> {
        if let Some(Divergence { step, base_rate, .. }) = self.divergence {
            return Err(Trouble::Diverged { step, base_rate });
        }
        let chunk = self.streams.next_chunk();
        if chunk == 0 {
            self.states = self.model.zero_states(self.config.batch);
        }
        let chunk = self.text.chunk(&self.streams, chunk);
        let masks = self.masks();
        let Pass { gradient, losses, states } = backpropagate(&self.model, self.states.extract(), chunk, masks);
        self.states = states;

        self.step += 1;
        let learning_rate = self.learning_rate();
        let step = Step { learning_rate, clip: self.config.clip, weight_decay: self.config.weight_decay };
        let ring = self.readback.lend(self.step, learning_rate);
        let ring = self.model.update(|weights| self.optimiser.step(weights, gradient, losses, ring, step));
        let figures = self.readback.push(ring).await?;
        let figures = self.judge(figures);
        if self.divergence.is_none() && self.candidate.is_none() && self.step % SNAPSHOT_EVERY == 0 {
            self.candidate = Some(self.snapshot());
        }
        Ok(figures)
    }

    /// Waits for the figures of every step that was taken.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn flush(&mut self) -> Result<Vec<StepFigures>, Trouble> {
        let figures = self.readback.flush().await?;
        Ok(self.judge(figures))
    }

    /// Changes what may change while running, from the next step on.
    ///
    /// # Errors
    /// `OutOfRange`; nothing has changed then.
    pub fn tune(&mut self, learning_rate: f64, clip: f64) -> Result<(), Trouble> {
        Limits::LEARNING_RATE.check(Setting::LearningRate, learning_rate)?;
        Limits::CLIP.check(Setting::Clip, clip)?;
        self.config.learning_rate = learning_rate;
        self.config.clip = clip;
        Ok(())
    }

    /// The present state, or the last good one where a number of the present one is none: what can be gone on from,
    /// whatever the step that was just taken has done. `vocabulary` is the model's.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn checkpoint(&self, vocabulary: Vocabulary) -> Result<Checkpoint, Trouble> {
        let present = self.read(&self.snapshot(), vocabulary.clone()).await?;
        if present.is_finite() { Ok(present) } else { self.read(&self.good, vocabulary).await }
    }

    /// The weights of [`Trainer::checkpoint`].
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn weights(&self) -> Result<Weights, Trouble> {
        let present = self.model.weights().await?;
        if present.is_finite() { Ok(present) } else { self.good.model.weights().await }
    }

    async fn read(&self, snapshot: &Snapshot, vocabulary: Vocabulary) -> Result<Checkpoint, Trouble> {
        let hash = *self.hash.get_or_init(|| TextHash::of(&self.ids));
        let (weights, training) = snapshot.read(hash).await?;
        Ok(Checkpoint {
            weights,
            vocabulary,
            train: self.config.clone(),
            first_step: self.first_step,
            step: snapshot.step,
            training: Some(training),
        })
    }

    /// After a divergence: goes on from the last good weights at another base rate, which the schedule multiplies.
    ///
    /// # Errors
    /// `NothingToRecover` where there was no divergence, `OutOfRange`.
    pub fn recover(&mut self, learning_rate: f64) -> Result<(), Trouble> {
        if self.divergence.is_none() {
            return Err(Trouble::NothingToRecover);
        }
        self.tune(learning_rate, self.config.clip)?;
        self.divergence = None;
        Ok(())
    }

    pub fn model(&self) -> &LanguageModel {
        &self.model
    }

    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// Steps that the model has done, those before this training counted.
    pub fn steps_done(&self) -> u64 {
        self.step
    }

    /// All steps of the settings are done.
    pub fn finished(&self) -> bool {
        self.config.steps.is_some_and(|steps| self.step - self.first_step >= steps)
    }

    /// Steps that the model had done when this training began.
    pub fn first_step(&self) -> u64 {
        self.first_step
    }

    pub fn steps_per_epoch(&self) -> u64 {
        self.streams.chunks_per_epoch()
    }

    /// How often the text was read when `step` was done, which is not later than [`Trainer::steps_done`].
    pub fn epochs_at(&self, step: u64) -> f64 {
        let chunks = self.streams.position().saturating_sub(self.step.saturating_sub(step));
        chunks as f64 / self.streams.chunks_per_epoch() as f64
    }

    pub fn divergence(&self) -> Option<Divergence> {
        self.divergence
    }

    /// The rate of the present step.
    pub fn learning_rate(&self) -> f64 {
        self.config.learning_rate * schedule::factor(self.config.schedule, self.step - self.first_step)
    }

    /// What dropout lets through between the layers, [L − 1, T, B, H].
    fn masks(&mut self) -> Option<Tensor<4>> {
        let config = self.model.config();
        let shape = [config.layers - 1, self.config.context, self.config.batch, config.hidden];
        let device = self.model.device();
        self.dropout.as_mut().filter(|_| shape[0] > 0).map(|dropout| dropout.mask(shape, &device))
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            step: self.step,
            position: self.streams.position(),
            model: self.model.clone(),
            optimiser: self.optimiser.clone(),
            states: self.states.clone(),
            dropout: self.dropout.clone(),
        }
    }

    /// Looks at figures as they arrive: confirms a snapshot or finds a divergence, after which nothing counts.
    fn judge(&mut self, mut figures: Vec<StepFigures>) -> Vec<StepFigures> {
        if self.divergence.is_some() {
            return Vec::new();
        }
        for index in 0..figures.len() {
            let StepFigures { step, loss, grad_norm, .. } = figures[index];
            if !(loss.is_finite() && grad_norm.is_finite()) {
                figures.truncate(index + 1);
                self.restore();
                let base_rate = self.config.learning_rate;
                self.divergence = Some(Divergence { step, good_step: self.good.step, base_rate });
                break;
            }
            let guessing = (self.model.symbols() as f32).ln();
            if self.candidate.as_ref().is_some_and(|candidate| step > candidate.step)
                && let Some(candidate) = self.candidate.take()
                && loss <= guessing + WORSE_THAN_GUESSING
            {
                self.good = candidate;
            }
        }
        figures
    }

    fn restore(&mut self) {
        let good = self.good.clone();
        self.step = good.step;
        self.streams.seek(good.position);
        self.model = good.model;
        self.optimiser = good.optimiser;
        self.states = good.states;
        self.dropout = good.dropout;
        self.candidate = None;
        self.readback.clear();
    }
}
