//! With s = p + W h₍ₜ₋₁₎ + b: i, f, o = σ(s), g = tanh(s), c = f ⊙ c₍ₜ₋₁₎ + i ⊙ g, h = o ⊙ tanh(c).

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

const GATES: usize = Cell::Lstm.gates();
const SAVED: usize = saved(Cell::Lstm);

#[inline(always)]
pub fn forward<S: Simd>(simd: S, inputs: Inputs, keep: bool) -> Outputs {
    let Shape { steps, batch, units } = inputs.shape;
    let step = inputs.shape.step();
    let panels = Panels::pack_transposed(simd, inputs.weight, units);
    // Rows of i, f, g, o and c; without a backward pass, every step writes over the one before.
    let mut saved = vec![0.0; SAVED * step * if keep { steps } else { 1 }];
    let mut hidden = vec![0.0; (steps + 1) * step];
    let mut cell = inputs.cell.to_vec();
    let bias: [&[f32]; GATES] = blocks(inputs.bias, units);
    for time in 0..steps {
        let (before, now) = hidden.split_at_mut(time * step);
        let last = if time == 0 { inputs.hidden } else { &before[(time - 1) * step..] };
        let start = if keep { time * SAVED * step } else { 0 };
        let saved = &mut saved[start..start + SAVED * step];
        let projected = &inputs.projected[time * GATES * step..(time + 1) * GATES * step];
        for (row, projected) in saved.chunks_exact_mut(SAVED * units).zip(projected.chunks_exact(GATES * units)) {
            row[..GATES * units].copy_from_slice(projected);
        }
        panels.multiply_add(simd, last, saved, SAVED * units);
        for row in 0..batch {
            let [i, f, g, o, c] = blocks_mut(&mut saved[row * SAVED * units..], units);
            let cell = &mut cell[row * units..(row + 1) * units];
            let hidden = &mut now[row * units..(row + 1) * units];
            for at in (0..units).step_by(S::F32_LANES) {
                let gate =
                    |values: &[f32], gate: usize| simd.add_f32s(load(simd, values, at), load(simd, bias[gate], at));
                let input = sigmoid(simd, gate(i, 0));
                let forget = sigmoid(simd, gate(f, 1));
                let new = tanh(simd, gate(g, 2));
                let output = sigmoid(simd, gate(o, 3));
                let now = simd.mul_add_e_f32s(forget, load(simd, cell, at), simd.mul_f32s(input, new));
                for (place, value) in
                    [&mut *i, &mut *f, &mut *g, &mut *o, &mut *c].into_iter().zip([input, forget, new, output, now])
                {
                    store(simd, place, at, value);
                }
                store(simd, cell, at, now);
                store(simd, hidden, at, simd.mul_f32s(output, tanh(simd, now)));
            }
        }
    }
    hidden[steps * step..].copy_from_slice(&cell);
    if !keep {
        saved.clear();
    }
    Outputs { hidden, saved }
}

#[inline(always)]
pub fn backward<S: Simd>(simd: S, trail: Trail) -> Gradients {
    let Shape { steps, batch, units } = trail.shape;
    let step = trail.shape.step();
    let panels = Panels::pack(simd, trail.weight, units);
    let mut sums = vec![0.0; steps * GATES * step];
    let mut carried = vec![0.0; step];
    let mut carried_cell = trail.gradient[steps * step..].to_vec();
    let one = simd.splat_f32s(1.0);
    for time in (0..steps).rev() {
        for row in 0..batch {
            let index = time * batch + row;
            let [i, f, g, o, c] = blocks(&trail.saved[index * SAVED * units..], units);
            let before = match index.checked_sub(batch) {
                Some(index) => blocks::<SAVED>(&trail.saved[index * SAVED * units..], units)[SAVED - 1],
                None => &trail.cell[row * units..(row + 1) * units],
            };
            let [di, df, dg, do_] = blocks_mut(&mut sums[index * GATES * units..], units);
            let gradient = &trail.gradient[index * units..(index + 1) * units];
            let carried = &mut carried[row * units..(row + 1) * units];
            let carried_cell = &mut carried_cell[row * units..(row + 1) * units];
            for at in (0..units).step_by(S::F32_LANES) {
                let [i, f, g, o] = [i, f, g, o].map(|values| load(simd, values, at));
                let squashed = tanh(simd, load(simd, c, at));
                // σ′ = σ (1 − σ), tanh′ = 1 − tanh²
                let logistic = |d, s| simd.mul_f32s(simd.mul_f32s(d, s), simd.sub_f32s(one, s));
                let bent = |d, t| simd.mul_f32s(d, simd.sub_f32s(one, simd.mul_f32s(t, t)));
                let dh = simd.add_f32s(load(simd, gradient, at), load(simd, carried, at));
                let dc = simd.add_f32s(load(simd, carried_cell, at), bent(simd.mul_f32s(dh, o), squashed));
                store(simd, di, at, logistic(simd.mul_f32s(dc, g), i));
                store(simd, df, at, logistic(simd.mul_f32s(dc, load(simd, before, at)), f));
                store(simd, dg, at, bent(simd.mul_f32s(dc, i), g));
                store(simd, do_, at, logistic(simd.mul_f32s(dh, squashed), o));
                store(simd, carried_cell, at, simd.mul_f32s(dc, f));
            }
        }
        carried.fill(0.0);
        panels.multiply_add(simd, &sums[time * GATES * step..(time + 1) * GATES * step], &mut carried, units);
    }
    let (weight, bias) = weight_gradients(simd, &trail, &sums);
    Gradients { projected: sums, hidden: carried, cell: carried_cell, weight, bias }
}
