//! What is minimised, as one operation each way.
//!
//! With p = softmax(z): L = −mean ln p(target), and ∂L/∂z = (p − onehot(target)) / N. The forward pass keeps p, so the
//! backward pass is one look at each number.

pub(super) mod cpu;
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
    tensor::{Int, Tensor},
};

/// Mean cross-entropy in nats, [1]: of `logits` [N, V], the scores of each symbol, against the ids that came, `targets` [N].
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    Tensor::from_dispatch(<Dispatch as CrossEntropy>::cross_entropy(logits.into_dispatch(), targets.into_dispatch()))
}

#[backend_extension(Cube, Flex, Autodiff)]
pub trait CrossEntropy: Backend {
    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self>;
}

/// The kernels of a device.
pub trait Kernels: Backend {
    /// The mean loss, [1], and the softmax of `logits`, [N, V].
    fn forward(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The gradient of the logits from the softmax and the gradient of the mean, [1].
    fn backward(
        probabilities: FloatTensor<Self>,
        targets: IntTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl<B: Kernels, C: CheckpointStrategy> CrossEntropy for Autodiff<B, C> {
    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self> {
        let parents = [logits.node()];
        let (loss, probabilities) = B::forward(logits.into_primitive(), targets.clone());
        match CrossEntropyBackward.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((probabilities, targets), loss),
            OpsKind::UnTracked(prepared) => prepared.finish(loss),
        }
    }
}

#[derive(Debug)]
struct CrossEntropyBackward;

impl<B: Kernels> Backward<B, 1> for CrossEntropyBackward {
    type State = (FloatTensor<B>, IntTensor<B>);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (probabilities, targets) = ops.state;
        let gradient = grads.consume::<B>(&ops.node);
        let [logits] = ops.parents;
        if let Some(logits) = logits {
            grads.register::<B>(logits.id, B::backward(probabilities, targets, gradient));
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData, activation::log_softmax};

    use super::*;
    use crate::train::learning::devices;

    /// Loss and gradient, with a factor after the loss so that its gradient is not one.
    fn both(
        loss: fn(Tensor<2>, Tensor<1, Int>) -> Tensor<1>,
        logits: &[f32],
        symbols: usize,
        device: &Device,
    ) -> (f32, Vec<f32>) {
        let device = device.clone().autodiff();
        let rows = logits.len() / symbols;
        let targets: Vec<i32> = (0..rows).map(|row| (row * 7 % symbols) as i32).collect();
        let logits = Tensor::<2>::from_data(TensorData::new(logits.to_vec(), [rows, symbols]), &device).require_grad();
        let loss = loss(logits.clone(), Tensor::from_data(TensorData::new(targets, [rows]), &device)) * 3.0;
        let gradient = logits.grad(&loss.backward()).unwrap();
        (loss.into_scalar(), gradient.to_data().iter().collect())
    }

    #[test]
    fn loss_and_gradient_are_those_of_the_operations_one_after_the_other() {
        fn composed(logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
            log_softmax(logits, 1).gather(1, targets.unsqueeze_dim(1)).mean().neg()
        }
        for device in devices() {
            for (rows, symbols) in [(1, 1), (5, 7), (33, 65), (3, 300), (130, 129)] {
                let logits: Vec<f32> = (0..rows * symbols).map(|at| ((at * at) as f32 * 0.37).sin() * 9.0).collect();
                let (loss, gradient) = both(cross_entropy, &logits, symbols, &device);
                let (expected, expected_gradient) = both(composed, &logits, symbols, &Device::flex());
                assert!((loss - expected).abs() < 1e-4, "{device:?} {rows}×{symbols}: {loss}, expected {expected}");
                for (ours, theirs) in gradient.iter().zip(&expected_gradient) {
                    assert!((ours - theirs).abs() < 1e-5, "{device:?} {rows}×{symbols}: {ours}, expected {theirs}");
                }
            }
        }
    }

    #[test]
    fn scores_that_are_far_apart_do_not_overflow() {
        for device in devices() {
            let (loss, gradient) = both(cross_entropy, &[0.0, 300.0, -300.0, 0.0, 88.0, 1e4], 3, &device);
            // Targets 0 and 1: 300 and 9912 nats, of which the mean is taken three times.
            assert!((loss - 15_318.0).abs() < 1.0, "{loss}");
            assert!(gradient.iter().all(|value| value.is_finite()));
        }
    }

    #[test]
    fn a_score_that_is_no_number_shows_in_the_loss() {
        for device in devices() {
            assert!(both(cross_entropy, &[0.0, f32::NAN, 0.0, 1.0, 2.0, 3.0], 3, &device).0.is_nan());
        }
    }
}
