//! How weights are drawn.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Layout;
use crate::protocol::{Cell, Init};

/// The whole buffer of a new model. ChaCha is fixed by its specification, so a seed draws the same everywhere.
pub fn draw(layout: &Layout, seed: u64) -> Vec<f32> {
    let config = layout.config();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut values = vec![0.0; layout.len()];
    for slot in layout.slots() {
        let place = &mut values[slot.offset..slot.offset + slot.len()];
        match config.init {
            Init::Pytorch => uniform(place, (config.hidden as f32).sqrt().recip(), &mut random),
            Init::Orthogonal if slot.bias => {}
            Init::Orthogonal if slot.name.contains("weight_hh") => {
                for gate in place.chunks_mut(config.hidden * config.hidden) {
                    orthogonal(gate, config.hidden, &mut random);
                }
            }
            // Glorot & Bengio 2010, each gate a matrix of its own.
            Init::Orthogonal => {
                let gates = if slot.name.starts_with("rnn") { config.cell.gates() } else { 1 };
                let sum =
                    if slot.transposed { slot.rows + slot.columns / gates } else { slot.rows / gates + slot.columns };
                uniform(place, (6.0 / sum as f32).sqrt(), &mut random);
            }
        }
        if config.cell == Cell::Lstm && slot.name.contains("bias_ih") {
            // Gates i, f, g, o.
            for bias in place.iter_mut().skip(config.hidden).take(config.hidden) {
                *bias += config.forget_bias;
            }
        }
    }
    values
}

fn uniform(place: &mut [f32], bound: f32, random: &mut ChaCha8Rng) {
    for value in place {
        *value = random.random_range(-bound..bound);
    }
}

/// Rows of length 1 that stand at right angles: Gram–Schmidt over normal rows, twice, because once is not exact.
fn orthogonal(place: &mut [f32], units: usize, random: &mut ChaCha8Rng) {
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(units);
    while rows.len() < units {
        let mut row: Vec<f64> = (0..units).map(|_| normal(random)).collect();
        for _ in 0..2 {
            for other in &rows {
                let along = dot(&row, other);
                row.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
            }
        }
        let length = dot(&row, &row).sqrt();
        // A row that the others span to within rounding is drawn again.
        if length > 1e-6 {
            row.iter_mut().for_each(|value| *value /= length);
            rows.push(row);
        }
    }
    for (value, drawn) in place.iter_mut().zip(rows.iter().flatten()) {
        *value = *drawn as f32;
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

/// Box & Muller 1958.
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (radius, angle): (f64, f64) = (1.0 - random.random::<f64>(), random.random());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::ModelConfig;

    #[test]
    fn pytorchs_weights_fill_the_interval_of_one_over_root_h() {
        let config = ModelConfig { hidden: 64, ..ModelConfig::default() };
        let layout = Layout::new(&config, 65);
        let values = draw(&layout, 3);
        for slot in layout.slots() {
            let place = &values[slot.offset..slot.offset + slot.len()];
            let largest = place.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
            assert!(largest <= 0.125 && largest > 0.11, "{}: {largest}", slot.name);
        }
    }

    #[test]
    fn orthogonal_weights_keep_every_length_and_biases_are_zero() {
        let config = ModelConfig { cell: Cell::Gru, hidden: 24, init: Init::Orthogonal, ..ModelConfig::default() };
        let layout = Layout::new(&config, 11);
        let values = draw(&layout, 3);
        let place = |name: &str| {
            let slot = layout.slots().iter().find(|slot| slot.name == name).unwrap();
            &values[slot.offset..slot.offset + slot.len()]
        };
        for gate in place("rnn.weight_hh_l0").chunks(24 * 24) {
            for (i, left) in gate.chunks(24).enumerate() {
                for (j, right) in gate.chunks(24).enumerate() {
                    let product: f32 = left.iter().zip(right).map(|(left, right)| left * right).sum();
                    assert!((product - f32::from(u8::from(i == j))).abs() < 1e-5);
                }
            }
        }
        assert!(place("rnn.bias_ih_l0").iter().chain(place("head.bias")).all(|&bias| bias == 0.0));
    }

    #[test]
    fn the_forget_bias_is_added_to_the_forget_gate_alone() {
        let config = ModelConfig { hidden: 8, forget_bias: 3.0, ..ModelConfig::default() };
        let layout = Layout::new(&config, 5);
        let (with, without) = (draw(&layout, 1), draw(&Layout::new(&ModelConfig { forget_bias: 0.0, ..config }, 5), 1));
        let slot = layout.slots().iter().find(|slot| slot.name == "rnn.bias_ih_l0").unwrap();
        let forget = slot.offset + 8..slot.offset + 16;
        for (index, (with, without)) in with.iter().zip(&without).enumerate() {
            assert_eq!(with - without, if forget.contains(&index) { with - without } else { 0.0 });
            assert!(!forget.contains(&index) || (with - without - 3.0).abs() < 1e-6);
        }
    }
}
