//! Sums of the rows of a matrix: those of each token, which are the gradient of a token table, and all of them, which are
//! that of a bias.

use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Units of a cube, side by side along a row of the table, and how many numbers of it each of them sums.
const UNITS: usize = 32;
const WIDTH: usize = 4;
/// Columns and rows at a time of a cube that sums all rows.
const COLUMNS: usize = 32;
const LANES: usize = 8;

/// Sums the first columns of `rows` [N, S] by token, to `table` [V, C], or adds them to what is there.
///
/// The positions of a token stand together in the chunk's part of the order, from `order.1` on; where they begin and end
/// is searched for in halves.
pub fn sum_by_token(
    rows: &CubeTensor,
    text: (&CubeTensor, usize),
    order: (&CubeTensor, usize),
    table: &CubeTensor,
    [symbols, columns]: [usize; 2],
    add: bool,
) {
    let [positions, stride] = rows.shape().dims();
    // SAFETY: a unit past the last column reads the last one, and writes nothing; the order is one of the N positions.
    unsafe {
        rows_of_token::launch_unchecked(
            &rows.client,
            CubeCount::Static(columns.div_ceil(UNITS * WIDTH) as u32, symbols as u32, 1),
            CubeDim::new_1d(UNITS as u32),
            rows.clone().into_buffer_arg(),
            text.0.clone().into_buffer_arg(),
            order.0.clone().into_buffer_arg(),
            table.clone().into_buffer_arg(),
            text.1,
            order.1,
            positions,
            stride,
            columns,
            add,
        );
    }
}

#[cube(launch_unchecked)]
fn rows_of_token(
    rows: &[f32],
    text: &[i32],
    order: &[i32],
    table: &mut [f32],
    first_id: usize,
    first_order: usize,
    positions: usize,
    stride: usize,
    columns: usize,
    #[comptime] add: bool,
) {
    let symbol = CUBE_POS_Y as usize;
    let first_column = CUBE_POS_X as usize * comptime!(UNITS * WIDTH) + UNIT_POS as usize;
    let mut sums = Array::<f32>::new(WIDTH);
    #[unroll]
    for next in 0..WIDTH {
        sums[next] = f32::new(0.0);
    }
    let mut place = first_of(symbol, text, order, first_id, first_order, positions);
    let end = first_of(symbol + 1, text, order, first_id, first_order, positions);
    while place < end {
        let row = usize::cast_from(order[first_order + place]) * stride;
        #[unroll]
        for next in 0..WIDTH {
            sums[next] += rows[row + (first_column + next * UNITS).min(columns - 1)];
        }
        place += 1;
    }
    #[unroll]
    for next in 0..WIDTH {
        let column = first_column + next * UNITS;
        if column < columns {
            let at = symbol * columns + column;
            if comptime!(add) {
                sums[next] += table[at];
            }
            table[at] = sums[next];
        }
    }
}

/// The first place in the order whose token is `symbol` or a later one.
#[cube]
fn first_of(
    symbol: usize,
    text: &[i32],
    order: &[i32],
    first_id: usize,
    first_order: usize,
    positions: usize,
) -> usize {
    let mut low = 0usize.runtime();
    let mut high = positions;
    while low < high {
        let middle = (low + high) / 2;
        let position = usize::cast_from(order[first_order + middle]);
        if usize::cast_from(text[first_id + position]) < symbol {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Sums the first `columns` of `rows` [N, S], to `sums` [C].
pub fn sum_columns(rows: &CubeTensor, columns: usize, sums: &CubeTensor) {
    let [positions, stride] = rows.shape().dims();
    // SAFETY: a unit past the last column reads the last one, and writes nothing.
    unsafe {
        all_rows::launch_unchecked(
            &rows.client,
            CubeCount::Static(columns.div_ceil(COLUMNS) as u32, 1, 1),
            CubeDim::new_2d(COLUMNS as u32, LANES as u32),
            rows.clone().into_buffer_arg(),
            sums.clone().into_buffer_arg(),
            positions,
            stride,
            columns,
        );
    }
}

#[cube(launch_unchecked)]
fn all_rows(rows: &[f32], sums: &mut [f32], positions: usize, stride: usize, columns: usize) {
    let column = ABSOLUTE_POS_X as usize;
    let lane = UNIT_POS_Y as usize;
    let from = column.min(columns - 1);
    let mut found = Shared::<[f32]>::new_slice(comptime!(COLUMNS * LANES));
    let mut sum = f32::new(0.0);
    let mut position = lane;
    while position < positions {
        sum += rows[position * stride + from];
        position += LANES;
    }
    found[UNIT_POS as usize] = sum;
    sync_cube();
    if lane == 0 && column < columns {
        #[unroll]
        for other in 1..LANES {
            sum += found[other * COLUMNS + UNIT_POS_X as usize];
        }
        sums[column] = sum;
    }
}
