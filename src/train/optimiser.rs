//! AdamW over one flat buffer, with the gradient clipped to a global norm.

use burn::tensor::Tensor;

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
    /// m.
    first: Tensor<1>,
    /// v.
    second: Tensor<1>,
    /// t.
    steps: i32,
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
        AdamW { first: weights.zeros_like(), second: weights.zeros_like(), steps: 0 }
    }

    /// The new weights, and the norm of `gradient` before clipping, [1].
    pub fn step(&mut self, weights: Tensor<1>, gradient: Tensor<1>, step: Step) -> (Tensor<1>, Tensor<1>) {
        self.steps = self.steps.saturating_add(1);
        let norm = gradient.clone().square().sum().sqrt();
        // A norm that is no number makes the weights none either: the trainer sees the norm and takes back the step.
        let scale = norm.clone().clamp_min(step.clip as f32).recip() * step.clip as f32;
        let gradient = gradient * scale;
        let moment = |moment: &Tensor<1>, beta: f32, now: Tensor<1>| moment.clone() * beta + now * (1.0 - beta);
        self.first = moment(&self.first, BETA_1, gradient.clone());
        self.second = moment(&self.second, BETA_2, gradient.square());
        let correction = |beta: f32| 1.0 - f64::from(beta).powi(self.steps);
        let spread = (self.second.clone() * correction(BETA_2).recip() as f32).sqrt() + EPSILON;
        let change = self.first.clone() / spread * (step.learning_rate / correction(BETA_1)) as f32;
        let kept = match step.weight_decay {
            0.0 => weights,
            decay => weights * (1.0 - step.learning_rate * decay) as f32,
        };
        (kept - change, norm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

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

    fn vector(values: &[f32]) -> Tensor<1> {
        Tensor::from_floats(values, &Device::flex())
    }

    #[test]
    fn steps_are_those_of_pytorch_with_its_global_norm_clipping() {
        let runs: Vec<Run> = serde_json::from_str(include_str!("../../tests/fixtures/optimiser.json")).unwrap();
        for run in runs {
            let mut weights = vector(&run.start);
            let mut optimiser = AdamW::new(&weights);
            let step = Step { learning_rate: run.learning_rate, clip: run.clip, weight_decay: run.weight_decay };
            for expected in run.steps {
                let (after, norm) = optimiser.step(weights, vector(&expected.gradient), step);
                let norm: f32 = norm.into_scalar();
                assert!((norm / expected.norm - 1.0).abs() < 1e-5, "{norm}, expected {}", expected.norm);
                for (ours, theirs) in after.to_data().iter::<f32>().zip(&expected.after) {
                    assert!((ours - theirs).abs() < 1e-5 * theirs.abs().max(1.0), "{ours}, expected {theirs}");
                }
                weights = after;
            }
        }
    }

    #[test]
    fn a_gradient_below_the_limit_is_not_scaled_up() {
        let small = [3e-3, -4e-3];
        let step = Step { learning_rate: 1.0, clip: 1.0, weight_decay: 0.0 };
        let mut clipped = AdamW::new(&vector(&[0.0, 0.0]));
        let (_, norm) = clipped.step(vector(&[0.0, 0.0]), vector(&small), step);
        assert!((norm.into_scalar::<f32>() - 5e-3).abs() < 1e-8);
        let first: Vec<f32> = clipped.first.to_data().iter().collect();
        assert!((first[0] - 3e-4).abs() < 1e-9 && (first[1] + 4e-4).abs() < 1e-9, "{first:?}");
    }
}
