//! How weights are drawn, by the role of the module that they belong to.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::layout::{Input, Layout, Module, Slot};
use crate::protocol::{Cell, Init, ModelConfig};

/// What a new composition's weights are drawn by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scheme {
    pub init: Init,
    /// Added to the bias of an LSTM's forget gate (Jozefowicz et al. 2015).
    pub forget_bias: f32,
}

impl Scheme {
    pub fn of(config: &ModelConfig) -> Self {
        Scheme { init: config.init, forget_bias: config.forget_bias }
    }
}

/// How the numbers of one weight are drawn.
#[derive(Clone, Copy, Debug)]
enum Draw {
    Zeros,
    /// Evenly from ± this bound.
    Uniform(f32),
    /// Of mean 0 and variance 1.
    Normal,
    /// Square matrices of so many rows, one under the other.
    Orthogonal(usize),
}

/// The whole buffer of a new composition. ChaCha is fixed by its specification, so a seed draws the same everywhere.
pub fn draw(layout: &Layout, scheme: Scheme, seed: u64) -> Vec<f32> {
    let mut values = vec![0.0; layout.len()];
    draw_rest(layout, scheme, seed, &mut values, |_| 0);
    values
}

/// Draws what is new in `values`: of each weight the numbers after as many as are `kept`.
pub fn draw_rest(layout: &Layout, scheme: Scheme, seed: u64, values: &mut [f32], kept: impl Fn(&Slot) -> usize) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut fill = |slot: &Slot, draw: Draw| {
        let place = &mut values[slot.offset + kept(slot)..slot.offset + slot.len()];
        match draw {
            Draw::Zeros => place.fill(0.0),
            Draw::Uniform(bound) => place.fill_with(|| random.random_range(-bound..bound)),
            Draw::Normal => place.fill_with(|| normal(&mut random) as f32),
            Draw::Orthogonal(rows) => {
                place.chunks_mut(rows * rows).for_each(|matrix| orthogonal(matrix, rows, &mut random));
            }
        }
    };
    for module in layout.modules() {
        match module {
            Module::Embedding(embedding) => fill(&layout[embedding.table], Draw::Normal),
            Module::Recurrent(recurrent) => {
                let inputs = match recurrent.input {
                    Input::Symbols(count) | Input::Features(count) => count,
                };
                let bound = (recurrent.hidden as f32).sqrt().recip();
                let [input, hidden, bias] = match scheme.init {
                    Init::Pytorch => [Draw::Uniform(bound); 3],
                    // Each gate is a matrix of its own.
                    Init::Orthogonal => {
                        [glorot(inputs, recurrent.hidden), Draw::Orthogonal(recurrent.hidden), Draw::Zeros]
                    }
                };
                fill(&layout[recurrent.weight_ih], input);
                fill(&layout[recurrent.weight_hh], hidden);
                fill(&layout[recurrent.bias_ih], bias);
                fill(&layout[recurrent.bias_hh], bias);
            }
            Module::Linear(linear) => {
                let weight = &layout[linear.weight];
                let [of_weight, of_bias] = match scheme.init {
                    Init::Pytorch => [Draw::Uniform((weight.columns as f32).sqrt().recip()); 2],
                    Init::Orthogonal => [glorot(weight.columns, weight.rows), Draw::Zeros],
                };
                fill(weight, of_weight);
                fill(&layout[linear.bias], of_bias);
            }
        }
    }
    for module in layout.modules() {
        if let Module::Recurrent(recurrent) = module
            && recurrent.cell == Cell::Lstm
            && kept(&layout[recurrent.bias_ih]) == 0
        {
            // Gates i, f, g, o.
            let forget = layout[recurrent.bias_ih].offset + recurrent.hidden;
            values[forget..forget + recurrent.hidden].iter_mut().for_each(|bias| *bias += scheme.forget_bias);
        }
    }
}

/// Glorot & Bengio 2010.
fn glorot(inputs: usize, outputs: usize) -> Draw {
    Draw::Uniform((6.0 / (inputs + outputs) as f32).sqrt())
}

/// Rows of length 1 that stand at right angles: Gram–Schmidt over normal rows, twice, because once is not exact.
///
/// A few rows go through the ones before them together, so that each of those is fetched once for all of them.
fn orthogonal(place: &mut [f32], units: usize, random: &mut ChaCha8Rng) {
    /// Rows that are drawn together.
    const TOGETHER: usize = 8;
    let mut rows: Vec<f64> = Vec::with_capacity(units * units);
    while rows.len() < units * units {
        let count = TOGETHER.min(units - rows.len() / units);
        let mut drawn: Vec<f64> = (0..count * units).map(|_| normal(random)).collect();
        // A row that the others span to within rounding is none: the few are drawn again.
        if (0..2).all(|_| orthogonalise(&rows, &mut drawn, units)) {
            rows.extend(drawn);
        }
    }
    for (value, drawn) in place.iter_mut().zip(rows) {
        *value = drawn as f32;
    }
}

/// Takes from each of the `drawn` rows what lies along those before it, and gives it length 1; says whether there was
/// anything left of every one.
fn orthogonalise(rows: &[f64], drawn: &mut [f64], units: usize) -> bool {
    for other in rows.chunks_exact(units) {
        drawn.chunks_exact_mut(units).for_each(|row| take_along(row, other));
    }
    for index in 0..drawn.len() / units {
        let (before, rest) = drawn.split_at_mut(index * units);
        let row = &mut rest[..units];
        before.chunks_exact(units).for_each(|other| take_along(row, other));
        let length = dot(row, row).sqrt();
        if length <= 1e-6 {
            return false;
        }
        row.iter_mut().for_each(|value| *value /= length);
    }
    true
}

fn take_along(row: &mut [f64], other: &[f64]) {
    let along = dot(row, other);
    row.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
}

/// Sums side by side hide the latency of an addition.
fn dot(left: &[f64], right: &[f64]) -> f64 {
    const SUMS: usize = 8;
    let mut sums = [0.0; SUMS];
    let (left, left_rest) = left.as_chunks::<SUMS>();
    let (right, right_rest) = right.as_chunks::<SUMS>();
    for (left, right) in left.iter().zip(right) {
        for (sum, (left, right)) in sums.iter_mut().zip(left.iter().zip(right)) {
            *sum += left * right;
        }
    }
    let rest: f64 = left_rest.iter().zip(right_rest).map(|(left, right)| left * right).sum();
    sums.iter().sum::<f64>() + rest
}

/// Box & Muller 1958.
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (radius, angle): (f64, f64) = (1.0 - random.random::<f64>(), random.random());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LanguageLayout, layout::Placed};

    fn drawn(config: &ModelConfig, symbols: usize, seed: u64) -> (LanguageLayout, Vec<f32>) {
        let layout = LanguageLayout::new(config, symbols);
        let values = draw(&layout, Scheme::of(config), seed);
        (layout, values)
    }

    #[test]
    fn pytorchs_weights_fill_the_interval_of_one_over_root_h() {
        let config = ModelConfig { hidden: 64, ..ModelConfig::default() };
        let (layout, values) = drawn(&config, 65, 3);
        for slot in layout.slots() {
            let place = &values[slot.offset..slot.offset + slot.len()];
            let largest = place.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
            assert!(largest <= 0.125 && largest > 0.11, "{}: {largest}", slot.name);
        }
    }

    #[test]
    fn orthogonal_weights_keep_every_length_and_biases_are_zero() {
        let config = ModelConfig { cell: Cell::Gru, hidden: 24, init: Init::Orthogonal, ..ModelConfig::default() };
        let (layout, values) = drawn(&config, 11, 3);
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
        let (layout, with) = drawn(&config, 5, 1);
        let (_, without) = drawn(&ModelConfig { forget_bias: 0.0, ..config }, 5, 1);
        let slot = layout.slots().iter().find(|slot| slot.name == "rnn.bias_ih_l0").unwrap();
        let forget = slot.offset + 8..slot.offset + 16;
        for (index, (with, without)) in with.iter().zip(&without).enumerate() {
            assert_eq!(with - without, if forget.contains(&index) { with - without } else { 0.0 });
            assert!(!forget.contains(&index) || (with - without - 3.0).abs() < 1e-6);
        }
    }

    #[test]
    fn orthogonal_rows_are_those_of_gram_and_schmidt_one_after_the_other() {
        let units = 37;
        let mut found = vec![0.0; units * units];
        orthogonal(&mut found, units, &mut ChaCha8Rng::seed_from_u64(7));
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut rows: Vec<Vec<f64>> = Vec::new();
        for _ in 0..units {
            let mut row: Vec<f64> = (0..units).map(|_| normal(&mut random)).collect();
            for other in rows.iter().chain(&rows.clone()) {
                let along: f64 = row.iter().zip(other).map(|(value, other)| value * other).sum();
                row.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
            }
            let length = row.iter().map(|value| value * value).sum::<f64>().sqrt();
            rows.push(row.into_iter().map(|value| value / length).collect());
        }
        for (found, exact) in found.iter().zip(rows.iter().flatten()) {
            assert!((f64::from(*found) - exact).abs() < 1e-7, "{found}, not {exact}");
        }
    }

    #[test]
    fn every_role_is_drawn_by_its_own_rule() {
        let mut layout = Layout::default();
        let table = layout.embedding("embedding", 50, 40);
        let at = Placed { layer: 0, reverse: true };
        let recurrent = layout.recurrent("rnn", at, Cell::Gru, Input::Features(40), 16);
        let head = layout.linear("head", 64, 10);
        let values = draw(&layout, Scheme { init: Init::Pytorch, forget_bias: 1.0 }, 2);
        let place = |slot: &Slot| &values[slot.offset..slot.offset + slot.len()];
        let largest = |slot: &Slot| place(slot).iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        let variance = place(&layout[table.table]).iter().map(|value| value * value).sum::<f32>() / 2000.0;
        assert!((variance - 1.0).abs() < 0.1, "{variance}");
        for (slot, bound) in [
            (&layout[recurrent.weight_ih], 0.25),
            (&layout[recurrent.bias_hh], 0.25),
            (&layout[head.weight], 0.125),
            (&layout[head.bias], 0.125),
        ] {
            assert!(largest(slot) <= bound && largest(slot) > 0.6 * bound, "{}: {}", slot.name, largest(slot));
        }
    }
}
