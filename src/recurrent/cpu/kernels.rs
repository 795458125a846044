//! From burn's tensors to slices and back.

use std::borrow::Cow;

use burn::{
    backend::{Flex, TensorMetadata, tensor::FloatTensor},
    tensor::TensorData,
};
use burn_flex::FlexTensor;

use super::{Shape, backward, forward, saved};
use crate::recurrent::{
    Cell,
    extension::{Inputs, Kernels, Trail},
};

impl Kernels for Flex {
    fn forward(cell: Cell, inputs: Inputs<Self>) -> FloatTensor<Self> {
        run(cell, &inputs, false).0
    }

    fn forward_saving(cell: Cell, inputs: Inputs<Self>) -> (FloatTensor<Self>, Option<FloatTensor<Self>>) {
        run(cell, &inputs, true)
    }

    fn backward(cell: Cell, trail: Trail<Self>, gradient: FloatTensor<Self>) -> Inputs<Self> {
        let [batch, units] = trail.hidden.shape().dims();
        let [count, _, _] = trail.outputs.shape().dims();
        let shape = Shape { steps: count - usize::from(cell == Cell::Lstm), batch, units };
        let saved = trail.saved.as_ref().map(floats).unwrap_or_default();
        let gradients = backward(
            cell,
            super::Trail {
                shape,
                hidden: &floats(&trail.hidden),
                memory: &floats(&trail.memory),
                weight: &floats(&trail.weight),
                outputs: &floats(&trail.outputs),
                saved: &saved,
                gradient: &floats(&gradient),
            },
        );
        let rows = cell.gates() * units;
        Inputs {
            projected: tensor(gradients.projected, [shape.steps, batch, rows]),
            hidden: tensor(gradients.hidden, [batch, units]),
            memory: tensor(gradients.memory, [if cell == Cell::Lstm { batch } else { 0 }, units]),
            weight: tensor(gradients.weight, [rows, units]),
            bias: tensor(gradients.bias, [rows]),
        }
    }
}

fn run(cell: Cell, inputs: &Inputs<Flex>, keep: bool) -> (FlexTensor, Option<FlexTensor>) {
    let [steps, batch, _] = inputs.projected.shape().dims();
    let [_, units] = inputs.hidden.shape().dims();
    let (outputs, tape) = forward(
        cell,
        super::Inputs {
            shape: Shape { steps, batch, units },
            projected: &floats(&inputs.projected),
            hidden: &floats(&inputs.hidden),
            memory: &floats(&inputs.memory),
            weight: &floats(&inputs.weight),
            bias: &floats(&inputs.bias),
        },
    );
    let count = steps + usize::from(cell == Cell::Lstm);
    let saved = keep.then(|| {
        let saved = saved(&tape);
        let numbers = saved.len();
        tensor(saved, [numbers])
    });
    (tensor(outputs, [count, batch, units]), saved)
}

/// The numbers in order; copied only where the tensor is a view that lies otherwise.
fn floats(tensor: &FlexTensor) -> Cow<'_, [f32]> {
    match tensor.as_slice() {
        Some(values) => Cow::Borrowed(values),
        None => Cow::Owned(tensor.to_contiguous().storage().to_vec()),
    }
}

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}
