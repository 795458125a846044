//! The fused operators as burn operations: for each device the kernels, and above them one backward step for all.

use std::fmt::Debug;

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, Flex, TensorMetadata,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        tensor::{FloatTensor, IntTensor},
    },
    tensor::Tensor,
};
use burn_cubecl::CubeBackend;

use super::{Cell, ReadingOrder, Sequence, State, Tape, Weights};

/// Runs the fused operator.
pub fn sequence(order: &ReadingOrder, cell: Cell, projected: Tensor<3>, state: State, weights: Weights) -> Sequence {
    let arrivals = weights.bias_hh.clone();
    let (outputs, form) = run(order, cell, projected, state, weights, arrivals, false);
    form.sequence(&outputs)
}

/// The same, and everything that the operator keeps of each step.
pub fn sequence_with_tape(
    order: &ReadingOrder,
    cell: Cell,
    projected: Tensor<3>,
    state: State,
    weights: Weights,
) -> (Sequence, Tape) {
    let [_, batch, _] = projected.dims();
    let [_, units] = weights.weight_hh.dims();
    let device = projected.device().autodiff();
    let arrivals = Tensor::<4>::zeros([projected.dims()[0], batch, 1 + cell.gates(), units], &device).require_grad();
    let (outputs, form) = run(order, cell, projected, state, weights, arrivals.clone(), true);
    let sequence = form.sequence(&outputs);
    let kept = outputs.inner();
    let first = form.steps + form.tail();
    let gates = kept.clone().narrow(0, first, form.steps * cell.gates());
    let cells = (cell == Cell::Lstm).then(|| kept.clone().narrow(0, first + form.steps * cell.gates(), form.steps));
    let tape = Tape {
        hidden: kept.narrow(0, 0, form.steps),
        cell: cells,
        gates: gates.reshape([form.steps, batch, cell.gates(), units]),
        arrivals,
    };
    (sequence, tape)
}

/// Calls the operation.
fn run<const D: usize>(
    order: &ReadingOrder,
    cell: Cell,
    projected: Tensor<3>,
    state: State,
    weights: Weights,
    arrivals: Tensor<D>,
    taped: bool,
) -> (Tensor<3>, Form) {
    let [steps, batch, _] = projected.dims();
    let form = Form { cell, steps, batch, ordered: order.order.is_some(), taped };
    // An operation takes no options: something stands in for what is not looked at.
    let order = order.order.clone();
    let order = order.unwrap_or_else(|| Tensor::empty([1], &projected.device().without_autodiff()));
    let cell_state = state.cell.unwrap_or_else(|| state.hidden.clone());
    let outputs = Tensor::from_dispatch(<Dispatch as SequenceOperation>::recurrent_sequence(
        projected.into_dispatch(),
        state.hidden.into_dispatch(),
        cell_state.into_dispatch(),
        weights.weight_hh.into_dispatch(),
        weights.bias_hh.into_dispatch(),
        arrivals.into_dispatch(),
        order.into_dispatch(),
        form,
    ));
    (outputs, form)
}

/// What is computed, and how the outputs are laid out.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    pub cell: Cell,
    /// T.
    pub steps: usize,
    /// B.
    pub batch: usize,
    /// Positions are read in an order of their own; see [`ReadingOrder`].
    pub ordered: bool,
    /// The outputs hold a tape too.
    pub taped: bool,
}

impl Form {
    /// Blocks [B, H] of the last state that follow h: its c; where rows end at different steps its h before that.
    pub fn tail(self) -> usize {
        usize::from(self.ordered) + usize::from(self.cell == Cell::Lstm)
    }

    /// Blocks [B, H] that a gradient can come to.
    pub fn differentiated(self) -> usize {
        self.steps + self.tail()
    }

    /// All blocks [B, H] of the outputs: h of every position, the last state, and of a tape [T, B, G, H] gates and the c of
    /// every position.
    pub fn blocks(self) -> usize {
        let of_tape = self.cell.gates() + usize::from(self.cell == Cell::Lstm);
        self.differentiated() + if self.taped { self.steps * of_tape } else { 0 }
    }

    fn sequence(self, outputs: &Tensor<3>) -> Sequence {
        let at = |index: usize| outputs.clone().narrow(0, index, 1).squeeze_dim(0);
        let last = State {
            hidden: at(if self.ordered { self.steps } else { self.steps - 1 }),
            cell: (self.cell == Cell::Lstm).then(|| at(self.differentiated() - 1)),
        };
        let whole = self.blocks() == self.steps;
        Sequence { hidden: if whole { outputs.clone() } else { outputs.clone().narrow(0, 0, self.steps) }, last }
    }
}

/// One operation for burn's dispatch: an operation that is differentiated has one output.
#[backend_extension(Cube, Flex, Autodiff)]
pub trait SequenceOperation: Backend {
    /// The blocks of [`Form::blocks`], [N, B, H].
    ///
    /// `cell_state` is c before the first step; cells without one ignore it. `arrivals` is not read: where the outputs hold
    /// a tape, its gradient is what arrives at h and at the gates, [T, B, 1 + G, H]. `order` is that of [`ReadingOrder`].
    fn recurrent_sequence(
        projected: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        cell_state: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        arrivals: FloatTensor<Self>,
        order: IntTensor<Self>,
        form: Form,
    ) -> FloatTensor<Self>;
}

/// What a sequence is computed from; see [`SequenceOperation`].
#[derive(Clone, Debug)]
pub struct Inputs<B: Backend> {
    pub projected: FloatTensor<B>,
    pub hidden: FloatTensor<B>,
    pub cell_state: FloatTensor<B>,
    pub weight: FloatTensor<B>,
    pub bias: FloatTensor<B>,
    pub order: IntTensor<B>,
}

/// What the backward pass starts from.
#[derive(Clone, Debug)]
pub struct Kept<B: Kernels> {
    pub weight: FloatTensor<B>,
    pub order: IntTensor<B>,
    pub record: B::Record,
}

/// The gradients of [`Inputs`]. That of `cell_state` counts for an LSTM only.
pub struct InputGradients<B: Backend> {
    pub projected: FloatTensor<B>,
    pub hidden: FloatTensor<B>,
    pub cell_state: FloatTensor<B>,
    pub weight: FloatTensor<B>,
    pub bias: FloatTensor<B>,
    /// The whole gradient of h at each position, [T, B, H], where there is a tape.
    pub arrived: Option<FloatTensor<B>>,
}

/// The kernels of a device.
pub trait Kernels: Backend {
    /// h, gates and cells of all steps, laid out as the device likes.
    type Record: Clone + Debug + Send + 'static;

    fn forward(form: Form, inputs: Inputs<Self>) -> FloatTensor<Self>;

    /// The outputs, and what the backward pass needs of the steps.
    fn forward_saving(form: Form, inputs: Inputs<Self>) -> (FloatTensor<Self>, Self::Record);

    /// From the gradient of the outputs, of which only the first [`Form::differentiated`] blocks count.
    fn backward(form: Form, kept: Kept<Self>, gradient: FloatTensor<Self>) -> InputGradients<Self>;
}

impl SequenceOperation for Flex {
    fn recurrent_sequence(
        projected: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        cell_state: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        _: FloatTensor<Self>,
        order: IntTensor<Self>,
        form: Form,
    ) -> FloatTensor<Self> {
        Self::forward(form, Inputs { projected, hidden, cell_state, weight, bias, order })
    }
}

impl SequenceOperation for CubeBackend {
    fn recurrent_sequence(
        projected: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        cell_state: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        _: FloatTensor<Self>,
        order: IntTensor<Self>,
        form: Form,
    ) -> FloatTensor<Self> {
        Self::forward(form, Inputs { projected, hidden, cell_state, weight, bias, order })
    }
}

impl<B: Kernels, C: CheckpointStrategy> SequenceOperation for Autodiff<B, C> {
    fn recurrent_sequence(
        projected: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        cell_state: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        arrivals: FloatTensor<Self>,
        order: IntTensor<Self>,
        form: Form,
    ) -> FloatTensor<Self> {
        let parents = [projected.node(), hidden.node(), cell_state.node(), weight.node(), bias.node(), arrivals.node()];
        let inputs: Inputs<B> = Inputs {
            projected: projected.into_primitive(),
            hidden: hidden.into_primitive(),
            cell_state: cell_state.into_primitive(),
            weight: weight.into_primitive(),
            bias: bias.into_primitive(),
            order,
        };
        match SequenceBackward.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (weight, order) = (inputs.weight.clone(), inputs.order.clone());
                let (outputs, record) = B::forward_saving(form, inputs);
                prepared.finish((form, Kept { weight, order, record }), outputs)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::forward(form, inputs)),
        }
    }
}

#[derive(Debug)]
struct SequenceBackward;

impl<B: Kernels> Backward<B, 6> for SequenceBackward {
    type State = (Form, Kept<B>);

    fn backward(self, ops: Ops<Self::State, 6>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (form, kept) = ops.state;
        let gradient = grads.consume::<B>(&ops.node);
        let found = B::backward(form, kept, gradient);
        let [to_projected, to_hidden, to_cell, to_weight, to_bias, to_arrivals] = ops.parents;
        if let (Some(parent), Some(arrived)) = (to_arrivals, found.arrived) {
            let [steps, batch, units] = arrived.shape().dims();
            let arrived = B::float_reshape(arrived, [steps, batch, 1, units].into());
            let gates = B::float_reshape(found.projected.clone(), [steps, batch, form.cell.gates(), units].into());
            grads.register::<B>(parent.id, B::float_cat(vec![arrived, gates], 2));
        }
        let to_cell = to_cell.filter(|_| form.cell == Cell::Lstm);
        for (parent, gradient) in [
            (to_projected, found.projected),
            (to_hidden, found.hidden),
            (to_cell, found.cell_state),
            (to_weight, found.weight),
            (to_bias, found.bias),
        ] {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}
