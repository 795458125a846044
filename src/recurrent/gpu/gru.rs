//! With s = W h₍ₜ₋₁₎ + b: r = σ(pᵣ + sᵣ), z = σ(p_z + s_z), n = tanh(pₙ + r ⊙ sₙ), h = n + z ⊙ (h₍ₜ₋₁₎ − n).

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::{
    Shape,
    math::{column_product, sigmoid, tanh},
};

/// `given`: projected, h, W_hhᵀ, b_hh. `results`: outputs, and where `keep`, what the backward pass needs.
pub fn forward(shape: Shape, given: [CubeTensor; 4], results: [&CubeTensor; 2], keep: bool) {
    let client = results[0].client.clone();
    let (count, dim) = shape.cubes();
    let [projected, hidden, weight, bias] = given.map(CubeTensor::into_tensor_arg);
    let [outputs, saved] = results.map(|tensor| tensor.clone().into_tensor_arg());
    let units = shape.units as u32;
    gru_forward::launch(&client, count, dim, projected, hidden, weight, bias, outputs, saved, units, keep);
}

/// `given`: saved, the outputs' gradient, W_hh. `gradients`: of projected, of s, of h.
pub fn backward(shape: Shape, given: [CubeTensor; 3], gradients: [&CubeTensor; 3]) {
    let client = gradients[0].client.clone();
    let (count, dim) = shape.cubes();
    let [saved, gradient, weight] = given.map(CubeTensor::into_tensor_arg);
    let [projected, sums, hidden] = gradients.map(|tensor| tensor.clone().into_tensor_arg());
    let units = shape.units as u32;
    gru_backward::launch(&client, count, dim, saved, gradient, weight, projected, sums, hidden, units);
}

#[cube(launch)]
fn gru_forward(
    projected: &Tensor<f32>,   // [T, B, 3H]
    hidden: &Tensor<f32>,      // [B, H]
    weight: &Tensor<f32>,      // [H, 3H], transposed
    bias: &Tensor<f32>,        // [3H]
    outputs: &mut Tensor<f32>, // [T, B, H]
    saved: &mut Tensor<f32>,   // [T, B, 5H]: r, z, n, sₙ, h₍ₜ₋₁₎ − n
    #[comptime] hidden_units: u32,
    #[comptime] keep: bool,
) {
    let units = comptime!(hidden_units as usize);
    let row = CUBE_POS_X as usize;
    let batch = hidden.shape(0);
    let steps = projected.shape(0);
    let first = UNIT_POS_X as usize;
    let stride = CUBE_DIM_X as usize;
    // h of the step before and of this one, in turn.
    let mut state = Shared::<[f32]>::new_slice(comptime!(2 * hidden_units as usize));
    let mut unit = first;
    while unit < units {
        state[unit] = hidden[row * units + unit];
        unit += stride;
    }
    sync_cube();
    for step in 0..steps {
        let last = (step % 2) * units;
        let next = units - last;
        let index = step * batch + row;
        let mut unit = first;
        while unit < units {
            let mut sr = bias[unit];
            let mut sz = bias[units + unit];
            let mut sn = bias[2 * units + unit];
            for term in 0..units {
                let h = state[last + term];
                let from = term * 3 * units + unit;
                sr += weight[from] * h;
                sz += weight[from + units] * h;
                sn += weight[from + 2 * units] * h;
            }
            let at = index * 3 * units + unit;
            let r = sigmoid(projected[at] + sr);
            let z = sigmoid(projected[at + units] + sz);
            let n = tanh(projected[at + 2 * units] + r * sn);
            let difference = state[last + unit] - n;
            let h = n + z * difference;
            state[next + unit] = h;
            outputs[index * units + unit] = h;
            if keep {
                let to = index * 5 * units + unit;
                saved[to] = r;
                saved[to + units] = z;
                saved[to + 2 * units] = n;
                saved[to + 3 * units] = sn;
                saved[to + 4 * units] = difference;
            }
            unit += stride;
        }
        sync_cube();
    }
}

#[cube(launch)]
fn gru_backward(
    saved: &Tensor<f32>,         // [T, B, 5H]
    gradient: &Tensor<f32>,      // [T, B, H]
    weight: &Tensor<f32>,        // [3H, H]
    projected: &mut Tensor<f32>, // [T, B, 3H]
    recurrent: &mut Tensor<f32>, // [T, B, 3H]
    hidden: &mut Tensor<f32>,    // [B, H]
    #[comptime] hidden_units: u32,
) {
    let units = comptime!(hidden_units as usize);
    let row = CUBE_POS_X as usize;
    let batch = hidden.shape(0);
    let steps = projected.shape(0);
    let first = UNIT_POS_X as usize;
    let stride = CUBE_DIM_X as usize;
    let mut sums = Shared::<[f32]>::new_slice(comptime!(3 * hidden_units as usize));
    let mut carried = Shared::<[f32]>::new_slice(comptime!(hidden_units as usize));
    let mut unit = first;
    while unit < units {
        carried[unit] = f32::new(0.0);
        unit += stride;
    }
    for back in 0..steps {
        let step = steps - 1 - back;
        let index = step * batch + row;
        let mut unit = first;
        while unit < units {
            let from = index * 5 * units + unit;
            let r = saved[from];
            let z = saved[from + units];
            let n = saved[from + 2 * units];
            let sn = saved[from + 3 * units];
            let difference = saved[from + 4 * units];
            let dh = gradient[index * units + unit] + carried[unit];
            let dn = dh * (1.0 - z) * (1.0 - n * n);
            let dz = dh * difference * z * (1.0 - z);
            let dr = dn * sn * r * (1.0 - r);
            let through = dn * r;
            carried[unit] = dh * z;
            sums[unit] = dr;
            sums[units + unit] = dz;
            sums[2 * units + unit] = through;
            let to = index * 3 * units + unit;
            projected[to] = dr;
            projected[to + units] = dz;
            projected[to + 2 * units] = dn;
            recurrent[to] = dr;
            recurrent[to + units] = dz;
            recurrent[to + 2 * units] = through;
            unit += stride;
        }
        sync_cube();
        let mut unit = first;
        while unit < units {
            carried[unit] += column_product(weight, units, unit, &sums, 0, 3 * units);
            unit += stride;
        }
        sync_cube();
    }
    let mut unit = first;
    while unit < units {
        hidden[row * units + unit] = carried[unit];
        unit += stride;
    }
}
