//! The same by burn's automatic differentiation of operations one after the other.

use burn::tensor::{Tensor, activation::log_softmax};

use super::{Pass, remembered};
use crate::{
    model::{LanguageModel, Tokens},
    recurrent::State,
    train::resident::ResidentChunk,
};

/// What [`super::backpropagate`] gives, in many small operations.
pub fn backpropagate(model: &LanguageModel, states: Tensor<4>, chunk: ResidentChunk, masks: Option<Tensor<4>>) -> Pass {
    let config = model.config();
    let ResidentChunk { text, steps, batch, index, .. } = chunk;
    let first = index * (steps + 1) * batch;
    let inputs: Vec<u32> = text.clone().narrow(0, first, steps * batch).to_data().iter().collect();
    let targets = text.clone().narrow(0, first + batch, steps * batch).autodiff();
    let of_layer = |layer: usize| {
        let at = |index: usize| {
            states.clone().narrow(0, layer, 1).narrow(1, index, 1).reshape([batch, config.hidden]).autodiff()
        };
        State { hidden: at(0), cell: (remembered(config.cell) == 2).then(|| at(1)) }
    };
    let network = model.network().tracked();
    let tokens = Tokens::new(&inputs, batch, &text.device());
    let output = network.forward(&tokens, (0..config.layers).map(of_layer).collect(), masks.map(Tensor::autodiff));
    let loss = log_softmax(output.logits, 1).gather(1, targets.unsqueeze_dim(1)).mean().neg();
    let mut gradients = loss.backward();
    let gradient = network.gradient(&mut gradients);
    let last = output.states.into_iter().map(|state| {
        let remembered = std::iter::once(state.hidden).chain(state.cell).map(Tensor::inner).collect();
        Tensor::stack::<3>(remembered, 0)
    });
    Pass { gradient, losses: loss.inner(), states: Tensor::stack(last.collect(), 0) }
}
