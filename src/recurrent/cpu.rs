//! The fused operators on the CPU: whole sequences on plain slices, one core, no allocation within the time loop.
//!
//! Each step is a product of the batch with the packed recurrent weights, whose tiles go through the gates as they are
//! summed: [`layer`]. The backward pass walks time in reverse; what needs no order, the gradient of W_hh, is one product
//! over batch × time after the loop. The same kernels serve the whole step of [`crate::train`].

mod gru;
mod kernels;
pub mod layer;
mod lstm;
mod rnn;

use super::Cell;
use crate::linear::cpu::{
    product::{Blocks, Transposed},
    strips::Strips,
    vector::lanes,
};
use layer::{InPlace, Recurrent, Tape, before_first, input_order, input_place, recurrent_order};

/// T, B, H.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub steps: usize,
    pub batch: usize,
    pub units: usize,
}

/// What a cell computes from; shapes as in [`super::sequence`].
#[derive(Clone, Copy)]
struct Inputs<'a> {
    shape: Shape,
    projected: &'a [f32],
    hidden: &'a [f32],
    /// LSTM only.
    memory: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
}

/// What the backward pass starts from.
struct Trail<'a> {
    shape: Shape,
    hidden: &'a [f32],
    memory: &'a [f32],
    weight: &'a [f32],
    outputs: &'a [f32],
    /// What [`forward`] kept.
    saved: &'a [f32],
    /// The gradient of `outputs`.
    gradient: &'a [f32],
}

/// The gradients of [`Inputs`].
struct Gradients {
    projected: Vec<f32>,
    hidden: Vec<f32>,
    memory: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// h after every step, [T, B, H], for an LSTM followed by the last c; and the tape.
fn forward(cell: Cell, inputs: Inputs) -> (Vec<f32>, Tape) {
    let Shape { steps, batch, units } = inputs.shape;
    let mut tape = Tape::default();
    tape.reserve(cell, inputs.shape, lanes());
    tape.begin(units, inputs.hidden, inputs.memory);
    for (place, &gate) in input_places(cell, units).zip(input_order(cell)) {
        let rows = inputs.projected.chunks_exact(cell.gates() * units);
        tape.gates.fill(place, batch, rows.map(|row| &row[gate * units..(gate + 1) * units]));
    }
    let mut weights = Recurrent::default();
    weights.pack(cell, inputs.weight, inputs.bias, false);
    layer::forward(cell, inputs.shape, &weights, &InPlace, &mut tape);

    let mut outputs = vec![0.0; (steps + usize::from(cell == Cell::Lstm)) * batch * units];
    let (hidden, last) = outputs.split_at_mut(steps * batch * units);
    tape.hidden.copy_to(0, batch, hidden.chunks_exact_mut(units));
    tape.memory.copy_to(0, steps * batch, last.chunks_exact_mut(units));
    (outputs, tape)
}

/// Where on the tape the gates of the projected input begin.
fn input_places(cell: Cell, units: usize) -> impl Iterator<Item = usize> {
    (input_place(cell)..).map(move |gate| gate * units.div_ceil(lanes()))
}

/// What the backward pass needs of a tape besides h.
fn saved(tape: &Tape) -> Vec<f32> {
    [tape.gates.contents(), tape.memory.contents()].concat()
}

fn backward(cell: Cell, trail: Trail) -> Gradients {
    let Shape { steps, batch, units } = trail.shape;
    let (rows, step) = (cell.gates() * units, batch * units);
    let mut tape = Tape::default();
    tape.reserve(cell, trail.shape, lanes());
    tape.begin(units, trail.hidden, &[]);
    tape.hidden.fill(0, batch, trail.outputs[..steps * step].chunks_exact(units));
    let (gates, memory) = trail.saved.split_at(tape.gates.contents().len());
    tape.gates.numbers_mut()[..gates.len()].copy_from_slice(gates);
    tape.memory.numbers_mut()[..memory.len()].copy_from_slice(memory);
    let (gradient_of_h, gradient_of_last) = trail.gradient.split_at(steps * step);
    tape.carried.clear();
    tape.carried.fill(0, 0, gradient_of_last.chunks_exact(units));
    let mut gradient = Strips::default();
    gradient.reserve(lanes(), tape.hidden.count(), (steps + 1) * batch, batch);
    gradient.fill(0, batch, gradient_of_h.chunks_exact(units));

    let mut weights = Recurrent::default();
    // The way back looks at no bias.
    weights.pack(cell, trail.weight, &vec![0.0; rows], true);
    layer::backward(cell, trail.shape, &weights, &gradient, &mut tape);

    let mut gradients = Gradients {
        projected: vec![0.0; steps * batch * rows],
        hidden: before_first(cell, trail.shape, &weights, &tape),
        memory: vec![0.0; trail.memory.len().min(gradient_of_last.len())],
        weight: vec![0.0; rows * units],
        bias: vec![0.0; rows],
    };
    tape.carried.copy_to(0, 0, gradients.memory.chunks_exact_mut(units));
    for (place, &gate) in input_places(cell, units).zip(input_order(cell)) {
        let rows = gradients.projected.chunks_exact_mut(rows);
        tape.gates.copy_to(place, batch, rows.map(|row| &mut row[gate * units..(gate + 1) * units]));
    }
    let product = Transposed {
        left: &tape.gates,
        first_strip: 0,
        blocks: Blocks { order: recurrent_order(cell), units },
        right: &tape.hidden,
        columns: units,
        first: [batch, 0],
        rows: steps * batch,
    };
    product.add_to(&mut gradients.weight, &mut gradients.bias);
    gradients
}
