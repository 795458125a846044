//! The fused operators on the GPU: [`sequence`] takes all time steps of a layer, and a product does at once what needs no
//! order.

mod gru;
mod lstm;
mod persistent;
mod rnn;
pub mod sequence;
mod step;
mod stepwise;
pub mod tape;

use burn::backend::{TensorMetadata, ops::FloatTensorOps, tensor::FloatTensor};
use burn_cubecl::{CubeBackend, kernel::into_contiguous, tensor::CubeTensor};

use super::{
    Cell,
    extension::{Form, InputGradients, Inputs, Kept, Kernels},
};
use crate::linear::{
    self,
    gpu::{
        empty,
        product::{Matrix, multiply},
        rows::reorder,
    },
};
use sequence::{BackwardBuffers, BackwardForm, ForwardBuffers, ForwardForm};
use tape::Tape;

/// The gradient of W_hh, [G·H, H] from number `start` of `weight` on, and of b_hh, from the gradients of p and s
/// ([`BackwardBuffers::sums`]). In a GRU those of sₙ stand apart from the others.
pub fn recurrent_gradients(tape: Tape, record: &CubeTensor, sums: &CubeTensor, weight: &CubeTensor, bias: &CubeTensor) {
    let Tape { cell, hidden, .. } = tape;
    let positions = tape.steps * tape.batch;
    let columns = sequence::blocks(cell) * hidden;
    let rows = cell.gates() * hidden;
    let of_blocks = |from: usize, count: usize, to: usize, bias: CubeTensor| {
        multiply(
            linear::Form::LeftTransposed,
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
    /// See [`Tape`].
    type Record = CubeTensor;

    fn forward(form: Form, inputs: Inputs<Self>) -> FloatTensor<Self> {
        run(form, inputs, form.taped).0
    }

    fn forward_saving(form: Form, inputs: Inputs<Self>) -> (FloatTensor<Self>, Self::Record) {
        run(form, inputs, true)
    }

    fn backward(form: Form, kept: Kept<Self>, gradient: FloatTensor<Self>) -> InputGradients<Self> {
        let Form { cell, steps, batch, ordered, taped } = form;
        let weight = into_contiguous(kept.weight);
        let [rows, hidden] = weight.shape().dims();
        let (tape, positions) = (Tape { cell, steps, batch, hidden }, steps * batch);
        let above = into_contiguous(gradient);
        let above = if ordered {
            let total = form.differentiated() * batch;
            reorder(Matrix::all(&above, hidden), &kept.order, [positions, total], hidden)
        } else {
            above
        };
        let columns = sequence::blocks(cell) * hidden;
        let sums = empty(&above, [positions * (columns + if taped { hidden } else { 0 })]);
        let first = empty(&above, [2 * batch, hidden]);
        let backward =
            BackwardForm { last_cell: cell == Cell::Lstm && !ordered, first_state: true, ordered, arrived: taped };
        let buffers = BackwardBuffers {
            record: &kept.record,
            above,
            weight,
            sums: &sums,
            first_state: &first,
            order: &kept.order,
        };
        sequence::backward(tape, backward, buffers);
        let [weight, bias] = [empty(&sums, [rows, hidden]), empty(&sums, [rows])];
        recurrent_gradients(tape, &kept.record, &sums, &weight, &bias);

        let in_positions = |rows: Matrix, width: usize| {
            let flat = if ordered {
                reorder(rows, &kept.order, [positions; 2], width)
            } else {
                let part = slice(&rows.buffer, rows.start, positions * rows.stride);
                let part = Self::float_reshape(part, [positions, rows.stride].into());
                Self::float_slice(part, &[(0..positions).into(), (0..width).into()])
            };
            Self::float_reshape(flat, [steps, batch, width].into())
        };
        let half = |from: usize| Self::float_slice(first.clone(), &[(from..from + batch).into(), (0..hidden).into()]);
        InputGradients {
            projected: in_positions(Matrix::all(&sums, columns), rows),
            hidden: half(0),
            cell_state: half(batch),
            weight,
            bias,
            arrived: taped.then(|| in_positions(Matrix::all(&sums, hidden).from(positions * columns), hidden)),
        }
    }
}

/// The outputs of [`Form::blocks`], and the [`Tape`] they stand in; `keep` what the way back needs.
fn run(form: Form, inputs: Inputs<CubeBackend>, keep: bool) -> (CubeTensor, CubeTensor) {
    let Form { cell, steps, batch, ordered, taped } = form;
    let [_, hidden] = inputs.hidden.shape().dims();
    let (tape, positions) = (Tape { cell, steps, batch, hidden }, steps * batch);
    let input = into_contiguous(inputs.projected);
    let record = empty(&input, [tape.len(keep)]);
    let state = match cell {
        Cell::Lstm => CubeBackend::float_cat(vec![inputs.hidden, inputs.cell_state], 0),
        Cell::Rnn | Cell::Gru => into_contiguous(inputs.hidden),
    };
    let buffers = ForwardBuffers {
        ids: (&inputs.order, 0),
        input,
        weight: into_contiguous(inputs.weight),
        biases: (into_contiguous(inputs.bias), 0),
        state: (&state, 0),
        record: &record,
    };
    sequence::forward(tape, ForwardForm { gather: false, input_bias: false, keep, carry: false, ordered }, buffers);

    let in_positions = |rows: Matrix, width: usize, count: usize| {
        let flat = if ordered {
            reorder(rows, &inputs.order, [count; 2], width)
        } else {
            slice(&rows.buffer, rows.start, positions * width)
        };
        let numbers = flat.shape().num_elements();
        CubeBackend::float_reshape(flat, [numbers].into())
    };
    let outputs = Matrix::all(&record, hidden).from(tape.step());
    let mut parts = if ordered {
        // The order of the steps is followed by the places of the rows' last ones.
        let mut parts = vec![in_positions(outputs, hidden, positions + batch)];
        parts.extend((cell == Cell::Lstm).then(|| slice(&record, tape.last_cell(), tape.step())));
        parts
    } else {
        vec![slice(&record, tape.step(), (steps + form.tail()) * tape.step())]
    };
    if taped {
        let (count, width) = (tape::kept(cell), cell.gates() * hidden);
        let gates = match cell {
            Cell::Rnn => Matrix::all(&record, hidden).from(tape.step()),
            Cell::Gru | Cell::Lstm => {
                let all = slice(&record, tape.gates(), positions * count * hidden);
                let all = CubeBackend::float_reshape(all, [positions, count * hidden].into());
                let gates = CubeBackend::float_slice(all, &[(0..positions).into(), (0..width).into()]);
                Matrix::all(&into_contiguous(gates), width)
            }
        };
        parts.push(in_positions(gates, width, positions));
        if cell == Cell::Lstm {
            parts.push(in_positions(Matrix::all(&record, hidden).from(tape.cells() + tape.step()), hidden, positions));
        }
    }
    let outputs = match parts.len() {
        1 => parts.remove(0),
        _ => CubeBackend::float_cat(parts, 0),
    };
    (CubeBackend::float_reshape(outputs, [form.blocks(), batch, hidden].into()), record)
}

/// `count` numbers of a buffer, from number `start` on.
fn slice(buffer: &CubeTensor, start: usize, count: usize) -> CubeTensor {
    let numbers = buffer.shape().num_elements();
    let flat = CubeBackend::float_reshape(buffer.clone(), [numbers].into());
    CubeBackend::float_slice(flat, &[(start..start + count).into()])
}
