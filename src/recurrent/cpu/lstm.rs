//! i, f, o = σ(p + s), g = tanh(p + s), c = f ⊙ c₍ₜ₋₁₎ + i ⊙ g, h = o ⊙ tanh(c).

use super::layer::{BackwardInput, Equations, StepOutput};
use crate::linear::cpu::{
    activation::{sigmoid, tanh, through_sigmoid, through_tanh},
    vector::Vector,
};

pub struct Lstm;

impl Equations<4, 4> for Lstm {
    const ORDER: [usize; 4] = [0, 1, 2, 3];
    const CARRIES_HIDDEN: bool = false;

    #[inline(always)]
    fn forward<V: Vector>(p: [V; 4], s: [V; 4], _: V, cell: V) -> StepOutput<V, 4> {
        let (i, f) = (sigmoid(p[0].add(s[0])), sigmoid(p[1].add(s[1])));
        let (g, o) = (tanh(p[2].add(s[2])), sigmoid(p[3].add(s[3])));
        let cell = f.mul_add(cell, i.mul(g));
        StepOutput { kept: [i, f, g, o], hidden: o.mul(tanh(cell)), cell }
    }

    /// What is carried is the gradient of c.
    #[inline(always)]
    fn backward<V: Vector>(step: BackwardInput<V, 4>) -> ([V; 4], V) {
        let BackwardInput { kept: [i, f, g, o], hidden, cell_before, gradient, carried, .. } = step;
        // With t = tanh(c), which h = o t holds: dc = dh o (1 − t²) = dh (o − h² / o), and do = dh t σ′ = dh h (1 − o).
        // An output gate that is shut lets no gradient through: then h is 0, and what divides it does not count.
        let squares = hidden.mul(hidden).div(o.max(V::splat(f32::MIN_POSITIVE)));
        let dc = gradient.mul_add(o.sub(squares), carried);
        let gates = [
            through_sigmoid(dc.mul(g), i),
            through_sigmoid(dc.mul(cell_before), f),
            through_tanh(dc.mul(i), g),
            gradient.mul(hidden).mul(V::splat(1.0).sub(o)),
        ];
        (gates, dc.mul(f))
    }
}
