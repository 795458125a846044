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

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{
        model::{Chunk, LanguageModel, Tokens},
        protocol::{Cell, ModelConfig},
        text::Streams,
        train::{backpropagation::backpropagate, learning::devices, resident::Resident},
    };

    /// A model with a chunk of streams for the fast pass and for the general one.
    struct Both {
        model: LanguageModel,
        streams: Streams,
        chunk: Chunk,
        targets: Targets,
    }

    impl Both {
        fn new(config: &ModelConfig, symbols: usize, [batch, context]: [usize; 2], device: &Device) -> Self {
            let model = LanguageModel::new(config, symbols, device);
            let count = (context * batch + 1) as u32;
            let ids: Vec<u32> =
                (0..count).map(|at| at.wrapping_mul(at).wrapping_add(at / 3) % symbols as u32).collect();
            let streams = Streams::new(ids.into(), batch, context).unwrap();
            let ids = streams.ids(0);
            let tokens = Tokens::new(&ids[..context * batch], batch, device);
            let targets = Targets::new(&ids[batch..], &vec![1.0; context * batch], device);
            let chunk = Chunk { tokens, states: model.network().zero_states(batch, device), masks: None };
            Both { model, streams, chunk, targets }
        }

        fn general(&self) -> (Tensor<1>, Tensor<1>) {
            loss_and_gradient(self.model.layout(), self.model.flat(), &self.chunk, &self.targets)
        }
    }

    #[test]
    fn a_language_model_gets_the_gradients_of_its_fast_pass() {
        for device in devices() {
            for cell in Cell::ALL {
                for tie_weights in [false, true] {
                    let config = ModelConfig { cell, layers: 2, hidden: 12, tie_weights, ..ModelConfig::default() };
                    let both = Both::new(&config, 11, [3, 5], &device);
                    let chunk = Resident::new(&both.streams, &device).chunk(&both.streams, 0);
                    let fast = backpropagate(&both.model, both.model.zero_states(3), chunk, None);
                    let (loss, gradient) = both.general();
                    let (fast_loss, loss): (f32, f32) = (fast.losses.sum().into_scalar(), loss.into_scalar());
                    assert!((loss - fast_loss).abs() < 1e-5, "{device:?} {config:?}: {loss}, fast {fast_loss}");
                    let numbers = |tensor: Tensor<1>| tensor.to_data().iter().collect::<Vec<f32>>();
                    let (found, exact) = (numbers(gradient), numbers(fast.gradient));
                    let largest = exact.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
                    for (found, exact) in found.iter().zip(&exact) {
                        let error = (found - exact).abs() / largest;
                        assert!(error < 1e-4, "{device:?} {config:?}: {found}, fast {exact}");
                    }
                }
            }
        }
    }

    #[test]
    fn only_the_proportions_of_weights_count_and_what_has_none_adds_nothing() {
        for device in devices() {
            let scores = || Tensor::<2>::from_floats([[1.0, 2.0], [0.5, -0.5], [9.0, 3.0]], &device);
            let loss = |weights: &[f32]| Targets::new(&[0, 1, 0], weights, &device).loss(scores()).into_scalar::<f32>();
            let alone = |a: f32, b: f32| (1.0 + (b - a).exp()).ln();
            let expected = (2.0 * alone(1.0, 2.0) + 6.0 * alone(-0.5, 0.5)) / 8.0;
            for weights in [[2.0, 6.0, 0.0], [0.5, 1.5, 0.0]] {
                assert!((loss(&weights) - expected).abs() < 1e-6, "{device:?}");
            }
            assert_eq!(loss(&[0.0; 3]), 0.0, "nothing counts");
        }
    }

    /// Tokens a second of the two passes: `cargo test --release -- --ignored --nocapture speed_of_the_general_pass`.
    #[test]
    #[ignore = "measures"]
    fn speed_of_the_general_pass_is_at_least_half_of_the_fast_one() {
        let device = Device::flex();
        let both = Both::new(&ModelConfig::default(), 65, [32, 64], &device);
        let chunk = Resident::new(&both.streams, &device).chunk(&both.streams, 0);
        let states = both.model.zero_states(32);
        let fast = || drop(backpropagate(&both.model, states.clone(), chunk.clone(), None));
        let general = || drop(both.general());
        let best = |run: &dyn Fn()| {
            let times = (0..12).map(|_| {
                let start = Instant::now();
                (0..10).for_each(|_| run());
                start.elapsed().as_secs_f64()
            });
            10.0 * 2048.0 / times.fold(f64::INFINITY, f64::min)
        };
        let (fast, general) = (best(&fast), best(&general));
        println!("fast {fast:.0} tokens/s, general {general:.0}, {:.2} of it", general / fast);
        assert!(general >= 0.5 * fast);
    }
}
