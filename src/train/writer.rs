//! Writing with a model.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::model::{Weights, cpu::Reader, trace::likeliest};

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
/// CPU, on weights that were read once.
pub struct Writer {
    reader: Reader,
    /// Of the next symbol.
    scores: Vec<f32>,
    sampling: Sampling,
    random: ChaCha8Rng,
}

impl Writer {
    /// Reads `prompt` with `weights`. An empty prompt is taken for `start`, which is read and not shown.
    pub fn new(weights: &Weights, prompt: &[u32], start: u32, sampling: Sampling) -> Self {
        let mut reader = Reader::new(weights);
        let scores = reader.read(if prompt.is_empty() { std::slice::from_ref(&start) } else { prompt });
        Writer { reader, scores, sampling, random: ChaCha8Rng::seed_from_u64(sampling.seed) }
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
    let scaled: Vec<f32> = if sampling.temperature > 0.0 {
        // Below the largest, so that no quotient is too large for a number, however low the temperature.
        let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        scores.iter().map(|score| (score - largest) / sampling.temperature).collect()
    } else {
        scores.to_vec()
    };
    let likeliest = likeliest(&scaled, count);
    let mut left = random * likeliest.iter().map(|(_, probability)| probability).sum::<f32>();
    for &(id, probability) in &likeliest {
        left -= probability;
        if left < 0.0 {
            return id;
        }
    }
    likeliest.first().map_or(0, |&(id, _)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_temperature_takes_the_likeliest_symbol() {
        for temperature in [f32::from_bits(1), f32::MIN_POSITIVE, 1e-38, 1e-6] {
            for random in [0.0, 0.5, 0.999] {
                let sampling = Sampling { temperature, top_k: None, seed: 1 };
                assert_eq!(choose(&[-3.0, 2.0, 1.0, 1.99], sampling, random), 1, "{temperature}");
                assert_eq!(choose(&[f32::MIN, f32::MIN, 0.0], sampling, random), 2, "{temperature}");
            }
        }
    }

    #[test]
    fn a_number_falls_on_each_symbol_as_often_as_it_is_likely() {
        let scores = [1f32.ln(), 2f32.ln(), 1f32.ln()];
        let sampling = Sampling { temperature: 1.0, top_k: None, seed: 1 };
        let chosen: Vec<u32> = (0..8).map(|at| choose(&scores, sampling, (at as f32 + 0.5) / 8.0)).collect();
        assert_eq!(chosen, [1, 1, 1, 1, 0, 0, 2, 2]);
    }
}
