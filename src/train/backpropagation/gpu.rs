//! The passes on the GPU: a dozen dispatches for one layer, whatever the context is.
//!
//! | forward | per | |
//! |---|---|---|
//! | W_hhᵀ | layer | so that neighbouring units read neighbouring weights |
//! | projection | further layer | x W_ihᵀ of all positions; layer 0 takes rows of its table instead |
//! | layer | layer | all time steps ([`sequence`]) |
//! | scores | | h W_headᵀ of all positions |
//! | loss | | softmax, cross-entropy and the gradient of the scores where they stand ([`gradients`]) |
//!
//! | backward | per | |
//! |---|---|---|
//! | zeros | | between the weights' gradients |
//! | of h | | from the scores' gradients |
//! | W_head, b_head | | |
//! | layer | layer | all time steps in reverse |
//! | W_hh, b_hh | layer | two products in a GRU |
//! | token table, b_ih | layer 0 | sums of rows by token ([`table`](crate::linear::gpu::table)), sums of all rows |
//! | W_ih, b_ih | further layer | |
//! | of h below | further layer | |
//!
//! With tied weights layer 0 is as a further one whose input is rows of W_head, and the rows' gradients are added to
//! that of W_head in the end. The weights and their gradients are read and written where they stand in the flat buffers,
//! each weight bound on its own: the layout begins every one where WebGPU allows a binding to begin.

use burn::backend::{
    TensorMetadata,
    ops::{FloatTensorOps, IntTensorOps},
    tensor::{FloatTensor, IntTensor},
};
use burn_cubecl::{CubeBackend, kernel::into_contiguous, tensor::CubeTensor};

use super::{Backpropagation, Chunk, remembered};
use crate::{
    linear::{
        Form,
        gpu::{
            empty,
            product::{Matrix, multiply, product},
            table,
        },
    },
    model::Slot,
    recurrent::gpu::{
        recurrent_gradients,
        sequence::{self, BackwardForm, ForwardForm},
        tape::Tape,
    },
    train::loss::gpu::gradients,
};

impl Backpropagation for CubeBackend {
    fn backpropagate(
        weights: FloatTensor<Self>,
        states: FloatTensor<Self>,
        text: IntTensor<Self>,
        order: IntTensor<Self>,
        masks: FloatTensor<Self>,
        chunk: Chunk,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let weights = into_contiguous(weights);
        let gradient = zeros(&weights);
        // The kernels leave the state after the chunk where it found the one before.
        let states = if states.can_mut() { into_contiguous(states) } else { states.copy() };
        let passes = Passes { weights, gradient, states, text, order, masks: chunk.dropout.then_some(masks), chunk };
        let losses = passes.run();
        (passes.gradient, losses, passes.states)
    }
}

fn zeros(like: &CubeTensor) -> CubeTensor {
    CubeBackend::float_zeros(like.shape(), &like.device, like.dtype.into())
}

/// One chunk's way through the model and back.
struct Passes {
    /// Flat, as the layout says, and so is the gradient.
    weights: CubeTensor,
    gradient: CubeTensor,
    states: CubeTensor,
    text: CubeTensor,
    order: CubeTensor,
    /// [L − 1, T, B, H].
    masks: Option<CubeTensor>,
    chunk: Chunk,
}

/// What a layer left on the way forward.
struct Layer {
    /// What W_ih was multiplied with, [N, H]; none where the rows of a table were taken.
    input: Option<Matrix>,
    /// See [`Tape`].
    record: CubeTensor,
}

impl Passes {
    /// Parts of the loss, [N].
    fn run(&self) -> CubeTensor {
        let layout = self.chunk.layout.clone();
        let config = layout.config();
        let mut layers: Vec<Layer> = Vec::with_capacity(config.layers);
        for layer in 0..config.layers {
            let below = layers.last().map(|below| &below.record);
            layers.push(self.forward(layer, below));
        }
        let mut losses = None;
        let mut above = None;
        while let Some(layer) = layers.pop() {
            let gradient = above.take().unwrap_or_else(|| {
                let (gradient, parts) = self.head(&layer.record);
                losses = Some(parts);
                gradient
            });
            above = self.backward(layers.len(), layer, gradient);
        }
        if let (true, Some(embedded)) = (config.tie_weights, above) {
            self.token_rows(&embedded, layout.head_weight(), true);
        }
        losses.unwrap_or_else(|| zeros(&empty(&self.weights, [1])))
    }

    fn tape(&self) -> Tape {
        let config = self.chunk.layout.config();
        Tape { cell: config.cell, steps: self.chunk.steps, batch: self.chunk.batch, hidden: config.hidden }
    }

    /// G·H.
    fn rows(&self) -> usize {
        self.tape().cell.gates() * self.tape().hidden
    }

    /// All steps of `layer` over the outputs of the layer below.
    fn forward(&self, layer: usize, below: Option<&CubeTensor>) -> Layer {
        let (tape, slots) = (self.tape(), self.chunk.layout.layer(layer));
        let Tape { hidden, .. } = tape;
        let input = match below {
            Some(record) => Some(self.masked(layer - 1, Matrix::all(record, hidden).from(tape.step()))),
            None => self.chunk.layout.config().tie_weights.then(|| self.embedded()),
        };
        let weight_ih = view(&self.weights, slots.weight_ih);
        let projected = match &input {
            Some(input) => {
                let shape = [self.chunk.positions(), self.rows(), hidden];
                product(Form::RightTransposed, shape, input.clone(), Matrix::all(&weight_ih, hidden), None)
            }
            None => weight_ih,
        };
        let weight = shaped(view(&self.weights, slots.weight_hh), [self.rows(), hidden]);
        let record = empty(&self.weights, [tape.len(true)]);
        let form = ForwardForm { gather: input.is_none(), input_bias: true, keep: true, carry: true, ordered: false };
        let buffers = sequence::ForwardBuffers {
            ids: (&self.text, self.chunk.first_id()),
            input: projected,
            weight,
            biases: (span(&self.weights, slots.bias_ih, slots.bias_hh), slots.bias_hh.offset - slots.bias_ih.offset),
            state: (&self.states, layer * remembered(tape.cell) * tape.step()),
            record: &record,
        };
        sequence::forward(tape, form, buffers);
        Layer { input, record }
    }

    /// The gradient of the top layer's outputs, [N, H], and the parts of the loss, [N].
    fn head(&self, record: &CubeTensor) -> (CubeTensor, CubeTensor) {
        let (tape, layout, positions) = (self.tape(), &self.chunk.layout, self.chunk.positions());
        let (hidden, symbols) = (tape.hidden, layout.symbols());
        let outputs = Matrix::all(record, hidden).from(tape.step());
        let weight = Matrix::all(&view(&self.weights, layout.head_weight()), hidden);
        let scores =
            product(Form::RightTransposed, [positions, symbols, hidden], outputs.clone(), weight.clone(), None);
        let bias = view(&self.weights, layout.head_bias());
        let losses = gradients(&scores, bias, &self.text, self.chunk.first_id() + self.chunk.batch, None);
        let scores = Matrix::all(&scores, symbols);
        let gradient = product(Form::Plain, [positions, hidden, symbols], scores.clone(), weight, None);
        self.weight_gradient([symbols, hidden], scores, outputs, layout.head_weight(), layout.head_bias());
        (gradient, losses)
    }

    /// All steps of `layer` in reverse, from the gradient of its outputs. Gives that of its input, [N, H], where that is
    /// of use.
    fn backward(&self, layer: usize, Layer { input, record }: Layer, above: CubeTensor) -> Option<CubeTensor> {
        let (tape, slots, positions) = (self.tape(), self.chunk.layout.layer(layer), self.chunk.positions());
        let columns = sequence::blocks(tape.cell) * tape.hidden;
        let sums = empty(&above, [positions, columns]);
        let first_state = &empty(&above, [1]);
        let weight = view(&self.weights, slots.weight_hh);
        let form = BackwardForm { last_cell: false, first_state: false, ordered: false, arrived: false };
        // Nothing is read in an order of its own.
        let order = &self.text;
        let buffers = sequence::BackwardBuffers { record: &record, above, weight, sums: &sums, first_state, order };
        sequence::backward(tape, form, buffers);
        let [weight, bias] = [slots.weight_hh, slots.bias_hh].map(|slot| view(&self.gradient, slot));
        recurrent_gradients(tape, &record, &sums, &weight, &bias);

        let Some(input) = input else {
            table::sum_columns(&sums, self.rows(), &view(&self.gradient, slots.bias_ih));
            self.token_rows(&sums, slots.weight_ih, false);
            return None;
        };
        let sums = Matrix::all(&sums, columns);
        self.weight_gradient([self.rows(), tape.hidden], sums.clone(), input, slots.weight_ih, slots.bias_ih);
        let weight = Matrix::all(&view(&self.weights, slots.weight_ih), tape.hidden);
        let gradient = product(Form::Plain, [positions, tape.hidden, self.rows()], sums, weight, None);
        match layer {
            0 => Some(gradient),
            _ => Some(self.masked(layer - 1, Matrix::all(&gradient, tape.hidden)).buffer),
        }
    }

    /// The gradient of a weight, `shape`, and of its bias: what its products' gradients and their inputs come to over all
    /// positions.
    fn weight_gradient(&self, shape: [usize; 2], of_products: Matrix, input: Matrix, weight: &Slot, bias: &Slot) {
        let [rows, columns] = shape;
        multiply(
            Form::LeftTransposed,
            [rows, columns, self.chunk.positions()],
            of_products,
            input,
            Matrix::all(&view(&self.gradient, weight), columns),
            Some((view(&self.gradient, bias), 0)),
        );
    }

    /// The gradient of a table whose rows were taken by token, from theirs.
    fn token_rows(&self, rows: &CubeTensor, table: &Slot, add: bool) {
        let text = (&self.text, self.chunk.first_id());
        let order = (&self.order, self.chunk.first_order());
        table::sum_by_token(rows, text, order, &view(&self.gradient, table), [table.rows, table.columns], add);
    }

    /// The rows of W_head that the chunk's tokens stand for, [N, H].
    fn embedded(&self) -> Matrix {
        let (first, head) = (self.chunk.first_id(), self.chunk.layout.head_weight());
        let ids = CubeBackend::int_slice(self.text.clone(), &[(first..first + self.chunk.positions()).into()]);
        let table = shaped(view(&self.weights, head), [head.rows, head.columns]);
        Matrix::all(&CubeBackend::float_select(table, 0, ids), head.columns)
    }

    /// What dropout lets through above `layer` of its outputs, or of the gradient of what was let through.
    fn masked(&self, layer: usize, values: Matrix) -> Matrix {
        let Some(masks) = &self.masks else { return values };
        let Tape { steps, batch, hidden, .. } = self.tape();
        let size = steps * batch * hidden;
        let part = |tensor: &CubeTensor, start: usize| {
            let flat = CubeBackend::float_reshape(tensor.clone(), [tensor.shape().num_elements()].into());
            CubeBackend::float_slice(flat, &[(start..start + size).into()])
        };
        let mask = part(masks, layer * size);
        Matrix::all(&CubeBackend::float_mul(part(&values.buffer, values.start), mask), hidden)
    }
}

/// The place of a weight in a flat buffer, to be bound alone.
fn view(flat: &CubeTensor, slot: &Slot) -> CubeTensor {
    span(flat, slot, slot)
}

/// The same from one weight to another that stands after it.
fn span(flat: &CubeTensor, first: &Slot, last: &Slot) -> CubeTensor {
    let (length, size) = (flat.shape().num_elements(), flat.dtype.size());
    let end = last.offset + last.padded();
    let bytes = |numbers: usize| (numbers * size) as u64;
    let handle = flat.handle.clone().offset_start(bytes(first.offset)).offset_end(bytes(length - end));
    let shape = [end - first.offset].into();
    CubeTensor::new_contiguous(flat.client.clone(), flat.device.clone(), shape, handle, flat.dtype)
}

/// The numbers at the beginning of a view as a matrix.
fn shaped(view: CubeTensor, shape: [usize; 2]) -> CubeTensor {
    CubeTensor::new_contiguous(view.client, view.device, shape.into(), view.handle, view.dtype)
}
