//! All time steps of a layer in one dispatch, forward or backward.
//!
//! Forward, with s = W_hh h₍ₜ₋₁₎ + b_hh and p the projected input, each step is the cell's equations of p and s.
//! Backward, the step's gradients of s give that of h₍ₜ₋₁₎ as W_hhᵀ ds. Batch rows are independent, so a cube owns a few
//! rows and waits for nobody else: h and c stay in its shared memory and its units meet at `sync_cube` twice a step.
//!
//! A step has two halves. In the products, units stand side by side along H and read neighbouring weights (so the way
//! forward takes W_hhᵀ and the way back W_hh), once for all rows of the cube; where H is less than a cube, the terms of a
//! product are split into parts for the units that are left. In the cell's equations every unit adds up the parts of its
//! own unit of a row. The gradient of W_hh needs no order: it is one product over batch × time afterwards.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::{
    gru, lstm, rnn,
    tape::{Tape, kept},
};
use crate::protocol::Cell;

/// The most units of a cube, as many as WebGPU promises.
const CUBE: usize = 256;
/// The least terms of a part: with fewer, adding up the parts costs more than they save.
const PART: usize = 32;
/// Numbers of shared memory for the products, 16 KiB of the 32 that WebGPU devices offer.
const PRODUCTS: usize = 4096;
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
    fn new(tape: Tape) -> Self {
        let Tape { cell, batch, hidden, .. } = tape;
        let width = hidden.next_multiple_of(32).min(CUBE);
        let parts = (CUBE / width).min(hidden / PART).max(1);
        let fit = PRODUCTS / (parts * cell.gates() * hidden);
        let rows = (batch / CUBES).min(fit).clamp(1, 8);
        Plan { cell, hidden, rows, width, parts }
    }

    fn cubes(self, batch: usize) -> (CubeCount, CubeDim) {
        let count = CubeCount::Static(batch.div_ceil(self.rows) as u32, 1, 1);
        (count, CubeDim::new_1d((self.width * self.parts) as u32))
    }

    /// G.
    const fn gates(self) -> usize {
        self.cell.gates()
    }

    const fn is(self, cell: Cell) -> bool {
        self.cell as u8 == cell as u8
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

/// How the forward pass comes by its input, and what it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Forward {
    /// The input is a table [V, G·H] whose rows are taken by id, else [T, B, G·H].
    pub gather: bool,
    /// b_ih is to be added to the input.
    pub input_bias: bool,
    /// There is a way back.
    pub keep: bool,
    /// `state` becomes the state after the last step.
    pub carry: bool,
}

/// What the forward pass reads and writes.
pub struct Pass<'a> {
    /// The ids of the steps begin at the number after it. Read with [`Forward::gather`] only.
    pub ids: (&'a CubeTensor, usize),
    /// p, see [`Forward`].
    pub input: CubeTensor,
    /// W_hhᵀ, [H, G·H].
    pub weight: CubeTensor,
    /// b_hh begins at the number after it; b_ih at 0, with [`Forward::input_bias`].
    pub biases: (CubeTensor, usize),
    /// h and then, in an LSTM, c before the first step, each [B, H], begin at the number after it.
    pub state: (&'a CubeTensor, usize),
    /// See [`Tape`].
    pub record: &'a CubeTensor,
}

/// All steps forward.
pub fn forward(tape: Tape, form: Forward, pass: Pass) {
    let plan = Plan::new(tape);
    let (count, dim) = plan.cubes(tape.batch);
    // SAFETY: `Plan` gives every unit rows and units below B and H, or they are clamped to them; every buffer is as long
    // as its description says, and ids are below V because the text was made of the vocabulary.
    unsafe {
        walk_forward::launch_unchecked(
            &pass.record.client,
            count,
            dim,
            pass.ids.0.clone().into_buffer_arg(),
            pass.input.into_buffer_arg(),
            pass.weight.into_buffer_arg(),
            pass.biases.0.into_buffer_arg(),
            pass.state.0.clone().into_buffer_arg(),
            pass.record.clone().into_buffer_arg(),
            pass.ids.1,
            pass.biases.1,
            pass.state.1,
            tape.steps,
            tape.batch,
            plan,
            form,
        );
    }
}

#[cube(launch_unchecked)]
fn walk_forward(
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
    #[comptime] form: Forward,
) {
    let hidden = comptime!(plan.hidden);
    let gates = comptime!(plan.gates());
    let items = comptime!(plan.rows * plan.hidden);
    let units = comptime!(plan.width * plan.parts);
    let lstm = comptime!(plan.is(Cell::Lstm));
    let kept = comptime!(kept(plan.cell));
    let first_row = CUBE_POS_X as usize * comptime!(plan.rows);
    let size = batch * hidden;
    let last_cell = (steps + 1) * size;
    let kept_from = last_cell + if comptime!(lstm) { size } else { 0usize.runtime() };
    let cells_from = kept_from + steps * size * kept;

    let mut h = Shared::<[f32]>::new_slice(items);
    let mut c = Shared::<[f32]>::new_slice(if comptime!(lstm) { items } else { 1 });
    let mut sums = Shared::<[f32]>::new_slice(comptime!(plan.parts * plan.gates() * items));
    let mut item = UNIT_POS as usize;
    while item < items {
        // A row past the last is the last one once more, of which nothing is written.
        let row = first_row + item / hidden;
        let at = row.min(batch - 1) * hidden + item % hidden;
        h[item] = state[first_state + at];
        if comptime!(lstm) {
            c[item] = state[first_state + size + at];
        }
        if row < batch {
            tape[at] = h[item];
            if comptime!(lstm && form.keep) {
                tape[cells_from + at] = c[item];
            }
        }
        item += units;
    }
    sync_cube();

    for step in 0..steps {
        gate_products(weight, &h, &mut sums, plan);
        sync_cube();
        let mut item = UNIT_POS as usize;
        while item < items {
            let unit = item % hidden;
            let row = first_row + item / hidden;
            let position = step * batch + row.min(batch - 1);
            let from = if comptime!(form.gather) { usize::cast_from(ids[first_id + position]) } else { position };
            let from = from * (gates * hidden) + unit;
            let mut p = Array::<f32>::new(gates);
            let mut s = Array::<f32>::new(gates);
            #[unroll]
            for gate in 0..gates {
                p[gate] = input[from + gate * hidden];
                if comptime!(form.input_bias) {
                    p[gate] += biases[gate * hidden + unit];
                }
                s[gate] = biases[recurrent_bias + gate * hidden + unit];
                #[unroll]
                for part in 0..plan.parts {
                    s[gate] += sums[(part * gates + gate) * items + item];
                }
            }
            let mut keep = Array::<f32>::new(comptime!(kept + 1));
            let after = if comptime!(plan.is(Cell::Rnn)) {
                rnn::forward(&p, &s)
            } else if comptime!(plan.is(Cell::Gru)) {
                gru::forward(&p, &s, h[item], &mut keep)
            } else {
                lstm::forward(&p, &s, c[item], &mut keep)
            };
            h[item] = after;
            if comptime!(lstm) {
                c[item] = keep[4];
            }
            if row < batch {
                tape[(position + batch) * hidden + unit] = after;
                if comptime!(form.keep) {
                    #[unroll]
                    for index in 0..kept {
                        tape[kept_from + (position * kept + index) * hidden + unit] = keep[index];
                    }
                    if comptime!(lstm) {
                        tape[cells_from + (position + batch) * hidden + unit] = keep[4];
                    }
                }
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
                tape[last_cell + at] = c[item];
            }
            if comptime!(form.carry) {
                state[first_state + at] = h[item];
                if comptime!(lstm) {
                    state[first_state + size + at] = c[item];
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
    let gates = comptime!(plan.gates());
    let rows = comptime!(plan.rows);
    let length = comptime!(plan.part());
    let turn = comptime!(plan.turn());
    let part = UNIT_POS as usize / plan.width;
    let end = ((part + 1) * length).min(hidden);
    let mut unit = UNIT_POS as usize % plan.width;
    while unit < hidden {
        let mut totals = Array::<f32>::new(comptime!(plan.gates() * plan.rows));
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

/// What is known of the gradient at the ends of the sequence, and what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Backward {
    /// That of c after the last step follows that of h, [T + 1, B, H]; LSTM.
    pub last_cell: bool,
    /// That of the state before the first step is wanted.
    pub first_state: bool,
}

/// What the backward pass reads and writes.
pub struct Return<'a> {
    /// See [`Tape`].
    pub record: &'a CubeTensor,
    /// The gradient of h after every step by what is above, [T, B, H]; see [`Backward`].
    pub above: CubeTensor,
    /// W_hh, [G·H, H].
    pub weight: CubeTensor,
    /// The gradients of p and s, [T, B, S, H], S of [`blocks`].
    pub sums: &'a CubeTensor,
    /// The gradients of h and, in an LSTM, c before the first step; each [B, H].
    pub first_state: &'a CubeTensor,
}

/// S: blocks of H numbers in the gradients of p and s, which are the same in an RNN and an LSTM. In a GRU the reset gate
/// stands between those of n: r, z, pₙ, sₙ.
pub const fn blocks(cell: Cell) -> usize {
    match cell {
        Cell::Rnn => 1,
        Cell::Gru | Cell::Lstm => 4,
    }
}

/// All steps backward.
pub fn backward(tape: Tape, form: Backward, pass: Return) {
    let plan = Plan::new(tape);
    let (count, dim) = plan.cubes(tape.batch);
    // SAFETY: as forward.
    unsafe {
        walk_backward::launch_unchecked(
            &pass.record.client,
            count,
            dim,
            pass.record.clone().into_buffer_arg(),
            pass.above.into_buffer_arg(),
            pass.weight.into_buffer_arg(),
            pass.sums.clone().into_buffer_arg(),
            pass.first_state.clone().into_buffer_arg(),
            tape.steps,
            tape.batch,
            plan,
            form,
        );
    }
}

#[cube(launch_unchecked)]
fn walk_backward(
    tape: &[f32],
    above: &[f32],
    weight: &[f32],
    gradients: &mut [f32],
    first_state: &mut [f32],
    steps: usize,
    batch: usize,
    #[comptime] plan: Plan,
    #[comptime] form: Backward,
) {
    let hidden = comptime!(plan.hidden);
    let blocks = comptime!(blocks(plan.cell));
    let items = comptime!(plan.rows * plan.hidden);
    let units = comptime!(plan.width * plan.parts);
    let lstm = comptime!(plan.is(Cell::Lstm));
    let gru = comptime!(plan.is(Cell::Gru));
    let kept = comptime!(kept(plan.cell));
    let first_row = CUBE_POS_X as usize * comptime!(plan.rows);
    let size = batch * hidden;
    let kept_from = (steps + 1) * size + if comptime!(lstm) { size } else { 0usize.runtime() };
    let cells_from = kept_from + steps * size * kept;

    // Of the gradient of h what comes through s, in parts; and what comes past it: in a GRU that of h, in an LSTM of c.
    let mut through = Shared::<[f32]>::new_slice(comptime!(plan.parts * items));
    let mut past = Shared::<[f32]>::new_slice(items);
    let mut sums = Shared::<[f32]>::new_slice(comptime!(plan.gates() * items));
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
        let step = steps - 1 - back;
        let mut item = UNIT_POS as usize;
        while item < items {
            let unit = item % hidden;
            let row = first_row + item / hidden;
            let position = step * batch + row.min(batch - 1);
            let at = position * hidden + unit;
            let mut gradient = above[at];
            #[unroll]
            for part in 0..plan.parts {
                gradient += through[part * items + item];
            }
            let mut keep = Array::<f32>::new(comptime!(kept + 1));
            #[unroll]
            for index in 0..kept {
                keep[index] = tape[kept_from + (position * kept + index) * hidden + unit];
            }
            let mut of_step = Array::<f32>::new(blocks);
            if comptime!(gru) {
                past[item] = gru::backward(&keep, tape[at], gradient + past[item], &mut of_step);
                sums[2 * items + item] = of_step[3];
            } else if comptime!(lstm) {
                keep[4] = tape[cells_from + size + at];
                past[item] = lstm::backward(&keep, tape[cells_from + at], gradient, past[item], &mut of_step);
                sums[2 * items + item] = of_step[2];
                sums[3 * items + item] = of_step[3];
            } else {
                rnn::backward(tape[size + at], gradient, &mut of_step);
            }
            sums[item] = of_step[0];
            if comptime!(blocks > 1) {
                sums[items + item] = of_step[1];
            }
            if row < batch {
                #[unroll]
                for block in 0..blocks {
                    gradients[(position * blocks + block) * hidden + unit] = of_step[block];
                }
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
                if comptime!(gru) {
                    gradient += past[item];
                }
                first_state[at] = gradient;
                if comptime!(lstm) {
                    first_state[size + at] = past[item];
                }
            }
            item += units;
        }
    }
}

/// W_hhᵀ ds of every row of the cube, in parts: `sums` [G, rows, H], `through` [parts, rows, H].
#[cube]
fn state_products(weight: &[f32], sums: &Shared<[f32]>, through: &mut Shared<[f32]>, #[comptime] plan: Plan) {
    let hidden = comptime!(plan.hidden);
    let rows = comptime!(plan.rows);
    let length = comptime!(plan.part());
    let turn = comptime!(plan.turn());
    let part = UNIT_POS as usize / plan.width;
    let end = ((part + 1) * length).min(hidden);
    let mut unit = UNIT_POS as usize % plan.width;
    while unit < hidden {
        let mut totals = Array::<f32>::new(rows);
        #[unroll]
        for row in 0..rows {
            totals[row] = f32::new(0.0);
        }
        let mut term = part * length;
        while term < end {
            #[unroll]
            for next in 0..turn {
                #[unroll]
                for gate in 0..plan.gates() {
                    let factor = weight[(gate * hidden + term + next) * hidden + unit];
                    #[unroll]
                    for row in 0..rows {
                        totals[row] += factor * sums[(gate * rows + row) * hidden + term + next];
                    }
                }
            }
            term += turn;
        }
        #[unroll]
        for row in 0..rows {
            through[(part * rows + row) * hidden + unit] = totals[row];
        }
        unit += plan.width;
    }
}
