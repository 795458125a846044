//! Rows of a table by token: what a one-hot input times a weight comes to.
//!
//! The gradient of the table has to sum, for each token, the gradients of its rows. Done row by row that is one long
//! chain on a GPU; so the positions of each token are listed first, on the host that has the tokens anyway, and every
//! number of the table sums its own.

mod cpu;
mod gpu;

use burn::{
    backend::{
        Autodiff, Backend, Dispatch,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        tensor::{FloatTensor, IntTensor},
    },
    tensor::{Device, Int, Tensor, TensorData},
};

/// The tokens that a network reads, time-major.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// T.
    pub(super) steps: usize,
    /// B.
    pub(super) batch: usize,
    /// [T·B].
    ids: Tensor<1, Int>,
    positions: Option<Positions>,
}

/// Where each symbol stands.
#[derive(Clone, Debug)]
struct Positions {
    /// Positions among the tokens, those of the first symbol first: [T·B].
    order: Tensor<1, Int>,
    /// Where in `order` each symbol begins, and where the last one ends: [V + 1].
    starts: Tensor<1, Int>,
}

impl Tokens {
    /// `ids` of `batch` streams side by side, time-major.
    pub fn new(ids: &[u32], batch: usize, device: &Device) -> Self {
        Tokens { steps: ids.len() / batch.max(1), batch, ids: on_device(ids, device), positions: None }
    }

    /// The same, with what makes the gradient of a table of `symbols` rows quick.
    pub fn for_training(ids: &[u32], batch: usize, symbols: usize, device: &Device) -> Self {
        let mut order: Vec<u32> = (0..ids.len() as u32).collect();
        let id = |position: u32| ids.get(position as usize).copied().unwrap_or_default();
        order.sort_by_key(|&position| id(position));
        let starts: Vec<u32> = (0..=symbols as u32)
            .map(|symbol| order.partition_point(|&position| id(position) < symbol) as u32)
            .collect();
        let positions = Positions { order: on_device(&order, device), starts: on_device(&starts, device) };
        Tokens { positions: Some(positions), ..Self::new(ids, batch, device) }
    }
}

/// Ids as a device takes them.
pub fn on_device(ids: &[u32], device: &Device) -> Tensor<1, Int> {
    let ids: Vec<i32> = ids.iter().map(|&id| id as i32).collect();
    let length = ids.len();
    Tensor::from_data(TensorData::new(ids, [length]), &device.clone().without_autodiff())
}

/// Row ids[n] of `table` [V, C] for every token: [N, C]. Differentiable, quickly so with [`Tokens::for_training`].
pub fn rows(table: Tensor<2>, tokens: &Tokens) -> Tensor<2> {
    let ids = || tokens.ids.clone().into_dispatch();
    let (order, starts) = match &tokens.positions {
        Some(positions) => (positions.order.clone().into_dispatch(), positions.starts.clone().into_dispatch()),
        None if table.is_tracked() => return table.select(0, tokens.ids.clone().autodiff()),
        // Only the gradient needs them.
        None => (ids(), ids()),
    };
    Tensor::from_dispatch(<Dispatch as TokenRows>::token_rows(table.into_dispatch(), ids(), order, starts))
}

#[backend_extension(Cube, Flex, Autodiff)]
pub trait TokenRows: Backend {
    fn token_rows(
        table: FloatTensor<Self>,
        ids: IntTensor<Self>,
        order: IntTensor<Self>,
        starts: IntTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// The kernels of a device.
pub trait Kernels: Backend {
    /// The gradient of a table from that of its rows, [N, C].
    fn backward(gradient: FloatTensor<Self>, order: IntTensor<Self>, starts: IntTensor<Self>) -> FloatTensor<Self>;
}

impl<B: Kernels + TokenRows, C: CheckpointStrategy> TokenRows for Autodiff<B, C> {
    fn token_rows(
        table: FloatTensor<Self>,
        ids: IntTensor<Self>,
        order: IntTensor<Self>,
        starts: IntTensor<Self>,
    ) -> FloatTensor<Self> {
        let parents = [table.node()];
        let rows = B::token_rows(table.into_primitive(), ids, order.clone(), starts.clone());
        match TokenRowsBackward.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((order, starts), rows),
            OpsKind::UnTracked(prepared) => prepared.finish(rows),
        }
    }
}

#[derive(Debug)]
struct TokenRowsBackward;

impl<B: Kernels> Backward<B, 1> for TokenRowsBackward {
    type State = (IntTensor<B>, IntTensor<B>);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (order, starts) = ops.state;
        let gradient = grads.consume::<B>(&ops.node);
        let [table] = ops.parents;
        if let Some(table) = table {
            grads.register::<B>(table.id, B::backward(gradient, order, starts));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::learning::devices;

    #[test]
    fn rows_and_their_gradient_are_those_of_a_one_hot_product() {
        for device in devices() {
            let device = device.autodiff();
            for (symbols, columns, count) in [(1, 1, 1), (7, 5, 40), (65, 130, 33), (300, 64, 9)] {
                let ids: Vec<u32> = (0..count as u32).map(|at| at * at % symbols as u32).collect();
                let numbers = |length: usize, by: f32| (0..length).map(|at| (at as f32 * by).sin()).collect::<Vec<_>>();
                let tensor = |values: Vec<f32>, shape: [usize; 2]| {
                    Tensor::<2>::from_data(TensorData::new(values, shape), &device)
                };
                let table = tensor(numbers(symbols * columns, 0.7), [symbols, columns]).require_grad();
                let weights = tensor(numbers(count * columns, 1.3), [count, columns]);
                let mut one_hot = vec![0.0; count * symbols];
                ids.iter().enumerate().for_each(|(row, &id)| one_hot[row * symbols + id as usize] = 1.0);
                let one_hot = tensor(one_hot, [count, symbols]);
                let expected = one_hot.clone().matmul(table.clone());
                let expected_gradient = one_hot.transpose().matmul(weights.clone()).inner();
                for tokens in [Tokens::new(&ids, 1, &device), Tokens::for_training(&ids, 1, symbols, &device)] {
                    let taken = rows(table.clone(), &tokens);
                    let error = (taken.clone() - expected.clone()).abs().max().into_scalar::<f32>();
                    let gradient = table.grad(&(taken * weights.clone()).sum().backward()).unwrap();
                    let of_gradient = (gradient - expected_gradient.clone()).abs().max().into_scalar::<f32>();
                    assert!(error < 1e-6 && of_gradient < 1e-5, "{device:?} {symbols}: {error} {of_gradient}");
                }
            }
        }
    }
}
