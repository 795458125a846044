//! AdamW over one flat buffer, with the gradient clipped to a global norm.

mod cpu;
mod gpu;

use super::readback::Ring;
use burn::{
    backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor},
    tensor::Tensor,
};

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// AdamW (Loshchilov & Hutter 2019) after clipping to a global norm (Pascanu et al. 2013).
///
/// With the gradient g of all weights θ in one vector:
/// g ← g · min(1, clip / ‖g‖), m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
/// θ ← θ − η (m̂ / (√v̂ + ε) + λ θ), where m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).
///
/// The norm stays on the device: nothing is read to clip by it.
#[derive(Clone, Debug)]
pub struct AdamW {
    /// m, [P].
    first_moment: Tensor<1>,
    /// v, [P].
    second_moment: Tensor<1>,
    /// t.
    steps: u32,
}

/// What one step of the optimiser is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// η.
    pub learning_rate: f64,
    /// Largest norm of the gradient.
    pub clip: f64,
    /// λ.
    pub weight_decay: f64,
}

impl AdamW {
    /// Moments of zero for `weights`.
    pub fn new(weights: &Tensor<1>) -> Self {
        AdamW { first_moment: weights.zeros_like(), second_moment: weights.zeros_like(), steps: 0 }
    }

    /// Goes on with moments m and v, each [P], of `steps` steps.
    pub fn resumed(first_moment: Tensor<1>, second_moment: Tensor<1>, steps: u32) -> Self {
        AdamW { first_moment, second_moment, steps }
    }

    /// m, [P].
    pub fn first_moment(&self) -> &Tensor<1> {
        &self.first_moment
    }

    /// v, [P].
    pub fn second_moment(&self) -> &Tensor<1> {
        &self.second_moment
    }

    /// t: steps that the moments are of.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// The new weights; the sum of `losses` [P] and the square of the norm of `gradient` before clipping go to `ring`.
    ///
    /// A norm that is no number makes the weights none either: the trainer sees the norm and takes back the step.
    pub fn step(
        &mut self,
        weights: Tensor<1>,
        gradient: Tensor<1>,
        losses: Tensor<1>,
        ring: Ring,
        step: Step,
    ) -> (Tensor<1>, Ring) {
        self.steps = self.steps.saturating_add(1);
        let correction = |beta: f32| 1.0 - f64::from(beta).powi(self.steps.min(i32::MAX as u32) as i32);
        let factors = Factors {
            clip: step.clip as f32,
            kept: (1.0 - step.learning_rate * step.weight_decay) as f32,
            rate: (step.learning_rate / correction(BETA_1)) as f32,
            second_correction: correction(BETA_2).recip() as f32,
            slot: ring.slot,
        };
        // Taken out, so that the kernels are the only ones to hold them and write where they stand.
        let (weights, first_moment, second_moment, figures) = <Dispatch as Update>::adamw(
            weights.into_dispatch(),
            self.first_moment.extract().into_dispatch(),
            self.second_moment.extract().into_dispatch(),
            gradient.into_dispatch(),
            losses.into_dispatch(),
            ring.figures.into_dispatch(),
            factors,
        );
        self.first_moment = Tensor::from_dispatch(first_moment);
        self.second_moment = Tensor::from_dispatch(second_moment);
        (Tensor::from_dispatch(weights), Ring { figures: Tensor::from_dispatch(figures), ..ring })
    }
}

/// What is the same for every number.
#[derive(Clone, Copy, Debug)]
pub struct Factors {
    /// Largest norm of the gradient.
    clip: f32,
    /// 1 − η λ.
    kept: f32,
    /// η / (1 − β₁ᵗ).
    rate: f32,
    /// 1 / (1 − β₂ᵗ).
    second_correction: f32,
    /// Of the ring.
    slot: usize,
}

/// The kernels of a device: weights, m, v and the ring after the step. At its slot the `ring` [R, 2] gets the sum of
/// `losses` and ‖g‖² before clipping.
#[backend_extension(Cube, Flex)]
pub trait Update: Backend {
    fn adamw(
        weights: FloatTensor<Self>,
        first_moment: FloatTensor<Self>,
        second_moment: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        losses: FloatTensor<Self>,
        ring: FloatTensor<Self>,
        factors: Factors,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::train::learning::devices;

    #[derive(serde::Deserialize)]
    struct Run {
        learning_rate: f64,
        clip: f64,
        weight_decay: f64,
        start: Vec<f32>,
        steps: Vec<Expected>,
    }

    #[derive(serde::Deserialize)]
    struct Expected {
        gradient: Vec<f32>,
        norm: f32,
        after: Vec<f32>,
    }

    fn vector(values: &[f32], device: &Device) -> Tensor<1> {
        Tensor::from_floats(values, device)
    }

    /// A step whose losses are of no interest: the new weights and ‖g‖².
    fn stepped(optimiser: &mut AdamW, weights: Tensor<1>, gradient: &[f32], step: Step) -> (Tensor<1>, f32) {
        let device = weights.device();
        let ring = Ring { figures: Tensor::zeros([3, 2], &device), slot: 2 };
        let (weights, ring) = optimiser.step(weights, vector(gradient, &device), vector(&[0.0], &device), ring, step);
        (weights, ring.figures.narrow(0, 2, 1).narrow(1, 1, 1).into_scalar())
    }

    #[test]
    fn steps_are_those_of_pytorch_with_its_global_norm_clipping() {
        let runs: Vec<Run> = serde_json::from_str(include_str!("../../tests/fixtures/optimiser.json")).unwrap();
        for (run, device) in runs.iter().flat_map(|run| devices().into_iter().map(move |device| (run, device))) {
            let mut weights = vector(&run.start, &device);
            let mut optimiser = AdamW::new(&weights);
            let step = Step { learning_rate: run.learning_rate, clip: run.clip, weight_decay: run.weight_decay };
            for expected in &run.steps {
                let (after, squared_norm) = stepped(&mut optimiser, weights, &expected.gradient, step);
                let norm = squared_norm.sqrt();
                assert!((norm / expected.norm - 1.0).abs() < 1e-5, "{norm}, expected {}", expected.norm);
                for (ours, theirs) in after.to_data().iter::<f32>().zip(&expected.after) {
                    assert!((ours - theirs).abs() < 1e-5 * theirs.abs().max(1.0), "{ours}, expected {theirs}");
                }
                weights = after;
            }
        }
    }

    #[test]
    fn the_norm_is_that_of_all_numbers_however_many_there_are() {
        for device in devices() {
            for count in [1, 255, 700, 5000, 200_003] {
                let gradient: Vec<f32> = (0..count).map(|at| (at % 7) as f32 - 3.0).collect();
                let expected: f64 = gradient.iter().map(|&value| f64::from(value * value)).sum();
                let weights = Tensor::zeros([count], &device);
                let step = Step { learning_rate: 0.1, clip: 1.0, weight_decay: 0.0 };
                let (_, norm) = stepped(&mut AdamW::new(&weights), weights, &gradient, step);
                let error = f64::from(norm) / expected - 1.0;
                assert!(error.abs() < 1e-5, "{device:?} {count}: {error}");
            }
        }
    }

    #[test]
    fn figures_go_to_their_slot_of_the_ring_and_leave_the_others() {
        for device in devices() {
            let weights = vector(&[1.0, 2.0], &device);
            let step = Step { learning_rate: 0.1, clip: 1.0, weight_decay: 0.0 };
            let mut optimiser = AdamW::new(&weights);
            let ring = Ring { figures: Tensor::zeros([3, 2], &device), slot: 1 };
            let losses: Vec<f32> = (0..700).map(|at| at as f32 / 1024.0).collect();
            let (_, ring) = optimiser.step(weights, vector(&[3.0, 4.0], &device), vector(&losses, &device), ring, step);
            let figures: Vec<f32> = ring.figures.to_data().iter().collect();
            let expected = [0.0, 0.0, losses.iter().sum(), 25.0, 0.0, 0.0];
            assert!(figures.iter().zip(expected).all(|(a, b): (_, f32)| (a - b).abs() < 1e-3), "{figures:?}");
        }
    }

    #[test]
    fn a_step_leaves_what_was_copied_before_it() {
        for device in devices() {
            let start = vector(&[1.0, 2.0], &device);
            let mut optimiser = AdamW::new(&start);
            let kept = optimiser.clone();
            let step = Step { learning_rate: 0.1, clip: 1.0, weight_decay: 0.0 };
            let once = stepped(&mut optimiser, start.clone(), &[0.5, -0.5], step).0.to_data();
            stepped(&mut optimiser, start.clone(), &[0.5, 0.5], step);
            assert_eq!(start.to_data().iter::<f32>().collect::<Vec<_>>(), [1.0, 2.0]);
            let again = stepped(&mut kept.clone(), start, &[0.5, -0.5], step).0.to_data();
            assert_eq!(once, again);
        }
    }

    #[test]
    fn a_gradient_below_the_limit_is_not_scaled_up() {
        let small = [3e-3, -4e-3];
        let step = Step { learning_rate: 1.0, clip: 1.0, weight_decay: 0.0 };
        let zeros = vector(&[0.0, 0.0], &Device::flex());
        let mut clipped = AdamW::new(&zeros);
        let (_, squared_norm) = stepped(&mut clipped, zeros, &small, step);
        assert!((squared_norm - 25e-6).abs() < 1e-10);
        let mean: Vec<f32> = clipped.first_moment.to_data().iter().collect();
        assert!((mean[0] - 3e-4).abs() < 1e-9 && (mean[1] + 4e-4).abs() < 1e-9, "{mean:?}");
    }
}
