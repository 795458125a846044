//! With s = W h₍ₜ₋₁₎ + b: r = σ(pᵣ + sᵣ), z = σ(p_z + s_z), n = tanh(pₙ + r ⊙ sₙ), h = n + z ⊙ (h₍ₜ₋₁₎ − n).

use pulp::Simd;

use super::{
    Gradients, Inputs, Outputs, Shape, Trail,
    activation::{sigmoid, tanh},
    blocks, blocks_mut,
    product::Panels,
    saved,
    simd::{load, store},
    weight_gradients,
};
use crate::recurrent::Cell;

const GATES: usize = Cell::Gru.gates();
const SAVED: usize = saved(Cell::Gru);

#[inline(always)]
pub fn forward<S: Simd>(simd: S, inputs: Inputs, keep: bool) -> Outputs {
    let Shape { steps, batch, units } = inputs.shape;
    let step = inputs.shape.step();
    let panels = Panels::pack_transposed(simd, inputs.weight, units);
    let mut saved = vec![0.0; if keep { steps * SAVED * step } else { 0 }];
    let mut hidden = vec![0.0; steps * step];
    let mut sums = vec![0.0; GATES * step];
    let [bias_r, bias_z, bias_n] = blocks(inputs.bias, units);
    for time in 0..steps {
        let (before, now) = hidden.split_at_mut(time * step);
        let last = if time == 0 { inputs.hidden } else { &before[(time - 1) * step..] };
        sums.fill(0.0);
        panels.multiply_add(simd, last, &mut sums, GATES * units);
        for row in 0..batch {
            let index = time * batch + row;
            let [pr, pz, pn] = blocks(&inputs.projected[index * GATES * units..], units);
            let [sr, sz, sn] = blocks(&sums[row * GATES * units..], units);
            let last = &last[row * units..(row + 1) * units];
            let hidden = &mut now[row * units..(row + 1) * units];
            let mut kept = keep.then(|| blocks_mut::<SAVED>(&mut saved[index * SAVED * units..], units));
            for at in (0..units).step_by(S::F32_LANES) {
                let sum = |part: &[f32], bias: &[f32]| simd.add_f32s(load(simd, part, at), load(simd, bias, at));
                let r = sigmoid(simd, simd.add_f32s(load(simd, pr, at), sum(sr, bias_r)));
                let z = sigmoid(simd, simd.add_f32s(load(simd, pz, at), sum(sz, bias_z)));
                let s = sum(sn, bias_n);
                let n = tanh(simd, simd.mul_add_e_f32s(r, s, load(simd, pn, at)));
                store(simd, hidden, at, simd.mul_add_e_f32s(z, simd.sub_f32s(load(simd, last, at), n), n));
                if let Some(kept) = &mut kept {
                    for (place, value) in kept.iter_mut().zip([r, z, n, s]) {
                        store(simd, place, at, value);
                    }
                }
            }
        }
    }
    Outputs { hidden, saved }
}

#[inline(always)]
pub fn backward<S: Simd>(simd: S, trail: Trail) -> Gradients {
    let Shape { steps, batch, units } = trail.shape;
    let step = trail.shape.step();
    let panels = Panels::pack(simd, trail.weight, units);
    let mut projected = vec![0.0; steps * GATES * step];
    let mut sums = vec![0.0; steps * GATES * step];
    let mut carried = vec![0.0; step];
    let one = simd.splat_f32s(1.0);
    for time in (0..steps).rev() {
        let last = if time == 0 { trail.hidden } else { &trail.outputs[(time - 1) * step..time * step] };
        for row in 0..batch {
            let index = time * batch + row;
            let [r, z, n, s] = blocks(&trail.saved[index * SAVED * units..], units);
            let [dpr, dpz, dpn] = blocks_mut(&mut projected[index * GATES * units..], units);
            let [dsr, dsz, dsn] = blocks_mut(&mut sums[index * GATES * units..], units);
            let gradient = &trail.gradient[index * units..(index + 1) * units];
            let last = &last[row * units..(row + 1) * units];
            let carried = &mut carried[row * units..(row + 1) * units];
            for at in (0..units).step_by(S::F32_LANES) {
                let [r, z, n, s] = [r, z, n, s].map(|values| load(simd, values, at));
                let dh = simd.add_f32s(load(simd, gradient, at), load(simd, carried, at));
                let keep = simd.mul_f32s(dh, z);
                // dn = dh (1 − z), through tanh′ = 1 − n²
                let dn = simd.mul_f32s(simd.sub_f32s(dh, keep), simd.sub_f32s(one, simd.mul_f32s(n, n)));
                // σ′ = σ (1 − σ)
                let dz =
                    simd.mul_f32s(simd.mul_f32s(keep, simd.sub_f32s(one, z)), simd.sub_f32s(load(simd, last, at), n));
                let through = simd.mul_f32s(dn, r);
                let dr = simd.mul_f32s(simd.mul_f32s(through, s), simd.sub_f32s(one, r));
                for (place, value) in [&mut *dpr, &mut *dpz, &mut *dpn].into_iter().zip([dr, dz, dn]) {
                    store(simd, place, at, value);
                }
                for (place, value) in [&mut *dsr, &mut *dsz, &mut *dsn].into_iter().zip([dr, dz, through]) {
                    store(simd, place, at, value);
                }
                store(simd, carried, at, keep);
            }
        }
        panels.multiply_add(simd, &sums[time * GATES * step..(time + 1) * GATES * step], &mut carried, units);
    }
    let (weight, bias) = weight_gradients(simd, &trail, &sums);
    Gradients { projected, hidden: carried, cell: Vec::new(), weight, bias }
}
