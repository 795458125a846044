//! The training loop.

use std::sync::Arc;

use burn::tensor::Tensor;

use super::{
    AdamW, StepFigures,
    backpropagation::{Pass, backpropagate, remembered},
    optimiser::Step,
    readback::Readback,
    resident::Resident,
    schedule,
};
use crate::{
    model::{Dropout, LanguageModel},
    protocol::{Limits, Setting, TrainConfig, Trouble},
    text::Streams,
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
    streams: Streams,
    text: Resident,
    optimiser: AdamW,
    /// [L, S, B, H]; see [`super::backpropagation::Backpropagation`].
    states: Tensor<4>,
    dropout: Option<Dropout>,
    /// Where the count began: that of the model when it was given.
    first_step: u64,
    step: u64,
    readback: Readback,
    good: Snapshot,
    /// Good as soon as the next step's figures say so.
    candidate: Option<Snapshot>,
    divergence: Option<Divergence>,
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

/// Everything that a step changes. Tensors are shared until one of them is written, so this costs no copy by itself.
#[derive(Clone)]
struct Snapshot {
    step: u64,
    position: u64,
    model: LanguageModel,
    optimiser: AdamW,
    states: Tensor<4>,
    dropout: Option<Dropout>,
}

impl Trainer {
    /// Trains `model`, which has done `step` steps, on `ids`, from a fresh optimiser and the start of the text.
    ///
    /// # Errors
    /// `OutOfRange`, and `TextTooShort` where `ids` do not fill one chunk of the batch.
    pub fn new(model: LanguageModel, ids: Arc<[u32]>, config: TrainConfig, step: u64) -> Result<Self, Trouble> {
        config.check()?;
        let streams = Streams::new(ids, config.batch, config.context)?;
        let optimiser = AdamW::new(model.flat());
        let text = Resident::new(&streams, &model.device());
        let states = zero_states(&model, config.batch);
        let rate = model.config().dropout;
        let dropout = (rate > 0.0).then(|| Dropout::new(rate, config.seed));
        let readback = Readback::new(&model.device());
        let good = Snapshot {
            step,
            position: 0,
            model: model.clone(),
            optimiser: optimiser.clone(),
            states: states.clone(),
            dropout: dropout.clone(),
        };
        Ok(Trainer {
            model,
            config,
            streams,
            text,
            optimiser,
            states,
            dropout,
            first_step: step,
            step,
            readback,
            good,
            candidate: None,
            divergence: None,
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
            self.states = zero_states(&self.model, self.config.batch);
        }
        let place = self.text.place(&self.streams, chunk);
        let masks = self.masks();
        let Pass { gradient, losses, states } = backpropagate(&self.model, self.states.extract(), place, masks);
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

    /// After a divergence: goes on from the last good weights at another rate.
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

    /// How often the text was read.
    pub fn epochs_done(&self) -> f64 {
        self.streams.position() as f64 / self.streams.chunks_per_epoch() as f64
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

/// The state before anything was read.
pub(super) fn zero_states(model: &LanguageModel, batch: usize) -> Tensor<4> {
    let config = model.config();
    Tensor::zeros([config.layers, remembered(config.cell), batch, config.hidden], &model.device())
}
