//! One unit of one row at one step: the cell's equations, with what they read and write of the sequence.

use cubecl::prelude::*;

use super::{
    gru, lstm, rnn,
    sequence::{ForwardForm, blocks},
    tape::kept,
};
use crate::protocol::Cell;

/// Where the parts of a [`super::tape::Tape`] begin, on the device.
#[derive(CubeType)]
pub struct Places {
    /// B·H.
    pub step: usize,
    pub last_cell: usize,
    pub gates: usize,
    pub cells: usize,
}

#[cube]
pub fn places(steps: usize, batch: usize, #[comptime] cell: Cell, #[comptime] hidden: usize) -> Places {
    let step = batch * hidden;
    let last_cell = (steps + 1) * step;
    let gates = if comptime!(cell == Cell::Lstm) { last_cell + step } else { last_cell };
    Places { step, last_cell, gates, cells: gates + steps * step * comptime!(kept(cell)) }
}

/// The row of the input that the step and row at `position`, t·B + b, takes; its id or order stands at `id`. Where a row has
/// ended it is any.
#[cube]
pub fn input_row(ids: &[i32], id: usize, position: usize, #[comptime] form: ForwardForm) -> usize {
    if comptime!(form.ordered) {
        usize::cast_from(ids[id].max(0))
    } else if comptime!(form.gather) {
        usize::cast_from(ids[id])
    } else {
        position
    }
}

/// Keeps the whole gradient of h after a step behind those of p and s: `gradient`, and in a GRU what goes
/// `past` the step after.
#[cube]
pub fn arrive(
    gradients: &mut [f32],
    gradient: f32,
    past: f32,
    position: usize,
    unit: usize,
    positions: usize,
    #[comptime] cell: Cell,
    #[comptime] hidden: usize,
) {
    let mut whole = gradient;
    if comptime!(cell == Cell::Gru) {
        whole += past;
    }
    gradients[(positions * comptime!(blocks(cell)) + position) * hidden + unit] = whole;
}

/// A step forward from `before`, h₍ₜ₋₁₎, and c₍ₜ₋₁₎. `recurrent` is W_hh h₍ₜ₋₁₎ at each gate, and b_hh is added to it;
/// `from` is the row of the input, `position` that of the step and row, t·B + b. Gives h; an LSTM's c goes to `kept[4]`.
#[cube]
pub fn forward(
    input: &[f32],
    biases: &[f32],
    tape: &mut [f32],
    recurrent: &mut Array<f32>,
    kept_values: &mut Array<f32>,
    before: f32,
    cell_before: f32,
    from: usize,
    position: usize,
    unit: usize,
    recurrent_bias: usize,
    write: bool,
    places: &Places,
    #[comptime] cell: Cell,
    #[comptime] hidden: usize,
    #[comptime] form: ForwardForm,
) -> f32 {
    let gates = comptime!(cell.gates());
    let mut projected = Array::<f32>::new(gates);
    #[unroll]
    for gate in 0..gates {
        projected[gate] = input[(from * gates + gate) * hidden + unit];
        if comptime!(form.input_bias) {
            projected[gate] += biases[gate * hidden + unit];
        }
        recurrent[gate] += biases[recurrent_bias + gate * hidden + unit];
    }
    let after = if comptime!(cell == Cell::Rnn) {
        rnn::forward(&projected, &*recurrent)
    } else if comptime!(cell == Cell::Gru) {
        gru::forward(&projected, &*recurrent, before, kept_values)
    } else {
        lstm::forward(&projected, &*recurrent, cell_before, kept_values)
    };
    if write {
        let at = position * hidden + unit;
        tape[places.step + at] = after;
        if comptime!(form.keep) {
            let count = comptime!(kept(cell));
            #[unroll]
            for index in 0..count {
                tape[places.gates + (position * count + index) * hidden + unit] = kept_values[index];
            }
            if comptime!(cell == Cell::Lstm) {
                tape[places.cells + places.step + at] = kept_values[4];
            }
        }
    }
    after
}

/// A step backward from the gradients of h after it and, by the steps after it, `past` it: in an LSTM that of c, in a GRU
/// that of h. Those of p and s go to `of_step` and, with `write`, to `gradients`. Gives what goes past this step.
#[cube]
pub fn backward(
    tape: &[f32],
    gradients: &mut [f32],
    of_step: &mut Array<f32>,
    gradient: f32,
    past: f32,
    position: usize,
    unit: usize,
    write: bool,
    places: &Places,
    #[comptime] cell: Cell,
    #[comptime] hidden: usize,
) -> f32 {
    let at = position * hidden + unit;
    let count = comptime!(kept(cell));
    let mut kept_values = Array::<f32>::new(comptime!(kept(cell) + 1));
    #[unroll]
    for index in 0..count {
        kept_values[index] = tape[places.gates + (position * count + index) * hidden + unit];
    }
    let mut left = past;
    if comptime!(cell == Cell::Rnn) {
        rnn::backward(tape[places.step + at], gradient, of_step);
    } else if comptime!(cell == Cell::Gru) {
        left = gru::backward(&kept_values, tape[at], gradient + past, of_step);
    } else {
        kept_values[4] = tape[places.cells + places.step + at];
        left = lstm::backward(&kept_values, tape[places.cells + at], gradient, past, of_step);
    }
    if write {
        let count = comptime!(blocks(cell));
        #[unroll]
        for block in 0..count {
            gradients[(position * count + block) * hidden + unit] = of_step[block];
        }
    }
    left
}
