//! The pass on the CPU: every stage on slices, from the weights as they stand to the gradient as it is read.
//!
//! Batch rows have nothing to do with one another but the weights, so each thread takes some of them through the whole
//! pass and sums a gradient of its own; the gradients are then added in the order of the rows. As many threads as before
//! therefore give the same bits as before.

use std::{
    cell::RefCell,
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use burn::backend::{
    Flex,
    flex::FlexTensor,
    tensor::{FloatTensor, IntTensor},
};

use super::{Backpropagation, Chunk, remembered};
use crate::{
    linear::cpu::{
        host::{contiguous, floats, tensor},
        product::{Blocks, Transposed, sum_by_id},
        strips::Strips,
        vector::lanes,
    },
    model::{
        LanguageLayout, Slot,
        cpu::{Activations, Masks, Packed, Text, slot},
    },
    recurrent::cpu::{
        Shape,
        layer::{self, Beyond, input_order, input_place, recurrent_order},
    },
    train::loss::cpu::{Scale, gradients},
};

/// Threads that a pass may use.
static THREADS: AtomicUsize = AtomicUsize::new(1);

/// Sets how many threads a training step on the CPU may use. No more are used than there are batch rows.
pub fn use_threads(count: usize) {
    THREADS.store(count.max(1), Ordering::Relaxed);
}

thread_local! {
    /// Kept from step to step.
    static KEPT: RefCell<(Packed, Vec<Workspace>)> = RefCell::default();
}

impl Backpropagation for Flex {
    fn backpropagate(
        weights: FloatTensor<Self>,
        states: FloatTensor<Self>,
        text: IntTensor<Self>,
        _order: IntTensor<Self>,
        masks: FloatTensor<Self>,
        chunk: Chunk,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (weights, states, masks) = (contiguous(weights), contiguous(states), contiguous(masks));
        let text = ids_at(&text, chunk.first_id()..chunk.first_id() + chunk.positions() + chunk.batch);
        let pass = Shared {
            chunk: &chunk,
            weights: floats(&weights),
            states: floats(&states),
            text: &text,
            masks: chunk.dropout.then(|| floats(&masks)),
            threads: THREADS.load(Ordering::Relaxed).min(chunk.batch),
        };
        let (gradient, losses, after) = KEPT.with_borrow_mut(|(packed, workspaces)| pass.run(packed, workspaces));
        let config = chunk.layout.config();
        let parts = losses.len();
        (
            tensor(gradient, [chunk.layout.len()]),
            tensor(losses, [parts]),
            tensor(after, [config.layers, remembered(config.cell), chunk.batch, config.hidden]),
        )
    }
}

/// Inputs shared by all threads.
struct Shared<'a> {
    chunk: &'a Chunk,
    /// The flat buffer.
    weights: &'a [f32],
    /// [L, S, B, H].
    states: &'a [f32],
    /// (T + 1)·B ids.
    text: &'a [u32],
    /// [L − 1, T, B, H].
    masks: Option<&'a [f32]>,
    /// No more than there are batch rows.
    threads: usize,
}

/// What a thread needs room for.
#[derive(Default)]
struct Workspace {
    activations: Activations,
    /// Scores of the next symbols, then their gradients.
    scores: Strips,
    /// The gradient of h of the layer that is passed.
    gradient: Strips,
    /// The gradient of the projected input, summed over the places of each distinct symbol.
    by_symbol: Strips,
    /// With tied weights, the rows of the token table of the distinct symbols, and their gradients.
    rows: [Strips; 2],
}

/// What comes of some batch rows.
struct Part {
    gradient: Vec<f32>,
    /// Their share of the mean.
    loss: f32,
    /// [L, S, rows, H].
    states: Vec<f32>,
}

impl Shared<'_> {
    fn run(&self, packed: &mut Packed, workspaces: &mut Vec<Workspace>) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        packed.pack(&self.chunk.layout, self.weights, true);
        let (batch, threads) = (self.chunk.batch, self.threads);
        workspaces.resize_with(threads, Workspace::default);
        let rows = |index: usize| index * batch / threads..(index + 1) * batch / threads;
        let (packed, last) = (&*packed, threads - 1);
        // Each is used by one thread: that of its rows, or this one where the system refuses another thread.
        let workspaces: Vec<_> = workspaces.iter_mut().map(Mutex::new).collect();
        let part = &|index: usize| {
            let mut workspace = workspaces[index].lock().unwrap_or_else(PoisonError::into_inner);
            workspace.pass(self, packed, rows(index))
        };
        let parts: Vec<Part> = thread::scope(|scope| {
            let start = |index| thread::Builder::new().spawn_scoped(scope, move || part(index));
            let others: Vec<_> = (0..last).map(start).collect();
            let own = part(last);
            let joined = others.into_iter().enumerate().map(|(index, other)| match other.map(|other| other.join()) {
                Ok(Ok(part)) => part,
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                Err(_) => part(index),
            });
            joined.chain([own]).collect()
        });
        self.add_up(parts, rows)
    }

    fn add_up(&self, parts: Vec<Part>, rows: impl Fn(usize) -> Range<usize>) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let losses = parts.iter().map(|part| part.loss).collect();
        let (batch, units) = (self.chunk.batch, self.chunk.layout.config().hidden);
        let mut states = vec![0.0; self.states.len()];
        for (index, part) in parts.iter().enumerate() {
            let rows = rows(index).start * units..rows(index).end * units;
            for (all, some) in states.chunks_exact_mut(batch * units).zip(part.states.chunks_exact(rows.len())) {
                all[rows.clone()].copy_from_slice(some);
            }
        }
        let mut gradients = parts.into_iter().map(|part| part.gradient);
        let mut gradient = gradients.next().unwrap_or_default();
        for other in gradients {
            for (sum, value) in gradient.iter_mut().zip(other) {
                *sum += value;
            }
        }
        (gradient, losses, states)
    }
}

impl Workspace {
    /// Takes batch rows `rows` there and back.
    fn pass(&mut self, pass: &Shared, packed: &Packed, rows: Range<usize>) -> Part {
        let layout = &*pass.chunk.layout;
        let config = layout.config();
        let shape = Shape { steps: pass.chunk.steps, batch: rows.len(), units: config.hidden };
        let masks = pass.masks.map(|values| Masks { values, batch: pass.chunk.batch, first_row: rows.start });
        let of_rows = |first: usize| {
            let steps = pass.text[first..].chunks(pass.chunk.batch).take(shape.steps);
            steps.flat_map(|step| step[rows.clone()].iter().copied()).collect::<Vec<u32>>()
        };
        let (inputs, targets) = (of_rows(0), of_rows(pass.chunk.batch));

        self.activations.reserve(layout, shape);
        let step = pass.chunk.batch * config.hidden;
        for (tape, states) in
            self.activations.tapes.iter_mut().zip(pass.states.chunks_exact(step * remembered(config.cell)))
        {
            let part = rows.start * config.hidden..rows.end * config.hidden;
            let memory = states.get(step..).unwrap_or_default();
            tape.begin(config.hidden, &states[part.clone()], memory.get(part).unwrap_or_default());
        }
        let distinct = Distinct::new(&inputs, layout.symbols());
        if config.tie_weights {
            let table = packed.project(layout, pass.weights, &distinct.ids, &mut self.rows[0]);
            self.activations.read(packed, layout, shape, Text { table: &table, ids: &distinct.places }, masks);
        } else {
            let table = slot(pass.weights, &layout[layout.layers()[0].weight_ih]);
            self.activations.read(packed, layout, shape, Text { table, ids: &inputs }, masks);
        }

        let mut gradient = vec![0.0; layout.len()];
        let loss = self.head(packed, layout, shape, &targets, pass.chunk.positions(), &mut gradient);
        for index in (0..config.layers).rev() {
            self.layer(index, packed, layout, shape, masks, &mut gradient);
        }
        self.table(packed, layout, shape, &distinct, &mut gradient);
        Part { gradient, loss: (loss / pass.chunk.positions() as f64) as f32, states: self.last_states(shape) }
    }

    /// Scores, their loss and its gradients by the output layer and by h of the last layer. Gives the sum of the losses.
    fn head(
        &mut self,
        packed: &Packed,
        layout: &LanguageLayout,
        shape: Shape,
        targets: &[u32],
        positions: usize,
        gradient: &mut [f32],
    ) -> f64 {
        let (symbols, lanes) = (layout.symbols(), lanes());
        let Workspace { activations, scores, gradient: of_hidden, .. } = self;
        let Some(top) = activations.tapes.last() else { return f64::NAN };
        let (first, rows) = (shape.batch, (shape.steps + 1) * shape.batch);
        scores.reserve(lanes, symbols.div_ceil(lanes), rows, shape.batch);
        of_hidden.reserve(lanes, top.hidden.count(), rows, shape.batch);
        let (mut loss, share) = (0.0, (positions as f32).recip());
        // A part at a time, so that the scores are still in the cache when they are looked at again.
        for (start, targets) in (first..rows).step_by(SCORED).zip(targets.chunks(SCORED)) {
            let rows = start..start + targets.len();
            packed.head.forward(&top.hidden, scores, 0, rows.clone());
            loss += gradients(scores, start, symbols, targets, Scale::All(share));
            packed.head.backward(scores, 0, of_hidden, rows);
        }
        let product = Transposed {
            left: scores,
            first_strip: 0,
            blocks: Blocks { order: &[0], units: symbols },
            right: &top.hidden,
            columns: shape.units,
            first: [first; 2],
            rows: rows - first,
        };
        let [weight, bias] = two(gradient, &layout[layout.head().weight], &layout[layout.head().bias]);
        product.add_to(weight, bias);
        loss
    }

    /// The way back through a layer, and to h of the one below.
    fn layer(
        &mut self,
        index: usize,
        packed: &Packed,
        layout: &LanguageLayout,
        shape: Shape,
        masks: Option<Masks>,
        gradient: &mut [f32],
    ) {
        let (cell, layer, slots) = (layout.config().cell, &packed.layers[index], layout.layers()[index]);
        let (below, tape) = self.activations.tapes.split_at_mut(index);
        let tape = &mut tape[0];
        tape.carried.clear();
        layer::backward(cell, shape, &layer.recurrent, &self.gradient, tape, Beyond::default());
        let product = Transposed {
            left: &tape.gates,
            first_strip: 0,
            blocks: Blocks { order: recurrent_order(cell), units: shape.units },
            right: &tape.hidden,
            columns: shape.units,
            first: [shape.batch, 0],
            rows: shape.steps * shape.batch,
        };
        let [weight, bias] = two(gradient, &layout[slots.weight_hh], &layout[slots.bias_hh]);
        product.add_to(weight, bias);

        let Some(below) = below.last() else { return };
        let first_strip = input_place(cell) * tape.hidden.count();
        let product = Transposed {
            first_strip,
            blocks: Blocks { order: input_order(cell), units: shape.units },
            right: if masks.is_some() { &self.activations.dropped[index - 1] } else { &below.hidden },
            first: [shape.batch; 2],
            ..product
        };
        let [weight, bias] = two(gradient, &layout[slots.weight_ih], &layout[slots.bias_ih]);
        product.add_to(weight, bias);
        let rows = shape.batch..(shape.steps + 1) * shape.batch;
        layer.input.backward(&tape.gates, first_strip, &mut self.gradient, rows);
        if let Some(masks) = masks {
            masks.multiply(index - 1, shape, &mut self.gradient);
        }
    }

    /// The gradients of what the first layer reads tokens by.
    fn table(
        &mut self,
        packed: &Packed,
        layout: &LanguageLayout,
        shape: Shape,
        distinct: &Distinct,
        gradient: &mut [f32],
    ) {
        let Workspace { activations, by_symbol, rows: [rows, of_rows], .. } = self;
        let (config, slots) = (layout.config(), layout.layers()[0]);
        let tape = &activations.tapes[0];
        let (units, strips, count) = (config.hidden, tape.hidden.count(), distinct.ids.len());
        let blocks = Blocks { order: input_order(config.cell), units };
        by_symbol.reserve(lanes(), blocks.order.len() * strips, count, count);
        sum_by_id(&tape.gates, input_place(config.cell) * strips, shape.batch, &distinct.places, by_symbol);
        if !config.tie_weights {
            let [weight, bias] = two(gradient, &layout[slots.weight_ih], &layout[slots.bias_ih]);
            let width = blocks.order.len() * units;
            for (place, &id) in distinct.ids.iter().enumerate() {
                let row = &mut weight[id as usize * width..(id as usize + 1) * width];
                for (index, &gate) in blocks.order.iter().enumerate() {
                    let gate = gate * units..(gate + 1) * units;
                    by_symbol.copy_to(index * strips, place, std::iter::once(&mut row[gate.clone()]));
                    for (sum, value) in bias[gate.clone()].iter_mut().zip(&row[gate]) {
                        *sum += value;
                    }
                }
            }
            return;
        }
        let product = Transposed {
            left: by_symbol,
            first_strip: 0,
            blocks,
            right: rows,
            columns: units,
            first: [0, 0],
            rows: count,
        };
        let [weight, bias] = two(gradient, &layout[slots.weight_ih], &layout[slots.bias_ih]);
        product.add_to(weight, bias);
        of_rows.reserve(lanes(), strips, count, count);
        packed.layers[0].input.backward(by_symbol, 0, of_rows, 0..count);
        let table = slot_mut(gradient, &layout[layout.head().weight]);
        let mut row = vec![0.0; units];
        for (place, &id) in distinct.ids.iter().enumerate() {
            of_rows.copy_to(0, place, std::iter::once(row.as_mut_slice()));
            for (sum, value) in table[id as usize * units..].iter_mut().zip(&row) {
                *sum += value;
            }
        }
    }

    /// [L, S, rows, H].
    fn last_states(&self, shape: Shape) -> Vec<f32> {
        let mut states = Vec::new();
        for tape in &self.activations.tapes {
            for strips in [&tape.hidden, &tape.cells].into_iter().filter(|strips| strips.count() > 0) {
                let start = states.len();
                states.resize(start + shape.batch * shape.units, 0.0);
                strips.copy_to(0, shape.steps * shape.batch, states[start..].chunks_exact_mut(shape.units));
            }
        }
        states
    }
}

/// Rows that are scored at a time.
const SCORED: usize = 64;

/// The symbols that a chunk reads, each once, and for each token which of them it is.
struct Distinct {
    ids: Vec<u32>,
    places: Vec<u32>,
}

impl Distinct {
    fn new(tokens: &[u32], symbols: usize) -> Self {
        let mut place_of = vec![u32::MAX; symbols];
        let mut ids = Vec::new();
        let place = |&id: &u32| {
            let place = &mut place_of[id as usize];
            if *place == u32::MAX {
                *place = ids.len() as u32;
                ids.push(id);
            }
            *place
        };
        let places = tokens.iter().map(place).collect();
        Distinct { ids, places }
    }
}

fn slot_mut<'a>(gradient: &'a mut [f32], slot: &Slot) -> &'a mut [f32] {
    &mut gradient[slot.offset..slot.offset + slot.len()]
}

/// Two slots to be written, of which `second` stands further on.
fn two<'a>(gradient: &'a mut [f32], first: &Slot, second: &Slot) -> [&'a mut [f32]; 2] {
    let (before, after) = gradient.split_at_mut(second.offset);
    [slot_mut(before, first), &mut after[..second.len()]]
}

/// Some of the ids of a tensor, whichever integer it holds them in.
fn ids_at(tensor: &FlexTensor, range: Range<usize>) -> Vec<u32> {
    match (tensor.as_slice::<i32>(), tensor.as_slice::<i64>()) {
        (Some(ids), _) => ids[range].iter().map(|&id| id as u32).collect(),
        (_, Some(ids)) => ids[range].iter().map(|&id| id as u32).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        linear::cpu::vector::with_every_width,
        model::Weights,
        protocol::{Cell, ModelConfig},
    };

    #[test]
    fn gradients_are_the_same_with_vectors_of_every_width() {
        let (steps, batch, symbols) = (5, 11, 23);
        for (cell, tie_weights) in Cell::ALL.into_iter().zip([false, true, false]) {
            let config = ModelConfig { cell, tie_weights, layers: 2, hidden: 37, ..ModelConfig::default() };
            let weights = Weights::draw(&config, symbols);
            let chunk = Chunk { layout: Arc::new(weights.layout().clone()), steps, batch, index: 0, dropout: false };
            let states = vec![0.1; 2 * remembered(cell) * batch * config.hidden];
            let text: Vec<u32> = (0..((steps + 1) * batch) as u32).map(|at| at * at % symbols as u32).collect();
            let pass = Shared {
                chunk: &chunk,
                weights: weights.values(),
                states: &states,
                text: &text,
                masks: None,
                threads: 1,
            };
            let gradients = with_every_width(|| pass.run(&mut Packed::default(), &mut Vec::new()).0);
            for gradient in &gradients[1..] {
                assert_eq!(gradient.len(), gradients[0].len());
                for (narrow, wide) in gradients[0].iter().zip(gradient) {
                    assert!((narrow - wide).abs() < 1e-6, "{cell:?}: {narrow} {wide}");
                }
            }
        }
    }

    #[test]
    fn threads_share_the_rows_and_give_the_same_bits_again() {
        let (steps, batch, symbols) = (6, 5, 11);
        let config = ModelConfig { layers: 2, hidden: 12, dropout: 0.2, ..ModelConfig::default() };
        let weights = Weights::draw(&config, symbols);
        let chunk = Chunk { layout: Arc::new(weights.layout().clone()), steps, batch, index: 0, dropout: true };
        let states: Vec<f32> = (0..2 * 2 * batch * config.hidden).map(|at| (at as f32).sin()).collect();
        let text: Vec<u32> = (0..((steps + 1) * batch) as u32).map(|at| at * at % symbols as u32).collect();
        let masks: Vec<f32> = (0..steps * batch * config.hidden).map(|at| (at % 5) as f32 / 2.0).collect();
        let run = |threads: usize| {
            let (weights, masks) = (weights.values(), Some(masks.as_slice()));
            let pass = Shared { chunk: &chunk, weights, states: &states, text: &text, masks, threads };
            pass.run(&mut Packed::default(), &mut Vec::new())
        };
        let (gradient, losses, after) = run(1);
        for threads in [2, 3, 5] {
            let shared = run(threads);
            assert_eq!(shared, run(threads));
            let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(close(&shared.0, &gradient) && close(&shared.2, &after), "{threads} threads");
            assert!((shared.1.iter().sum::<f32>() - losses[0]).abs() < 1e-5);
        }
    }
}
