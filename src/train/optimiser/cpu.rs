//! AdamW on the CPU: one pass for the norm, one for everything else, in place where nobody else holds the numbers.

use burn::backend::{Flex, tensor::FloatTensor};

use super::{BETA_1, BETA_2, EPSILON, Factors, Update};
use crate::linear::cpu::{
    host::{contiguous, floats},
    vector::{Kernel, Vector, run},
};

/// Numbers that are summed in f32 before the sum goes on in f64.
const CHUNK: usize = 4096;

impl Update for Flex {
    fn adamw(
        mut weights: FloatTensor<Self>,
        mut first_moment: FloatTensor<Self>,
        mut second_moment: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        losses: FloatTensor<Self>,
        mut ring: FloatTensor<Self>,
        factors: Factors,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let gradient = contiguous(gradient);
        let gradient = floats(&gradient);
        let squared_norm = run(SquaredNorm(gradient));
        let scale = factors.clip / (squared_norm.sqrt() as f32).max(factors.clip);
        // Where the norm is no number, neither must the scale be one.
        let scale = if squared_norm.is_finite() { scale } else { f32::NAN };
        run(Step {
            weights: weights.storage_mut(),
            first_moment: first_moment.storage_mut(),
            second_moment: second_moment.storage_mut(),
            gradient,
            scale,
            factors,
        });
        let loss: f32 = floats(&contiguous(losses)).iter().sum();
        if let Some(figures) = ring.storage_mut::<f32>().chunks_exact_mut(2).nth(factors.slot) {
            figures.copy_from_slice(&[loss, squared_norm as f32]);
        }
        (weights, first_moment, second_moment, ring)
    }
}

struct SquaredNorm<'a>(&'a [f32]);

impl Kernel for SquaredNorm<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<V: Vector>(self) -> f64 {
        let mut total = 0.0;
        for chunk in self.0.chunks(CHUNK) {
            // Four sums side by side hide the latency of an addition.
            let mut sums = [V::splat(0.0); 4];
            for (at, sum) in (0..chunk.len()).step_by(V::LANES).zip((0..4).cycle()) {
                let values = V::load_part(chunk, at);
                sums[sum] = values.mul_add(values, sums[sum]);
            }
            total += f64::from(sums[0].add(sums[1]).add(sums[2].add(sums[3])).sum());
        }
        total
    }
}

struct Step<'a> {
    weights: &'a mut [f32],
    first_moment: &'a mut [f32],
    second_moment: &'a mut [f32],
    gradient: &'a [f32],
    scale: f32,
    factors: Factors,
}

impl Kernel for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Step { weights, first_moment, second_moment, gradient, scale, factors } = self;
        let splat = V::splat;
        for at in (0..gradient.len()).step_by(V::LANES) {
            let gradient = V::load_part(gradient, at).mul(splat(scale));
            let mean = V::load_part(first_moment, at).mul(splat(BETA_1));
            let mean = gradient.mul_add(splat(1.0 - BETA_1), mean);
            mean.store_part(first_moment, at);
            let square = V::load_part(second_moment, at).mul(splat(BETA_2));
            let square = gradient.mul(gradient).mul_add(splat(1.0 - BETA_2), square);
            square.store_part(second_moment, at);
            let root = square.mul(splat(factors.second_correction)).sqrt().add(splat(EPSILON));
            let weight = V::load_part(weights, at).mul(splat(factors.kept));
            weight.sub(mean.mul(splat(factors.rate)).div(root)).store_part(weights, at);
        }
    }
}
