//! Softmax over rows of different lengths, as a burn operation.
//!
//! With p = softmax(x): ∂L/∂x = p ⊙ (g − Σ g p), where g = ∂L/∂p.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, Flex,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        tensor::{FloatTensor, IntTensor},
    },
    tensor::{Int, Tensor},
};
use burn_cubecl::CubeBackend;

/// The softmax of the first `lengths[z]` numbers of each row of `scores[z]`, [Z, M, S], and 0 past them. `lengths` [Z] are
/// from 1 to S.
pub fn softmax(scores: Tensor<3>, lengths: Tensor<1, Int>) -> Tensor<3> {
    Tensor::from_dispatch(<Dispatch as Softmax>::row_softmax(scores.into_dispatch(), lengths.into_dispatch()))
}

/// One operation for burn's dispatch.
#[backend_extension(Cube, Flex, Autodiff)]
pub trait Softmax: Backend {
    fn row_softmax(scores: FloatTensor<Self>, lengths: IntTensor<Self>) -> FloatTensor<Self>;
}

/// The kernels of a device.
pub trait Kernels: Backend {
    fn probabilities(scores: FloatTensor<Self>, lengths: IntTensor<Self>) -> FloatTensor<Self>;

    /// The gradient of the scores from the softmax and its gradient.
    fn probabilities_backward(softmax: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl Softmax for Flex {
    fn row_softmax(scores: FloatTensor<Self>, lengths: IntTensor<Self>) -> FloatTensor<Self> {
        Self::probabilities(scores, lengths)
    }
}

impl Softmax for CubeBackend {
    fn row_softmax(scores: FloatTensor<Self>, lengths: IntTensor<Self>) -> FloatTensor<Self> {
        Self::probabilities(scores, lengths)
    }
}

impl<B: Kernels, C: CheckpointStrategy> Softmax for Autodiff<B, C> {
    fn row_softmax(scores: FloatTensor<Self>, lengths: IntTensor<Self>) -> FloatTensor<Self> {
        let parents = [scores.node()];
        let result = B::probabilities(scores.into_primitive(), lengths);
        match SoftmaxBackward.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(result.clone(), result),
            OpsKind::UnTracked(prepared) => prepared.finish(result),
        }
    }
}

#[derive(Debug)]
struct SoftmaxBackward;

impl<B: Kernels> Backward<B, 1> for SoftmaxBackward {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let softmax = ops.state;
        let gradient = grads.consume::<B>(&ops.node);
        let [parent] = ops.parents;
        if let Some(parent) = parent {
            grads.register::<B>(parent.id, B::probabilities_backward(softmax, gradient));
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;
    use crate::train::learning::devices;

    fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// Softmax of [2, 3, 70] numbers over rows of 70 and `length`, and the gradient of its weighted sum.
    fn both(length: usize, device: &Device) -> (Vec<f32>, Vec<f32>, Vec<f32>, Vec<f32>) {
        let shape = [2, 3, 70];
        let numbers: Vec<f32> = (0..420).map(|at| ((at * at) as f32 * 0.37).sin() * 9.0).collect();
        let weights: Vec<f32> = (0..420).map(|at| (at as f32 * 0.7).cos()).collect();
        let device = device.clone().autodiff();
        let scores = tensor(numbers.clone(), shape, &device).require_grad();
        let lengths = TensorData::new(vec![70, length as i32], [2]);
        let lengths = Tensor::<1, Int>::from_data(lengths, &device.clone().without_autodiff());
        let found = softmax(scores.clone(), lengths);
        let gradients = (found.clone() * tensor(weights.clone(), shape, &device)).sum().backward();
        let read = |tensor: Tensor<3>| tensor.to_data().iter().collect::<Vec<f32>>();
        (numbers, weights, read(found), read(scores.grad(&gradients).unwrap()))
    }

    #[test]
    fn probabilities_and_gradients_are_those_of_each_rows_own_length() {
        for device in devices() {
            for length in [1, 2, 33, 70] {
                let (numbers, weights, found, gradient) = both(length, &device);
                for row in 0..6 {
                    let count = if row < 3 { 70 } else { length };
                    let at = |values: &[f32], index: usize| f64::from(values[row * 70 + index]);
                    let total: f64 = (0..count).map(|index| at(&numbers, index).exp()).sum();
                    let exact = |index: usize| if index < count { at(&numbers, index).exp() / total } else { 0.0 };
                    let mean: f64 = (0..count).map(|index| exact(index) * at(&weights, index)).sum();
                    for index in 0..70 {
                        assert!((at(&found, index) - exact(index)).abs() < 1e-5, "{device:?} {length} {row} {index}");
                        let expected = exact(index) * (at(&weights, index) - mean);
                        assert!((at(&gradient, index) - expected).abs() < 1e-5, "{device:?} {length} {row} {index}");
                    }
                }
            }
        }
    }

    #[test]
    fn scores_that_are_far_apart_do_not_overflow() {
        for device in devices() {
            let lengths = Tensor::<1, Int>::from_data(TensorData::new(vec![3i32], [1]), &device);
            let found = softmax(tensor(vec![1e4, -1e4, 1e4], [1, 1, 3], &device), lengths);
            assert_eq!(found.to_data().iter::<f32>().collect::<Vec<_>>(), [0.5, 0.0, 0.5], "{device:?}");
        }
    }
}
