//! h = tanh(p + W h₍ₜ₋₁₎ + b). The backward pass needs nothing but h: tanh′ = 1 − h².

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::{
    Shape,
    math::{column_product, tanh},
};

/// `given`: projected, h, W_hhᵀ, b_hh.
pub fn forward(shape: Shape, given: [CubeTensor; 4], outputs: &CubeTensor) {
    let client = outputs.client.clone();
    let (count, dim) = shape.cubes();
    let [projected, hidden, weight, bias] = given.map(CubeTensor::into_tensor_arg);
    let outputs = outputs.clone().into_tensor_arg();
    rnn_forward::launch(&client, count, dim, projected, hidden, weight, bias, outputs, shape.units as u32);
}

/// `given`: outputs, their gradient, W_hh. `gradients`: of projected, of h.
pub fn backward(shape: Shape, given: [CubeTensor; 3], gradients: [&CubeTensor; 2]) {
    let client = gradients[0].client.clone();
    let (count, dim) = shape.cubes();
    let [outputs, gradient, weight] = given.map(CubeTensor::into_tensor_arg);
    let [projected, hidden] = gradients.map(|tensor| tensor.clone().into_tensor_arg());
    rnn_backward::launch(&client, count, dim, outputs, gradient, weight, projected, hidden, shape.units as u32);
}

#[cube(launch)]
fn rnn_forward(
    projected: &Tensor<f32>,   // [T, B, H]
    hidden: &Tensor<f32>,      // [B, H]
    weight: &Tensor<f32>,      // [H, H], transposed
    bias: &Tensor<f32>,        // [H]
    outputs: &mut Tensor<f32>, // [T, B, H]
    #[comptime] hidden_units: u32,
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
        let mut unit = first;
        while unit < units {
            let at = (step * batch + row) * units + unit;
            let sum = projected[at] + bias[unit] + column_product(weight, units, unit, &state, last, units);
            let h = tanh(sum);
            state[next + unit] = h;
            outputs[at] = h;
            unit += stride;
        }
        sync_cube();
    }
}

#[cube(launch)]
fn rnn_backward(
    outputs: &Tensor<f32>,       // [T, B, H]
    gradient: &Tensor<f32>,      // [T, B, H]
    weight: &Tensor<f32>,        // [H, H]
    projected: &mut Tensor<f32>, // [T, B, H]
    hidden: &mut Tensor<f32>,    // [B, H]
    #[comptime] hidden_units: u32,
) {
    let units = comptime!(hidden_units as usize);
    let row = CUBE_POS_X as usize;
    let batch = hidden.shape(0);
    let steps = projected.shape(0);
    let first = UNIT_POS_X as usize;
    let stride = CUBE_DIM_X as usize;
    let mut sums = Shared::<[f32]>::new_slice(comptime!(hidden_units as usize));
    let mut carried = Shared::<[f32]>::new_slice(comptime!(hidden_units as usize));
    let mut unit = first;
    while unit < units {
        carried[unit] = f32::new(0.0);
        unit += stride;
    }
    for back in 0..steps {
        let step = steps - 1 - back;
        let mut unit = first;
        while unit < units {
            let at = (step * batch + row) * units + unit;
            let h = outputs[at];
            let sum = (gradient[at] + carried[unit]) * (1.0 - h * h);
            sums[unit] = sum;
            projected[at] = sum;
            unit += stride;
        }
        sync_cube();
        let mut unit = first;
        while unit < units {
            carried[unit] = column_product(weight, units, unit, &sums, 0, units);
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
