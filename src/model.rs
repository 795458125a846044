//! The language model: token ids in, a score for every possible next symbol out.
//!
//! A [`LanguageModel`] is one flat buffer of weights on a device. [`LanguageModel::network`] shows it as the tensors of
//! the layers, [`Network::forward`] runs them. [`Weights`] are the same numbers on the host, where they are drawn, kept
//! in files ([`file`]) and given rows for new symbols. [`trace`] reads a text and tells what the model held and expected.
//!
//! Letters in shapes: T time steps, B batch rows, V symbols, H hidden units, G gates of the cell.

pub mod compositions;
pub(crate) mod cpu;
pub mod file;
pub(crate) mod gpu;
mod init;
mod language;
pub mod layout;
mod memory;
pub mod modules;
mod network;
pub mod parameters;
mod read;
pub mod trace;
mod weights;

use std::sync::Arc;

use burn::tensor::{Device, Tensor};

pub use language::LanguageLayout;
pub use layout::{Layout, Slot};
pub use memory::memory_bytes;
pub use network::{Chunk, Dropout, Network, Output, Tokens, on_device};
pub use read::PendingRead;
pub(crate) use read::read;
pub use weights::Weights;

use crate::protocol::{Cell, ModelConfig, Trouble};

/// How many tensors [B, H] a layer remembers: h, and c of an LSTM.
pub const fn remembered(cell: Cell) -> usize {
    match cell {
        Cell::Rnn | Cell::Gru => 1,
        Cell::Lstm => 2,
    }
}

/// A stacked recurrent language model on a device. Cloning shares the weights.
#[derive(Clone, Debug)]
pub struct LanguageModel {
    layout: Arc<LanguageLayout>,
    /// Every weight, as the layout places them: [`Layout::len`] numbers.
    flat: Tensor<1>,
}

impl LanguageModel {
    /// Draws a model on the host from `config.seed`: the same numbers on every device.
    pub fn new(config: &ModelConfig, symbols: usize, device: &Device) -> Self {
        Self::from_weights(&Weights::draw(config, symbols), device)
    }

    /// Uploads `weights`.
    pub fn from_weights(weights: &Weights, device: &Device) -> Self {
        let device = device.clone().without_autodiff();
        LanguageModel {
            layout: Arc::new(weights.layout().clone()),
            flat: Tensor::from_floats(weights.values(), &device),
        }
    }

    /// Changes the weights to the first of what `change` makes of them, and hands out the second.
    ///
    /// `change` is given the buffer itself, so that it may write where the weights stand unless they are shared.
    pub(crate) fn update<R>(&mut self, change: impl FnOnce(Tensor<1>) -> (Tensor<1>, R)) -> R {
        let (flat, rest) = change(self.flat.extract());
        self.flat = flat;
        rest
    }

    pub fn config(&self) -> &ModelConfig {
        self.layout.config()
    }

    /// V.
    pub fn symbols(&self) -> usize {
        self.layout.symbols()
    }

    /// How many numbers are learned.
    pub fn parameters(&self) -> usize {
        self.config().parameters(self.symbols())
    }

    pub fn layout(&self) -> &Arc<LanguageLayout> {
        &self.layout
    }

    /// Every weight in one buffer, with no gradient.
    pub fn flat(&self) -> &Tensor<1> {
        &self.flat
    }

    pub fn device(&self) -> Device {
        self.flat.device()
    }

    /// The layers, for reading only.
    pub fn network(&self) -> Network {
        Network::new(self.layout.clone(), &self.flat)
    }

    /// The state before anything was read, [L, S, B, H], S of [`remembered`].
    pub fn zero_states(&self, batch: usize) -> Tensor<4> {
        let config = self.config();
        Tensor::zeros([config.layers, remembered(config.cell), batch, config.hidden], &self.device())
    }

    /// Reads the weights back in one read.
    ///
    /// # Errors
    /// `DeviceLost` when the device no longer answers.
    pub async fn weights(&self) -> Result<Weights, Trouble> {
        Ok(Weights::from_values(self.layout.as_ref().clone(), read(self.flat.clone()).await?))
    }
}
