//! The fused operators on the GPU: [`sequence`] takes all time steps of a layer, and a product does at once what needs no
//! order.

mod each;
mod gru;
mod lstm;
mod rnn;
pub mod sequence;
mod step;
pub mod tape;
mod walk;

use burn::backend::{TensorMetadata, ops::FloatTensorOps, tensor::FloatTensor};
use burn_cubecl::{CubeBackend, kernel::into_contiguous, tensor::CubeTensor};

use super::{
    Cell,
    extension::{Inputs, Kernels, Trail},
};
use crate::linear::{
    Form,
    gpu::{
        empty,
        product::{Matrix, multiply},
    },
};
use sequence::{Backward, Forward, Pass, Return};
use tape::Tape;

/// The gradient of W_hh, [G·H, H] from number `start` of `weight` on, and of b_hh, from the gradients of p and s
/// ([`sequence::Return::sums`]). In a GRU those of sₙ stand apart from the others.
pub fn recurrent_gradients(tape: Tape, record: &CubeTensor, sums: &CubeTensor, weight: &CubeTensor, bias: &CubeTensor) {
    let Tape { cell, hidden, .. } = tape;
    let positions = tape.steps * tape.batch;
    let columns = sequence::blocks(cell) * hidden;
    let rows = cell.gates() * hidden;
    let of_blocks = |from: usize, count: usize, to: usize, bias: CubeTensor| {
        multiply(
            Form::LeftTransposed,
            [count, hidden, positions],
            Matrix::all(sums, columns).from(from),
            Matrix::all(record, hidden),
            Matrix::all(weight, hidden).from(to * hidden),
            Some((bias, to)),
        );
    };
    if cell == Cell::Gru {
        of_blocks(0, 2 * hidden, 0, bias.clone());
        of_blocks(3 * hidden, hidden, 2 * hidden, bias.clone());
    } else {
        of_blocks(0, rows, 0, bias.clone());
    }
}

impl Kernels for CubeBackend {
    fn forward(cell: Cell, inputs: Inputs<Self>) -> FloatTensor<Self> {
        forward(cell, inputs, false).0
    }

    fn forward_saving(cell: Cell, inputs: Inputs<Self>) -> (FloatTensor<Self>, Option<FloatTensor<Self>>) {
        let (outputs, record) = forward(cell, inputs, true);
        (outputs, Some(record))
    }

    fn backward(cell: Cell, trail: Trail<Self>, gradient: FloatTensor<Self>) -> Inputs<Self> {
        let [batch, hidden] = trail.hidden.shape().dims();
        let [count, _, _] = trail.outputs.shape().dims();
        let steps = count - usize::from(cell == Cell::Lstm);
        let tape = Tape { cell, steps, batch, hidden };
        let record = trail.saved.unwrap_or(trail.outputs);
        let above = into_contiguous(gradient);
        let sums = empty(&above, [steps, batch, sequence::blocks(cell) * hidden]);
        let first = empty(&above, [2 * batch, hidden]);
        let form = Backward { last_cell: cell == Cell::Lstm, first_state: true };
        let weight = into_contiguous(trail.weight);
        sequence::backward(tape, form, Return { record: &record, above, weight, sums: &sums, first_state: &first });
        let rows = cell.gates() * hidden;
        let [weight, bias] = [empty(&sums, [rows, hidden]).into(), empty(&sums, [rows, 1])];
        recurrent_gradients(tape, &record, &sums, &weight, &bias);
        let half = |from: usize| Self::float_slice(first.clone(), &[(from..from + batch).into(), (0..hidden).into()]);
        Inputs {
            projected: Self::float_slice(sums, &[(0..steps).into(), (0..batch).into(), (0..rows).into()]),
            hidden: half(0),
            memory: half(batch),
            weight,
            bias: Self::float_reshape(bias, [rows].into()),
        }
    }
}

/// h after every step, [T, B, H], for an LSTM followed by the last c; and the [`Tape`] they stand in.
fn forward(cell: Cell, inputs: Inputs<CubeBackend>, keep: bool) -> (CubeTensor, CubeTensor) {
    let [steps, batch, _] = inputs.projected.shape().dims();
    let [_, hidden] = inputs.hidden.shape().dims();
    let tape = Tape { cell, steps, batch, hidden };
    let input = into_contiguous(inputs.projected);
    let record = empty(&input, [tape.len(keep)]);
    let state = match cell {
        Cell::Lstm => CubeBackend::float_cat(vec![inputs.hidden, inputs.memory], 0),
        Cell::Rnn | Cell::Gru => into_contiguous(inputs.hidden),
    };
    let pass = Pass {
        // No ids are read.
        ids: (&empty(&input, [1]), 0),
        input,
        weight: into_contiguous(inputs.weight),
        biases: (into_contiguous(inputs.bias), 0),
        state: (&state, 0),
        record: &record,
    };
    sequence::forward(tape, Forward { gather: false, input_bias: false, keep, carry: false }, pass);
    let count = steps + usize::from(cell == Cell::Lstm);
    let outputs = CubeBackend::float_slice(record.clone(), &[(tape.step()..(count + 1) * tape.step()).into()]);
    (CubeBackend::float_reshape(outputs, [count, batch, hidden].into()), record)
}
