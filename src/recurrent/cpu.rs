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

use std::{iter, ops::Range};

use super::{Cell, extension::Form};
use crate::linear::cpu::{
    product::{Blocks, Transposed},
    strips::Strips,
    vector::lanes,
};
use layer::{Beyond, InPlace, Recurrent, Tape, before_first, input_order, input_place, recurrent_order};

/// T, B, H.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub steps: usize,
    pub batch: usize,
    pub units: usize,
}

/// The order of reading of [`super::ReadingOrder`], if there is one.
#[derive(Clone, Copy)]
struct Order<'a>(Option<&'a [u32]>);

/// Where a row has ended.
const PAST: u32 = u32::MAX;

impl Order<'_> {
    /// Writes columns `part` of `rows`, which are as wide as `width` and in the order of positions, to `strips` in that of
    /// steps.
    fn to_steps(self, strips: &mut Strips, [strip, first]: [usize; 2], rows: &[f32], width: usize, part: Range<usize>) {
        let Some(order) = self.0 else {
            return strips.fill(strip, first, rows.chunks_exact(width).map(|row| &row[part.clone()]));
        };
        let zeros = vec![0.0; part.len()];
        let of_step = |&place: &u32| match place {
            PAST => zeros.as_slice(),
            place => &rows[place as usize * width..][part.clone()],
        };
        strips.fill(strip, first, order[..rows.len() / width].iter().map(of_step));
    }

    /// The same back: `rows` past the end of a batch row stay what they are.
    fn to_positions(
        self,
        strips: &Strips,
        [strip, first]: [usize; 2],
        rows: &mut [f32],
        width: usize,
        part: Range<usize>,
    ) {
        let Some(order) = self.0 else {
            return strips.copy_to(strip, first, rows.chunks_exact_mut(width).map(|row| &mut row[part.clone()]));
        };
        for (step, &place) in order[..rows.len() / width].iter().enumerate().filter(|(_, place)| **place != PAST) {
            let row = &mut rows[place as usize * width..][part.clone()];
            strips.copy_to(strip, first + step, iter::once(row));
        }
    }

    /// Of each batch row the place of its last step.
    fn ends(self, form: Form) -> Vec<u32> {
        let positions = form.steps * form.batch;
        match self.0 {
            Some(order) => order[positions..].to_vec(),
            None => ((positions - form.batch) as u32..positions as u32).collect(),
        }
    }
}

/// What a cell computes from; shapes as in [`super::sequence`].
#[derive(Clone, Copy)]
struct Inputs<'a> {
    projected: &'a [f32],
    hidden: &'a [f32],
    /// LSTM only.
    cell_state: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    order: Order<'a>,
}

/// The gradients of [`Inputs`].
struct Gradients {
    projected: Vec<f32>,
    hidden: Vec<f32>,
    cell_state: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    /// The whole gradient of h at each position, [T, B, H], where there is a tape.
    arrived: Option<Vec<f32>>,
}

/// The outputs of [`Form::blocks`], and the tape.
fn forward(form: Form, units: usize, inputs: Inputs) -> (Vec<f32>, Tape) {
    let Form { cell, steps, batch, .. } = form;
    let (shape, order, block) = (Shape { steps, batch, units }, inputs.order, batch * units);
    let mut tape = Tape::default();
    tape.reserve(cell, shape, lanes());
    tape.begin(units, inputs.hidden, inputs.cell_state);
    for (strip, columns) in input_gates(cell, units) {
        order.to_steps(&mut tape.gates, [strip, batch], inputs.projected, cell.gates() * units, columns);
    }
    let mut weights = Recurrent::default();
    weights.pack(cell, inputs.weight, inputs.bias, false);
    layer::forward(cell, shape, &weights, &InPlace, &mut tape);

    let mut outputs = vec![0.0; form.blocks() * block];
    let (hidden, rest) = outputs.split_at_mut(steps * block);
    let (tail, of_tape) = rest.split_at_mut(form.tail() * block);
    order.to_positions(&tape.hidden, [0, batch], hidden, units, 0..units);
    let last = [form.ordered.then_some(&tape.hidden), (cell == Cell::Lstm).then_some(&tape.cells)];
    for (strips, state) in last.into_iter().flatten().zip(tail.chunks_exact_mut(block)) {
        for (end, row) in order.ends(form).into_iter().zip(state.chunks_exact_mut(units)) {
            strips.copy_to(0, batch + end as usize, iter::once(row));
        }
    }
    if form.taped {
        let (gates, cells) = of_tape.split_at_mut(steps * cell.gates() * block);
        for (strip, columns) in input_gates(cell, units) {
            order.to_positions(&tape.gates, [strip, batch], gates, cell.gates() * units, columns);
        }
        order.to_positions(&tape.cells, [0, batch], cells, units, 0..units);
    }
    (outputs, tape)
}

/// Of each gate of the projected input, as they stand on the tape, the first strip there and its columns of a row [G·H]. What
/// is kept of the gates themselves stands in the same places.
fn input_gates(cell: Cell, units: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
    let strips = units.div_ceil(lanes());
    let places = (input_place(cell)..).map(move |place| place * strips);
    places.zip(input_order(cell)).map(move |(strip, &gate)| (strip, gate * units..(gate + 1) * units))
}

/// From the gradient of the outputs, and the weights W_hh.
fn backward(form: Form, mut tape: Tape, weight: &[f32], order: Order, gradient: &[f32]) -> Gradients {
    let Form { cell, steps, batch, .. } = form;
    let units = (weight.len() / cell.gates()).isqrt();
    let rows = cell.gates() * units;
    let (shape, block, ends) = (Shape { steps, batch, units }, batch * units, order.ends(form));
    let (of_hidden, of_last) = gradient.split_at(steps * block);
    let mut above = Strips::default();
    above.reserve(lanes(), tape.hidden.count(), (steps + 1) * batch, batch);
    order.to_steps(&mut above, [0, batch], of_hidden, units, 0..units);
    if form.ordered {
        let mut sum = vec![0.0; units];
        for (&end, of_row) in ends.iter().zip(of_last.chunks_exact(units)) {
            above.copy_to(0, batch + end as usize, iter::once(sum.as_mut_slice()));
            sum.iter_mut().zip(of_row).for_each(|(sum, value)| *sum += value);
            above.fill(0, batch + end as usize, iter::once(sum.as_slice()));
        }
    }

    let mut weights = Recurrent::default();
    // The way back looks at no bias.
    weights.pack(cell, weight, &vec![0.0; rows], true);
    let mut arrived = form.taped.then(Strips::default);
    if let Some(arrived) = &mut arrived {
        arrived.reserve(lanes(), tape.hidden.count(), (steps + 1) * batch, batch);
    }
    let of_last_cell = &of_last[usize::from(form.ordered) * block..form.tail() * block];
    let last_cell = (cell == Cell::Lstm).then_some((ends.as_slice(), of_last_cell));
    tape.carried.clear();
    layer::backward(cell, shape, &weights, &above, &mut tape, Beyond { last_cell, arrived: arrived.as_mut() });

    let mut gradients = Gradients {
        projected: vec![0.0; steps * batch * rows],
        hidden: before_first(cell, shape, &weights, &tape),
        cell_state: vec![0.0; block],
        weight: vec![0.0; rows * units],
        bias: vec![0.0; rows],
        arrived: arrived.map(|arrived| {
            let mut positions = vec![0.0; steps * block];
            order.to_positions(&arrived, [0, batch], &mut positions, units, 0..units);
            positions
        }),
    };
    tape.carried.copy_to(0, 0, gradients.cell_state.chunks_exact_mut(units));
    for (strip, columns) in input_gates(cell, units) {
        order.to_positions(&tape.gates, [strip, batch], &mut gradients.projected, rows, columns);
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
