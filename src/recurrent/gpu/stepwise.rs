//! A dispatch for each time step of a layer, for sizes at which one cube would go over a row for too long.
//!
//! A cube computes a tile of 16 rows × 16 units of a step, with 8 × 8 units: forward all gates of W_hh h₍ₜ₋₁₎ and then the
//! cell's equations, backward W_hhᵀ ds of the step after and then the equations' gradients. Tiles of the operands go
//! through shared memory, [`DEPTH`] terms at a time. All dispatches are recorded one after the other; nothing is read in
//! between. h and c stand in the tape.
//!
//! Shared memory: 16 · 17 numbers for the rows and for each gate, 5.4 KiB.

use cubecl::prelude::*;

use super::{
    sequence::{BackwardBuffers, BackwardForm, ForwardBuffers, ForwardForm, block_of, blocks},
    step,
    tape::{Tape, kept},
};
use crate::{
    linear::gpu::{
        empty,
        product::{DEPTH, UNITS, fetch},
    },
    protocol::Cell,
};

/// Rows and units of a unit of the cube, and of a cube.
const SIDE: usize = 2;
const TILE: usize = SIDE * UNITS;
/// Numbers of a tile in shared memory.
const SHARED: usize = DEPTH * (TILE + 1);

fn tiles(tape: Tape) -> (CubeCount, CubeDim) {
    let count = CubeCount::Static(tape.hidden.div_ceil(TILE) as u32, tape.batch.div_ceil(TILE) as u32, 1);
    (count, CubeDim::new_1d((UNITS * UNITS) as u32))
}

/// All steps forward.
pub fn forward(tape: Tape, form: ForwardForm, buffers: ForwardBuffers) {
    let client = &buffers.record.client;
    let Tape { cell, steps, batch, hidden } = tape;
    let state = |begin: bool| {
        let dim = CubeDim::new_1d(64);
        let count = CubeCount::Static(tape.step().div_ceil(64) as u32, 1, 1);
        let (state, record) = (buffers.state.0.clone().into_buffer_arg(), buffers.record.clone().into_buffer_arg());
        // SAFETY: units past B·H do nothing.
        unsafe {
            exchange_state::launch_unchecked(
                client,
                count,
                dim,
                state,
                record,
                buffers.state.1,
                steps,
                batch,
                cell,
                hidden,
                form.keep,
                begin,
            );
        }
    };
    state(true);
    for index in 0..steps {
        let (count, dim) = tiles(tape);
        // SAFETY: rows and units past B and H are read as 0, or clamped, and not written; ids are below V because the
        // text was made of the vocabulary.
        unsafe {
            step_forward::launch_unchecked(
                client,
                count,
                dim,
                buffers.ids.0.clone().into_buffer_arg(),
                buffers.input.clone().into_buffer_arg(),
                buffers.weight.clone().into_buffer_arg(),
                buffers.biases.0.clone().into_buffer_arg(),
                buffers.record.clone().into_buffer_arg(),
                buffers.ids.1,
                buffers.biases.1,
                index,
                steps,
                batch,
                cell,
                hidden,
                form,
            );
        }
    }
    if form.carry {
        state(false);
    }
}

/// Copies the state before the first step to the tape, or that after the last one back; [B, H] each.
#[cube(launch_unchecked)]
fn exchange_state(
    state: &mut [f32],
    tape: &mut [f32],
    first_state: usize,
    steps: usize,
    batch: usize,
    #[comptime] cell: Cell,
    #[comptime] hidden: usize,
    #[comptime] keep: bool,
    #[comptime] begin: bool,
) {
    let at = ABSOLUTE_POS;
    let places = step::places(steps, batch, cell, hidden);
    let lstm = comptime!(cell == Cell::Lstm);
    if at < places.step {
        let h = first_state + at;
        let c = h + places.step;
        if comptime!(begin) {
            tape[at] = state[h];
            if comptime!(lstm) {
                tape[places.last_cell + at] = state[c];
                if comptime!(keep) {
                    tape[places.cells + at] = state[c];
                }
            }
        } else {
            state[h] = tape[steps * places.step + at];
            if comptime!(lstm) {
                state[c] = tape[places.last_cell + at];
            }
        }
    }
}

/// Step `index`. What is c after the last step in the end is c after this one until then.
#[cube(launch_unchecked)]
fn step_forward(
    ids: &[i32],
    input: &[f32],
    weight: &[f32],
    biases: &[f32],
    tape: &mut [f32],
    first_id: usize,
    recurrent_bias: usize,
    index: usize,
    steps: usize,
    batch: usize,
    #[comptime] cell: Cell,
    #[comptime] hidden: usize,
    #[comptime] form: ForwardForm,
) {
    let gates = comptime!(cell.gates());
    let pitch = comptime!(TILE + 1);
    let lane_row = UNIT_POS as usize / UNITS;
    let lane_unit = UNIT_POS as usize % UNITS;
    let first_row = CUBE_POS_Y as usize * TILE;
    let first_unit = CUBE_POS_X as usize * TILE;
    let places = step::places(steps, batch, cell, hidden);
    let mut rows = Shared::<[f32]>::new_slice(SHARED);
    let mut weights = Shared::<[f32]>::new_slice(comptime!(cell.gates() * SHARED));
    let mut totals = Array::<f32>::new(comptime!(cell.gates() * SIDE * SIDE));
    #[unroll]
    for total in 0..comptime!(cell.gates() * SIDE * SIDE) {
        totals[total] = f32::new(0.0);
    }
    let mut term = 0usize.runtime();
    while term < hidden {
        fetch(&*tape, &mut rows, index * places.step, hidden, first_row, batch, term, hidden, 0usize, false, TILE);
        #[unroll]
        for gate in 0..gates {
            let start = gate * hidden * hidden;
            fetch(weight, &mut weights, start, hidden, first_unit, hidden, term, hidden, gate * SHARED, false, TILE);
        }
        sync_cube();
        for depth in 0..DEPTH {
            let mut values = Array::<f32>::new(SIDE);
            #[unroll]
            for i in 0..SIDE {
                values[i] = rows[depth * pitch + i * UNITS + lane_row];
            }
            #[unroll]
            for gate in 0..gates {
                #[unroll]
                for j in 0..SIDE {
                    let factor = weights[gate * SHARED + depth * pitch + j * UNITS + lane_unit];
                    #[unroll]
                    for i in 0..SIDE {
                        totals[(i * SIDE + j) * gates + gate] += values[i] * factor;
                    }
                }
            }
        }
        sync_cube();
        term += DEPTH;
    }
    #[unroll]
    for i in 0..SIDE {
        #[unroll]
        for j in 0..SIDE {
            let row = first_row + i * UNITS + lane_row;
            let unit = first_unit + j * UNITS + lane_unit;
            if row < batch && unit < hidden {
                let position = index * batch + row;
                let at = row * hidden + unit;
                let from = step::input_row(ids, first_id + position, position, form);
                let mut recurrent = Array::<f32>::new(gates);
                #[unroll]
                for gate in 0..gates {
                    recurrent[gate] = totals[(i * SIDE + j) * gates + gate];
                }
                let mut kept_values = Array::<f32>::new(comptime!(kept(cell) + 1));
                let cell_before =
                    if comptime!(cell == Cell::Lstm) { tape[places.last_cell + at] } else { f32::new(0.0) };
                let before = tape[index * places.step + at];
                step::forward(
                    input,
                    biases,
                    tape,
                    &mut recurrent,
                    &mut kept_values,
                    before,
                    cell_before,
                    from,
                    position,
                    unit,
                    recurrent_bias,
                    true,
                    &places,
                    cell,
                    hidden,
                    form,
                );
                if comptime!(cell == Cell::Lstm && form.ordered) {
                    if ids[first_id + position] >= 0 {
                        tape[places.last_cell + at] = kept_values[4];
                    }
                }
                if comptime!(cell == Cell::Lstm && !form.ordered) {
                    tape[places.last_cell + at] = kept_values[4];
                }
            }
        }
    }
}

/// Where a dispatch of the backward pass stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    /// The last step, to which nothing comes from a later one.
    Last,
    /// A step before it.
    Between,
    /// Past the first step, at the state before it.
    Before,
}

/// All steps backward.
pub fn backward(tape: Tape, form: BackwardForm, buffers: BackwardBuffers) {
    let past = empty(buffers.record, [tape.step()]);
    let dispatch = |part: Part, index: usize| {
        let (count, dim) = tiles(tape);
        // SAFETY: rows and units past B and H are read as 0, and not written.
        unsafe {
            step_backward::launch_unchecked(
                &buffers.record.client,
                count,
                dim,
                buffers.record.clone().into_buffer_arg(),
                buffers.above.clone().into_buffer_arg(),
                buffers.weight.clone().into_buffer_arg(),
                buffers.sums.clone().into_buffer_arg(),
                past.clone().into_buffer_arg(),
                buffers.first_state.clone().into_buffer_arg(),
                buffers.order.clone().into_buffer_arg(),
                index,
                tape.steps,
                tape.batch,
                tape.cell,
                tape.hidden,
                form,
                part,
            );
        }
    };
    dispatch(Part::Last, tape.steps - 1);
    for index in (0..tape.steps - 1).rev() {
        dispatch(Part::Between, index);
    }
    if form.first_state {
        dispatch(Part::Before, 0);
    }
}

/// Step `index`, or the state before step 0. `past` [B, H]: what goes past the step after.
#[cube(launch_unchecked)]
fn step_backward(
    tape: &[f32],
    above: &[f32],
    weight: &[f32],
    gradients: &mut [f32],
    past: &mut [f32],
    first_state: &mut [f32],
    order: &[i32],
    index: usize,
    steps: usize,
    batch: usize,
    #[comptime] cell: Cell,
    #[comptime] hidden: usize,
    #[comptime] form: BackwardForm,
    #[comptime] part: Part,
) {
    let gates = comptime!(cell.gates());
    let pitch = comptime!(TILE + 1);
    let columns = comptime!(blocks(cell) * hidden);
    let lane_row = UNIT_POS as usize / UNITS;
    let lane_unit = UNIT_POS as usize % UNITS;
    let first_row = CUBE_POS_Y as usize * TILE;
    let first_unit = CUBE_POS_X as usize * TILE;
    let places = step::places(steps, batch, cell, hidden);
    let mut totals = Array::<f32>::new(comptime!(SIDE * SIDE));
    #[unroll]
    for total in 0..comptime!(SIDE * SIDE) {
        totals[total] = f32::new(0.0);
    }
    if comptime!(part != Part::Last) {
        let mut rows = Shared::<[f32]>::new_slice(SHARED);
        let mut weights = Shared::<[f32]>::new_slice(SHARED);
        let after = if comptime!(part == Part::Before) { index } else { index + 1 };
        #[unroll]
        for gate in 0..gates {
            let block = comptime!(block_of(cell, gate) * hidden);
            let start = after * batch * columns + block;
            let weight_start = gate * hidden * hidden;
            let mut term = 0usize.runtime();
            while term < hidden {
                fetch(&*gradients, &mut rows, start, columns, first_row, batch, term, hidden, 0usize, false, TILE);
                fetch(weight, &mut weights, weight_start, hidden, first_unit, hidden, term, hidden, 0usize, true, TILE);
                sync_cube();
                for depth in 0..DEPTH {
                    #[unroll]
                    for i in 0..SIDE {
                        let value = rows[depth * pitch + i * UNITS + lane_row];
                        #[unroll]
                        for j in 0..SIDE {
                            totals[i * SIDE + j] += value * weights[depth * pitch + j * UNITS + lane_unit];
                        }
                    }
                }
                sync_cube();
                term += DEPTH;
            }
        }
    }
    #[unroll]
    for i in 0..SIDE {
        #[unroll]
        for j in 0..SIDE {
            let row = first_row + i * UNITS + lane_row;
            let unit = first_unit + j * UNITS + lane_unit;
            if row < batch && unit < hidden {
                let at = row * hidden + unit;
                if comptime!(part == Part::Before) {
                    first_state[at] = totals[i * SIDE + j];
                    if comptime!(cell == Cell::Gru) {
                        first_state[at] += past[at];
                    }
                    if comptime!(cell == Cell::Lstm) {
                        first_state[places.step + at] = past[at];
                    }
                } else {
                    let position = index * batch + row;
                    let mut gradient = above[position * hidden + unit] + totals[i * SIDE + j];
                    let mut gone_past = if comptime!(part == Part::Between) {
                        past[at]
                    } else if comptime!(form.last_cell) {
                        above[steps * places.step + at]
                    } else {
                        f32::new(0.0)
                    };
                    if comptime!(form.ordered) {
                        if usize::cast_from(order[steps * batch + row]) == position {
                            let last = steps * places.step + at;
                            gradient += above[last];
                            if comptime!(cell == Cell::Lstm) {
                                gone_past += above[last + places.step];
                            }
                        }
                    }
                    if comptime!(form.arrived) {
                        step::arrive(gradients, gradient, gone_past, position, unit, steps * batch, cell, hidden);
                    }
                    let mut of_step = Array::<f32>::new(comptime!(blocks(cell)));
                    past[at] = step::backward(
                        tape,
                        gradients,
                        &mut of_step,
                        gradient,
                        gone_past,
                        position,
                        unit,
                        true,
                        &places,
                        cell,
                        hidden,
                    );
                }
            }
        }
    }
}
