//! The language model on the GPU: all layers over a sequence, in kernels of our own.
//!
//! Weights are read where they stand in the flat buffer, each bound on its own: the layout begins every one where WebGPU
//! allows a binding to begin.

use std::sync::Arc;

use burn::{
    backend::{
        Backend, Dispatch, TensorMetadata, backend_extension,
        ops::{FloatTensorOps, IntTensorOps},
        tensor::{FloatTensor, IntTensor},
    },
    tensor::Tensor,
};
use burn_cubecl::{CubeBackend, tensor::CubeTensor};

use super::{LanguageLayout, LanguageModel, Slot, layout::Input, on_device, remembered};
use crate::{
    linear::{
        Form,
        gpu::{
            empty,
            product::{Matrix, product},
        },
    },
    recurrent::gpu::{
        sequence::{self, ForwardForm},
        tape::Tape,
    },
};

/// A text on its way through the layers, and what it is read with.
pub struct Reading {
    pub layout: Arc<LanguageLayout>,
    /// Flat, as the layout says.
    pub weights: CubeTensor,
    /// h and, in an LSTM, c of every layer before the text, which become those after it: [L, S, B, H], S of [`remembered`].
    pub states: CubeTensor,
    /// Ids, time-major, from number `first_id` on.
    pub text: CubeTensor,
    pub first_id: usize,
    /// T.
    pub steps: usize,
    /// B.
    pub batch: usize,
    /// What dropout multiplies h by between the layers, [L − 1, T, B, H].
    pub masks: Option<CubeTensor>,
    /// There is a way back.
    pub keep: bool,
}

/// What a layer leaves on the way forward.
pub struct Layer {
    /// What W_ih was multiplied with, [N, H]; none where the rows of a table were taken.
    pub input: Option<Matrix>,
    /// See [`Tape`].
    pub record: CubeTensor,
}

impl Reading {
    /// T·B.
    pub fn positions(&self) -> usize {
        self.steps * self.batch
    }

    pub fn tape(&self) -> Tape {
        let config = self.layout.config();
        Tape { cell: config.cell, steps: self.steps, batch: self.batch, hidden: config.hidden }
    }

    /// G·H.
    pub fn rows(&self) -> usize {
        self.tape().cell.gates() * self.tape().hidden
    }

    /// All layers over the whole text.
    pub fn layers(&self) -> Vec<Layer> {
        let mut layers: Vec<Layer> = Vec::with_capacity(self.layout.layers().len());
        for layer in 0..self.layout.layers().len() {
            let below = layers.last().map(|below| &below.record);
            layers.push(self.layer(layer, below));
        }
        layers
    }

    /// All steps of `layer` over the outputs of the layer below.
    fn layer(&self, layer: usize, below: Option<&CubeTensor>) -> Layer {
        let (tape, slots) = (self.tape(), self.layout.layers()[layer]);
        let Tape { hidden, .. } = tape;
        let input = match (slots.input, below) {
            (Input::Symbols(_), _) => None,
            (Input::Features(_), None) => Some(self.embedded()),
            (Input::Features(_), Some(record)) => Some(self.masked(layer - 1, outputs(tape, record))),
        };
        let weight_ih = view(&self.weights, &self.layout[slots.weight_ih]);
        let projected = match &input {
            Some(input) => {
                let shape = [self.positions(), self.rows(), hidden];
                product(Form::RightTransposed, shape, input.clone(), Matrix::all(&weight_ih, hidden), None)
            }
            None => weight_ih,
        };
        let record = empty(&self.weights, [tape.len(self.keep)]);
        let form =
            ForwardForm { gather: input.is_none(), input_bias: true, keep: self.keep, carry: true, ordered: false };
        let [bias_ih, bias_hh] = [&self.layout[slots.bias_ih], &self.layout[slots.bias_hh]];
        let buffers = sequence::ForwardBuffers {
            ids: (&self.text, self.first_id),
            input: projected,
            weight: shaped(view(&self.weights, &self.layout[slots.weight_hh]), [self.rows(), hidden]),
            biases: (span(&self.weights, bias_ih, bias_hh), bias_hh.offset - bias_ih.offset),
            state: (&self.states, layer * remembered(tape.cell) * tape.step()),
            record: &record,
        };
        sequence::forward(tape, form, buffers);
        Layer { input, record }
    }

    /// The scores of what follows each position from the record of the last layer, [N, V], with their bias or without.
    pub fn scores(&self, record: &CubeTensor, bias: bool) -> CubeTensor {
        let (tape, head) = (self.tape(), self.layout.head());
        let weight = Matrix::all(&view(&self.weights, &self.layout[head.weight]), tape.hidden);
        let bias = bias.then(|| view(&self.weights, &self.layout[head.bias]));
        let shape = [self.positions(), self.layout.symbols(), tape.hidden];
        product(Form::RightTransposed, shape, outputs(tape, record), weight, bias)
    }

    /// The rows of W_head that the text's tokens stand for, [N, H].
    fn embedded(&self) -> Matrix {
        let head = &self.layout[self.layout.head().weight];
        let ids = self.first_id..self.first_id + self.positions();
        let ids = CubeBackend::int_slice(self.text.clone(), &[ids.into()]);
        let table = shaped(view(&self.weights, head), [head.rows, head.columns]);
        Matrix::all(&CubeBackend::float_select(table, 0, ids), head.columns)
    }

    /// What dropout lets through above `layer` of its outputs, or of the gradient of what was let through.
    pub fn masked(&self, layer: usize, values: Matrix) -> Matrix {
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

/// h after every step, [N, H], where it stands in a layer's record.
pub fn outputs(tape: Tape, record: &CubeTensor) -> Matrix {
    Matrix::all(record, tape.hidden).from(tape.step())
}

/// The place of a weight in a flat buffer, to be bound alone.
pub fn view(flat: &CubeTensor, slot: &Slot) -> CubeTensor {
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

/// What a model makes of a text.
pub struct Read {
    /// Of the next symbol after each position, [N, V].
    pub scores: Tensor<2>,
    /// h of one layer after each position, [N, H].
    pub hidden: Tensor<2>,
    /// The state after the text, [L, S, 1, H].
    pub states: Tensor<4>,
}

/// Reads `ids` as one stream with `model`, which is on a GPU, from `states` [L, S, 1, H]. Nothing is kept for a way back.
pub fn read(model: &LanguageModel, ids: &[u32], states: Tensor<4>, layer: usize) -> Read {
    let (scores, hidden, states) = <Dispatch as ReadingOperation>::read_text(
        model.flat().clone().into_dispatch(),
        states.into_dispatch(),
        on_device(ids, &model.device()).into_dispatch(),
        model.layout().clone(),
        layer,
    );
    Read {
        scores: Tensor::from_dispatch(scores),
        hidden: Tensor::from_dispatch(hidden),
        states: Tensor::from_dispatch(states),
    }
}

/// On the CPU [`super::cpu::Reader`] reads, without tensors.
#[backend_extension(Cube)]
pub trait ReadingOperation: Backend {
    /// Scores, h and states of [`Read`].
    fn read_text(
        weights: FloatTensor<Self>,
        states: FloatTensor<Self>,
        ids: IntTensor<Self>,
        layout: Arc<LanguageLayout>,
        layer: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

impl ReadingOperation for CubeBackend {
    fn read_text(
        weights: FloatTensor<Self>,
        states: FloatTensor<Self>,
        ids: IntTensor<Self>,
        layout: Arc<LanguageLayout>,
        layer: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let steps = ids.shape().num_elements();
        let states = if states.can_mut() { states } else { states.copy() };
        let reading =
            Reading { layout, weights, states, text: ids, first_id: 0, steps, batch: 1, masks: None, keep: false };
        let layers = reading.layers();
        let tape = reading.tape();
        let of = |index: usize| layers.get(index).map(|layer| layer.record.clone());
        let top = of(layers.len() - 1).unwrap_or_else(|| empty(&reading.weights, [tape.len(false)]));
        let scores = reading.scores(&top, true);
        let record = of(layer).unwrap_or(top);
        let hidden = CubeBackend::float_slice(record, &[(tape.step()..tape.last_cell()).into()]);
        (scores, CubeBackend::float_reshape(hidden, [steps, tape.hidden].into()), reading.states)
    }
}
