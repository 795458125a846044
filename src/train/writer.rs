//! Writing with a model.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{
    model::{LanguageModel, cpu::Reader, trace::likeliest},
    protocol::Trouble,
};

/// How the next symbol is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Scores are divided by this; 0 always takes the likeliest symbol.
    pub temperature: f32,
    /// Only the k likeliest symbols are drawn from; `None`: all.
    pub top_k: Option<usize>,
    pub seed: u64,
}

/// Continues a prompt, symbol by symbol. The state is carried: nothing is read twice.
///
/// One symbol needs the one before it, so on a GPU every symbol would wait for a read. A writer therefore works on the
/// CPU, on a copy of the weights.
pub struct Writer {
    reader: Reader,
    /// Of the next symbol.
    scores: Vec<f32>,
    sampling: Sampling,
    random: ChaCha8Rng,
}

impl Writer {
    /// Reads `prompt` with a copy of `model`. An empty prompt is taken for `start`, which is read and not shown.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn new(model: &LanguageModel, prompt: &[u32], start: u32, sampling: Sampling) -> Result<Self, Trouble> {
        let mut reader = Reader::new(&model.weights().await?);
        let scores = reader.read(if prompt.is_empty() { std::slice::from_ref(&start) } else { prompt });
        Ok(Writer { reader, scores, sampling, random: ChaCha8Rng::seed_from_u64(sampling.seed) })
    }

    /// The next `count` symbols.
    pub fn write(&mut self, count: usize) -> Vec<u32> {
        let mut written = Vec::with_capacity(count);
        for _ in 0..count {
            let next = choose(&self.scores, self.sampling, self.random.random());
            written.push(next);
            self.scores = self.reader.read(&[next]);
        }
        written
    }
}

/// The symbol that `random`, from [0, 1), falls on.
fn choose(scores: &[f32], sampling: Sampling, random: f32) -> u32 {
    let count = if sampling.temperature > 0.0 { sampling.top_k.unwrap_or(scores.len()).max(1) } else { 1 };
    let cold: Vec<f32> = if sampling.temperature > 0.0 {
        scores.iter().map(|score| score / sampling.temperature).collect()
    } else {
        scores.to_vec()
    };
    let odds = likeliest(&cold, count);
    let mut left = random * odds.iter().map(|odd| odd.1).sum::<f32>();
    for &(id, probability) in &odds {
        left -= probability;
        if left < 0.0 {
            return id;
        }
    }
    odds.first().map_or(0, |odd| odd.0)
}
