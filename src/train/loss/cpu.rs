//! Softmax and cross-entropy on the CPU.

use burn::backend::{
    Flex,
    tensor::{FloatTensor, IntTensor},
};

use super::{CrossEntropy, Kernels};
use crate::model::host::{contiguous, floats, ids, strands, tensor, widest};

impl CrossEntropy for Flex {
    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self> {
        Self::forward(logits, targets).0
    }
}

impl Kernels for Flex {
    fn forward(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (logits, targets) = (contiguous(logits), ids(targets));
        let scores = floats(&logits);
        let symbols = scores.len() / targets.len().max(1);
        let mut probabilities = vec![0.0; scores.len()];
        let sum = widest(|| {
            let mut sum = 0.0;
            let rows = scores.chunks_exact(symbols.max(1)).zip(probabilities.chunks_exact_mut(symbols.max(1)));
            for ((scores, probabilities), &target) in rows.zip(&targets) {
                sum += f64::from(row(scores, probabilities, target));
            }
            sum
        });
        let mean = (sum / targets.len() as f64) as f32;
        (tensor(vec![mean], [1]), tensor(probabilities, [targets.len(), symbols]))
    }

    fn backward(
        probabilities: FloatTensor<Self>,
        targets: IntTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let targets = ids(targets);
        let mut result = probabilities;
        let factor = floats(&contiguous(gradient)).first().copied().unwrap_or(f32::NAN) / targets.len() as f32;
        let values: &mut [f32] = result.storage_mut();
        let symbols = values.len() / targets.len().max(1);
        widest(|| values.iter_mut().for_each(|value| *value *= factor));
        for (row, &target) in values.chunks_exact_mut(symbols.max(1)).zip(&targets) {
            if let Some(value) = row.get_mut(target) {
                *value -= factor;
            }
        }
        result
    }
}

/// Writes the softmax of one row and gives its loss, ln Σ exp(z) − z(target).
#[inline(always)]
fn row(scores: &[f32], probabilities: &mut [f32], target: usize) -> f32 {
    let largest = strands(scores, f32::NEG_INFINITY, |score| score, |a, b| if b > a { b } else { a });
    for (probability, score) in probabilities.iter_mut().zip(scores) {
        *probability = exp(score - largest);
    }
    let total = strands(probabilities, 0.0, |probability| probability, |a, b| a + b);
    let factor = total.recip();
    probabilities.iter_mut().for_each(|probability| *probability *= factor);
    total.ln() + largest - scores.get(target).copied().unwrap_or(f32::NAN)
}

/// eˣ for x ≤ 0, to within 2 units in the last place: 2ⁿ · eʳ with |r| ≤ ln 2 / 2 and eʳ by its series.
///
/// Without a branch, so that a loop of it becomes vectors.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding 1.5 · 2²³ rounds to a whole number, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, the first of so few bits that its multiples are exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let bounded = if x < -87.0 { -87.0 } else { x };
    let shifted = bounded * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = bounded - n * LN2_HIGH - n * LN2_LOW;
    let series =
        1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0))))));
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    series * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_three_in_ten_million_where_softmax_uses_it() {
        for step in 0..=870_000 {
            let x = -f64::from(step) * 1e-4;
            let error = f64::from(exp(x as f32)) / f64::from(x as f32).exp() - 1.0;
            assert!(error.abs() < 3e-7, "exp({x}): {error}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NEG_INFINITY) < 1e-37 && exp(f32::NAN).is_nan());
    }
}
