//! All time steps of a layer in one dispatch, forward or backward: a persistent kernel (Diamos et al. 2016).
//!
//! Batch rows are independent, so a cube owns a few rows and waits for nobody else: h and c stay in its shared memory and
//! its units meet at `sync_cube` twice a step.
//!
//! A step has two halves. In the products, units stand side by side along H and read neighbouring weights (so the way
//! forward takes W_hhᵀ and the way back W_hh), once for all rows of the cube; where H is less than a cube, the terms of a
//! product are split into parts for the units that are left. ForwardForm a unit of the cube computes all gates of one unit of
//! the layer, so that a number of h serves G weights; backward, where there is nothing like gates, four units of the layer
//! whose weights it reads as one vector, where H is large enough and a multiple of four. In the cell's equations every
//! unit adds up the parts of its own unit of a row.

use burn::backend::ops::FloatTensorOps;
use burn_cubecl::{CubeBackend, kernel::into_contiguous, tensor::CubeTensor};
use cubecl::prelude::*;

use super::{
    sequence::{BackwardBuffers, BackwardForm, ForwardBuffers, ForwardForm, block_of, blocks},
    step,
    tape::{Tape, kept},
};
use crate::protocol::Cell;

/// The most units of a cube, as many as WebGPU promises.
const CUBE: usize = 256;
/// The least units of h of a part: with fewer, adding up the parts costs more than they save.
const PART: usize = 32;
/// The same backward for vectors, of which each term takes four times as long.
const PART_BACK: usize = 16;
/// Units of the layer that one of the cube computes backward, and from which size on: below it, too few are at work.
const WIDTH_BACK: usize = 4;
const WIDE_BACK: usize = 128;
/// The most batch rows of a cube: with more, the totals of a unit no longer fit its registers.
const ROWS: usize = 8;
/// Cubes that keep a small GPU busy: before there are as many, no cube owns a second row.
const CUBES: usize = 8;

/// How a layer is cut into cubes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Plan {
    cell: Cell,
    /// H.
    hidden: usize,
    /// Batch rows of a cube.
    rows: usize,
    /// Units side by side along H.
    width: usize,
    /// Parts of a product.
    parts: usize,
}

impl Plan {
    fn forward(tape: Tape, on: &CubeTensor) -> Self {
        // h, c and the parts of the products.
        Self::new(tape, on, 1, PART, |parts, gates| 2 + parts * gates)
    }

    fn backward(tape: Tape, on: &CubeTensor) -> Self {
        let vector = Self::vector(tape);
        let part = if vector == 1 { PART } else { PART_BACK };
        // What goes past a step, the gradients of s and the parts of the products.
        Self::new(tape, on, vector, part, |parts, gates| 1 + gates + parts)
    }

    /// Numbers of a vector of weights backward.
    const fn vector(tape: Tape) -> usize {
        if tape.hidden >= WIDE_BACK && tape.hidden.is_multiple_of(WIDTH_BACK) { WIDTH_BACK } else { 1 }
    }

    /// `vector` units of the layer for each of the cube; `shared` numbers of shared memory a row and unit, by parts and
    /// gates.
    fn new(tape: Tape, on: &CubeTensor, vector: usize, part: usize, shared: fn(usize, usize) -> usize) -> Self {
        let Tape { cell, batch, hidden, .. } = tape;
        let width = (hidden / vector).next_multiple_of(32).min(CUBE);
        let parts = (CUBE / width).min(hidden / part).max(1);
        let memory = on.client.properties().hardware.max_shared_memory_size / size_of::<f32>();
        let fit = memory / (shared(parts, cell.gates()) * hidden);
        let rows = (batch / CUBES).min(fit).clamp(1, ROWS);
        Plan { cell, hidden, rows, width, parts }
    }

    fn cubes(self, batch: usize) -> (CubeCount, CubeDim) {
        let count = CubeCount::Static(batch.div_ceil(self.rows) as u32, 1, 1);
        (count, CubeDim::new_1d((self.width * self.parts) as u32))
    }

    /// Units of h whose terms are a part of a product.
    const fn part(self) -> usize {
        self.hidden.div_ceil(self.parts)
    }

    /// Of these as many as are taken in one turn of the loop, so that a unit waits for several weights at a time.
    const fn turn(self) -> usize {
        if self.part() * self.parts == self.hidden && self.part().is_multiple_of(4) { 4 } else { 1 }
    }
}

/// All steps forward.
pub fn forward(tape: Tape, form: ForwardForm, buffers: ForwardBuffers) {
    let plan = Plan::forward(tape, buffers.record);
    let (count, dim) = plan.cubes(tape.batch);
    // SAFETY: `Plan` gives every unit rows and units below B and H, or they are clamped to them; every buffer is as long
    // as its description says, and ids are below V because the text was made of the vocabulary.
    unsafe {
        layer_forward::launch_unchecked(
            &buffers.record.client,
            count,
            dim,
            buffers.ids.0.clone().into_buffer_arg(),
            buffers.input.into_buffer_arg(),
            into_contiguous(CubeBackend::float_transpose(buffers.weight)).into_buffer_arg(),
            buffers.biases.0.into_buffer_arg(),
            buffers.state.0.clone().into_buffer_arg(),
            buffers.record.clone().into_buffer_arg(),
            buffers.ids.1,
            buffers.biases.1,
            buffers.state.1,
            tape.steps,
            tape.batch,
            plan,
            form,
        );
    }
}

#[cube(launch_unchecked)]
fn layer_forward(
    ids: &[i32],
    input: &[f32],
    weight: &[f32],
    biases: &[f32],
    state: &mut [f32],
    tape: &mut [f32],
    first_id: usize,
    recurrent_bias: usize,
    first_state: usize,
    steps: usize,
    batch: usize,
    #[comptime] plan: Plan,
    #[comptime] form: ForwardForm,
) {
    let hidden = comptime!(plan.hidden);
    let gates = comptime!(plan.cell.gates());
    let items = comptime!(plan.rows * plan.hidden);
    let units = comptime!(plan.width * plan.parts);
    let lstm = comptime!(plan.cell == Cell::Lstm);
    let first_row = CUBE_POS_X as usize * comptime!(plan.rows);
    let places = step::places(steps, batch, comptime!(plan.cell), hidden);

    let mut h = Shared::<[f32]>::new_slice(items);
    let mut c = Shared::<[f32]>::new_slice(if comptime!(lstm) { items } else { 1 });
    let mut sums = Shared::<[f32]>::new_slice(comptime!(plan.parts * plan.cell.gates() * items));
    let mut item = UNIT_POS as usize;
    while item < items {
        // A row past the last is the last one once more, of which nothing is written.
        let row = first_row + item / hidden;
        let at = row.min(batch - 1) * hidden + item % hidden;
        h[item] = state[first_state + at];
        if comptime!(lstm) {
            c[item] = state[first_state + places.step + at];
        }
        if row < batch {
            tape[at] = h[item];
            if comptime!(lstm && form.keep) {
                tape[places.cells + at] = c[item];
            }
        }
        item += units;
    }
    sync_cube();

    for index in 0..steps {
        gate_products(weight, &h, &mut sums, plan);
        sync_cube();
        let mut item = UNIT_POS as usize;
        while item < items {
            let row = first_row + item / hidden;
            let position = index * batch + row.min(batch - 1);
            let from = step::input_row(ids, first_id + position, position, form);
            let mut recurrent = Array::<f32>::new(gates);
            #[unroll]
            for gate in 0..gates {
                recurrent[gate] = f32::new(0.0);
                #[unroll]
                for part in 0..plan.parts {
                    recurrent[gate] += sums[(part * gates + gate) * items + item];
                }
            }
            let mut kept_values = Array::<f32>::new(comptime!(kept(plan.cell) + 1));
            let cell_before = if comptime!(lstm) { c[item] } else { f32::new(0.0) };
            h[item] = step::forward(
                input,
                biases,
                tape,
                &mut recurrent,
                &mut kept_values,
                h[item],
                cell_before,
                from,
                position,
                item % hidden,
                recurrent_bias,
                row < batch,
                &places,
                comptime!(plan.cell),
                hidden,
                form,
            );
            if comptime!(lstm && form.ordered) {
                if ids[first_id + position] >= 0 {
                    c[item] = kept_values[4];
                }
            }
            if comptime!(lstm && !form.ordered) {
                c[item] = kept_values[4];
            }
            item += units;
        }
        sync_cube();
    }

    let mut item = UNIT_POS as usize;
    while item < items {
        let row = first_row + item / hidden;
        if row < batch {
            let at = row * hidden + item % hidden;
            if comptime!(lstm) {
                tape[places.last_cell + at] = c[item];
            }
            if comptime!(form.carry) {
                state[first_state + at] = h[item];
                if comptime!(lstm) {
                    state[first_state + places.step + at] = c[item];
                }
            }
        }
        item += units;
    }
}

/// W_hh h of every row of the cube, in parts: `sums` [parts, G, rows, H].
#[cube]
fn gate_products(weight: &[f32], h: &Shared<[f32]>, sums: &mut Shared<[f32]>, #[comptime] plan: Plan) {
    let hidden = comptime!(plan.hidden);
    let gates = comptime!(plan.cell.gates());
    let rows = comptime!(plan.rows);
    let length = comptime!(plan.part());
    let turn = comptime!(plan.turn());
    let part = UNIT_POS as usize / plan.width;
    let end = ((part + 1) * length).min(hidden);
    let mut unit = UNIT_POS as usize % plan.width;
    while unit < hidden {
        let mut totals = Array::<f32>::new(comptime!(plan.cell.gates() * plan.rows));
        #[unroll]
        for index in 0..gates * rows {
            totals[index] = f32::new(0.0);
        }
        let mut term = part * length;
        while term < end {
            #[unroll]
            for next in 0..turn {
                let at = (term + next) * (gates * hidden) + unit;
                let mut weights = Array::<f32>::new(gates);
                #[unroll]
                for gate in 0..gates {
                    weights[gate] = weight[at + gate * hidden];
                }
                #[unroll]
                for row in 0..rows {
                    let value = h[row * hidden + term + next];
                    #[unroll]
                    for gate in 0..gates {
                        totals[gate * rows + row] += weights[gate] * value;
                    }
                }
            }
            term += turn;
        }
        #[unroll]
        for index in 0..gates * rows {
            sums[(part * (gates * rows) + index) * hidden + unit] = totals[index];
        }
        unit += plan.width;
    }
}

/// All steps backward.
pub fn backward(tape: Tape, form: BackwardForm, buffers: BackwardBuffers) {
    let plan = Plan::backward(tape, buffers.record);
    let (count, dim) = plan.cubes(tape.batch);
    // SAFETY: as forward.
    unsafe {
        layer_backward::launch_unchecked(
            &buffers.record.client,
            count,
            dim,
            Plan::vector(tape),
            buffers.record.clone().into_buffer_arg(),
            buffers.above.into_buffer_arg(),
            buffers.weight.into_buffer_arg(),
            buffers.sums.clone().into_buffer_arg(),
            buffers.first_state.clone().into_buffer_arg(),
            buffers.order.clone().into_buffer_arg(),
            tape.steps,
            tape.batch,
            plan,
            form,
        );
    }
}

#[cube(launch_unchecked)]
fn layer_backward<N: Size>(
    tape: &[f32],
    above: &[f32],
    weight: &[Vector<f32, N>],
    gradients: &mut [f32],
    first_state: &mut [f32],
    order: &[i32],
    steps: usize,
    batch: usize,
    #[comptime] plan: Plan,
    #[comptime] form: BackwardForm,
) {
    let hidden = comptime!(plan.hidden);
    let gates = comptime!(plan.cell.gates());
    let items = comptime!(plan.rows * plan.hidden);
    let units = comptime!(plan.width * plan.parts);
    let first_row = CUBE_POS_X as usize * comptime!(plan.rows);
    let places = step::places(steps, batch, comptime!(plan.cell), hidden);

    // Of the gradient of h what comes through s, in parts; and what comes past it.
    let mut through = Shared::<[f32]>::new_slice(comptime!(plan.parts * items));
    let mut past = Shared::<[f32]>::new_slice(items);
    let mut sums = Shared::<[f32]>::new_slice(comptime!(plan.cell.gates() * items));
    let mut item = UNIT_POS as usize;
    while item < items {
        #[unroll]
        for part in 0..plan.parts {
            through[part * items + item] = f32::new(0.0);
        }
        past[item] = f32::new(0.0);
        if comptime!(form.last_cell) {
            let row = (first_row + item / hidden).min(batch - 1);
            past[item] = above[(steps * batch + row) * hidden + item % hidden];
        }
        item += units;
    }

    for back in 0..steps {
        let index = steps - 1 - back;
        let mut item = UNIT_POS as usize;
        while item < items {
            let row = first_row + item / hidden;
            let position = index * batch + row.min(batch - 1);
            let mut gradient = above[position * hidden + item % hidden];
            #[unroll]
            for part in 0..plan.parts {
                gradient += through[part * items + item];
            }
            if comptime!(form.ordered) {
                let row = row.min(batch - 1);
                if usize::cast_from(order[steps * batch + row]) == position {
                    let last = (steps * batch + row) * hidden + item % hidden;
                    gradient += above[last];
                    if comptime!(plan.cell == Cell::Lstm) {
                        past[item] += above[last + batch * hidden];
                    }
                }
            }
            if comptime!(form.arrived) {
                if row < batch {
                    step::arrive(
                        gradients,
                        gradient,
                        past[item],
                        position,
                        item % hidden,
                        steps * batch,
                        comptime!(plan.cell),
                        hidden,
                    );
                }
            }
            let mut of_step = Array::<f32>::new(comptime!(blocks(plan.cell)));
            past[item] = step::backward(
                tape,
                gradients,
                &mut of_step,
                gradient,
                past[item],
                position,
                item % hidden,
                row < batch,
                &places,
                comptime!(plan.cell),
                hidden,
            );
            #[unroll]
            for gate in 0..gates {
                sums[gate * items + item] = of_step[comptime!(block_of(plan.cell, gate))];
            }
            item += units;
        }
        sync_cube();
        state_products(weight, &sums, &mut through, plan);
        sync_cube();
    }

    if comptime!(form.first_state) {
        let mut item = UNIT_POS as usize;
        while item < items {
            let row = first_row + item / hidden;
            if row < batch {
                let at = row * hidden + item % hidden;
                let mut gradient = f32::new(0.0);
                #[unroll]
                for part in 0..plan.parts {
                    gradient += through[part * items + item];
                }
                if comptime!(plan.cell == Cell::Gru) {
                    gradient += past[item];
                }
                first_state[at] = gradient;
                if comptime!(plan.cell == Cell::Lstm) {
                    first_state[places.step + at] = past[item];
                }
            }
            item += units;
        }
    }
}

/// W_hhᵀ ds of every row of the cube, in parts: `sums` [G, rows, H], `through` [parts, rows, H].
#[cube]
fn state_products<N: Size>(
    weight: &[Vector<f32, N>],
    sums: &Shared<[f32]>,
    through: &mut Shared<[f32]>,
    #[comptime] plan: Plan,
) {
    let hidden = comptime!(plan.hidden);
    let rows = comptime!(plan.rows);
    let gates = comptime!(plan.cell.gates());
    let length = comptime!(plan.part());
    let turn = comptime!(plan.turn());
    let vector = N::value();
    let vectors = hidden / vector;
    let part = UNIT_POS as usize / plan.width;
    let end = ((part + 1) * length).min(hidden);
    let mut place = UNIT_POS as usize % plan.width;
    while place < vectors {
        let mut totals = Array::<Vector<f32, N>>::new(rows);
        #[unroll]
        for row in 0..rows {
            totals[row] = Vector::new(f32::new(0.0));
        }
        let mut term = part * length;
        while term < end {
            #[unroll]
            for next in 0..turn {
                #[unroll]
                for gate in 0..gates {
                    let factors = weight[(gate * hidden + term + next) * vectors + place];
                    #[unroll]
                    for row in 0..rows {
                        let value = sums[(gate * rows + row) * hidden + term + next];
                        totals[row] += factors * Vector::new(value);
                    }
                }
            }
            term += turn;
        }
        #[unroll]
        for row in 0..rows {
            #[unroll]
            for index in 0..vector {
                through[(part * rows + row) * hidden + place * vector + index] = totals[row].extract(index);
            }
        }
        place += plan.width;
    }
}
