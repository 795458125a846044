//! AdamW on the CPU: one pass for the norm, one for everything else, in place where nobody else holds the numbers.

use burn::backend::{Flex, tensor::FloatTensor};

use super::{BETA_1, BETA_2, EPSILON, Factors, Update};
use crate::model::host::{contiguous, floats, strands, widest};

/// Numbers that are summed in f32 before the sum goes on in f64.
const CHUNK: usize = 4096;

impl Update for Flex {
    fn adamw(
        mut weights: FloatTensor<Self>,
        mut first: FloatTensor<Self>,
        mut second: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        losses: FloatTensor<Self>,
        mut ring: FloatTensor<Self>,
        factors: Factors,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let gradient = contiguous(gradient);
        let gradient = floats(&gradient);
        let squared_norm = widest(|| {
            let chunks = gradient.chunks(CHUNK);
            chunks.map(|chunk| f64::from(strands(chunk, 0.0, |value| value * value, |a, b| a + b))).sum::<f64>()
        });
        let scale = factors.clip / (squared_norm.sqrt() as f32).max(factors.clip);
        // Where the norm is no number, neither must the scale be one.
        let scale = if squared_norm.is_finite() { scale } else { f32::NAN };
        widest(|| {
            let moments = first.storage_mut::<f32>().iter_mut().zip(second.storage_mut::<f32>());
            for ((weight, (first, second)), &gradient) in
                weights.storage_mut::<f32>().iter_mut().zip(moments).zip(gradient)
            {
                let gradient = gradient * scale;
                *first = *first * BETA_1 + gradient * (1.0 - BETA_1);
                *second = *second * BETA_2 + gradient * gradient * (1.0 - BETA_2);
                *weight =
                    *weight * factors.kept - *first * factors.rate / ((*second * factors.spread).sqrt() + EPSILON);
            }
        });
        let loss: f32 = floats(&contiguous(losses)).iter().sum();
        if let Some(figures) = ring.storage_mut::<f32>().chunks_exact_mut(2).nth(factors.slot) {
            figures.copy_from_slice(&[loss, squared_norm as f32]);
        }
        (weights, first, second, ring)
    }
}
