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
//! that of W_head in the end. The way forward is [`Reading`]. The gradients are written where they stand in the flat
//! buffer, each bound on its own, as the weights are.

use burn::backend::{
    TensorMetadata,
    ops::FloatTensorOps,
    tensor::{FloatTensor, IntTensor},
};
use burn_cubecl::{CubeBackend, kernel::into_contiguous, tensor::CubeTensor};

use super::{Backpropagation, Chunk};
use crate::{
    linear::{
        Form,
        gpu::{
            empty,
            product::{Matrix, multiply, product},
            table,
        },
    },
    model::{
        Slot,
        gpu::{Layer, Reading, outputs, view},
    },
    recurrent::gpu::{
        recurrent_gradients,
        sequence::{self, BackwardForm},
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
        let reading = Reading {
            layout: chunk.layout.clone(),
            weights,
            // The kernels leave the state after the chunk where they found the one before.
            states: if states.can_mut() { into_contiguous(states) } else { states.copy() },
            text,
            first_id: chunk.first_id(),
            steps: chunk.steps,
            batch: chunk.batch,
            masks: chunk.dropout.then_some(masks),
            keep: true,
        };
        let passes = Passes { reading, gradient, order, chunk };
        let losses = passes.run();
        (passes.gradient, losses, passes.reading.states)
    }
}

fn zeros(like: &CubeTensor) -> CubeTensor {
    CubeBackend::float_zeros(like.shape(), &like.device, like.dtype.into())
}

/// One chunk's way through the model and back.
struct Passes {
    reading: Reading,
    /// Flat, as the layout says.
    gradient: CubeTensor,
    order: CubeTensor,
    chunk: Chunk,
}

impl Passes {
    /// Parts of the loss, [N].
    fn run(&self) -> CubeTensor {
        let layout = &self.reading.layout;
        let mut layers = self.reading.layers();
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
        if let (true, Some(embedded)) = (layout.config().tie_weights, above) {
            self.token_rows(&embedded, &layout[layout.head().weight], true);
        }
        losses.unwrap_or_else(|| zeros(&empty(&self.gradient, [1])))
    }

    /// The gradient of the top layer's outputs, [N, H], and the parts of the loss, [N].
    fn head(&self, record: &CubeTensor) -> (CubeTensor, CubeTensor) {
        let Reading { layout, weights, text, .. } = &self.reading;
        let (tape, head, positions) = (self.reading.tape(), layout.head(), self.chunk.positions());
        let (hidden, symbols) = (tape.hidden, layout.symbols());
        let (weight, bias) = (&layout[head.weight], &layout[head.bias]);
        // The loss adds the bias on its way.
        let scores = self.reading.scores(record, false);
        let losses = gradients(&scores, view(weights, bias), text, self.chunk.first_id() + self.chunk.batch, None);
        let scores = Matrix::all(&scores, symbols);
        let of_weight = Matrix::all(&view(weights, weight), hidden);
        let gradient = product(Form::Plain, [positions, hidden, symbols], scores.clone(), of_weight, None);
        self.weight_gradient([symbols, hidden], scores, outputs(tape, record), weight, bias);
        (gradient, losses)
    }

    /// All steps of `layer` in reverse, from the gradient of its outputs. Gives that of its input, [N, H], where that is
    /// of use.
    fn backward(&self, layer: usize, Layer { input, record }: Layer, above: CubeTensor) -> Option<CubeTensor> {
        let Reading { layout, weights, .. } = &self.reading;
        let (tape, slots, positions) = (self.reading.tape(), layout.layers()[layer], self.chunk.positions());
        let [weight_ih, weight_hh] = [slots.weight_ih, slots.weight_hh].map(|id| &layout[id]);
        let [bias_ih, bias_hh] = [slots.bias_ih, slots.bias_hh].map(|id| &layout[id]);
        let rows = self.reading.rows();
        let columns = sequence::blocks(tape.cell) * tape.hidden;
        let sums = empty(&above, [positions, columns]);
        let first_state = &empty(&above, [1]);
        let weight = view(weights, weight_hh);
        let form = BackwardForm { last_cell: false, first_state: false, ordered: false, arrived: false };
        // Nothing is read in an order of its own.
        let order = &self.reading.text;
        let buffers = sequence::BackwardBuffers { record: &record, above, weight, sums: &sums, first_state, order };
        sequence::backward(tape, form, buffers);
        let [weight, bias] = [weight_hh, bias_hh].map(|slot| view(&self.gradient, slot));
        recurrent_gradients(tape, &record, &sums, &weight, &bias);

        let Some(input) = input else {
            table::sum_columns(&sums, rows, &view(&self.gradient, bias_ih));
            self.token_rows(&sums, weight_ih, false);
            return None;
        };
        let sums = Matrix::all(&sums, columns);
        self.weight_gradient([rows, tape.hidden], sums.clone(), input, weight_ih, bias_ih);
        let weight = Matrix::all(&view(weights, weight_ih), tape.hidden);
        let gradient = product(Form::Plain, [positions, tape.hidden, rows], sums, weight, None);
        match layer {
            0 => Some(gradient),
            _ => Some(self.reading.masked(layer - 1, Matrix::all(&gradient, tape.hidden)).buffer),
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
        let text = (&self.reading.text, self.chunk.first_id());
        let order = (&self.order, self.chunk.first_order());
        table::sum_by_token(rows, text, order, &view(&self.gradient, table), [table.rows, table.columns], add);
    }
}
