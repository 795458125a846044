//! Where each weight stands in one flat buffer: modules with roles, one after the other.
//!
//! A composition adds its modules in the order in which they are to stand, and keeps what it is given for each: the ids of
//! the module's weights, typed by their shape. Between weights and after the last one there may be zeros.

use std::ops::Index;

use crate::protocol::Cell;

/// A weight begins at a multiple of this many numbers, so that on a GPU it can be bound where it stands: WebGPU wants
/// 256 bytes.
const ALIGNMENT: usize = 64;

/// One weight's place. A bias has one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The PyTorch name, which is the name in a file.
    pub name: String,
    /// Rows and columns as they stand in the buffer.
    pub rows: usize,
    pub columns: usize,
    /// PyTorch has columns and rows the other way round.
    pub transposed: bool,
    /// A vector in PyTorch.
    pub bias: bool,
    /// First number in the buffer.
    pub offset: usize,
}

impl Slot {
    pub fn len(&self) -> usize {
        self.rows * self.columns
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// From the start to the start of what follows.
    pub fn padded(&self) -> usize {
        self.len().next_multiple_of(ALIGNMENT)
    }

    /// The shape in PyTorch and in files.
    pub fn shape(&self) -> Vec<usize> {
        match (self.bias, self.transposed) {
            (true, _) => vec![self.columns],
            (false, true) => vec![self.columns, self.rows],
            (false, false) => vec![self.rows, self.columns],
        }
    }
}

/// Which weight of a layout, a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatrixId(usize);

/// Which weight of a layout, a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VectorId(usize);

impl MatrixId {
    /// Of its slot.
    pub(super) fn index(self) -> usize {
        self.0
    }
}

impl VectorId {
    /// Of its slot.
    pub(super) fn index(self) -> usize {
        self.0
    }
}

/// What a recurrent module reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// One-hot symbols, of so many. Their weight is kept transposed, [V, G·H]: what a symbol adds is one row.
    Symbols(usize),
    /// So many numbers a position.
    Features(usize),
}

/// Where a recurrent module stands among those of its name, as PyTorch's bidirectional stacks name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// From 0, below the others.
    pub layer: usize,
    /// It reads from the last step to the first.
    pub reverse: bool,
}

/// A table with a row for each symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedding {
    /// [V, E].
    pub table: MatrixId,
}

/// A recurrent layer in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recurrent {
    pub cell: Cell,
    /// H.
    pub hidden: usize,
    pub input: Input,
    /// [G·H, I], for [`Input::Symbols`] [V, G·H].
    pub weight_ih: MatrixId,
    /// [G·H, H].
    pub weight_hh: MatrixId,
    /// [G·H].
    pub bias_ih: VectorId,
    /// [G·H].
    pub bias_hh: VectorId,
}

/// y = x Wᵀ + b.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linear {
    /// [O, I].
    pub weight: MatrixId,
    /// [O].
    pub bias: VectorId,
}

/// A module with its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Module {
    Embedding(Embedding),
    Recurrent(Recurrent),
    Linear(Linear),
}

/// The places of all weights of a composition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    modules: Vec<Module>,
    slots: Vec<Slot>,
}

impl Layout {
    /// Adds a table of `symbols` rows of `width` numbers: `NAME.weight`.
    pub fn embedding(&mut self, name: &str, symbols: usize, width: usize) -> Embedding {
        let embedding = Embedding { table: self.matrix(format!("{name}.weight"), symbols, width, false) };
        self.modules.push(Module::Embedding(embedding));
        embedding
    }

    /// Adds a recurrent layer: `NAME.weight_ih_l…`, `weight_hh_l…`, `bias_ih_l…` and `bias_hh_l…`.
    pub fn recurrent(&mut self, name: &str, at: Placed, cell: Cell, input: Input, hidden: usize) -> Recurrent {
        let rows = cell.gates() * hidden;
        let suffix = format!("l{}{}", at.layer, if at.reverse { "_reverse" } else { "" });
        let input_name = format!("{name}.weight_ih_{suffix}");
        let recurrent = Recurrent {
            cell,
            hidden,
            input,
            weight_ih: match input {
                Input::Symbols(symbols) => self.matrix(input_name, symbols, rows, true),
                Input::Features(width) => self.matrix(input_name, rows, width, false),
            },
            weight_hh: self.matrix(format!("{name}.weight_hh_{suffix}"), rows, hidden, false),
            bias_ih: self.vector(format!("{name}.bias_ih_{suffix}"), rows),
            bias_hh: self.vector(format!("{name}.bias_hh_{suffix}"), rows),
        };
        self.modules.push(Module::Recurrent(recurrent));
        recurrent
    }

    /// Adds a linear layer: `NAME.weight` and `NAME.bias`.
    pub fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> Linear {
        let linear = Linear {
            weight: self.matrix(format!("{name}.weight"), outputs, inputs, false),
            bias: self.vector(format!("{name}.bias"), outputs),
        };
        self.modules.push(Module::Linear(linear));
        linear
    }

    fn matrix(&mut self, name: String, rows: usize, columns: usize, transposed: bool) -> MatrixId {
        let offset = self.len();
        self.slots.push(Slot { name, rows, columns, transposed, bias: false, offset });
        MatrixId(self.slots.len() - 1)
    }

    fn vector(&mut self, name: String, columns: usize) -> VectorId {
        let offset = self.len();
        self.slots.push(Slot { name, rows: 1, columns, transposed: false, bias: true, offset });
        VectorId(self.slots.len() - 1)
    }

    /// In the order in which they stand.
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// In the order in which they stand.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Numbers in the buffer, zeros between the weights counted.
    pub fn len(&self) -> usize {
        self.slots.last().map_or(0, |slot| slot.offset + slot.padded())
    }

    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How many numbers are learned.
    pub fn parameters(&self) -> usize {
        self.slots.iter().map(Slot::len).sum()
    }
}

impl Index<MatrixId> for Layout {
    type Output = Slot;

    fn index(&self, id: MatrixId) -> &Slot {
        &self.slots[id.0]
    }
}

impl Index<VectorId> for Layout {
    type Output = Slot;

    fn index(&self, id: VectorId) -> &Slot {
        &self.slots[id.0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_stand_one_after_the_other_under_pytorchs_names_and_shapes() {
        let mut layout = Layout::default();
        let table = layout.embedding("embedding", 7, 3);
        let [ahead, back] = [false, true]
            .map(|reverse| layout.recurrent("rnn", Placed { layer: 0, reverse }, Cell::Gru, Input::Features(3), 5));
        let head = layout.linear("head", 10, 4);
        let shapes: Vec<_> = layout.slots().iter().map(|slot| (slot.name.as_str(), slot.shape())).collect();
        let expected: [(&str, &[usize]); 11] = [
            ("embedding.weight", &[7, 3]),
            ("rnn.weight_ih_l0", &[15, 3]),
            ("rnn.weight_hh_l0", &[15, 5]),
            ("rnn.bias_ih_l0", &[15]),
            ("rnn.bias_hh_l0", &[15]),
            ("rnn.weight_ih_l0_reverse", &[15, 3]),
            ("rnn.weight_hh_l0_reverse", &[15, 5]),
            ("rnn.bias_ih_l0_reverse", &[15]),
            ("rnn.bias_hh_l0_reverse", &[15]),
            ("head.weight", &[4, 10]),
            ("head.bias", &[4]),
        ];
        assert_eq!(shapes, expected.map(|(name, shape)| (name, shape.to_vec())));
        assert_eq!(layout[table.table].offset, 0);
        assert_eq!(layout[ahead.bias_hh].name, "rnn.bias_hh_l0");
        assert_eq!(layout[back.weight_hh].name, "rnn.weight_hh_l0_reverse");
        assert_eq!(layout[head.bias].name, "head.bias");
        assert_eq!(layout.modules().len(), 4);
        for pair in layout.slots().windows(2) {
            assert_eq!(pair[0].offset + pair[0].padded(), pair[1].offset);
            assert_eq!(pair[1].offset % ALIGNMENT, 0);
        }
    }
}
