//! i, f, o = σ(p + s), g = tanh(p + s), c = f ⊙ c₍ₜ₋₁₎ + i ⊙ g, h = o ⊙ tanh(c).

use super::{
    activation::{sigmoid, tanh},
    layer::{Backward, Equations, Forward},
    vector::Vector,
};

pub struct Lstm;

impl Equations<4, 4> for Lstm {
    const ORDER: [usize; 4] = [0, 1, 2, 3];

    #[inline(always)]
    fn forward<V: Vector>(p: [V; 4], s: [V; 4], _: V, memory: V) -> Forward<V, 4> {
        let [i, f, g, o] = std::array::from_fn(|gate| p[gate].add(s[gate]));
        let (i, f, g, o) = (sigmoid(i), sigmoid(f), tanh(g), sigmoid(o));
        let memory = f.mul_add(memory, i.mul(g));
        Forward { kept: [i, f, g, o], hidden: o.mul(tanh(memory)), memory }
    }

    /// What is carried is the gradient of c.
    #[inline(always)]
    fn backward<V: Vector>(step: Backward<V, 4>) -> ([V; 4], V) {
        let Backward { kept: [i, f, g, o], memory, memory_before, gradient, carried, .. } = step;
        let squashed = tanh(memory);
        // σ′ = σ (1 − σ), tanh′ = 1 − tanh²
        let one = V::splat(1.0);
        let logistic = |d: V, s: V| d.mul(s).mul(one.sub(s));
        let bent = |d: V, t: V| d.mul(one.sub(t.mul(t)));
        let dc = carried.add(bent(gradient.mul(o), squashed));
        let gates = [
            logistic(dc.mul(g), i),
            logistic(dc.mul(memory_before), f),
            bent(dc.mul(i), g),
            logistic(gradient.mul(squashed), o),
        ];
        (gates, dc.mul(f))
    }
}
