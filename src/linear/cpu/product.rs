//! Matrix products on one core, of matrices in [`Strips`].
//!
//! A tile of the result, M rows of N vectors, stays in registers while its terms are added up: each term is N vectors of
//! one matrix times M numbers of the other. A tile's sum always has the same order: the same inputs give the same bits.

use std::{hint::black_box, ops::Range};

use super::{
    strips::{Buffer, Strips},
    vector::{Kernel, Vector, lanes, run},
};

/// Rows of a weight matrix, as strips take them: block after block of `units` rows, each cut into vectors.
#[derive(Clone, Copy)]
pub struct Blocks<'a> {
    /// Which block of the matrix comes first, second, …
    pub order: &'a [usize],
    pub units: usize,
}

impl Blocks<'_> {
    /// Strips of one block.
    pub fn strips(self, lanes: usize) -> usize {
        self.units.div_ceil(lanes)
    }

    /// The rows of the matrix that strip `strip` of block `block` holds.
    fn rows(self, block: usize, strip: usize, lanes: usize) -> Range<usize> {
        let first = self.order[block] * self.units;
        first + strip * lanes..first + self.units.min((strip + 1) * lanes)
    }
}

/// In which order panels hold the strips of blocks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The first strip of every block, then the second of every block, and so on.
    Together,
    /// All strips of the first block, then all of the second, as on a tape.
    InTurn,
}

/// A weight matrix copied in the order in which tiles read it: N vectors of each term, one term after the other, then
/// the next N vectors. Filled up with zeros.
#[derive(Default)]
pub struct Panels {
    buffer: Buffer,
    /// Strips of the other matrix that a product goes through.
    strips: usize,
    /// Numbers of a panel.
    size: usize,
    count: usize,
}

impl Panels {
    fn reserve(&mut self, strips: usize, vectors: usize, count: usize) {
        (self.strips, self.size, self.count) = (strips, strips * vectors * lanes() * lanes(), count);
        self.buffer.reserve(count * self.size);
        self.buffer.numbers_mut()[..count * self.size].fill(0.0);
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// For products with the transpose of `matrix`, [rows, columns]: terms are its columns, and the vectors of the panels
    /// are the strips of its rows.
    pub fn pack_transposed(&mut self, matrix: &[f32], columns: usize, blocks: Blocks, order: Order, vectors: usize) {
        let (lanes, width) = (lanes(), vectors * lanes());
        let (strips, count) = (blocks.strips(lanes), blocks.order.len());
        self.reserve(columns.div_ceil(lanes), vectors, (strips * count).div_ceil(vectors));
        for index in 0..strips * count {
            let (block, strip) = match order {
                Order::Together => (index % count, index / count),
                Order::InTurn => (index / strips, index % strips),
            };
            let panel = &mut self.buffer.numbers_mut()[index / vectors * self.size..];
            for (lane, row) in blocks.rows(block, strip, lanes).enumerate() {
                let row = &matrix[row * columns..(row + 1) * columns];
                let places = panel[index % vectors * lanes + lane..].iter_mut().step_by(width);
                for (place, number) in places.zip(row) {
                    *place = *number;
                }
            }
        }
    }

    /// For products with `matrix`, [rows, columns]: terms are its rows, strip by strip and block by block, and the vectors
    /// of the panels are the strips of its columns.
    pub fn pack(&mut self, matrix: &[f32], columns: usize, blocks: Blocks, vectors: usize) {
        let width = vectors * lanes();
        self.reserve(blocks.order.len() * blocks.strips(lanes()), vectors, columns.div_ceil(width));
        run(Pack { panels: self, matrix, columns, blocks, vectors });
    }

    /// Multiplies `rows` of what `product` names with all panels, which have N vectors.
    #[inline(always)]
    pub fn multiply<V: Vector, const N: usize>(&self, rows: Range<usize>, product: &mut impl Product<V, N>) {
        for first in rows.clone().step_by(ROWS_TOGETHER) {
            for panel in 0..self.count {
                self.multiply_panel(panel, first..rows.end.min(first + ROWS_TOGETHER), product);
            }
        }
    }

    #[inline(always)]
    fn multiply_panel<V: Vector, const N: usize>(
        &self,
        panel: usize,
        rows: Range<usize>,
        product: &mut impl Product<V, N>,
    ) {
        let start = product.start(panel);
        let mut row = rows.start;
        macro_rules! tile {
            ($rows:literal) => {{
                let (left, strip) = product.left();
                let sums = self.tile::<V, $rows, N>(panel, left, left.at(strip, row), [start; $rows]);
                product.take::<$rows>(panel, row, sums);
                row += $rows;
            }};
        }
        // As many rows as leave registers for the factors: some are wanted to hide the latency of a sum.
        while row < rows.end {
            match (V::REGISTERS, N, rows.end - row) {
                (32, 2, 8..) => tile!(8),
                (32, _, 4..) | (_, 2, 4..) => tile!(4),
                (_, _, 2..) => tile!(2),
                _ => tile!(1),
            }
        }
    }

    /// `sums` + M rows of `left`, from its number `at` on, times panel `panel`, which has N vectors.
    #[inline(always)]
    fn tile<V: Vector, const M: usize, const N: usize>(
        &self,
        panel: usize,
        left: &Strips,
        at: usize,
        mut sums: [[V; N]; M],
    ) -> [[V; N]; M] {
        let panel = &self.buffer.numbers()[panel * self.size..(panel + 1) * self.size];
        let (numbers, stride) = (left.numbers(), left.stride());
        assert!(at + self.strips.saturating_sub(1) * stride + M * V::LANES <= numbers.len());
        assert!(self.strips * V::LANES * N * V::LANES == panel.len());
        let (mut left, mut right) = (numbers[at..].as_ptr(), panel.as_ptr());
        // One term a turn: compilers that know how many there are unroll them, and a browser's then runs out of registers.
        let lanes = black_box(V::LANES);
        for _ in 0..self.strips {
            for lane in 0..lanes {
                // SAFETY: the assertions above: `left` has M vectors in each strip, `right` N for each of their numbers.
                unsafe { add_term(&mut sums, left.add(lane), V::LANES, right, V::LANES) };
                right = right.wrapping_add(N * V::LANES);
            }
            left = left.wrapping_add(stride);
        }
        sums
    }
}

/// A bias block by block, each from a multiple of a vector on.
pub fn pack_bias(packed: &mut Buffer, bias: &[f32], blocks: Blocks) {
    let padded = blocks.units.next_multiple_of(lanes());
    packed.reserve(blocks.order.len() * padded);
    for (place, &block) in packed.numbers_mut().chunks_exact_mut(padded).zip(blocks.order) {
        place[..blocks.units].copy_from_slice(&bias[block * blocks.units..(block + 1) * blocks.units]);
        place[blocks.units..].fill(0.0);
    }
}

struct Pack<'a> {
    panels: &'a mut Panels,
    matrix: &'a [f32],
    columns: usize,
    blocks: Blocks<'a>,
    vectors: usize,
}

impl Kernel for Pack<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Pack { panels, matrix, columns, blocks, vectors } = self;
        let (strips, width) = (blocks.strips(V::LANES), vectors * V::LANES);
        for (panel, first) in panels.buffer.numbers_mut().chunks_exact_mut(panels.size).zip((0..columns).step_by(width))
        {
            for block in 0..blocks.order.len() {
                for strip in 0..strips {
                    for (lane, row) in blocks.rows(block, strip, V::LANES).enumerate() {
                        let row = &matrix[row * columns..(row + 1) * columns];
                        let place = ((block * strips + strip) * V::LANES + lane) * width;
                        for vector in (0..width).step_by(V::LANES) {
                            V::load_part(row, first + vector).store(panel, place + vector);
                        }
                    }
                }
            }
        }
    }
}

/// Rows that go through all panels before the next ones do: they stay in the second-level cache.
const ROWS_TOGETHER: usize = 128;

/// What is multiplied with panels of N vectors, and what becomes of the sums.
pub trait Product<V: Vector, const N: usize> {
    /// The matrix whose rows are multiplied, and its first strip.
    fn left(&self) -> (&Strips, usize);

    /// What the sums of a panel start with.
    #[inline(always)]
    fn start(&self, _panel: usize) -> [V; N] {
        [V::splat(0.0); N]
    }

    /// Takes the sums of M rows, from row `row` on, and a panel.
    fn take<const M: usize>(&mut self, panel: usize, row: usize, sums: [[V; N]; M]);
}

/// Vectors that a panel of a product without gates holds.
pub const VECTORS: usize = 2;

/// The sums of all rows for one vector of a panel.
#[inline(always)]
pub fn column<V: Vector, const N: usize, const M: usize>(sums: &[[V; N]; M], n: usize) -> [V; M] {
    let mut column = [V::splat(0.0); M];
    for (vector, sums) in column.iter_mut().zip(sums) {
        *vector = sums[n];
    }
    column
}

/// A product whose rows are kept as they are: those of `left`, from its strip `first_strip` on, with `panels`, which have
/// [`VECTORS`] vectors. They go to the same rows of `out`, from its strip `out_strip` on.
pub struct Plain<'a> {
    pub panels: &'a Panels,
    /// Where the sums start, strip by strip.
    pub bias: Option<&'a Buffer>,
    pub left: &'a Strips,
    pub first_strip: usize,
    pub out: &'a mut Strips,
    pub out_strip: usize,
    /// Strips of the result.
    pub strips: usize,
    pub rows: Range<usize>,
}

impl Plain<'_> {
    pub fn compute(self) {
        run(self);
    }
}

impl Kernel for Plain<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(mut self) {
        let (panels, rows) = (self.panels, self.rows.clone());
        panels.multiply::<V, VECTORS>(rows, &mut self);
    }
}

impl<V: Vector> Product<V, VECTORS> for Plain<'_> {
    #[inline(always)]
    fn left(&self) -> (&Strips, usize) {
        (self.left, self.first_strip)
    }

    #[inline(always)]
    fn start(&self, panel: usize) -> [V; VECTORS] {
        let mut start = [V::splat(0.0); VECTORS];
        if let Some(bias) = self.bias {
            for (n, start) in start.iter_mut().enumerate() {
                // The last panel may have room for more strips than there are.
                *start = V::load(bias.numbers(), (panel * VECTORS + n).min(self.strips - 1) * V::LANES);
            }
        }
        start
    }

    #[inline(always)]
    fn take<const M: usize>(&mut self, panel: usize, row: usize, sums: [[V; VECTORS]; M]) {
        for (n, strip) in (panel * VECTORS..self.strips).take(VECTORS).enumerate() {
            self.out.set_window(self.out_strip + strip, row, column(&sums, n));
        }
    }
}

/// A product that sums over rows, leftᵀ × right: what a weight's gradient is, over batch × time.
pub struct Transposed<'a> {
    /// Rows of the result are the columns of `left`, from its strip `first_strip` on, as `blocks` orders them.
    pub left: &'a Strips,
    pub first_strip: usize,
    pub blocks: Blocks<'a>,
    /// Columns of the result are those of `right`.
    pub right: &'a Strips,
    pub columns: usize,
    /// First rows of each, and how many are summed.
    pub first: [usize; 2],
    pub rows: usize,
}

/// Numbers of a strip that are summed before the result is written back: they stay in the first-level cache.
const STRIP_CHUNK: usize = 2048;

impl Transposed<'_> {
    /// Adds the product to `weight`, [rows, columns], and the sums of the columns of `left` to `bias`, [rows].
    pub fn add_to(&self, weight: &mut [f32], bias: &mut [f32]) {
        run(AddTransposed { product: self, weight, bias });
    }

    #[inline(always)]
    fn add_tiles<V: Vector, const M: usize, const N: usize>(&self, weight: &mut [f32], bias: &mut [f32]) {
        let right_strips = self.columns.div_ceil(V::LANES);
        let strips = self.blocks.strips(V::LANES);
        for start in (0..self.rows).step_by(STRIP_CHUNK / V::LANES) {
            let count = (self.rows - start).min(STRIP_CHUNK / V::LANES);
            let [left_row, right_row] = self.first.map(|first| first + start);
            for right_strip in (0..right_strips).step_by(N) {
                let right = &self.right.numbers()[self.right.at(right_strip, right_row)..];
                // Where there are not N more, the first is computed again and not written.
                let apart = if right_strip + N <= right_strips { self.right.stride() } else { 0 };
                for (block, strip) in
                    (0..self.blocks.order.len()).flat_map(|block| (0..strips).map(move |strip| (block, strip)))
                {
                    let left = part::<V>(self.left, self.first_strip + block * strips + strip, left_row, count);
                    let rows = self.blocks.rows(block, strip, V::LANES);
                    if right_strip == 0 {
                        column_sums::<V>(left).add_to_part(&mut bias[rows.clone()], 0);
                    }
                    for (first, row) in (0..V::LANES).step_by(M).zip(rows.clone().step_by(M)) {
                        let sums = transposed_tile::<V, M, N>(left, first, right, apart);
                        for (sums, row) in sums.iter().zip(row..rows.end) {
                            let weight = &mut weight[row * self.columns..(row + 1) * self.columns];
                            for (n, sum) in sums.iter().enumerate() {
                                sum.add_to_part(weight, (right_strip + n) * V::LANES);
                            }
                        }
                    }
                }
            }
        }
    }
}

struct AddTransposed<'a> {
    product: &'a Transposed<'a>,
    weight: &'a mut [f32],
    bias: &'a mut [f32],
}

impl Kernel for AddTransposed<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        if V::REGISTERS == 32 {
            self.product.add_tiles::<V, 8, 2>(self.weight, self.bias);
        } else {
            self.product.add_tiles::<V, 4, 2>(self.weight, self.bias);
        }
    }
}

/// Sums the rows of `from` that have the same id, from its strip `first_strip` and row `first` on: row by row of `ids`
/// into row `ids[row]` of `sums`.
pub fn sum_by_id(from: &Strips, first_strip: usize, first: usize, ids: &[u32], sums: &mut Strips) {
    run(SumById { from, first_strip, first, ids, sums });
}

struct SumById<'a> {
    from: &'a Strips,
    first_strip: usize,
    first: usize,
    ids: &'a [u32],
    sums: &'a mut Strips,
}

impl Kernel for SumById<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let SumById { from, first_strip, first, ids, sums } = self;
        sums.clear();
        for strip in 0..sums.count() {
            let rows = part::<V>(from, first_strip + strip, first, ids.len());
            let at = sums.at(strip, 0);
            let sums = &mut sums.numbers_mut()[at..];
            for (row, &id) in rows.chunks_exact(V::LANES).zip(ids) {
                let at = id as usize * V::LANES;
                V::load(row, 0).add(V::load(sums, at)).store(sums, at);
            }
        }
    }
}

/// `count` rows of a strip.
#[inline(always)]
fn part<V: Vector>(strips: &Strips, strip: usize, row: usize, count: usize) -> &[f32] {
    let at = strips.at(strip, row);
    &strips.numbers()[at..at + count * V::LANES]
}

/// Four sums side by side hide the latency of an addition.
#[inline(always)]
fn column_sums<V: Vector>(strip: &[f32]) -> V {
    let mut sums = [V::splat(0.0); 4];
    let mut chunks = strip.chunks_exact(4 * V::LANES);
    for chunk in chunks.by_ref() {
        for (index, sum) in sums.iter_mut().enumerate() {
            *sum = sum.add(V::load(chunk, index * V::LANES));
        }
    }
    for row in chunks.remainder().chunks_exact(V::LANES) {
        sums[0] = sums[0].add(V::load(row, 0));
    }
    sums[0].add(sums[1]).add(sums[2].add(sums[3]))
}

/// Σ over rows: M numbers of `left`, from its lane `first` on, times the N vectors of `right` that stand `apart`.
#[inline(always)]
fn transposed_tile<V: Vector, const M: usize, const N: usize>(
    left: &[f32],
    first: usize,
    right: &[f32],
    apart: usize,
) -> [[V; N]; M] {
    let rows = left.len() / V::LANES;
    assert!(first + M <= V::LANES && (N - 1) * apart + left.len() <= right.len());
    let mut sums = [[V::splat(0.0); N]; M];
    let (mut left, mut right) = (left[first..].as_ptr(), right.as_ptr());
    for _ in 0..rows {
        // SAFETY: the assertion above.
        unsafe { add_term(&mut sums, left, 1, right, apart) };
        left = left.wrapping_add(V::LANES);
        right = right.wrapping_add(V::LANES);
    }
    sums
}

/// Adds a term to all sums of a tile: M numbers and N vectors, which stand so far apart from one another.
///
/// # Safety
/// They must be there to read.
#[inline(always)]
unsafe fn add_term<V: Vector, const M: usize, const N: usize>(
    sums: &mut [[V; N]; M],
    left: *const f32,
    left_apart: usize,
    right: *const f32,
    right_apart: usize,
) {
    let mut vectors = [V::splat(0.0); N];
    for (n, vector) in vectors.iter_mut().enumerate() {
        // SAFETY: the caller's.
        *vector = unsafe { V::read(right.add(n * right_apart)) };
    }
    for (m, sums) in sums.iter_mut().enumerate() {
        // SAFETY: the caller's.
        let factor = V::splat(unsafe { *left.add(m * left_apart) });
        for (sum, vector) in sums.iter_mut().zip(vectors) {
            *sum = factor.mul_add(vector, *sum);
        }
    }
}
