//! h = tanh(p + s). The backward pass needs nothing but h: tanh′ = 1 − h².

use super::layer::{BackwardInput, Equations, StepOutput};
use crate::linear::cpu::{
    activation::{tanh, through_tanh},
    vector::Vector,
};

pub struct Rnn;

impl Equations<1, 1> for Rnn {
    const ORDER: [usize; 1] = [0];
    const CARRIES_HIDDEN: bool = false;

    #[inline(always)]
    fn forward<V: Vector>([p]: [V; 1], [s]: [V; 1], _: V, cell: V) -> StepOutput<V, 1> {
        let hidden = tanh(p.add(s));
        StepOutput { kept: [hidden], hidden, cell }
    }

    #[inline(always)]
    fn backward<V: Vector>(step: BackwardInput<V, 1>) -> ([V; 1], V) {
        let BackwardInput { hidden: h, gradient, carried, .. } = step;
        ([through_tanh(gradient, h)], carried)
    }
}
