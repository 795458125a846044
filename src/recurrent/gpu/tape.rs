//! What a layer keeps of a sequence: its outputs, and what the way back needs besides.

use crate::protocol::Cell;

/// One buffer a layer, in numbers, all of it time-major:
///
/// | from | shape | |
/// |---|---|---|
/// | 0 | [T + 1, B, H] | h before the first step and after every one |
/// | [`Tape::last_cell`] | [B, H] | c after the last step; LSTM |
/// | [`Tape::gates`] | [T, B, K, H] | the gates, K = [`kept`] |
/// | [`Tape::cells`] | [T + 1, B, H] | c before the first step and after every one; LSTM |
///
/// So the states before all steps and after them are two views of the same numbers, B·H apart.
#[derive(Clone, Copy, Debug)]
pub struct Tape {
    pub cell: Cell,
    /// T.
    pub steps: usize,
    /// B.
    pub batch: usize,
    /// H.
    pub hidden: usize,
}

/// K: numbers that the way back needs of each step, row and unit besides h and c. GRU: r, z, n and Wₙh + bₙ; LSTM:
/// i, f, g and o.
pub const fn kept(cell: Cell) -> usize {
    match cell {
        Cell::Rnn => 0,
        Cell::Gru | Cell::Lstm => 4,
    }
}

impl Tape {
    /// Numbers of one step of a tensor [T, B, H].
    pub const fn step(self) -> usize {
        self.batch * self.hidden
    }

    pub const fn last_cell(self) -> usize {
        (self.steps + 1) * self.step()
    }

    pub const fn gates(self) -> usize {
        self.last_cell() + if matches!(self.cell, Cell::Lstm) { self.step() } else { 0 }
    }

    pub const fn cells(self) -> usize {
        self.gates() + self.steps * kept(self.cell) * self.step()
    }

    /// Numbers in the buffer; only as far as the gates where there is no way back.
    pub const fn len(self, keep: bool) -> usize {
        match (keep, self.cell) {
            (false, _) => self.gates(),
            (true, Cell::Lstm) => self.cells() + (self.steps + 1) * self.step(),
            (true, _) => self.cells(),
        }
    }
}
