//! h = tanh(p + W h₍ₜ₋₁₎ + b). The backward pass needs nothing but h: tanh′ = 1 − h².

use pulp::Simd;

use super::{
    Gradients, Inputs, Outputs, Shape, Trail,
    activation::tanh,
    product::Panels,
    simd::{load, store},
    weight_gradients,
};

#[inline(always)]
pub fn forward<S: Simd>(simd: S, inputs: Inputs) -> Outputs {
    let Shape { units, .. } = inputs.shape;
    let panels = Panels::pack_transposed(simd, inputs.weight, units);
    let mut hidden = inputs.projected.to_vec();
    let mut last = inputs.hidden;
    for step in hidden.chunks_exact_mut(inputs.shape.step()) {
        panels.multiply_add(simd, last, step, units);
        for row in step.chunks_exact_mut(units) {
            for at in (0..units).step_by(S::F32_LANES) {
                let sum = simd.add_f32s(load(simd, row, at), load(simd, inputs.bias, at));
                store(simd, row, at, tanh(simd, sum));
            }
        }
        last = step;
    }
    Outputs { hidden, saved: Vec::new() }
}

#[inline(always)]
pub fn backward<S: Simd>(simd: S, trail: Trail) -> Gradients {
    let Shape { units, steps, .. } = trail.shape;
    let step = trail.shape.step();
    let panels = Panels::pack(simd, trail.weight, units);
    let mut sums = vec![0.0; trail.outputs.len()];
    let mut carried = vec![0.0; step];
    for now in (0..steps).map(|t| t * step..(t + 1) * step).rev() {
        let (outputs, gradient, sums) = (&trail.outputs[now.clone()], &trail.gradient[now.clone()], &mut sums[now]);
        for at in (0..step).step_by(S::F32_LANES) {
            let h = load(simd, outputs, at);
            let dh = simd.add_f32s(load(simd, gradient, at), load(simd, &carried, at));
            // dh (1 − h²)
            let dhh = simd.mul_f32s(dh, h);
            store(simd, sums, at, simd.sub_f32s(dh, simd.mul_f32s(dhh, h)));
        }
        carried.fill(0.0);
        panels.multiply_add(simd, sums, &mut carried, units);
    }
    let (weight, bias) = weight_gradients(simd, &trail, &sums);
    Gradients { projected: sums, hidden: carried, cell: Vec::new(), weight, bias }
}
