//! What a layer did at each step, and the gradients that arrived there: what views of the inside of a model read.

use burn::tensor::{Gradients, Tensor};

/// h, c and every gate at each position, and the place where a backward pass leaves its gradients.
///
/// Positions are those of the input, also of a layer that reads in reverse; past a row's end everything is 0.
#[derive(Clone, Debug)]
pub struct Tape {
    /// h, [T, B, H].
    pub hidden: Tensor<3>,
    /// c, [T, B, H]; LSTM only.
    pub cell: Option<Tensor<3>>,
    /// The gates after their activation, [T, B, G, H], in PyTorch's order: i, f, g, o of an LSTM, r, z, n of a GRU; of an
    /// RNN, which has none, h.
    pub gates: Tensor<4>,
    /// A leaf whose gradient is what arrives: [T, B, 1 + G, H].
    pub(super) arrivals: Tensor<4>,
}

/// The gradients of a loss by what a [`Tape`] holds.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// ∂L/∂h of each position, over all paths: from above and through all later steps. [T, B, H].
    pub hidden: Tensor<3>,
    /// ∂L by each gate before its activation, [T, B, G, H], in PyTorch's order: the gradient of the projected input.
    pub gates: Tensor<4>,
}

impl Tape {
    /// What arrived in the backward pass that `gradients` come from; `None` where the loss does not depend on the layer.
    pub fn arrived(&self, gradients: &Gradients) -> Option<Arrived> {
        let arrived = self.arrivals.grad(gradients)?;
        let [steps, batch, gates, units] = self.gates.dims();
        Some(Arrived {
            hidden: arrived.clone().narrow(2, 0, 1).reshape([steps, batch, units]),
            gates: arrived.narrow(2, 1, gates),
        })
    }
}
