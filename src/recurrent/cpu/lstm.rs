//! i, f, o = σ(p + s), g = tanh(p + s), c = f ⊙ c₍ₜ₋₁₎ + i ⊙ g, h = o ⊙ tanh(c).

use super::{
    activation::{sigmoid, tanh, through_sigmoid, through_tanh},
    layer::{Backward, Equations, Forward},
    vector::Vector,
};

pub struct Lstm;

impl Equations<4, 4> for Lstm {
    const ORDER: [usize; 4] = [0, 1, 2, 3];

    #[inline(always)]
    fn forward<V: Vector>(p: [V; 4], s: [V; 4], _: V, memory: V) -> Forward<V, 4> {
        let (i, f) = (sigmoid(p[0].add(s[0])), sigmoid(p[1].add(s[1])));
        let (g, o) = (tanh(p[2].add(s[2])), sigmoid(p[3].add(s[3])));
        let memory = f.mul_add(memory, i.mul(g));
        Forward { kept: [i, f, g, o], hidden: o.mul(tanh(memory)), memory }
    }

    /// What is carried is the gradient of c.
    #[inline(always)]
    fn backward<V: Vector>(step: Backward<V, 4>) -> ([V; 4], V) {
        let Backward { kept: [i, f, g, o], memory, memory_before, gradient, carried, .. } = step;
        let squashed = tanh(memory);
        let dc = carried.add(through_tanh(gradient.mul(o), squashed));
        let gates = [
            through_sigmoid(dc.mul(g), i),
            through_sigmoid(dc.mul(memory_before), f),
            through_tanh(dc.mul(i), g),
            through_sigmoid(gradient.mul(squashed), o),
        ];
        (gates, dc.mul(f))
    }
}
