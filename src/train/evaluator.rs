//! How well a model predicts a text.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};

use super::{
    cross_entropy,
    loss::cpu::{Scale, softmax},
};
use crate::{
    model::{LanguageModel, cpu::Reader, gpu, on_device, read},
    protocol::Trouble,
};

/// Multiplications that a slice may take, so that the engine gets its turn every few dozen milliseconds.
const SLICE_WORK: usize = 100_000_000;

/// Reads a text as one stream from the zero state, a slice at a time, for the mean negative log-likelihood of the
/// symbols that come: N − 1 predictions for N ids.
///
/// The model is the one that was given, whatever is trained meanwhile. Nothing is dropped and nothing differentiated.
pub struct Evaluator {
    model: LanguageModel,
    stream: Stream,
    ids: Arc<[u32]>,
    /// Predictions to make.
    total: usize,
    slice: usize,
    done: usize,
    /// In nats.
    sum: f64,
}

/// What reads the text.
enum Stream {
    /// On the CPU: from the first slice on without tensors.
    Host(Option<Box<Reader>>),
    /// On a GPU: the state so far, [L, S, 1, H].
    Device(Tensor<4>),
}

impl Evaluator {
    /// Evaluates on `ids`, or on the first `limit` predictions of it.
    ///
    /// # Errors
    /// `TextTooShort` where there is nothing to predict.
    pub fn new(model: &LanguageModel, ids: Arc<[u32]>, limit: Option<usize>) -> Result<Self, Trouble> {
        let total = ids.len().saturating_sub(1).min(limit.unwrap_or(usize::MAX));
        if total == 0 {
            return Err(Trouble::TextTooShort { tokens: ids.len(), needed: 2, batch: 1, context: 1 });
        }
        let device = model.device();
        let stream = if device == Device::flex() { Stream::Host(None) } else { Stream::Device(model.zero_states(1)) };
        let slice = (SLICE_WORK / model.parameters().max(1)).clamp(16, 1024);
        Ok(Evaluator { model: model.clone(), stream, ids, total, slice, done: 0, sum: 0.0 })
    }

    /// Predictions that are averaged.
    pub fn tokens(&self) -> usize {
        self.total
    }

    /// The part that is read, from 0 to 1.
    pub fn progress(&self) -> f32 {
        self.done as f32 / self.total as f32
    }

    /// Reads the next slice; after the last one, the mean in nats a token.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn advance(&mut self) -> Result<Option<f64>, Trouble> {
        if self.done < self.total {
            let (start, end) = (self.done, (self.done + self.slice).min(self.total));
            let (ids, targets) = (&self.ids[start..end], &self.ids[start + 1..end + 1]);
            match &mut self.stream {
                Stream::Host(reader) => {
                    let reader = match reader {
                        Some(reader) => reader,
                        None => reader.insert(Box::new(Reader::new(&self.model.weights().await?))),
                    };
                    let symbols = self.model.symbols();
                    reader.score(ids, targets, |scores, first, targets| {
                        self.sum += softmax(scores, first, symbols, targets, Scale::All(1.0));
                    });
                }
                Stream::Device(states) => {
                    let read_slice = gpu::read(&self.model, ids, states.extract(), 0);
                    *states = read_slice.states;
                    let (losses, _) = cross_entropy(read_slice.scores, on_device(targets, &self.model.device()));
                    let mean: f64 = read(losses).await?.into_iter().map(f64::from).sum();
                    self.sum += mean * (end - start) as f64;
                }
            }
            self.done = end;
        }
        Ok((self.done == self.total).then(|| self.sum / self.total as f64))
    }

    /// Reads all that is left.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn finish(mut self) -> Result<f64, Trouble> {
        loop {
            if let Some(loss) = self.advance().await? {
                return Ok(loss);
            }
        }
    }
}
