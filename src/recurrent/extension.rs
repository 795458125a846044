//! The fused operators as burn operations: for each device the kernels, and above them one backward step for all.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, Flex,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        tensor::FloatTensor,
    },
    tensor::Tensor,
};
use burn_cubecl::CubeBackend;

use super::{Cell, Sequence, State};

/// Runs the fused operator.
pub fn sequence(cell: Cell, projected: Tensor<3>, state: State, weight_hh: Tensor<2>, bias_hh: Tensor<1>) -> Sequence {
    let steps = projected.dims()[0];
    let memory = state.cell.unwrap_or_else(|| state.hidden.clone());
    let outputs = Tensor::<3>::from_dispatch(<Dispatch as SequenceOperation>::recurrent_sequence(
        projected.into_dispatch(),
        state.hidden.into_dispatch(),
        memory.into_dispatch(),
        weight_hh.into_dispatch(),
        bias_hh.into_dispatch(),
        cell,
    ));
    let at = |index: usize| outputs.clone().narrow(0, index, 1).squeeze_dim(0);
    let last = State { hidden: at(steps - 1), cell: (cell == Cell::Lstm).then(|| at(steps)) };
    let hidden = if cell == Cell::Lstm { outputs.narrow(0, 0, steps) } else { outputs };
    Sequence { hidden, last }
}

/// One operation for burn's dispatch: an operation that is differentiated has one output.
#[backend_extension(Cube, Flex, Autodiff)]
pub trait SequenceOperation: Backend {
    /// h after every step, [T, B, H]; for an LSTM followed by the last c, so [T + 1, B, H].
    ///
    /// `memory` is c before the first step; cells without one ignore it.
    fn recurrent_sequence(
        projected: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        memory: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        cell: Cell,
    ) -> FloatTensor<Self>;
}

/// What a sequence is computed from; see [`SequenceOperation`].
#[derive(Clone, Debug)]
pub struct Inputs<B: Backend> {
    pub projected: FloatTensor<B>,
    pub hidden: FloatTensor<B>,
    pub memory: FloatTensor<B>,
    pub weight: FloatTensor<B>,
    pub bias: FloatTensor<B>,
}

/// What the backward pass starts from.
#[derive(Clone, Debug)]
pub struct Trail<B: Backend> {
    pub hidden: FloatTensor<B>,
    pub memory: FloatTensor<B>,
    pub weight: FloatTensor<B>,
    pub outputs: FloatTensor<B>,
    /// Gates and cells of all steps, laid out as the device likes; none for an RNN.
    pub saved: Option<FloatTensor<B>>,
}

/// The kernels of a device.
pub trait Kernels: Backend {
    fn forward(cell: Cell, inputs: Inputs<Self>) -> FloatTensor<Self>;

    /// The outputs, and what [`Trail::saved`] holds.
    fn forward_saving(cell: Cell, inputs: Inputs<Self>) -> (FloatTensor<Self>, Option<FloatTensor<Self>>);

    /// The gradients of the inputs from that of the outputs. That of `memory` counts for an LSTM only.
    fn backward(cell: Cell, trail: Trail<Self>, gradient: FloatTensor<Self>) -> Inputs<Self>;
}

impl SequenceOperation for Flex {
    fn recurrent_sequence(
        projected: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        memory: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        cell: Cell,
    ) -> FloatTensor<Self> {
        Self::forward(cell, Inputs { projected, hidden, memory, weight, bias })
    }
}

impl SequenceOperation for CubeBackend {
    fn recurrent_sequence(
        projected: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        memory: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        cell: Cell,
    ) -> FloatTensor<Self> {
        Self::forward(cell, Inputs { projected, hidden, memory, weight, bias })
    }
}

impl<B: Kernels, C: CheckpointStrategy> SequenceOperation for Autodiff<B, C> {
    fn recurrent_sequence(
        projected: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        memory: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        cell: Cell,
    ) -> FloatTensor<Self> {
        let parents = [projected.node(), hidden.node(), memory.node(), weight.node(), bias.node()];
        let inputs = Inputs {
            projected: projected.into_primitive(),
            hidden: hidden.into_primitive(),
            memory: memory.into_primitive(),
            weight: weight.into_primitive(),
            bias: bias.into_primitive(),
        };
        match SequenceBackward.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let Inputs { hidden, memory, weight, .. } = inputs.clone();
                let (outputs, saved) = B::forward_saving(cell, inputs);
                let trail = Trail { hidden, memory, weight, outputs: outputs.clone(), saved };
                prepared.finish((cell, trail), outputs)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::forward(cell, inputs)),
        }
    }
}

#[derive(Debug)]
struct SequenceBackward;

impl<B: Kernels> Backward<B, 5> for SequenceBackward {
    type State = (Cell, Trail<B>);

    fn backward(self, ops: Ops<Self::State, 5>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (cell, trail) = ops.state;
        let gradient = grads.consume::<B>(&ops.node);
        let Inputs { projected, hidden, memory, weight, bias } = B::backward(cell, trail, gradient);
        let [to_projected, to_hidden, to_memory, to_weight, to_bias] = ops.parents;
        let to_memory = to_memory.filter(|_| cell == Cell::Lstm);
        for (parent, gradient) in
            [(to_projected, projected), (to_hidden, hidden), (to_memory, memory), (to_weight, weight), (to_bias, bias)]
        {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}
