//! Softmax and cross-entropy on the CPU.

use burn::backend::{
    Flex,
    tensor::{FloatTensor, IntTensor},
};

use super::Kernels;
use crate::linear::cpu::{
    activation::exp,
    host::{contiguous, floats, ids, tensor},
    strips::Strips,
    vector::{Kernel, Vector, lanes, run},
};

impl Kernels for Flex {
    fn loss_and_gradient(
        logits: FloatTensor<Self>,
        targets: IntTensor<Self>,
        weights: Option<FloatTensor<Self>>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (logits, targets, weights) = (contiguous(logits), ids(targets), weights.map(contiguous));
        let rows = targets.len();
        let mut gradient = floats(&logits).to_vec();
        let symbols = gradient.len() / rows.max(1);
        let mut scores = Strips::default();
        scores.reserve(lanes(), symbols.div_ceil(lanes()), rows, rows);
        scores.fill(0, 0, gradient.chunks_exact(symbols.max(1)));
        let share = (rows as f32).recip();
        let scale = weights.as_ref().map_or(Scale::All(share), |weights| Scale::Each(floats(weights)));
        let mut loss = gradients(&mut scores, 0, symbols, &targets, scale);
        if weights.is_none() {
            loss /= rows as f64;
        }
        scores.copy_to(0, 0, gradient.chunks_exact_mut(symbols.max(1)));
        (tensor(vec![loss as f32], [1]), tensor(gradient, [rows, symbols]))
    }
}

/// What the probabilities of a row are multiplied by.
#[derive(Clone, Copy)]
pub enum Scale<'a> {
    All(f32),
    /// The weight of each row.
    Each(&'a [f32]),
}

impl Scale<'_> {
    #[inline(always)]
    fn of(self, row: usize) -> f32 {
        match self {
            Scale::All(scale) => scale,
            Scale::Each(weights) => weights[row],
        }
    }
}

/// Turns scores into the gradients of the loss by them, each row's times its `scale`; gives what [`softmax`] does.
pub fn gradients(scores: &mut Strips, first: usize, symbols: usize, targets: &[u32], scale: Scale) -> f64 {
    let loss = softmax(scores, first, symbols, targets, scale);
    for (row, &target) in targets.iter().enumerate() {
        let at = scores.at(target as usize / lanes(), first + row) + target as usize % lanes();
        scores.numbers_mut()[at] -= scale.of(row);
    }
    loss
}

/// Turns scores of `symbols` symbols, a row for each of `targets` from row `first` on, into their softmax times `scale`.
/// Gives the sum of the losses, ln Σ exp(z) − z(target); of weighted rows the weighted sum.
pub fn softmax(scores: &mut Strips, first: usize, symbols: usize, targets: &[u32], scale: Scale) -> f64 {
    run(Softmax { scores, first, symbols, targets, scale })
}

struct Softmax<'a> {
    scores: &'a mut Strips,
    first: usize,
    symbols: usize,
    targets: &'a [u32],
    scale: Scale<'a>,
}

impl Kernel for Softmax<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<V: Vector>(self) -> f64 {
        let Softmax { scores, first, symbols, targets, scale } = self;
        let (strips, stride) = (symbols.div_ceil(V::LANES), scores.stride());
        // What fills up the last strip is no symbol: it is never the largest, and its power is nothing.
        let symbol = |lane: usize| (strips - 1) * V::LANES + lane < symbols;
        let limit: [f32; 16] = std::array::from_fn(|lane| if symbol(lane) { f32::INFINITY } else { f32::NEG_INFINITY });
        let present: [f32; 16] = std::array::from_fn(|lane| f32::from(symbol(lane)));
        let (limit, present) = (V::load(&limit, 0), V::load(&present, 0));
        let mut loss = 0.0;
        for (row, target) in targets.iter().map(|&target| target as usize).enumerate() {
            let at = scores.at(0, first + row);
            let scores = &mut scores.numbers_mut()[at..];
            let score = scores.get(target / V::LANES * stride + target % V::LANES).copied().unwrap_or(f32::NAN);
            let (body, last) = (strips - 1, (strips - 1) * stride);
            let mut largest = V::load(scores, last).min(limit);
            for strip in 0..body {
                largest = largest.max(V::load(scores, strip * stride));
            }
            let largest = largest.largest();
            let end = exp(V::load(scores, last).min(limit).sub(V::splat(largest))).mul(present);
            end.store(scores, last);
            let mut total = end;
            for strip in 0..body {
                let power = exp(V::load(scores, strip * stride).sub(V::splat(largest)));
                power.store(scores, strip * stride);
                total = total.add(power);
            }
            let total = total.sum();
            let factor = V::splat(scale.of(row) / total);
            for strip in 0..strips {
                V::load(scores, strip * stride).mul(factor).store(scores, strip * stride);
            }
            let weight = if let Scale::Each(weights) = scale { weights[row] } else { 1.0 };
            loss += f64::from(weight * (total.ln() + largest - score));
        }
        loss
    }
}
