//! Matrices as the kernels want them: cut into strips of one vector's width.
//!
//! Strip s of a matrix holds columns s·LANES to (s + 1)·LANES of every row, one row after the other. A product that sums
//! over columns then finds the terms of several rows at fixed distances from one address, and one that sums over rows
//! reads each strip from beginning to end: neither needs a copy in another order. Columns past the last are zeros.

use bytemuck::{Pod, Zeroable, cast_slice, cast_slice_mut};

use super::vector::Vector;

/// A cache line of numbers.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// Numbers in a cache line.
const LINE: usize = 16;
/// How many times what is needed may be kept.
const WASTE: usize = 4;
/// Cache lines after which addresses fall into the same place of a first-level cache.
const PERIOD: usize = 64;

// SAFETY: sixteen f32 fill a line, and any bits are f32.
unsafe impl Zeroable for Line {}
// SAFETY: the same.
unsafe impl Pod for Line {}

/// Numbers that begin with a cache line, kept from one use to the next: asking for memory anew costs more than writing it.
#[derive(Default)]
pub struct Buffer {
    lines: Vec<Line>,
}

impl Buffer {
    /// Makes room for `count` numbers at least. What they are is left open.
    pub fn reserve(&mut self, count: usize) {
        let lines = count.div_ceil(LINE);
        if self.lines.len() < lines || self.lines.len() > WASTE * lines {
            self.lines = vec![Line([0.0; LINE]); lines];
        }
    }

    pub fn numbers(&self) -> &[f32] {
        cast_slice(&self.lines)
    }

    pub fn numbers_mut(&mut self) -> &mut [f32] {
        cast_slice_mut(&mut self.lines)
    }
}

/// A matrix in strips.
#[derive(Default)]
pub struct Strips {
    buffer: Buffer,
    lanes: usize,
    count: usize,
    /// Numbers from the start of a strip to that of the next.
    stride: usize,
}

impl Strips {
    /// Makes room for `count` strips of `rows` rows, of which `together` are walked through side by side. What the
    /// numbers are is left open.
    ///
    /// Strips begin so far apart that what is read together falls into different places of the cache.
    pub fn reserve(&mut self, lanes: usize, count: usize, rows: usize, together: usize) {
        let lines = (rows * lanes).div_ceil(LINE);
        let apart = (together * lanes).div_ceil(LINE) % PERIOD;
        let lines = lines + (PERIOD + apart - lines % PERIOD) % PERIOD;
        (self.lanes, self.count, self.stride) = (lanes, count, lines * LINE);
        self.buffer.reserve(count * self.stride);
    }

    /// Strips.
    pub fn count(&self) -> usize {
        self.count
    }

    /// From the start of a strip to that of the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Where the vector of strip `strip` in row `row` stands.
    #[inline(always)]
    pub fn at(&self, strip: usize, row: usize) -> usize {
        strip * self.stride + row * self.lanes
    }

    pub fn numbers(&self) -> &[f32] {
        self.buffer.numbers()
    }

    pub fn numbers_mut(&mut self) -> &mut [f32] {
        self.buffer.numbers_mut()
    }

    /// M rows of a strip, from row `row` on.
    #[inline(always)]
    pub fn window<V: Vector, const M: usize>(&self, strip: usize, row: usize) -> [V; M] {
        let at = self.at(strip, row);
        let window = &self.numbers()[at..at + M * V::LANES];
        let mut vectors = [V::splat(0.0); M];
        for (index, vector) in vectors.iter_mut().enumerate() {
            *vector = V::load(window, index * V::LANES);
        }
        vectors
    }

    /// Writes M rows of a strip, from row `row` on.
    #[inline(always)]
    pub fn set_window<V: Vector, const M: usize>(&mut self, strip: usize, row: usize, vectors: [V; M]) {
        let at = self.at(strip, row);
        let window = &mut self.numbers_mut()[at..at + M * V::LANES];
        for (index, vector) in vectors.into_iter().enumerate() {
            vector.store(window, index * V::LANES);
        }
    }

    /// The numbers of all strips.
    pub fn contents(&self) -> &[f32] {
        &self.numbers()[..self.count * self.stride]
    }

    /// Writes `rows`, from row `first` on, into strips `strip` and following.
    pub fn fill<'a>(&mut self, strip: usize, first: usize, rows: impl Iterator<Item = &'a [f32]>) {
        for (row, values) in rows.enumerate() {
            for (block, part) in values.chunks(self.lanes).enumerate() {
                let at = self.at(strip + block, first + row);
                let place = &mut self.buffer.numbers_mut()[at..at + self.lanes];
                place[..part.len()].copy_from_slice(part);
                place[part.len()..].fill(0.0);
            }
        }
    }

    /// Reads `rows`, from row `first` on, from strips `strip` and following.
    pub fn copy_to<'a>(&self, strip: usize, first: usize, rows: impl Iterator<Item = &'a mut [f32]>) {
        for (row, values) in rows.enumerate() {
            for (block, part) in values.chunks_mut(self.lanes).enumerate() {
                let at = self.at(strip + block, first + row);
                part.copy_from_slice(&self.numbers()[at..at + part.len()]);
            }
        }
    }

    /// Becomes the same as `other`.
    pub fn copy_from(&mut self, other: &Strips) {
        (self.lanes, self.count, self.stride) = (other.lanes, other.count, other.stride);
        self.buffer.reserve(self.count * self.stride);
        let length = self.count * self.stride;
        self.numbers_mut()[..length].copy_from_slice(other.contents());
    }

    /// Sets everything to zero.
    pub fn clear(&mut self) {
        let length = self.count * self.stride;
        self.numbers_mut()[..length].fill(0.0);
    }
}
