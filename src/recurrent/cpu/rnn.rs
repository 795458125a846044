//! h = tanh(p + s). The backward pass needs nothing but h: tanh′ = 1 − h².

use super::layer::{Backward, Equations, Forward};
use crate::linear::cpu::{
    activation::{tanh, through_tanh},
    vector::Vector,
};

pub struct Rnn;

impl Equations<1, 1> for Rnn {
    const ORDER: [usize; 1] = [0];

    #[inline(always)]
    fn forward<V: Vector>([p]: [V; 1], [s]: [V; 1], _: V, memory: V) -> Forward<V, 1> {
        let hidden = tanh(p.add(s));
        Forward { kept: [hidden], hidden, memory }
    }

    #[inline(always)]
    fn backward<V: Vector>(step: Backward<V, 1>) -> ([V; 1], V) {
        let Backward { hidden: h, gradient, carried, .. } = step;
        ([through_tanh(gradient, h)], carried)
    }
}
