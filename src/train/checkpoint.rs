//! Everything that a training needs to go on as if it had never stopped.
//!
//! There is one notion for it: take a checkpoint, go on from a checkpoint. A [`Checkpoint`] is on the host, for a file,
//! another device or a lost one; a [`Snapshot`] is the same still on the device, where taking one copies nothing. On the
//! CPU going on is the same to the bit.

mod file;

use burn::tensor::{Device, Tensor};

pub use file::{Loaded, from_safetensors, to_safetensors};

use super::AdamW;
use crate::{
    model::{Dropout, LanguageModel, Weights, read_all, remembered},
    protocol::{ModelConfig, TrainConfig, Trouble},
    text::Vocabulary,
};

/// A model with what it takes to use it and to go on training it.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    pub weights: Weights,
    /// As many symbols as the weights have.
    pub vocabulary: Vocabulary,
    /// The settings, with the learning rate before the schedule.
    pub train: TrainConfig,
    /// Steps that the model had done when the present training began, from which schedule and limit count.
    pub first_step: u64,
    /// Steps that it has done.
    pub step: u64,
    /// What a training gathers beside the weights; `None` of a model that begins a new one.
    pub training: Option<TrainingState>,
}

/// What a training gathers beside the weights.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingState {
    /// AdamW's m and v, as the weights are laid out: [P].
    pub first_moment: Vec<f32>,
    pub second_moment: Vec<f32>,
    /// AdamW's t.
    pub optimiser_steps: u32,
    /// h, and for an LSTM c, of every layer and stream: [L, S, B, H].
    pub recurrent_state: Vec<f32>,
    /// Chunks of the text read so far, over all epochs.
    pub position: u64,
    /// Numbers drawn for dropout so far.
    pub dropout_draws: u64,
    /// The text that position and recurrent state are of.
    pub text: TextHash,
}

/// Tells texts apart: FNV-1a (Fowler, Noll & Vo), 64 bits, over the ids of the part that is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextHash(u64);

impl TextHash {
    pub fn of(ids: &[u32]) -> Self {
        let mixed = |hash: u64, &id: &u32| (hash ^ u64::from(id)).wrapping_mul(0x0000_0100_0000_01B3);
        TextHash(ids.iter().fold(0xCBF2_9CE4_8422_2325, mixed))
    }
}

impl Checkpoint {
    /// A model that begins a training, having done `step` steps of others.
    pub fn beginning(weights: Weights, vocabulary: Vocabulary, train: TrainConfig, step: u64) -> Self {
        Checkpoint { weights, vocabulary, train, first_step: step, step, training: None }
    }

    /// Whether every number is one.
    pub fn is_finite(&self) -> bool {
        let finite = |values: &[f32]| values.iter().all(|value| value.is_finite());
        self.weights.is_finite()
            && self.training.as_ref().is_none_or(|training| {
                [&training.first_moment, &training.second_moment, &training.recurrent_state].iter().all(|of| finite(of))
            })
    }

    /// All steps of the settings are done.
    pub fn is_finished(&self) -> bool {
        self.train.steps.is_some_and(|steps| self.step.saturating_sub(self.first_step) >= steps)
    }
}

/// A checkpoint that is still on the device: everything that a step changes. Tensors are shared until one of them is
/// written, so that it costs nothing by itself.
#[derive(Clone)]
pub(super) struct Snapshot {
    pub step: u64,
    pub position: u64,
    pub model: LanguageModel,
    pub optimiser: AdamW,
    /// [L, S, B, H]; see [`super::backpropagation::Backpropagation`].
    pub states: Tensor<4>,
    pub dropout: Option<Dropout>,
}

impl Snapshot {
    /// A model that begins a training.
    pub fn beginning(model: LanguageModel, train: &TrainConfig) -> Self {
        Snapshot {
            step: 0,
            position: 0,
            optimiser: AdamW::new(model.flat()),
            states: model.zero_states(train.batch),
            dropout: dropout(model.config(), train.seed, 0),
            model,
        }
    }

    /// Puts a checkpoint on `device`, for a training on `ids`.
    ///
    /// On another text than it was taken from, or with another batch, the text is read from its start.
    pub fn of(checkpoint: &Checkpoint, ids: &[u32], device: &Device) -> Self {
        let Checkpoint { weights, train, step, training, .. } = checkpoint;
        let mut snapshot = Snapshot::beginning(LanguageModel::from_weights(weights, device), train);
        snapshot.step = *step;
        let Some(training) = training else { return snapshot };
        let numbers = |values: &[f32]| Tensor::<1>::from_floats(values, &snapshot.model.device());
        let parameters = weights.values().len();
        if training.first_moment.len() == parameters && training.second_moment.len() == parameters {
            let (first, second) = (numbers(&training.first_moment), numbers(&training.second_moment));
            snapshot.optimiser = AdamW::resumed(first, second, training.optimiser_steps);
        }
        let shape = snapshot.states.dims();
        if training.text == TextHash::of(ids) && training.recurrent_state.len() == shape.iter().product::<usize>() {
            snapshot.states = numbers(&training.recurrent_state).reshape(shape);
            snapshot.position = training.position;
        }
        snapshot.dropout = dropout(snapshot.model.config(), train.seed, training.dropout_draws);
        snapshot
    }

    /// Reads it from the device: the weights, and what was gathered beside them on the text of that hash.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn read(&self, text: TextHash) -> Result<(Weights, TrainingState), Trouble> {
        let [weights, first_moment, second_moment, recurrent_state] = read_all([
            self.model.flat().clone(),
            self.optimiser.first_moment().clone(),
            self.optimiser.second_moment().clone(),
            self.states.clone().flatten(0, 3),
        ])
        .await?;
        let weights = Weights::from_values(self.model.layout().as_ref().clone(), weights);
        let training = TrainingState {
            first_moment,
            second_moment,
            optimiser_steps: self.optimiser.steps(),
            recurrent_state,
            position: self.position,
            dropout_draws: self.dropout.as_ref().map_or(0, Dropout::draws),
            text,
        };
        Ok((weights, training))
    }
}

/// [L, S, B, H].
fn state_shape(model: &ModelConfig, batch: usize) -> [usize; 4] {
    [model.layers, remembered(model.cell), batch, model.hidden]
}

fn dropout(model: &ModelConfig, seed: u64, draws: u64) -> Option<Dropout> {
    (model.dropout > 0.0).then(|| Dropout::resumed(model.dropout, seed, draws))
}

#[cfg(test)]
mod tests;
