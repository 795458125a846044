//! From burn's tensors to slices and back.

use std::{fmt, sync::Arc};

use burn::backend::{Flex, tensor::FloatTensor};

use super::{Inputs, Order, backward, forward, layer::Tape};
use crate::{
    linear::cpu::host::{contiguous, floats, ids, tensor},
    recurrent::extension::{self, Form, InputGradients, Kept, Kernels},
};

/// The tape of a forward pass, handed to its backward pass as it is.
#[derive(Clone)]
pub struct Record(Arc<Tape>);

impl fmt::Debug for Record {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.debug_struct("Record").finish_non_exhaustive()
    }
}

impl Kernels for Flex {
    type Record = Record;

    fn forward(form: Form, inputs: extension::Inputs<Self>) -> FloatTensor<Self> {
        run(form, inputs).0
    }

    fn forward_saving(form: Form, inputs: extension::Inputs<Self>) -> (FloatTensor<Self>, Record) {
        let (outputs, tape) = run(form, inputs);
        (outputs, Record(Arc::new(tape)))
    }

    fn backward(form: Form, kept: Kept<Self>, gradient: FloatTensor<Self>) -> InputGradients<Self> {
        let Form { cell, steps, batch, .. } = form;
        // The graph is walked once, so that nobody else holds the record by now.
        let tape = Arc::try_unwrap(kept.record.0).unwrap_or_else(|shared| shared.copy());
        let (weight, gradient) = (contiguous(kept.weight), contiguous(gradient));
        let order = form.ordered.then(|| ids(kept.order));
        let found = backward(form, tape, floats(&weight), Order(order.as_deref()), floats(&gradient));
        let rows = found.bias.len();
        let units = rows / cell.gates();
        InputGradients {
            projected: tensor(found.projected, [steps, batch, rows]),
            hidden: tensor(found.hidden, [batch, units]),
            cell_state: tensor(found.cell_state, [batch, units]),
            weight: tensor(found.weight, [rows, units]),
            bias: tensor(found.bias, [rows]),
            arrived: found.arrived.map(|arrived| tensor(arrived, [steps, batch, units])),
        }
    }
}

fn run(form: Form, inputs: extension::Inputs<Flex>) -> (FloatTensor<Flex>, Tape) {
    let order = form.ordered.then(|| ids(inputs.order));
    let [projected, hidden, cell_state, weight, bias] =
        [inputs.projected, inputs.hidden, inputs.cell_state, inputs.weight, inputs.bias].map(contiguous);
    let units = floats(&bias).len() / form.cell.gates();
    let inputs = Inputs {
        projected: floats(&projected),
        hidden: floats(&hidden),
        cell_state: floats(&cell_state),
        weight: floats(&weight),
        bias: floats(&bias),
        order: Order(order.as_deref()),
    };
    let (outputs, tape) = forward(form, units, inputs);
    (tensor(outputs, [form.blocks(), form.batch, units]), tape)
}
