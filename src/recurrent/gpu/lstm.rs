//! With s = p + W h₍ₜ₋₁₎ + b: i, f, o = σ(s), g = tanh(s), c = f ⊙ c₍ₜ₋₁₎ + i ⊙ g, h = o ⊙ tanh(c).

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::{
    Shape,
    math::{column_product, sigmoid, tanh},
};

/// `given`: projected, h, W_hhᵀ, b_hh. `results`: outputs, and where `keep`, what the backward pass needs.
pub fn forward(shape: Shape, given: [CubeTensor; 4], memory: CubeTensor, results: [&CubeTensor; 2], keep: bool) {
    let client = memory.client.clone();
    let (count, dim) = shape.cubes();
    let [projected, hidden, weight, bias] = given.map(CubeTensor::into_tensor_arg);
    let memory = memory.into_tensor_arg();
    let [outputs, saved] = results.map(|tensor| tensor.clone().into_tensor_arg());
    let units = shape.units as u32;
    lstm_forward::launch(&client, count, dim, projected, hidden, memory, weight, bias, outputs, saved, units, keep);
}

/// `given`: saved, the outputs' gradient, W_hh, c before the first step. `gradients`: of projected, of h, of c.
pub fn backward(shape: Shape, given: [CubeTensor; 4], gradients: [&CubeTensor; 3]) {
    let client = gradients[0].client.clone();
    let (count, dim) = shape.cubes();
    let [saved, gradient, weight, before] = given.map(CubeTensor::into_tensor_arg);
    let [projected, hidden, memory] = gradients.map(|tensor| tensor.clone().into_tensor_arg());
    let units = shape.units as u32;
    lstm_backward::launch(&client, count, dim, saved, gradient, weight, before, projected, hidden, memory, units);
}

#[cube(launch)]
fn lstm_forward(
    projected: &Tensor<f32>,   // [T, B, 4H]
    hidden: &Tensor<f32>,      // [B, H]
    memory: &Tensor<f32>,      // [B, H]
    weight: &Tensor<f32>,      // [H, 4H], transposed
    bias: &Tensor<f32>,        // [4H]
    outputs: &mut Tensor<f32>, // [T + 1, B, H]
    saved: &mut Tensor<f32>,   // [T, B, 5H]: i, f, g, o, c
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
    let mut cell = Shared::<[f32]>::new_slice(comptime!(hidden_units as usize));
    let mut unit = first;
    while unit < units {
        state[unit] = hidden[row * units + unit];
        cell[unit] = memory[row * units + unit];
        unit += stride;
    }
    sync_cube();
    for step in 0..steps {
        let last = (step % 2) * units;
        let next = units - last;
        let index = step * batch + row;
        let mut unit = first;
        while unit < units {
            let at = index * 4 * units + unit;
            let mut si = projected[at] + bias[unit];
            let mut sf = projected[at + units] + bias[units + unit];
            let mut sg = projected[at + 2 * units] + bias[2 * units + unit];
            let mut so = projected[at + 3 * units] + bias[3 * units + unit];
            for term in 0..units {
                let h = state[last + term];
                let from = term * 4 * units + unit;
                si += weight[from] * h;
                sf += weight[from + units] * h;
                sg += weight[from + 2 * units] * h;
                so += weight[from + 3 * units] * h;
            }
            let i = sigmoid(si);
            let f = sigmoid(sf);
            let g = tanh(sg);
            let o = sigmoid(so);
            let c = f * cell[unit] + i * g;
            let h = o * tanh(c);
            cell[unit] = c;
            state[next + unit] = h;
            outputs[index * units + unit] = h;
            if keep {
                let to = index * 5 * units + unit;
                saved[to] = i;
                saved[to + units] = f;
                saved[to + 2 * units] = g;
                saved[to + 3 * units] = o;
                saved[to + 4 * units] = c;
            }
            unit += stride;
        }
        sync_cube();
    }
    let mut unit = first;
    while unit < units {
        outputs[(steps * batch + row) * units + unit] = cell[unit];
        unit += stride;
    }
}

#[cube(launch)]
fn lstm_backward(
    saved: &Tensor<f32>,         // [T, B, 5H]
    gradient: &Tensor<f32>,      // [T + 1, B, H]
    weight: &Tensor<f32>,        // [4H, H]
    before: &Tensor<f32>,        // [B, H]
    projected: &mut Tensor<f32>, // [T, B, 4H]
    hidden: &mut Tensor<f32>,    // [B, H]
    memory: &mut Tensor<f32>,    // [B, H]
    #[comptime] hidden_units: u32,
) {
    let units = comptime!(hidden_units as usize);
    let row = CUBE_POS_X as usize;
    let batch = hidden.shape(0);
    let steps = projected.shape(0);
    let first = UNIT_POS_X as usize;
    let stride = CUBE_DIM_X as usize;
    let mut sums = Shared::<[f32]>::new_slice(comptime!(4 * hidden_units as usize));
    let mut carried = Shared::<[f32]>::new_slice(comptime!(hidden_units as usize));
    let mut cell = Shared::<[f32]>::new_slice(comptime!(hidden_units as usize));
    let mut unit = first;
    while unit < units {
        carried[unit] = f32::new(0.0);
        cell[unit] = gradient[(steps * batch + row) * units + unit];
        unit += stride;
    }
    for back in 0..steps {
        let step = steps - 1 - back;
        let index = step * batch + row;
        let mut unit = first;
        while unit < units {
            let from = index * 5 * units + unit;
            let i = saved[from];
            let f = saved[from + units];
            let g = saved[from + 2 * units];
            let o = saved[from + 3 * units];
            let squashed = tanh(saved[from + 4 * units]);
            let mut last = before[row * units + unit];
            if step > 0 {
                last = saved[(index - batch) * 5 * units + 4 * units + unit];
            }
            let dh = gradient[index * units + unit] + carried[unit];
            let dc = cell[unit] + dh * o * (1.0 - squashed * squashed);
            let si = dc * g * i * (1.0 - i);
            let sf = dc * last * f * (1.0 - f);
            let sg = dc * i * (1.0 - g * g);
            let so = dh * squashed * o * (1.0 - o);
            cell[unit] = dc * f;
            sums[unit] = si;
            sums[units + unit] = sf;
            sums[2 * units + unit] = sg;
            sums[3 * units + unit] = so;
            let to = index * 4 * units + unit;
            projected[to] = si;
            projected[to + units] = sf;
            projected[to + 2 * units] = sg;
            projected[to + 3 * units] = so;
            unit += stride;
        }
        sync_cube();
        let mut unit = first;
        while unit < units {
            carried[unit] = column_product(weight, units, unit, &sums, 0, 4 * units);
            unit += stride;
        }
        sync_cube();
    }
    let mut unit = first;
    while unit < units {
        hidden[row * units + unit] = carried[unit];
        memory[row * units + unit] = cell[unit];
        unit += stride;
    }
}
