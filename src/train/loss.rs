//! What is minimised, and its gradient, as one operation.
//!
//! With p = softmax(z): L = −mean ln p(target), and ∂L/∂z = (p − onehot(target)) / N.

pub(super) mod cpu;
pub(super) mod gpu;

use burn::{
    backend::{
        Backend, Dispatch, backend_extension,
        tensor::{FloatTensor, IntTensor},
    },
    tensor::{Int, Tensor},
};

/// The cross-entropy in nats of `logits` [N, V], the scores of each symbol, against the ids that came, `targets` [N]: parts
/// of the mean, which is their sum, [P]; and the mean's gradient by the logits, [N, V].
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<1, Int>) -> (Tensor<1>, Tensor<2>) {
    let (losses, gradient) = <Dispatch as CrossEntropy>::cross_entropy(logits.into_dispatch(), targets.into_dispatch());
    (Tensor::from_dispatch(losses), Tensor::from_dispatch(gradient))
}

#[backend_extension(Cube, Flex)]
pub trait CrossEntropy: Backend {
    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>);
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
