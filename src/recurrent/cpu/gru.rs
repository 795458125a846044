//! r = σ(pᵣ + sᵣ), z = σ(p_z + s_z), n = tanh(pₙ + r ⊙ sₙ), h = n + z ⊙ (h₍ₜ₋₁₎ − n).

use super::layer::{BackwardInput, Equations, StepOutput};
use crate::linear::cpu::{
    activation::{sigmoid, tanh, through_sigmoid, through_tanh},
    vector::Vector,
};

pub struct Gru;

/// Kept are sₙ, r, z and n. In their places come the gradients of sₙ, sᵣ = pᵣ, s_z = p_z and pₙ: the first three are
/// those of the recurrent product, the last three those of the projected input.
impl Equations<3, 4> for Gru {
    const ORDER: [usize; 4] = [2, 0, 1, 2];
    const CARRIES_HIDDEN: bool = true;

    #[inline(always)]
    fn forward<V: Vector>([pr, pz, pn]: [V; 3], [sn, sr, sz]: [V; 3], before: V, cell: V) -> StepOutput<V, 4> {
        let r = sigmoid(pr.add(sr));
        let z = sigmoid(pz.add(sz));
        let n = tanh(r.mul_add(sn, pn));
        StepOutput { kept: [sn, r, z, n], hidden: z.mul_add(before.sub(n), n), cell }
    }

    /// What is carried is the part of the gradient of h₍ₜ₋₁₎ that goes past the recurrent product.
    #[inline(always)]
    fn backward<V: Vector>(step: BackwardInput<V, 4>) -> ([V; 4], V) {
        let BackwardInput { kept: [sn, r, z, n], before, gradient, carried, .. } = step;
        let dh = gradient.add(carried);
        let past = dh.mul(z);
        let dn = through_tanh(dh.sub(past), n);
        let dz = through_sigmoid(dh.mul(before.sub(n)), z);
        let dr = through_sigmoid(dn.mul(sn), r);
        ([dn.mul(r), dr, dz, dn], past)
    }
}
