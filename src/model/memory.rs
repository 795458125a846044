//! How much memory a model takes while it is trained.

use super::LanguageLayout;
use crate::protocol::{Cell, ModelConfig};

/// Bytes of the weights, their gradient, the optimiser, the last good snapshot, the activations of one step and the
/// copies that evaluating and writing read from, as an estimate to refuse by: buffers that are reused are counted once.
pub fn memory_bytes(config: &ModelConfig, symbols: usize, batch: usize, context: usize) -> u64 {
    // Weights, gradient and its parts, two moments, a candidate and a confirmed snapshot of three buffers each; one
    // evaluation and one writing at a time, of a packed copy with its table of projected symbols each.
    let weights = LanguageLayout::new(config, symbols).len() as u64 * (1 + 2 + 2 + 6 + 4);
    let positions = (batch * context) as u64;
    let hidden = config.hidden as u64;
    let gates = config.cell.gates() as u64;
    let cell_state = if config.cell == Cell::Lstm { 1 } else { 0 };
    // Forward and again as gradients: projections, gates, h, and c of an LSTM.
    let layer = positions * hidden * (2 * gates + 1 + cell_state) * 2;
    let mask = if config.dropout > 0.0 { positions * hidden * 2 } else { 0 };
    let head = positions * symbols as u64 * 3;
    4 * (weights + config.layers as u64 * layer + (config.layers as u64 - 1) * mask + head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_model_is_told_from_the_usual_one() {
        let usual = memory_bytes(&ModelConfig::default(), 65, 32, 64);
        assert!((10 << 20..100 << 20).contains(&usual), "{usual}");
        let largest = ModelConfig { layers: 4, hidden: 1024, ..ModelConfig::default() };
        assert!(memory_bytes(&largest, 8192, 256, 512) > 8 << 30);
    }
}
