//! The gradient of a chunk's loss by every weight: truncated back-propagation through time, written out.
//!
//! A chunk goes ids → recurrent layers → scores → loss, and the same way back, as one operation of each device: nothing
//! is kept but what the way back needs, and each gradient is written once, where the optimiser reads it. Automatic
//! differentiation of burn's operations, [`composed`], is what it is held against.

#[cfg(test)]
mod composed;
mod cpu;
mod gpu;

pub use crate::model::remembered;
pub use cpu::use_threads;

use std::sync::Arc;

use burn::{
    backend::{
        Backend, Dispatch, backend_extension,
        tensor::{FloatTensor, IntTensor},
    },
    tensor::Tensor,
};

use super::resident::ResidentChunk;
use crate::model::{LanguageLayout, LanguageModel};

/// What a chunk comes to.
#[derive(Clone, Debug)]
pub struct Pass {
    /// The gradient of the mean loss by every weight, as [`LanguageLayout`] places them, zeros between.
    pub gradient: Tensor<1>,
    /// Parts of the mean cross-entropy in nats, which is their sum: [P].
    pub losses: Tensor<1>,
    /// The state after the chunk; see [`Backpropagation`].
    pub states: Tensor<4>,
}

/// Which chunk is read, and how.
#[derive(Clone, Debug)]
pub struct Chunk {
    pub layout: Arc<LanguageLayout>,
    /// T.
    pub steps: usize,
    /// B.
    pub batch: usize,
    /// Of the chunks that are resident, the how many-th.
    pub index: usize,
    /// Something is dropped between the layers.
    pub dropout: bool,
}

impl Chunk {
    /// T·B.
    pub const fn positions(&self) -> usize {
        self.steps * self.batch
    }

    /// Where in the resident text the chunk begins; its targets begin `batch` later.
    pub const fn first_id(&self) -> usize {
        self.index * (self.steps + 1) * self.batch
    }

    /// Where in the resident order that of the chunk begins.
    pub const fn first_order(&self) -> usize {
        self.index * self.positions()
    }
}

/// Runs `model` over `chunk` from `states`, [L, S, B, H], and back.
///
/// `masks` [L − 1, T, B, H] are what dropout multiplies h by on its way to the next layer.
pub fn backpropagate(model: &LanguageModel, states: Tensor<4>, chunk: ResidentChunk, masks: Option<Tensor<4>>) -> Pass {
    let ResidentChunk { text, order, index, steps, batch } = chunk;
    let chunk = Chunk { layout: model.layout().clone(), steps, batch, index, dropout: masks.is_some() };
    let weights = model.flat().clone().into_dispatch();
    let (gradient, losses, states) = <Dispatch as Backpropagation>::backpropagate(
        weights.clone(),
        states.into_dispatch(),
        text.clone().into_dispatch(),
        // An operation takes no options: these stand in for what is not looked at.
        order.unwrap_or(text).into_dispatch(),
        masks.map_or(weights, Tensor::into_dispatch),
        chunk,
    );
    Pass {
        gradient: Tensor::from_dispatch(gradient),
        losses: Tensor::from_dispatch(losses),
        states: Tensor::from_dispatch(states),
    }
}

/// The passes of a device.
///
/// `weights` is the flat buffer of the layout. `states` [L, S, B, H] holds h, and for an LSTM c, of every layer (S of
/// [`remembered`]). `text` holds chunks of (T + 1)·B ids, time-major, so that the target of an id stands B further on.
/// `order` holds, chunk by chunk, the T·B positions sorted by their id: each row of the token table then sums its own
/// gradients, without a scatter. The CPU, which adds in turn anyway, is given none that means anything. `masks`
/// [L − 1, T, B, H] mean something where `chunk.dropout`.
///
/// Gives gradient, losses and states of [`Pass`].
#[backend_extension(Cube, Flex)]
pub trait Backpropagation: Backend {
    fn backpropagate(
        weights: FloatTensor<Self>,
        states: FloatTensor<Self>,
        text: IntTensor<Self>,
        order: IntTensor<Self>,
        masks: FloatTensor<Self>,
        chunk: Chunk,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::{
        model::{Dropout, Weights},
        protocol::{Cell, ModelConfig},
        text::Streams,
        train::{learning::devices, resident::Resident},
    };

    struct Case {
        config: ModelConfig,
        symbols: usize,
        batch: usize,
        context: usize,
    }

    /// The second of two chunks from a state that is not zero, on `device` and in `form`.
    fn run(
        case: &Case,
        device: &Device,
        form: fn(&LanguageModel, Tensor<4>, ResidentChunk, Option<Tensor<4>>) -> Pass,
    ) -> Pass {
        let Case { config, symbols, batch, context } = case;
        let model = LanguageModel::from_weights(&Weights::draw(config, *symbols), device);
        let count = (2 * context * batch + 1) as u32;
        let ids: Vec<u32> = (0..count).map(|at| at.wrapping_mul(at).wrapping_add(at / 3) % *symbols as u32).collect();
        let streams = Streams::new(ids.into(), *batch, *context).unwrap();
        let chunk = Resident::new(&streams, device).chunk(&streams, 1);
        let shape = [config.layers, remembered(config.cell), *batch, config.hidden];
        let states: Vec<f32> = (0..shape.iter().product()).map(|at: usize| (at as f32 * 0.7).sin()).collect();
        let states = Tensor::<1>::from_floats(states.as_slice(), device).reshape(shape);
        let masks = (config.dropout > 0.0 && config.layers > 1).then(|| {
            Dropout::new(config.dropout, 3).mask([config.layers - 1, *context, *batch, config.hidden], device)
        });
        form(&model, states, chunk, masks)
    }

    fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.to_data().iter().collect()
    }

    /// The largest difference, over the largest number of `exact` or one.
    fn error(found: &[f32], exact: &[f32], least: f32) -> f32 {
        assert_eq!(found.len(), exact.len());
        let largest = exact.iter().fold(least, |largest, value| largest.max(value.abs()));
        let differences = found.iter().zip(exact).map(|(found, exact)| (found - exact).abs());
        // What is no number is no small error either.
        differences.fold(0.0, |worst, value| if value <= worst { worst } else { value }) / largest
    }

    fn agrees(case: &Case) {
        let exact = run(case, &Device::flex(), composed::backpropagate);
        let (gradient, states) = (numbers(exact.gradient), numbers(exact.states));
        let loss: f32 = numbers(exact.losses).iter().sum();
        let Case { config, symbols, batch, context } = case;
        for device in devices() {
            let found = run(case, &device, backpropagate);
            let name = format!("{device:?} {config:?} {symbols} symbols, batch {batch}, context {context}");
            let found_loss: f32 = numbers(found.losses).iter().sum();
            assert!((found_loss - loss).abs() < 1e-4 * loss.max(1.0), "{name}: loss {found_loss}, not {loss}");
            let states_error = error(&numbers(found.states), &states, 1.0);
            assert!(states_error < 1e-4, "{name}: states differ by {states_error}");
            let found = numbers(found.gradient);
            let layout = LanguageLayout::new(config, *symbols);
            assert_eq!(found.len(), layout.len());
            let mut worst = 0.0f32;
            for slot in layout.slots() {
                let range = slot.offset..slot.offset + slot.len();
                let slot_error = error(&found[range.clone()], &gradient[range], 1e-6);
                worst = worst.max(slot_error);
                assert!(slot_error < 1e-3, "{name}: the gradient of {} differs by {slot_error}", slot.name);
                let padding = &found[slot.offset + slot.len()..slot.offset + slot.padded()];
                assert!(padding.iter().all(|&value| value == 0.0), "{name}: after {}", slot.name);
            }
            println!("{name}: gradients within {worst:.1e}");
        }
    }

    #[test]
    fn gradients_are_those_of_automatic_differentiation_for_every_cell_and_depth() {
        for cell in Cell::ALL {
            for (layers, tie_weights, dropout) in [(1, false, 0.0), (2, false, 0.3), (4, true, 0.3), (1, true, 0.0)] {
                let config = ModelConfig { cell, layers, tie_weights, dropout, hidden: 32, ..ModelConfig::default() };
                agrees(&Case { config, symbols: 65, batch: 4, context: 8 });
            }
        }
    }

    #[test]
    fn gradients_are_those_of_automatic_differentiation_at_odd_sizes() {
        for cell in Cell::ALL {
            for (hidden, layers, batch, context, symbols) in
                [(1, 1, 1, 1, 2), (7, 4, 33, 3, 11), (129, 1, 3, 65, 65), (300, 2, 2, 5, 700), (64, 1, 33, 1, 3000)]
            {
                let config = ModelConfig { cell, layers, hidden, ..ModelConfig::default() };
                agrees(&Case { config, symbols, batch, context });
            }
        }
    }
}
