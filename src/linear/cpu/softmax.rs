//! Softmax of rows.

use burn::backend::{
    Flex, TensorMetadata,
    tensor::{FloatTensor, IntTensor},
};

use super::host::{contiguous, floats, ids, tensor};
use crate::linear::softmax::Kernels;

impl Kernels for Flex {
    fn probabilities(scores: FloatTensor<Self>, lengths: IntTensor<Self>) -> FloatTensor<Self> {
        let [count, rows, width] = scores.shape().dims();
        let scores = contiguous(scores);
        let mut result = vec![0.0; count * rows * width];
        let sequences = floats(&scores).chunks_exact((rows * width).max(1)).zip(ids(lengths));
        for ((scores, length), result) in sequences.zip(result.chunks_exact_mut((rows * width).max(1))) {
            for (scores, result) in scores.chunks_exact(width).zip(result.chunks_exact_mut(width)) {
                let length = (length as usize).min(width);
                let largest = scores[..length].iter().fold(f32::NEG_INFINITY, |largest, &score| largest.max(score));
                let mut total = 0.0;
                for (power, score) in result.iter_mut().zip(&scores[..length]) {
                    *power = (score - largest).exp();
                    total += *power;
                }
                result[..length].iter_mut().for_each(|power| *power /= total);
            }
        }
        tensor(result, [count, rows, width])
    }

    fn probabilities_backward(softmax: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let [count, rows, width] = softmax.shape().dims();
        let (softmax, gradient) = (contiguous(softmax), contiguous(gradient));
        let mut result = Vec::with_capacity(count * rows * width);
        let width = width.max(1);
        for (softmax, gradient) in floats(&softmax).chunks_exact(width).zip(floats(&gradient).chunks_exact(width)) {
            let mean: f32 = softmax.iter().zip(gradient).map(|(p, g)| p * g).sum();
            result.extend(softmax.iter().zip(gradient).map(|(p, g)| p * (g - mean)));
        }
        tensor(result, softmax.shape())
    }
}
