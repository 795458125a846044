//! Matrix products on one core, written once for every instruction set that `pulp` knows.
//!
//! The right-hand matrix is copied into panels of a few vectors' width, so that the inner loop reads it in order; the
//! inner loop then keeps a tile of [`ROWS`] × [`VECTORS`] vectors of the result in registers. The sums of a tile are
//! always formed in the same order: the same inputs give the same bits.

use pulp::Simd;

/// Rows of a tile: with two vectors each, twelve sums in flight hide the latency of a multiply-add and leave registers
/// for the factors.
const ROWS: usize = 6;
/// Vectors of a tile's row.
const VECTORS: usize = 2;
/// Terms that are summed before the result is written back: a panel of them stays in the first-level cache.
const DEPTH: usize = 256;

/// A matrix [depth, columns] in panels: each holds `VECTORS` vectors of every row, the last one filled up with zeros.
#[derive(Default)]
pub struct Panels {
    values: Vec<f32>,
    depth: usize,
    columns: usize,
}

impl Panels {
    /// From a matrix [depth, columns], row by row.
    pub fn pack<S: Simd>(simd: S, matrix: &[f32], columns: usize) -> Self {
        let mut panels = Panels::default();
        panels.repack(simd, matrix, columns);
        panels
    }

    /// From the transpose of a matrix [columns, depth], row by row.
    pub fn pack_transposed<S: Simd>(_: S, matrix: &[f32], depth: usize) -> Self {
        let columns = matrix.len() / depth;
        let mut values = Vec::with_capacity(columns.next_multiple_of(width::<S>()) * depth);
        for first in (0..columns).step_by(width::<S>()) {
            let rows = &matrix[first * depth..columns.min(first + width::<S>()) * depth];
            for term in 0..depth {
                values.extend(rows.iter().skip(term).step_by(depth));
                values.resize(values.len().next_multiple_of(width::<S>()), 0.0);
            }
        }
        Panels { values, depth, columns }
    }

    fn repack<S: Simd>(&mut self, _: S, matrix: &[f32], columns: usize) {
        self.depth = matrix.len() / columns;
        self.columns = columns;
        self.values.clear();
        for first in (0..columns).step_by(width::<S>()) {
            let last = columns.min(first + width::<S>());
            for row in matrix.chunks_exact(columns) {
                self.values.extend_from_slice(&row[first..last]);
                self.values.resize(self.values.len().next_multiple_of(width::<S>()), 0.0);
            }
        }
    }

    /// out += left × self, for left [rows, depth] and out [rows, columns] whose rows lie `stride` apart.
    #[inline(always)]
    pub fn multiply_add<S: Simd>(&self, simd: S, left: &[f32], out: &mut [f32], stride: usize) {
        let depth = self.depth;
        for (index, panel) in self.values.chunks_exact(width::<S>() * depth).enumerate() {
            let first = index * width::<S>();
            let columns = self.columns.min(first + width::<S>()) - first;
            let mut strips = left.chunks_exact(ROWS * depth);
            let mut row = 0;
            for strip in strips.by_ref() {
                rows::<S, ROWS>(simd, strip, panel, &mut out[row * stride + first..], stride, columns);
                row += ROWS;
            }
            let strip = strips.remainder();
            if strip.is_empty() {
                continue;
            }
            let out = &mut out[row * stride + first..];
            match strip.len() / depth {
                1 => single_row(simd, strip, panel, out, columns),
                2 => rows::<S, 2>(simd, strip, panel, out, stride, columns),
                3 => rows::<S, 3>(simd, strip, panel, out, stride, columns),
                4 => rows::<S, 4>(simd, strip, panel, out, stride, columns),
                _ => rows::<S, 5>(simd, strip, panel, out, stride, columns),
            }
        }
    }
}

/// out += leftᵀ × right, for left [depth, rows], right [depth, columns] and out [rows, columns].
#[inline(always)]
pub fn multiply_transposed_add<S: Simd>(simd: S, left: &[f32], right: &[f32], out: &mut [f32], rows: usize) {
    let columns = out.len() / rows;
    let mut panels = Panels::default();
    let mut strip = Vec::with_capacity(ROWS * DEPTH);
    for (left, right) in left.chunks(DEPTH * rows).zip(right.chunks(DEPTH * columns)) {
        panels.repack(simd, right, columns);
        for first in (0..rows).step_by(ROWS) {
            let height = ROWS.min(rows - first);
            strip.clear();
            for row in left.chunks_exact(rows) {
                match row.get(first..first + ROWS) {
                    Some(values) => strip.extend_from_slice(values),
                    None => {
                        strip.extend_from_slice(&row[first..]);
                        strip.resize(strip.len().next_multiple_of(ROWS), 0.0);
                    }
                }
            }
            let out = &mut out[first * columns..(first + height) * columns];
            for (index, panel) in panels.values.chunks_exact(width::<S>() * panels.depth).enumerate() {
                let first = index * width::<S>();
                let width = columns.min(first + width::<S>()) - first;
                let sums = sums::<S, ROWS>(simd, panel, &strip, [1, ROWS]);
                add(simd, sums, height, &mut out[first..], columns, width);
            }
        }
    }
}

/// Columns of a panel.
const fn width<S: Simd>() -> usize {
    VECTORS * S::F32_LANES
}

/// The tile of `strip`, [M, depth], times `panel`.
#[inline(always)]
fn rows<S: Simd, const M: usize>(
    simd: S,
    strip: &[f32],
    panel: &[f32],
    out: &mut [f32],
    stride: usize,
    columns: usize,
) {
    add(simd, sums::<S, M>(simd, panel, strip, [strip.len() / M, 1]), M, out, stride, columns);
}

/// One row alone leaves too few sums in flight, so four terms are summed apart from one another.
#[inline(always)]
fn single_row<S: Simd>(simd: S, row: &[f32], panel: &[f32], out: &mut [f32], columns: usize) {
    const APART: usize = 4;
    let (panel, _) = S::as_simd_f32s(panel);
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; APART];
    let (groups, panels) = (row.chunks_exact(APART), panel.chunks_exact(APART * VECTORS));
    let (row, panel) = (groups.remainder(), panels.remainder());
    for (terms, vectors) in groups.zip(panels) {
        for (part, sums) in sums.iter_mut().enumerate() {
            let term = simd.splat_f32s(terms[part]);
            for (vector, sum) in sums.iter_mut().enumerate() {
                *sum = simd.mul_add_e_f32s(term, vectors[part * VECTORS + vector], *sum);
            }
        }
    }
    for (term, vectors) in row.iter().zip(panel.chunks_exact(VECTORS)) {
        for (sum, vector) in sums[0].iter_mut().zip(vectors) {
            *sum = simd.mul_add_e_f32s(simd.splat_f32s(*term), *vector, *sum);
        }
    }
    let total = std::array::from_fn(|vector| {
        let pair = |a: usize, b: usize| simd.add_f32s(sums[a][vector], sums[b][vector]);
        simd.add_f32s(pair(0, 1), pair(2, 3))
    });
    add::<S, 1>(simd, [total], 1, out, columns, columns);
}

/// Σ over all terms: a term of the left-hand side's M rows times a row of the panel.
///
/// The left-hand side's rows and terms lie `strides` apart.
#[inline(always)]
fn sums<S: Simd, const M: usize>(simd: S, panel: &[f32], left: &[f32], strides: [usize; 2]) -> [[S::f32s; VECTORS]; M] {
    let (panel, _) = S::as_simd_f32s(panel);
    let [row_stride, term_stride] = strides;
    let depth = panel.len() / VECTORS;
    assert!((M - 1) * row_stride + depth.saturating_sub(1) * term_stride < left.len());
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; M];
    for (term, vectors) in panel.chunks_exact(VECTORS).enumerate() {
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: the assertion above. Checking here, or collecting the factors first, halves the speed.
            let factor = simd.splat_f32s(unsafe { *left.get_unchecked(row * row_stride + term * term_stride) });
            for (sum, vector) in sums.iter_mut().zip(vectors) {
                *sum = simd.mul_add_e_f32s(factor, *vector, *sum);
            }
        }
    }
    sums
}

/// Adds the first `height` rows and `columns` columns of a tile to `out`.
#[inline(always)]
fn add<S: Simd, const M: usize>(
    simd: S,
    sums: [[S::f32s; VECTORS]; M],
    height: usize,
    out: &mut [f32],
    stride: usize,
    columns: usize,
) {
    for (row, sums) in sums.iter().enumerate().take(height) {
        let out = &mut out[row * stride..row * stride + columns];
        let (whole, rest) = S::as_mut_simd_f32s(out);
        for (out, sum) in whole.iter_mut().zip(sums) {
            *out = simd.add_f32s(*out, *sum);
        }
        if let Some(sum) = sums.get(whole.len()) {
            let present = simd.partial_load_f32s(rest);
            simd.partial_store_f32s(rest, simd.add_f32s(present, *sum));
        }
    }
}
