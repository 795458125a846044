//! What is minimised, and its gradient, as one operation.
//!
//! With p = softmax(z): L = −Σ w ln p(target), and ∂L/∂z = w (p − onehot(target)). A mean is w = 1 / N.

pub(super) mod cpu;
pub(super) mod gpu;

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, Flex,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        ops::FloatTensorOps,
        tensor::{FloatTensor, IntTensor},
    },
    tensor::{Int, Tensor},
};
use burn_cubecl::CubeBackend;

/// The cross-entropy in nats of `logits` [N, V], the scores of each symbol, against the ids that came, `targets` [N]: parts
/// of the mean, which is their sum, [P]; and the mean's gradient by the logits, [N, V].
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<1, Int>) -> (Tensor<1>, Tensor<2>) {
    let (losses, gradient) = <Dispatch as CrossEntropy>::cross_entropy(logits.into_dispatch(), targets.into_dispatch());
    (Tensor::from_dispatch(losses), Tensor::from_dispatch(gradient))
}

/// The sum of `weights` [N] times the cross-entropy in nats of each row of `logits` [N, V] with its id of `targets` [N]: [1].
/// Differentiable in the logits. Where a weight is 0, the id does not count.
pub fn weighted_cross_entropy(logits: Tensor<2>, targets: Tensor<1, Int>, weights: Tensor<1>) -> Tensor<1> {
    Tensor::from_dispatch(<Dispatch as WeightedCrossEntropy>::weighted_cross_entropy(
        logits.into_dispatch(),
        targets.into_dispatch(),
        weights.into_dispatch(),
    ))
}

#[backend_extension(Cube, Flex)]
pub trait CrossEntropy: Backend {
    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>);
}

#[backend_extension(Cube, Flex, Autodiff)]
pub trait WeightedCrossEntropy: Backend {
    fn weighted_cross_entropy(
        logits: FloatTensor<Self>,
        targets: IntTensor<Self>,
        weights: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// The kernels of a device.
pub trait Kernels: Backend {
    /// Parts of the weighted sum, which is theirs, [P], and its gradient by the logits; of the mean without `weights`.
    fn loss_and_gradient(
        logits: FloatTensor<Self>,
        targets: IntTensor<Self>,
        weights: Option<FloatTensor<Self>>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

impl CrossEntropy for Flex {
    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        Self::loss_and_gradient(logits, targets, None)
    }
}

impl CrossEntropy for CubeBackend {
    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        Self::loss_and_gradient(logits, targets, None)
    }
}

impl WeightedCrossEntropy for Flex {
    fn weighted_cross_entropy(
        logits: FloatTensor<Self>,
        targets: IntTensor<Self>,
        weights: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        Self::float_sum(Self::loss_and_gradient(logits, targets, Some(weights)).0)
    }
}

impl WeightedCrossEntropy for CubeBackend {
    fn weighted_cross_entropy(
        logits: FloatTensor<Self>,
        targets: IntTensor<Self>,
        weights: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        Self::float_sum(Self::loss_and_gradient(logits, targets, Some(weights)).0)
    }
}

impl<B: Kernels, C: CheckpointStrategy> WeightedCrossEntropy for Autodiff<B, C> {
    fn weighted_cross_entropy(
        logits: FloatTensor<Self>,
        targets: IntTensor<Self>,
        weights: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let parents = [logits.node()];
        let (losses, gradient) = B::loss_and_gradient(logits.into_primitive(), targets, Some(weights.into_primitive()));
        let loss = B::float_sum(losses);
        match LossBackward.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(gradient, loss),
            OpsKind::UnTracked(prepared) => prepared.finish(loss),
        }
    }
}

#[derive(Debug)]
struct LossBackward;

impl<B: Kernels> Backward<B, 1> for LossBackward {
    /// The gradient of the loss by the logits.
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let by_logits = ops.state;
        // That of whatever the loss became a part of.
        let gradient = grads.consume::<B>(&ops.node);
        let [parent] = ops.parents;
        if let Some(parent) = parent {
            let factor = B::float_reshape(gradient, [1, 1].into());
            grads.register::<B>(parent.id, B::float_mul(by_logits, factor));
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData, activation::log_softmax};

    use super::*;
    use crate::{model::on_device, train::learning::devices};

    fn tensors(logits: &[f32], symbols: usize, device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
        let rows = logits.len() / symbols;
        let targets: Vec<u32> = (0..rows).map(|row| (row * 7 % symbols) as u32).collect();
        let logits = Tensor::from_data(TensorData::new(logits.to_vec(), [rows, symbols]), device);
        (logits, on_device(&targets, device))
    }

    /// Loss and gradient.
    fn both(logits: &[f32], symbols: usize, device: &Device) -> (f32, Vec<f32>) {
        let (logits, targets) = tensors(logits, symbols, device);
        let kept = logits.clone();
        let (losses, gradient) = cross_entropy(logits, targets);
        assert_eq!(kept.dims(), gradient.dims());
        (losses.sum().into_scalar(), gradient.to_data().iter().collect())
    }

    #[test]
    fn loss_and_gradient_are_those_of_the_operations_one_after_the_other() {
        for device in devices() {
            for (rows, symbols) in [(1, 1), (5, 7), (33, 65), (3, 300), (130, 129), (2, 5000)] {
                let numbers: Vec<f32> = (0..rows * symbols).map(|at| ((at * at) as f32 * 0.37).sin() * 9.0).collect();
                let (loss, gradient) = both(&numbers, symbols, &device);
                let (logits, targets) = tensors(&numbers, symbols, &Device::flex().autodiff());
                let logits = logits.require_grad();
                let composed =
                    log_softmax(logits.clone(), 1).gather(1, targets.autodiff().unsqueeze_dim(1)).mean().neg();
                let exact: Vec<f32> = logits.grad(&composed.backward()).unwrap().to_data().iter().collect();
                let expected: f32 = composed.into_scalar();
                assert!((loss - expected).abs() < 1e-4, "{device:?} {rows}×{symbols}: {loss}, expected {expected}");
                for (ours, theirs) in gradient.iter().zip(&exact) {
                    assert!((ours - theirs).abs() < 1e-5, "{device:?} {rows}×{symbols}: {ours}, expected {theirs}");
                }
            }
        }
    }

    #[test]
    fn a_weighted_loss_counts_each_row_as_much_as_its_weight_says() {
        for device in devices() {
            let (rows, symbols) = (5, 7);
            let numbers: Vec<f32> = (0..rows * symbols).map(|at| ((at * at) as f32 * 0.37).sin() * 4.0).collect();
            let weights = [0.5, 0.0, 0.25, 2.0, 0.0];
            let (logits, targets) = tensors(&numbers, symbols, &device);
            let logits = logits.autodiff().require_grad();
            let of_rows = Tensor::from_floats(weights, &device);
            let loss = weighted_cross_entropy(logits.clone(), targets, of_rows);
            let gradients = (loss.clone() * 3.0).backward();
            let found: Vec<f32> = logits.grad(&gradients).unwrap().to_data().iter().collect();
            let mut expected = 0.0;
            for (row, weight) in weights.into_iter().enumerate() {
                let part = &numbers[row * symbols..(row + 1) * symbols];
                let (alone, _) = both(part, symbols, &Device::flex());
                // Alone it is the first row, whose target is the first symbol; here it is the target of `tensors`.
                let target = row * 7 % symbols;
                let total: f32 = part.iter().map(|score| score.exp()).sum();
                expected += weight * (alone + part[0] - part[target]);
                for symbol in 0..symbols {
                    let hit = f32::from(symbol == target);
                    let exact = 3.0 * weight * (part[symbol].exp() / total - hit);
                    let ours = found[row * symbols + symbol];
                    assert!((ours - exact).abs() < 1e-5, "{device:?} {row} {symbol}: {ours}, expected {exact}");
                }
            }
            let loss: f32 = loss.into_scalar();
            assert!((loss - expected).abs() < 1e-5, "{device:?}: {loss}, expected {expected}");
        }
    }

    #[test]
    fn logits_that_are_held_elsewhere_stay_as_they_are() {
        for device in devices() {
            let (logits, targets) = tensors(&[1.0, 2.0, 3.0, 4.0], 2, &device);
            cross_entropy(logits.clone(), targets);
            assert_eq!(logits.to_data().iter::<f32>().collect::<Vec<_>>(), [1.0, 2.0, 3.0, 4.0]);
        }
    }

    #[test]
    fn scores_that_are_far_apart_do_not_overflow() {
        for device in devices() {
            let (loss, gradient) = both(&[0.0, 300.0, -300.0, 0.0, 88.0, 1e4], 3, &device);
            // Targets 0 and 1: 300 and 9912 nats.
            assert!((loss - 5106.0).abs() < 0.5, "{loss}");
            assert!(gradient.iter().all(|value| value.is_finite()));
        }
    }

    #[test]
    fn a_score_that_is_no_number_shows_in_the_loss() {
        for device in devices() {
            assert!(both(&[0.0, f32::NAN, 0.0, 1.0, 2.0, 3.0], 3, &device).0.is_nan());
        }
    }
}
