//! Matrix products: C = op(A) op(B), row-major, read and written where they stand in larger buffers.
//!
//! A cube computes a square tile of C with 8 × 8 units, each a square of numbers in registers. Tiles of A and B go
//! through shared memory, [`DEPTH`] terms at a time. A unit's rows and columns are 8 apart, so that neighbours read
//! neighbouring numbers of B's tile and write neighbouring numbers of C. The large tile, 64, reads memory half as often
//! and keeps 64 numbers in registers; the small one, 32, makes four times as many cubes of a small C.
//!
//! Shared memory: 2 · 16 · 65 numbers, 8 KiB.

use burn::backend::{TensorMetadata, ops::FloatTensorOps, tensor::FloatTensor};
use burn_cubecl::{CubeBackend, kernel::into_contiguous, tensor::CubeTensor};
use cubecl::prelude::*;

use super::empty;
use crate::linear::{
    Form,
    extension::{Kernels, sizes},
};

/// Units along a side of a tile.
pub const UNITS: usize = 8;
/// Terms of a tile in shared memory.
pub const DEPTH: usize = 16;
/// Tiles that keep a GPU busy: before there are as many large ones, small ones are taken.
const TILES: usize = 32;

/// A matrix in a buffer: where it begins, and how far apart its rows are.
#[derive(Clone, Debug)]
pub struct Matrix {
    pub buffer: CubeTensor,
    pub start: usize,
    pub stride: usize,
}

impl Matrix {
    /// Rows of `columns` that fill `buffer`.
    pub fn all(buffer: &CubeTensor, columns: usize) -> Self {
        Matrix { buffer: buffer.clone(), start: 0, stride: columns }
    }

    /// The same from number `start` on.
    pub fn from(self, start: usize) -> Self {
        Matrix { start, ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Plan {
    form: Form,
    /// A tile's side over [`UNITS`].
    side: usize,
    beside: Beside,
}

/// What a product does besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Beside {
    Nothing,
    /// Adds a bias to each row of C.
    AddBias,
    /// Sums op(A)'s rows.
    SumRows,
}

impl Plan {
    const fn tile(self) -> usize {
        self.side * UNITS
    }

    /// From a row of a tile in shared memory to the next: odd, because tiles are written across.
    const fn pitch(self) -> usize {
        self.tile() + 1
    }
}

/// C [m, n] = op(A) op(B) over k terms, `shape` [m, n, k]; and to `sums`, if any, from the number after it on, the sums of
/// op(A)'s rows, [m].
pub fn multiply(form: Form, shape: [usize; 3], a: Matrix, b: Matrix, c: Matrix, sums: Option<(CubeTensor, usize)>) {
    let beside = if sums.is_some() { Beside::SumRows } else { Beside::Nothing };
    let sums = sums.unwrap_or_else(|| (empty(&c.buffer, [1]), 0));
    let bias = b.buffer.clone();
    launch(form, beside, 1, shape, [a, b, c], bias, sums);
}

/// op(A) op(B) in a buffer of its own, [m, n]; the bias [n] that `bias` begins with, if any, is added to each row.
pub fn product(form: Form, shape: [usize; 3], a: Matrix, b: Matrix, bias: Option<CubeTensor>) -> CubeTensor {
    let [m, n, _] = shape;
    let result = empty(&a.buffer, [m, n]);
    products(form, 1, shape, a, b, &result, bias);
    result
}

/// The same of `pairs` pairs, whose matrices follow one another, into `result`.
fn products(
    form: Form,
    pairs: usize,
    shape: [usize; 3],
    a: Matrix,
    b: Matrix,
    result: &CubeTensor,
    bias: Option<CubeTensor>,
) {
    let beside = if bias.is_some() { Beside::AddBias } else { Beside::Nothing };
    let bias = bias.unwrap_or_else(|| b.buffer.clone());
    launch(form, beside, pairs, shape, [a, b, Matrix::all(result, shape[1])], bias, (empty(result, [1]), 0));
}

/// What is not wanted `beside` may be any buffer.
fn launch(
    form: Form,
    beside: Beside,
    pairs: usize,
    [m, n, k]: [usize; 3],
    [a, b, c]: [Matrix; 3],
    bias: CubeTensor,
    (sums, first_sum): (CubeTensor, usize),
) {
    let large = pairs * m.div_ceil(64) * n.div_ceil(64) >= TILES;
    let plan = Plan { form, side: if large { 8 } else { 4 }, beside };
    let client = c.buffer.client.clone();
    let [across, down] = [n, m].map(|count| count.div_ceil(plan.tile()) as u32);
    // SAFETY: numbers outside of A and B are taken as 0 without being read, numbers outside of C are not written.
    unsafe {
        tiles::launch_unchecked(
            &client,
            CubeCount::Static(across, down, pairs as u32),
            CubeDim::new_1d((UNITS * UNITS) as u32),
            a.buffer.into_buffer_arg(),
            b.buffer.into_buffer_arg(),
            bias.into_buffer_arg(),
            c.buffer.into_buffer_arg(),
            sums.into_buffer_arg(),
            a.start,
            a.stride,
            b.start,
            b.stride,
            c.start,
            c.stride,
            first_sum,
            m,
            n,
            k,
            plan,
        );
    }
}

#[cube(launch_unchecked)]
fn tiles(
    a: &[f32],
    b: &[f32],
    bias: &[f32],
    c: &mut [f32],
    sums: &mut [f32],
    a_start: usize,
    a_stride: usize,
    b_start: usize,
    b_stride: usize,
    c_start: usize,
    c_stride: usize,
    first_sum: usize,
    m: usize,
    n: usize,
    k: usize,
    #[comptime] plan: Plan,
) {
    let side = comptime!(plan.side);
    let pitch = comptime!(plan.pitch());
    let row = UNIT_POS as usize / UNITS;
    let column = UNIT_POS as usize % UNITS;
    let first_row = CUBE_POS_Y as usize * comptime!(plan.tile());
    let first_column = CUBE_POS_X as usize * comptime!(plan.tile());
    let (left_along, right_along) = comptime!((plan.form == Form::LeftTransposed, plan.form != Form::RightTransposed));
    let pair = CUBE_POS_Z as usize;
    let a_rows = if comptime!(left_along) { k } else { m };
    let b_rows = if comptime!(right_along) { k } else { n };
    let a_start = a_start + pair * a_rows * a_stride;
    let b_start = b_start + pair * b_rows * b_stride;
    let c_start = c_start + pair * m * c_stride;
    let mut left = Shared::<[f32]>::new_slice(comptime!(DEPTH * plan.pitch()));
    let mut right = Shared::<[f32]>::new_slice(comptime!(DEPTH * plan.pitch()));
    let mut totals = Array::<f32>::new(comptime!(plan.side * plan.side));
    let mut row_sums = Array::<f32>::new(side);
    #[unroll]
    for i in 0..side {
        row_sums[i] = f32::new(0.0);
        #[unroll]
        for j in 0..side {
            totals[i * side + j] = f32::new(0.0);
        }
    }
    let mut term = 0usize.runtime();
    while term < k {
        let tile = comptime!(plan.tile());
        fetch(a, &mut left, a_start, a_stride, first_row, m, term, k, 0usize, left_along, tile);
        fetch(b, &mut right, b_start, b_stride, first_column, n, term, k, 0usize, right_along, tile);
        sync_cube();
        for depth in 0..DEPTH {
            let mut ours = Array::<f32>::new(side);
            let mut theirs = Array::<f32>::new(side);
            #[unroll]
            for i in 0..side {
                ours[i] = left[depth * pitch + i * UNITS + row];
                theirs[i] = right[depth * pitch + i * UNITS + column];
            }
            #[unroll]
            for i in 0..side {
                if comptime!(plan.beside == Beside::SumRows) {
                    row_sums[i] += ours[i];
                }
                #[unroll]
                for j in 0..side {
                    totals[i * side + j] += ours[i] * theirs[j];
                }
            }
        }
        sync_cube();
        term += DEPTH;
    }
    #[unroll]
    for i in 0..side {
        let to_row = first_row + i * UNITS + row;
        if to_row < m {
            #[unroll]
            for j in 0..side {
                let to_column = first_column + j * UNITS + column;
                if to_column < n {
                    let mut total = totals[i * side + j];
                    if comptime!(plan.beside == Beside::AddBias) {
                        total += bias[to_column];
                    }
                    c[c_start + to_row * c_stride + to_column] = total;
                }
            }
            if comptime!(plan.beside == Beside::SumRows) {
                if first_column + column == 0 {
                    sums[first_sum + to_row] = row_sums[i];
                }
            }
        }
    }
}

impl Kernels for CubeBackend {
    fn multiply(
        form: Form,
        left: FloatTensor<Self>,
        right: FloatTensor<Self>,
        bias: Option<FloatTensor<Self>>,
    ) -> FloatTensor<Self> {
        let (pairs, [m, n, k]) = sizes(form, &left, &right);
        let result = empty(&left, [pairs, m, n]);
        if pairs * m * n > 0 {
            let (left, right) = (rows(left), rows(right));
            products(form, pairs, [m, n, k], left, right, &result, bias.map(into_contiguous));
        }
        result
    }

    fn weight_gradients(gradient: FloatTensor<Self>, input: FloatTensor<Self>) -> [FloatTensor<Self>; 2] {
        let (_, [outputs, inputs, positions]) = sizes(Form::LeftTransposed, &gradient, &input);
        let [weight, bias] = [empty(&gradient, [outputs * inputs]), empty(&gradient, [outputs])];
        let place = Matrix::all(&weight, inputs);
        let sums = Some((bias.clone(), 0));
        multiply(Form::LeftTransposed, [outputs, inputs, positions], rows(gradient), rows(input), place, sums);
        [Self::float_reshape(weight, [1, outputs, inputs].into()), bias]
    }
}

/// The last dimension as rows.
fn rows(tensor: CubeTensor) -> Matrix {
    let [_, _, columns] = tensor.shape().dims();
    Matrix::all(&into_contiguous(tensor), columns)
}

/// Brings a tile of a matrix from number `start` on to shared memory, [DEPTH, tile + 1] from number `to_start` on, by a
/// cube of [`UNITS`]² units. What is past `count` or `terms` is 0. `along`: neighbours in memory are neighbours along the
/// tile's side, else along the terms.
#[cube]
pub fn fetch(
    from: &[f32],
    to: &mut Shared<[f32]>,
    start: usize,
    stride: usize,
    first: usize,
    count: usize,
    first_term: usize,
    terms: usize,
    #[comptime] to_start: usize,
    #[comptime] along: bool,
    #[comptime] tile: usize,
) {
    let mut index = UNIT_POS as usize;
    while index < comptime!(DEPTH * tile) {
        let depth = if comptime!(along) { index / tile } else { index % DEPTH };
        let place = if comptime!(along) { index % tile } else { index / DEPTH };
        let mut value = f32::new(0.0);
        if first + place < count && first_term + depth < terms {
            let at = if comptime!(along) {
                (first_term + depth) * stride + first + place
            } else {
                (first + place) * stride + first_term + depth
            };
            value = from[start + at];
        }
        to[to_start + depth * comptime!(tile + 1) + place] = value;
        index += comptime!(UNITS * UNITS);
    }
}
