//! Rows of a table by id, as a burn operation: an embedding.
//!
//! On the way back the rows of a symbol are summed by walking through its positions, which are sorted once on the host: no
//! scatter, which a GPU would have to do one row after the other.

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
    tensor::{Device, Int, Tensor, TensorData},
};
use burn_cubecl::CubeBackend;

/// Ids on a device, N of them.
#[derive(Clone, Debug)]
pub struct Ids {
    /// [N].
    ids: Tensor<1, Int>,
    /// Positions in the order of their ids, [N].
    order: Tensor<1, Int>,
}

impl Ids {
    pub fn new(ids: &[u32], device: &Device) -> Self {
        Ids { ids: uploaded(ids, device), order: uploaded(&by_id(ids), device) }
    }

    /// N.
    pub fn count(&self) -> usize {
        self.ids.dims()[0]
    }
}

/// Positions in the order of their ids, equal ones in their own.
pub fn by_id(ids: &[u32]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..ids.len() as u32).collect();
    order.sort_by_key(|&position| ids.get(position as usize));
    order
}

fn uploaded(numbers: &[u32], device: &Device) -> Tensor<1, Int> {
    let numbers: Vec<i32> = numbers.iter().map(|&number| number as i32).collect();
    let count = numbers.len();
    Tensor::from_data(TensorData::new(numbers, [count]), &device.clone().without_autodiff())
}

/// The rows of `table` [V, E] that `ids` name: [N, E]. Ids are below V.
pub fn rows(table: Tensor<2>, ids: &Ids) -> Tensor<2> {
    let (order, ids) = (ids.order.clone().into_dispatch(), ids.ids.clone().into_dispatch());
    Tensor::from_dispatch(<Dispatch as Rows>::rows_by_id(table.into_dispatch(), ids, order))
}

/// One operation for burn's dispatch.
#[backend_extension(Cube, Flex, Autodiff)]
pub trait Rows: Backend {
    /// [N, E] from `table` [V, E] and `ids` [N]; `order` is looked at on the way back only.
    fn rows_by_id(table: FloatTensor<Self>, ids: IntTensor<Self>, order: IntTensor<Self>) -> FloatTensor<Self>;
}

/// The kernels of a device.
pub trait Kernels: Backend {
    fn take(table: FloatTensor<Self>, ids: IntTensor<Self>) -> FloatTensor<Self>;

    /// The sums of `rows` [N, E] by id, [V, E], with V of `symbols`.
    fn sum_by_id(
        rows: FloatTensor<Self>,
        ids: IntTensor<Self>,
        order: IntTensor<Self>,
        symbols: usize,
    ) -> FloatTensor<Self>;
}

impl Rows for Flex {
    fn rows_by_id(table: FloatTensor<Self>, ids: IntTensor<Self>, _: IntTensor<Self>) -> FloatTensor<Self> {
        Self::take(table, ids)
    }
}

impl Rows for CubeBackend {
    fn rows_by_id(table: FloatTensor<Self>, ids: IntTensor<Self>, _: IntTensor<Self>) -> FloatTensor<Self> {
        Self::take(table, ids)
    }
}

impl<B: Kernels, C: CheckpointStrategy> Rows for Autodiff<B, C> {
    fn rows_by_id(table: FloatTensor<Self>, ids: IntTensor<Self>, order: IntTensor<Self>) -> FloatTensor<Self> {
        let parents = [table.node()];
        let table = table.into_primitive();
        let [symbols, _] = table.shape().dims();
        match RowsBackward.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let taken = B::take(table, ids.clone());
                prepared.finish(Taken { ids, order, symbols }, taken)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::take(table, ids)),
        }
    }
}

/// What the backward pass starts from.
#[derive(Clone, Debug)]
struct Taken<B: Backend> {
    ids: IntTensor<B>,
    order: IntTensor<B>,
    symbols: usize,
}

#[derive(Debug)]
struct RowsBackward;

impl<B: Kernels> Backward<B, 1> for RowsBackward {
    type State = Taken<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let Taken { ids, order, symbols } = ops.state;
        let gradient = grads.consume::<B>(&ops.node);
        let [parent] = ops.parents;
        if let Some(parent) = parent {
            grads.register::<B>(parent.id, B::sum_by_id(gradient, ids, order, symbols));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::learning::devices;

    #[test]
    fn positions_are_sorted_by_id_and_equal_ids_keep_their_order() {
        assert_eq!(by_id(&[2, 0, 1, 0, 2]), [1, 3, 2, 0, 4]);
    }

    #[test]
    fn the_gradient_of_a_row_is_the_sum_over_the_positions_that_took_it() {
        for device in devices() {
            let table: Vec<f32> = (0..15).map(|at| at as f32).collect();
            let table = Tensor::<2>::from_data(TensorData::new(table, [5, 3]), &device).autodiff().require_grad();
            let taken = rows(table.clone(), &Ids::new(&[4, 0, 4, 2], &device));
            let factors: Vec<f32> = (1..=12).map(|at| at as f32).collect();
            let factors = Tensor::<2>::from_data(TensorData::new(factors, [4, 3]), &device.clone().autodiff());
            let found: Vec<f32> = taken.clone().to_data().iter().collect();
            assert_eq!(found, [12., 13., 14., 0., 1., 2., 12., 13., 14., 6., 7., 8.], "{device:?}");
            let gradient = table.grad(&(taken * factors).sum().backward()).unwrap();
            let gradient: Vec<f32> = gradient.to_data().iter().collect();
            assert_eq!(gradient, [4., 5., 6., 0., 0., 0., 10., 11., 12., 0., 0., 0., 8., 10., 12.], "{device:?}");
        }
    }
}
