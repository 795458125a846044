//! The cells written with burn's tensor operations, one after another: slow, plain, and differentiated by burn.
//!
//! The fused operators are held against this form, and hand over to it what is too large for them.

use burn::tensor::{
    Tensor,
    activation::{sigmoid, tanh},
};

use super::{Cell, Sequence, State};

/// The same as [`super::sequence`].
pub fn sequence(cell: Cell, projected: Tensor<3>, state: State, weight_hh: Tensor<2>, bias_hh: Tensor<1>) -> Sequence {
    let [steps, batch, rows] = projected.dims();
    let weight = weight_hh.transpose();
    let bias = bias_hh.unsqueeze::<2>();
    let mut last = state;
    let mut hidden = Vec::with_capacity(steps);
    for step in 0..steps {
        let projected = projected.clone().narrow(0, step, 1).reshape([batch, rows]);
        let recurrent = last.hidden.clone().matmul(weight.clone()) + bias.clone();
        last = match cell {
            Cell::Rnn => rnn(projected, recurrent),
            Cell::Gru => gru(projected, recurrent, last),
            Cell::Lstm => lstm(projected, recurrent, last),
        };
        hidden.push(last.hidden.clone());
    }
    Sequence { hidden: Tensor::stack(hidden, 0), last }
}

fn rnn(projected: Tensor<2>, recurrent: Tensor<2>) -> State {
    State { hidden: tanh(projected + recurrent), cell: None }
}

fn gru(projected: Tensor<2>, recurrent: Tensor<2>, last: State) -> State {
    let [reset_p, update_p, new_p] = gates(projected);
    let [reset_s, update_s, new_s] = gates(recurrent);
    let reset = sigmoid(reset_p + reset_s);
    let update = sigmoid(update_p + update_s);
    let new = tanh(new_p + reset * new_s);
    State { hidden: new.clone() + update * (last.hidden - new), cell: None }
}

fn lstm(projected: Tensor<2>, recurrent: Tensor<2>, last: State) -> State {
    let [input, forget, new, output] = gates(projected + recurrent);
    let added = sigmoid(input) * tanh(new);
    let cell = match last.cell {
        Some(cell) => sigmoid(forget) * cell + added,
        None => added,
    };
    State { hidden: sigmoid(output) * tanh(cell.clone()), cell: Some(cell) }
}

/// The gates of [B, G·H], each [B, H].
fn gates<const G: usize>(all: Tensor<2>) -> [Tensor<2>; G] {
    let units = all.dims()[1] / G;
    std::array::from_fn(|gate| all.clone().narrow(1, gate * units, units))
}
