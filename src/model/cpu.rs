//! The model on the CPU without tensors: weights packed as the kernels read them, and what a text leaves behind.

use std::{iter, ops::Range};

use crate::{
    linear::cpu::{
        product::{Blocks, Order, Panels, Plain, VECTORS, pack_bias},
        strips::{Buffer, Strips},
        vector::{Kernel, Vector, lanes, run},
    },
    model::{LanguageLayout, Slot, Weights, layout::Input},
    recurrent::cpu::{
        Shape,
        layer::{self, InPlace, Recurrent, Rows, Tape, input_order, input_place},
    },
};

/// The weights of a model, packed for the kernels.
#[derive(Default)]
pub struct Packed {
    pub layers: Vec<Layer>,
    /// [V, H].
    pub head: PackedLinear,
}

/// The weights of one layer.
#[derive(Default)]
pub struct Layer {
    pub recurrent: Recurrent,
    /// What projects the input; the matrix is packed where the input is no row of a table.
    pub input: PackedLinear,
}

/// The weight and bias of a linear layer.
#[derive(Default)]
pub struct PackedLinear {
    /// For x Wᵀ.
    forward: Panels,
    /// For gradients: y W.
    backward: Panels,
    bias: Buffer,
    /// Strips of what comes out.
    rows: usize,
}

impl PackedLinear {
    fn pack(&mut self, weight: &[f32], columns: usize, blocks: Blocks, back: bool) {
        self.rows = blocks.order.len() * blocks.strips(lanes());
        self.forward.pack_transposed(weight, columns, blocks, Order::InTurn, VECTORS);
        if back {
            self.backward.pack(weight, columns, blocks, VECTORS);
        }
    }

    /// `rows` of `left` times Wᵀ, and the bias, into the same rows of `out`, from its strip `out_strip` on.
    pub fn forward(&self, left: &Strips, out: &mut Strips, out_strip: usize, rows: Range<usize>) {
        let (panels, bias) = (&self.forward, Some(&self.bias));
        Plain { panels, bias, left, first_strip: 0, out, out_strip, strips: self.rows, rows }.compute();
    }

    /// `rows` of `left`, from its strip `first_strip` on, times W into the same rows of `out`.
    pub fn backward(&self, left: &Strips, first_strip: usize, out: &mut Strips, rows: Range<usize>) {
        let strips = out.count();
        Plain { panels: &self.backward, bias: None, left, first_strip, out, out_strip: 0, strips, rows }.compute();
    }
}

/// One weight in the flat buffer.
pub fn slot<'a>(weights: &'a [f32], slot: &Slot) -> &'a [f32] {
    &weights[slot.offset..slot.offset + slot.len()]
}

impl Packed {
    /// Packs the flat buffer of `layout`; for the way `back` too where it is taken.
    pub fn pack(&mut self, layout: &LanguageLayout, weights: &[f32], back: bool) {
        let config = layout.config();
        self.layers.resize_with(config.layers, Layer::default);
        for (packed, layer) in self.layers.iter_mut().zip(layout.layers()) {
            let blocks = Blocks { order: input_order(layer.cell), units: layer.hidden };
            let [weight_hh, bias_hh] = [&layout[layer.weight_hh], &layout[layer.bias_hh]].map(|at| slot(weights, at));
            packed.recurrent.pack(layer.cell, weight_hh, bias_hh, back);
            pack_bias(&mut packed.input.bias, slot(weights, &layout[layer.bias_ih]), blocks);
            if let Input::Features(width) = layer.input {
                packed.input.pack(slot(weights, &layout[layer.weight_ih]), width, blocks, back);
            }
        }
        let (head, symbols) = (layout.head(), Blocks { order: &[0], units: layout.symbols() });
        self.head.pack(slot(weights, &layout[head.weight]), config.hidden, symbols, back);
        pack_bias(&mut self.head.bias, slot(weights, &layout[head.bias]), symbols);
    }

    /// The projected input of each of `ids` when weights are tied, without bias: [ids, G·H]. `rows` becomes their rows of
    /// the token table.
    pub fn project(&self, layout: &LanguageLayout, weights: &[f32], ids: &[u32], rows: &mut Strips) -> Vec<f32> {
        let (hidden, cell, lanes) = (layout.config().hidden, layout.config().cell, lanes());
        let strips = hidden.div_ceil(lanes);
        let table = slot(weights, &layout[layout.head().weight]);
        rows.reserve(lanes, strips, ids.len(), ids.len());
        rows.fill(0, 0, ids.iter().map(|&id| &table[id as usize * hidden..(id as usize + 1) * hidden]));
        let mut projected = Strips::default();
        projected.reserve(lanes, cell.gates() * strips, ids.len(), ids.len());
        Plain {
            panels: &self.layers[0].input.forward,
            bias: None,
            left: rows,
            first_strip: 0,
            out: &mut projected,
            out_strip: 0,
            strips: cell.gates() * strips,
            rows: 0..ids.len(),
        }
        .compute();
        let mut result = vec![0.0; ids.len() * cell.gates() * hidden];
        for (index, &gate) in input_order(cell).iter().enumerate() {
            let rows = result.chunks_exact_mut(cell.gates() * hidden);
            projected.copy_to(index * strips, 0, rows.map(|row| &mut row[gate * hidden..(gate + 1) * hidden]));
        }
        result
    }
}

/// What dropout multiplies h by between the layers, of some rows of a batch.
#[derive(Clone, Copy)]
pub struct Masks<'a> {
    /// [L − 1, T, B, H].
    pub values: &'a [f32],
    /// B.
    pub batch: usize,
    /// Of those that are looked at.
    pub first_row: usize,
}

impl<'a> Masks<'a> {
    /// Multiplies rows t·b + r of `strips`, which stand b rows further on, by the masks above layer `layer`.
    pub fn multiply(self, layer: usize, shape: Shape, strips: &mut Strips) {
        let values = &self.values[layer * shape.steps * self.batch * shape.units..];
        run(Multiply { masks: Masks { values, ..self }, shape, strips });
    }
}

struct Multiply<'a> {
    masks: Masks<'a>,
    shape: Shape,
    strips: &'a mut Strips,
}

impl Kernel for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Multiply { masks, shape: Shape { steps, batch, units }, strips } = self;
        for strip in 0..strips.count() {
            for (time, row) in (0..steps).flat_map(|time| (0..batch).map(move |row| (time, row))) {
                let first = (time * masks.batch + masks.first_row + row) * units;
                let mask = V::load_part(&masks.values[first..first + units], strip * V::LANES);
                let at = strips.at(strip, (time + 1) * batch + row);
                V::load(strips.numbers(), at).mul(mask).store(strips.numbers_mut(), at);
            }
        }
    }
}

/// The layers' activations over a text, kept for the backward pass.
#[derive(Default)]
pub struct Activations {
    pub tapes: Vec<Tape>,
    /// h of each layer but the last after dropout, where there is any.
    pub dropped: Vec<Strips>,
}

impl Activations {
    /// Makes room for a sequence.
    pub fn reserve(&mut self, layout: &LanguageLayout, shape: Shape) {
        self.tapes.resize_with(layout.config().layers, Tape::default);
        self.dropped.resize_with(layout.config().layers - 1, Strips::default);
        for tape in &mut self.tapes {
            tape.reserve(layout.config().cell, shape, lanes());
        }
    }

    /// Reads `ids`, each a row of `table` [ids, G·H], time-major, from the states that the tapes begin with.
    pub fn read(&mut self, packed: &Packed, layout: &LanguageLayout, shape: Shape, text: Text, masks: Option<Masks>) {
        let config = layout.config();
        let (cell, strips) = (config.cell, config.hidden.div_ceil(lanes()));
        let blocks = Blocks { order: input_order(cell), units: config.hidden };
        for (index, layer) in packed.layers.iter().enumerate() {
            let (below, tape) = self.tapes.split_at_mut(index);
            let tape = &mut tape[0];
            let Some(below) = below.last() else {
                let rows = Rows { table: text.table, ids: text.ids, bias: &layer.input.bias, blocks };
                layer::forward(cell, shape, &layer.recurrent, &rows, tape);
                continue;
            };
            let mut left = &below.hidden;
            if let Some(masks) = masks {
                let dropped = &mut self.dropped[index - 1];
                dropped.copy_from(&below.hidden);
                masks.multiply(index - 1, shape, dropped);
                left = dropped;
            }
            let rows = shape.batch..(shape.steps + 1) * shape.batch;
            layer.input.forward(left, &mut tape.gates, input_place(cell) * strips, rows);
            layer::forward(cell, shape, &layer.recurrent, &InPlace, tape);
        }
    }
}

/// Tokens as rows of a table, time-major.
#[derive(Clone, Copy)]
pub struct Text<'a> {
    pub table: &'a [f32],
    pub ids: &'a [u32],
}

/// Steps that a reader takes at a time.
const STRIDE: usize = 64;

/// Reads a text as one stream, a symbol or many at a time, with a copy of a model. The state is carried from one call to
/// the next, from zeros: nothing is read twice.
pub struct Reader {
    layout: LanguageLayout,
    packed: Packed,
    /// The projected input of every symbol, [V, G·H].
    table: Vec<f32>,
    activations: Activations,
    scores: Strips,
}

impl Reader {
    pub fn new(weights: &Weights) -> Self {
        let (layout, values) = (weights.layout().clone(), weights.values());
        let (config, symbols) = (layout.config(), layout.symbols());
        let mut packed = Packed::default();
        packed.pack(&layout, values, false);
        let table = if config.tie_weights {
            packed.project(&layout, values, &Vec::from_iter(0..symbols as u32), &mut Strips::default())
        } else {
            weights.slot(&layout[layout.layers()[0].weight_ih]).to_vec()
        };
        let shape = Shape { steps: STRIDE, batch: 1, units: config.hidden };
        let mut activations = Activations::default();
        activations.reserve(&layout, shape);
        let zeros = vec![0.0; config.hidden];
        activations.tapes.iter_mut().for_each(|tape| tape.begin(config.hidden, &zeros, &zeros));
        let mut scores = Strips::default();
        scores.reserve(lanes(), symbols.div_ceil(lanes()), STRIDE + 1, 1);
        Reader { layout, packed, table, activations, scores }
    }

    /// Reads `ids` and gives the scores of what comes next, [V].
    pub fn read(&mut self, ids: &[u32]) -> Vec<f32> {
        let mut next = vec![0.0; self.layout.symbols()];
        for ids in ids.chunks(STRIDE) {
            self.stride(ids, ids.len()..ids.len() + 1);
            self.scores.copy_to(0, ids.len(), iter::once(next.as_mut_slice()));
        }
        next
    }

    /// Reads `ids`, some at a time; `see` gets the scores of what follows each, their first row, and what did follow.
    pub fn score(&mut self, ids: &[u32], targets: &[u32], mut see: impl FnMut(&mut Strips, usize, &[u32])) {
        for (ids, targets) in ids.chunks(STRIDE).zip(targets.chunks(STRIDE)) {
            self.stride(ids, 1..ids.len() + 1);
            see(&mut self.scores, 1, targets);
        }
    }

    /// Reads `ids` and gives h of `layer` after each, [ids, H], and the scores of what follows each, [ids, V].
    pub fn trace(&mut self, ids: &[u32], layer: usize) -> (Vec<f32>, Vec<f32>) {
        let (units, symbols) = (self.layout.config().hidden, self.layout.symbols());
        let (mut hidden, mut scores) = (vec![0.0; ids.len() * units], vec![0.0; ids.len() * symbols]);
        let parts = hidden.chunks_mut(STRIDE * units).zip(scores.chunks_mut(STRIDE * symbols));
        for (ids, (hidden, scores)) in ids.chunks(STRIDE).zip(parts) {
            self.stride(ids, 1..ids.len() + 1);
            self.activations.tapes[layer].hidden.copy_to(0, 1, hidden.chunks_exact_mut(units));
            self.scores.copy_to(0, 1, scores.chunks_exact_mut(symbols));
        }
        (hidden, scores)
    }

    /// Reads up to [`STRIDE`] ids and scores what follows those of `rows`, counted from 1.
    fn stride(&mut self, ids: &[u32], rows: Range<usize>) {
        let shape = Shape { steps: ids.len(), batch: 1, units: self.layout.config().hidden };
        self.activations.read(&self.packed, &self.layout, shape, Text { table: &self.table, ids }, None);
        if let Some(top) = self.activations.tapes.last() {
            self.packed.head.forward(&top.hidden, &mut self.scores, 0, rows);
        }
        self.activations.tapes.iter_mut().for_each(|tape| tape.go_on(shape));
    }
}
