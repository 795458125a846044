//! What a composition is to say, and how far it is from saying it.

use burn::tensor::{Device, Int, Tensor};

use super::weighted_cross_entropy;
use crate::model::{compositions::Composition, on_device, parameters::Parameters};

/// The class that each of N items should get, and how much each counts.
#[derive(Clone, Debug)]
pub struct Targets {
    /// [N].
    ids: Tensor<1, Int>,
    /// [N]; they add up to 1.
    weights: Tensor<1>,
}

impl Targets {
    /// `weights`, one a target, are not negative; what lies past the end of a row has 0. Only their proportions count.
    pub fn new(ids: &[u32], weights: &[f32], device: &Device) -> Self {
        let total: f64 = weights.iter().copied().map(f64::from).sum();
        let scale = if total > 0.0 { total.recip() } else { 0.0 };
        let weights: Vec<f32> = weights.iter().map(|&weight| (f64::from(weight) * scale) as f32).collect();
        let device = device.clone().without_autodiff();
        Targets { ids: on_device(ids, &device), weights: Tensor::from_floats(weights.as_slice(), &device) }
    }

    /// The weighted mean of the cross-entropy, in nats: L = Σ w (−ln p(target)) / Σ w, of `scores` [N, K]. [1], differentiable
    /// in the scores.
    pub fn loss(&self, scores: Tensor<2>) -> Tensor<1> {
        weighted_cross_entropy(scores, self.ids.clone(), self.weights.clone())
    }
}

/// The loss of a composition, [1], and its gradient by every weight, as the layout places them.
pub fn loss_and_gradient<C: Composition>(
    composition: &C,
    weights: &Tensor<1>,
    inputs: &C::Inputs,
    targets: &Targets,
) -> (Tensor<1>, Tensor<1>) {
    let weights = Parameters::new(composition.layout().clone(), weights).tracked();
    let loss = targets.loss(composition.scores(&weights, inputs));
    let mut gradients = loss.backward();
    (loss.inner(), weights.gradient(&mut gradients))
}
