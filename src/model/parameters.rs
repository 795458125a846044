//! The weights of a composition as tensors.

use std::sync::Arc;

use burn::tensor::{Device, Gradients, Tensor};

use super::layout::{Layout, MatrixId, VectorId};

/// A tensor for each weight of a layout. With [`Parameters::tracked`] they are leaves of the graph that gradients flow
/// back to.
#[derive(Clone, Debug)]
pub struct Parameters {
    layout: Arc<Layout>,
    /// In the order of the slots; a vector has one row.
    tensors: Vec<Tensor<2>>,
}

impl Parameters {
    /// The weights as they stand in the flat buffer of `layout`: no copy where the device allows.
    pub fn new(layout: Arc<Layout>, flat: &Tensor<1>) -> Self {
        let tensors = layout.slots().iter().map(|slot| {
            // The whole padded place first, so that the view ends on the alignment too.
            let place = flat.clone().narrow(0, slot.offset, slot.padded());
            let exact = if slot.padded() == slot.len() { place } else { place.narrow(0, 0, slot.len()) };
            exact.reshape([slot.rows, slot.columns])
        });
        Parameters { tensors: tensors.collect(), layout }
    }

    /// The same weights as leaves that are differentiated by.
    pub fn tracked(self) -> Self {
        let tensors = self.tensors.into_iter().map(|tensor| tensor.autodiff().require_grad()).collect();
        Parameters { tensors, ..self }
    }

    /// Where they are.
    pub fn device(&self) -> Device {
        self.tensors.first().map_or_else(Device::default, Tensor::device)
    }

    /// As it stands in the buffer; see [`super::layout::Slot::transposed`].
    pub fn matrix(&self, id: MatrixId) -> Tensor<2> {
        self.tensors[id.index()].clone()
    }

    pub fn vector(&self, id: VectorId) -> Tensor<1> {
        self.tensors[id.index()].clone().flatten(0, 1)
    }

    /// Moves the gradient of every weight out of `gradients` into one buffer of the layout's form: [`Layout::len`] numbers,
    /// zeros between and where nothing flowed back.
    pub fn gradient(&self, gradients: &mut Gradients) -> Tensor<1> {
        let mut pieces = Vec::with_capacity(self.tensors.len());
        for (slot, tensor) in self.layout.slots().iter().zip(&self.tensors) {
            let found = tensor.grad_remove(gradients);
            let filled = if found.is_some() { slot.len() } else { 0 };
            pieces.extend(found.map(|gradient| gradient.flatten(0, 1)));
            if filled < slot.padded() {
                let device = tensor.device().without_autodiff();
                pieces.push(Tensor::zeros([slot.padded() - filled], &device));
            }
        }
        Tensor::cat(pieces, 0)
    }
}
