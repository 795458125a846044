//! What a model holds and expects while it reads.

use burn::tensor::Device;

use super::{
    LanguageModel,
    cpu::Reader,
    gpu::{self, Read},
    read,
};
use crate::protocol::Trouble;

/// A text as a model read it, from the zero state.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// h of one layer after each symbol, [positions, units] row by row.
    pub hidden: Vec<f32>,
    /// H.
    pub units: usize,
    /// The likeliest next symbols after each position, [positions, `count`], likeliest first.
    pub symbols: Vec<u32>,
    /// Their probabilities, same shape.
    pub probabilities: Vec<f32>,
    /// Symbols a position: as wished, or all there are.
    pub count: usize,
}

/// Reads `ids` with `model` and tells what `layer` (from 0, the last one if there are fewer) held after each, and which
/// `count` symbols were likeliest to follow. Nothing comes of no ids.
///
/// # Errors
/// `DeviceLost`.
pub async fn trace(model: &LanguageModel, ids: &[u32], layer: usize, count: usize) -> Result<Trace, Trouble> {
    let (units, symbols) = (model.config().hidden, model.symbols());
    let count = count.min(symbols);
    let mut trace = Trace { hidden: Vec::new(), units, symbols: Vec::new(), probabilities: Vec::new(), count };
    if ids.is_empty() {
        return Ok(trace);
    }
    #[cfg(test)]
    counted::COUNT.set(counted::COUNT.get() + 1);
    let layer = layer.min(model.config().layers - 1);
    let scores = if model.device() == Device::flex() {
        let (hidden, scores) = Reader::new(&model.weights().await?).trace(ids, layer);
        trace.hidden = hidden;
        scores
    } else {
        let Read { scores, hidden, .. } = gpu::read(model, ids, model.zero_states(1), layer);
        trace.hidden = read(hidden).await?;
        read(scores).await?
    };
    for scores in scores.chunks(symbols) {
        for (id, probability) in likeliest(scores, count) {
            trace.symbols.push(id);
            trace.probabilities.push(probability);
        }
    }
    Ok(trace)
}

/// The `count` likeliest symbols after `ids`, read from the zero state, likeliest first, with their probabilities.
///
/// # Errors
/// `DeviceLost`.
pub async fn next_symbols(model: &LanguageModel, ids: &[u32], count: usize) -> Result<Vec<(u32, f32)>, Trouble> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    #[cfg(test)]
    counted::COUNT.set(counted::COUNT.get() + 1);
    let scores = if model.device() == Device::flex() {
        Reader::new(&model.weights().await?).read(ids)
    } else {
        // Of thousands of positions only the last one is read.
        read(gpu::read(model, ids, model.zero_states(1), 0).scores.narrow(0, ids.len() - 1, 1)).await?
    };
    Ok(likeliest(&scores, count))
}

/// The `count` likeliest symbols by their scores, likeliest first, with their probabilities.
pub fn likeliest(scores: &[f32], count: usize) -> Vec<(u32, f32)> {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f32 = scores.iter().map(|score| (score - largest).exp()).sum();
    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    let score = |id: u32| scores.get(id as usize).copied().unwrap_or(f32::NEG_INFINITY);
    // Equal scores stand in the order of their ids, so that a text is always shown the same way.
    let by_score = |a: &u32, b: &u32| score(*b).total_cmp(&score(*a)).then(a.cmp(b));
    if count < order.len() {
        order.select_nth_unstable_by(count, by_score);
        order.truncate(count);
    }
    order.sort_unstable_by(by_score);
    order.into_iter().map(|id| (id, (score(id) - largest).exp() / total)).collect()
}

/// How often a model was read for somebody to see, on this thread.
#[cfg(test)]
pub(crate) mod counted {
    use std::cell::Cell;

    thread_local! {
        pub static COUNT: Cell<usize> = const { Cell::new(0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_come_first_and_their_probabilities_are_a_softmax() {
        let scores = [0.0, 2.0f32.ln(), 1.0f32.ln(), 4.0f32.ln()];
        let found = likeliest(&scores, 3);
        assert_eq!(found.iter().map(|next| next.0).collect::<Vec<_>>(), [3, 1, 0]);
        for ((_, probability), expected) in found.iter().zip([0.5, 0.25, 0.125]) {
            assert!((probability - expected).abs() < 1e-6);
        }
        assert_eq!(likeliest(&scores, 9).len(), 4);
    }
}
