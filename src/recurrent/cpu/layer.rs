//! A layer walked through time, forward and backward, whatever its cell.
//!
//! Each tile of a step's recurrent product goes through the cell's equations as soon as it is summed, still in registers.
//! On the way back each tile of the product that carries a gradient to the step before does the same. What the way back
//! needs stands where the forward pass left it, and is replaced by gradients as they come: no pass over memory besides.

use std::marker::PhantomData;

use super::{
    Shape,
    gru::Gru,
    lstm::Lstm,
    product::{Blocks, Order, Panels, Product, VECTORS},
    rnn::Rnn,
    strips::{Buffer, Strips},
    vector::{Kernel, Vector, lanes, run},
};
use crate::protocol::Cell;

/// What a cell does to one vector of units. G gates come out of each product; K numbers a unit are kept of a step.
pub trait Equations<const G: usize, const K: usize> {
    /// Which gate, in PyTorch's order, each kept number belongs to. The first G places take the gradients of the
    /// recurrent product, and its sums come in their order; the last G those of the projected input, and so they come.
    const ORDER: [usize; K];

    /// From the projected input, the recurrent product, h and c before.
    fn forward<V: Vector>(projected: [V; G], sums: [V; G], before: V, memory: V) -> Forward<V, K>;

    /// The gradients in the places of what was kept, and what the step before is carried.
    fn backward<V: Vector>(step: Backward<V, K>) -> ([V; K], V);
}

/// What a step makes of one vector of units.
pub struct Forward<V, const K: usize> {
    pub kept: [V; K],
    /// h.
    pub hidden: V,
    /// c; of cells without one whatever it was.
    pub memory: V,
}

/// What the backward pass of a step starts from.
pub struct Backward<V, const K: usize> {
    pub kept: [V; K],
    /// h before the step.
    pub before: V,
    /// c after and before the step.
    pub memory: V,
    pub memory_before: V,
    /// Of h, from above and through the recurrent product of the next step.
    pub gradient: V,
    /// From the next step, past the recurrent product.
    pub carried: V,
}

/// Which gate each strip of [`Tape::gates`] belongs to; see [`Equations::ORDER`].
pub fn order(cell: Cell) -> &'static [usize] {
    match cell {
        Cell::Rnn => &Rnn::ORDER,
        Cell::Gru => &Gru::ORDER,
        Cell::Lstm => &Lstm::ORDER,
    }
}

/// The gates that the sums of the recurrent product stand for, as they stand on the tape from its first strip on.
pub fn recurrent_order(cell: Cell) -> &'static [usize] {
    &order(cell)[..cell.gates()]
}

/// The gates of the projected input, as they stand on the tape up to its last strip.
pub fn input_order(cell: Cell) -> &'static [usize] {
    &order(cell)[order(cell).len() - cell.gates()..]
}

/// The first of the places of the projected input, of as many strips each as h has.
pub fn input_place(cell: Cell) -> usize {
    order(cell).len() - cell.gates()
}

/// Vectors that a panel of the forward product holds: a strip of every gate; of the RNN's one gate more, to fill the
/// registers.
const fn vectors(cell: Cell) -> usize {
    match cell {
        Cell::Gru => 3,
        Cell::Rnn | Cell::Lstm => 4,
    }
}

/// What a layer's steps leave behind. Row t·B + b of step t and batch row b stands B rows further on: the first B rows
/// hold the state before the first step.
#[derive(Default)]
pub struct Tape {
    /// h.
    pub hidden: Strips,
    /// c; of cells without one nothing.
    pub memory: Strips,
    /// Before a step its projected input in the last G of K places, then what is kept, then the gradients of the sums.
    pub gates: Strips,
    /// What goes from step to step on the way back, of one step.
    pub carried: Strips,
}

impl Tape {
    /// Makes room for a sequence.
    pub fn reserve(&mut self, cell: Cell, shape: Shape, lanes: usize) {
        let (strips, rows) = (shape.units.div_ceil(lanes), (shape.steps + 1) * shape.batch);
        self.hidden.reserve(lanes, strips, rows, shape.batch);
        self.memory.reserve(lanes, if cell == Cell::Lstm { strips } else { 0 }, rows, shape.batch);
        self.gates.reserve(lanes, order(cell).len() * strips, rows, shape.batch);
        self.carried.reserve(lanes, strips, shape.batch, shape.batch);
    }

    /// Sets the state before the first step: h, and c where the cell has one, both [B, H].
    pub fn begin(&mut self, units: usize, hidden: &[f32], memory: &[f32]) {
        self.hidden.fill(0, 0, hidden.chunks_exact(units));
        if self.memory.count() > 0 {
            self.memory.fill(0, 0, memory.chunks_exact(units));
        }
    }

    /// c, or zeros where the cell has none.
    #[inline(always)]
    fn memory_at<V: Vector>(&self, strip: usize, row: usize) -> V {
        if self.memory.count() > 0 { V::load(self.memory.numbers(), self.memory.at(strip, row)) } else { V::splat(0.0) }
    }

    /// Makes the state after step `steps` that before the first one.
    pub fn go_on(&mut self, shape: Shape) {
        for strips in [&mut self.hidden, &mut self.memory] {
            for strip in 0..strips.count() {
                let (from, to) = (strips.at(strip, shape.steps * shape.batch), strips.at(strip, 0));
                let length = strips.at(0, shape.batch);
                strips.numbers_mut().copy_within(from..from + length, to);
            }
        }
    }
}

/// The recurrent weights of a layer, packed.
#[derive(Default)]
pub struct Recurrent {
    forward: Panels,
    backward: Panels,
    /// b_hh, a vector's multiple of numbers a gate.
    bias: Buffer,
}

impl Recurrent {
    /// From W_hh [G·H, H] and b_hh [G·H]; for the way `back` too where it is taken.
    pub fn pack(&mut self, cell: Cell, weight: &[f32], bias: &[f32], back: bool) {
        let units = bias.len() / cell.gates();
        let blocks = Blocks { order: recurrent_order(cell), units };
        self.forward.pack_transposed(weight, units, blocks, Order::Together, vectors(cell));
        pack_bias(&mut self.bias, bias, blocks);
        if back {
            self.backward.pack(weight, units, blocks, VECTORS);
        }
    }
}

/// A bias gate by gate, each from a multiple of a vector on.
pub fn pack_bias(packed: &mut Buffer, bias: &[f32], blocks: Blocks) {
    let padded = blocks.units.next_multiple_of(lanes());
    packed.reserve(blocks.order.len() * padded);
    for (place, &gate) in packed.numbers_mut().chunks_exact_mut(padded).zip(blocks.order) {
        place[..blocks.units].copy_from_slice(&bias[gate * blocks.units..(gate + 1) * blocks.units]);
        place[blocks.units..].fill(0.0);
    }
}

/// Where the projected input of a step comes from.
pub trait Projection {
    /// The vector of units of gate `gate`, in the order of the projected input, for strip `strip` of row `row` (t·B + b);
    /// `there` is what stands in its place of the tape.
    fn vector<V: Vector>(&self, gate: usize, strip: usize, row: usize, there: V) -> V;
}

/// It stands on the tape.
pub struct InPlace;

impl Projection for InPlace {
    #[inline(always)]
    fn vector<V: Vector>(&self, _: usize, _: usize, _: usize, there: V) -> V {
        there
    }
}

/// A row of a table, [V, G·H], for each token, and a bias.
pub struct Rows<'a> {
    pub table: &'a [f32],
    pub ids: &'a [u32],
    pub bias: &'a Buffer,
    pub blocks: Blocks<'a>,
}

impl Projection for Rows<'_> {
    #[inline(always)]
    fn vector<V: Vector>(&self, gate: usize, strip: usize, row: usize, _: V) -> V {
        let Blocks { order, units } = self.blocks;
        let first = (self.ids[row] as usize * order.len() + order[gate]) * units;
        let bias = V::load(self.bias.numbers(), (gate * self.blocks.strips(V::LANES) + strip) * V::LANES);
        V::load_part(&self.table[first..first + units], strip * V::LANES).add(bias)
    }
}

/// Runs a layer forward. The tape must hold the state before.
pub fn forward(cell: Cell, shape: Shape, weights: &Recurrent, projection: &impl Projection, tape: &mut Tape) {
    match cell {
        Cell::Rnn => run(Onward::<Rnn, _, 1, 1, 4, 4> { shape, weights, projection, tape, cell: PhantomData }),
        Cell::Gru => run(Onward::<Gru, _, 3, 4, 1, 3> { shape, weights, projection, tape, cell: PhantomData }),
        Cell::Lstm => run(Onward::<Lstm, _, 4, 4, 1, 4> { shape, weights, projection, tape, cell: PhantomData }),
    }
}

/// A forward pass; `SIDE` strips of each of G gates make a panel's N vectors.
struct Onward<'a, E, P, const G: usize, const K: usize, const SIDE: usize, const N: usize> {
    shape: Shape,
    weights: &'a Recurrent,
    projection: &'a P,
    tape: &'a mut Tape,
    cell: PhantomData<E>,
}

impl<E: Equations<G, K>, P: Projection, const G: usize, const K: usize, const SIDE: usize, const N: usize> Kernel
    for Onward<'_, E, P, G, K, SIDE, N>
{
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(mut self) {
        let Shape { steps, batch, .. } = self.shape;
        let weights = self.weights;
        for time in 0..steps {
            weights.forward.multiply::<V, N>(time * batch..(time + 1) * batch, &mut self);
        }
    }
}

/// The product of h before a step; what comes of it is the step.
impl<V: Vector, E: Equations<G, K>, P: Projection, const G: usize, const K: usize, const SIDE: usize, const N: usize>
    Product<V, N> for Onward<'_, E, P, G, K, SIDE, N>
{
    #[inline(always)]
    fn left(&self) -> (&Strips, usize) {
        (&self.tape.hidden, 0)
    }

    #[inline(always)]
    fn start(&self, panel: usize) -> [V; N] {
        let strips = self.tape.hidden.count();
        let mut start = [V::splat(0.0); N];
        for (n, start) in start.iter_mut().enumerate() {
            // The last panel may have room for more strips than there are.
            let strip = (panel * SIDE + n / G).min(strips - 1);
            *start = V::load(self.weights.bias.numbers(), (n % G * strips + strip) * V::LANES);
        }
        start
    }

    #[inline(always)]
    fn take(&mut self, panel: usize, row: usize, sums: [V; N]) {
        let tape = &mut *self.tape;
        let (before, after) = (row, row + self.shape.batch);
        let strips = tape.hidden.count();
        for (side, strip) in (panel * SIDE..strips.min((panel + 1) * SIDE)).enumerate() {
            let place: [usize; K] = std::array::from_fn(|kept| tape.gates.at(kept * strips + strip, after));
            let mut projected = [V::splat(0.0); G];
            for (gate, projected) in projected.iter_mut().enumerate() {
                let there = V::load(tape.gates.numbers(), place[K - G + gate]);
                *projected = self.projection.vector(gate, strip, row, there);
            }
            let mut of_strip = [V::splat(0.0); G];
            of_strip.copy_from_slice(&sums[side * G..(side + 1) * G]);
            let hidden = V::load(tape.hidden.numbers(), tape.hidden.at(strip, before));
            let step = E::forward(projected, of_strip, hidden, tape.memory_at::<V>(strip, before));
            for (kept, place) in step.kept.into_iter().zip(place) {
                kept.store(tape.gates.numbers_mut(), place);
            }
            let place = tape.hidden.at(strip, after);
            step.hidden.store(tape.hidden.numbers_mut(), place);
            if tape.memory.count() > 0 {
                let place = tape.memory.at(strip, after);
                step.memory.store(tape.memory.numbers_mut(), place);
            }
        }
    }
}

/// Runs a layer backward: the gates of the tape become the gradients of their sums. `gradient` is that of h from above,
/// its rows as on the tape. [`Tape::carried`] must hold what comes from the step after the last, and then holds what goes
/// to the step before the first.
pub fn backward(cell: Cell, shape: Shape, weights: &Recurrent, gradient: &Strips, tape: &mut Tape) {
    match cell {
        Cell::Rnn => run(Back::<Rnn, 1, 1> { shape, weights, gradient, tape, cell: PhantomData }),
        Cell::Gru => run(Back::<Gru, 3, 4> { shape, weights, gradient, tape, cell: PhantomData }),
        Cell::Lstm => run(Back::<Lstm, 4, 4> { shape, weights, gradient, tape, cell: PhantomData }),
    }
}

struct Back<'a, E, const G: usize, const K: usize> {
    shape: Shape,
    weights: &'a Recurrent,
    gradient: &'a Strips,
    tape: &'a mut Tape,
    cell: PhantomData<E>,
}

impl<E: Equations<G, K>, const G: usize, const K: usize> Kernel for Back<'_, E, G, K> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(mut self) {
        let Shape { steps, batch, .. } = self.shape;
        let weights = self.weights;
        // Nothing comes through a product from beyond the sequence.
        let zeros = [V::splat(0.0); VECTORS];
        for panel in 0..weights.backward.count() {
            for row in (steps + 1) * batch..(steps + 2) * batch {
                self.take(panel, row, zeros);
            }
        }
        for time in (1..steps).rev() {
            weights.backward.multiply::<V, VECTORS>((time + 1) * batch..(time + 2) * batch, &mut self);
        }
    }
}

/// The product of the gradients of a step's sums; what comes of it is the way back through the step before.
impl<V: Vector, E: Equations<G, K>, const G: usize, const K: usize> Product<V, VECTORS> for Back<'_, E, G, K> {
    #[inline(always)]
    fn left(&self) -> (&Strips, usize) {
        (&self.tape.gates, 0)
    }

    #[inline(always)]
    fn take(&mut self, panel: usize, row: usize, sums: [V; VECTORS]) {
        let tape = &mut *self.tape;
        let batch = self.shape.batch;
        let (after, before) = (row - batch, row - 2 * batch);
        let strips = tape.hidden.count();
        for (strip, sum) in (panel * VECTORS..strips).zip(sums) {
            let place: [usize; K] = std::array::from_fn(|kept| tape.gates.at(kept * strips + strip, after));
            let carried = tape.carried.at(strip, after % batch);
            let mut kept = [V::splat(0.0); K];
            for (kept, place) in kept.iter_mut().zip(place) {
                *kept = V::load(tape.gates.numbers(), place);
            }
            let (gradients, earlier) = E::backward(Backward {
                kept,
                before: V::load(tape.hidden.numbers(), tape.hidden.at(strip, before)),
                memory: tape.memory_at(strip, after),
                memory_before: tape.memory_at(strip, before),
                gradient: sum.add(V::load(self.gradient.numbers(), self.gradient.at(strip, after))),
                carried: V::load(tape.carried.numbers(), carried),
            });
            for (gradient, place) in gradients.into_iter().zip(place) {
                gradient.store(tape.gates.numbers_mut(), place);
            }
            earlier.store(tape.carried.numbers_mut(), carried);
        }
    }
}

/// The gradient of the state's h before the first step, [B, H]: what the first step's product carries to it, and of a GRU
/// what goes past it.
pub fn before_first(cell: Cell, shape: Shape, weights: &Recurrent, tape: &Tape) -> Vec<f32> {
    let mut gradient = Strips::default();
    gradient.reserve(lanes(), tape.hidden.count(), shape.batch, shape.batch);
    run(BeforeFirst { shape, weights, tape, past: cell == Cell::Gru, gradient: &mut gradient });
    let mut rows = vec![0.0; shape.batch * shape.units];
    gradient.copy_to(0, 0, rows.chunks_exact_mut(shape.units));
    rows
}

struct BeforeFirst<'a> {
    shape: Shape,
    weights: &'a Recurrent,
    tape: &'a Tape,
    past: bool,
    gradient: &'a mut Strips,
}

impl Kernel for BeforeFirst<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(mut self) {
        let (batch, weights) = (self.shape.batch, self.weights);
        weights.backward.multiply::<V, VECTORS>(batch..2 * batch, &mut self);
    }
}

impl<V: Vector> Product<V, VECTORS> for BeforeFirst<'_> {
    #[inline(always)]
    fn left(&self) -> (&Strips, usize) {
        (&self.tape.gates, 0)
    }

    #[inline(always)]
    fn take(&mut self, panel: usize, row: usize, sums: [V; VECTORS]) {
        let row = row - self.shape.batch;
        for (strip, sum) in (panel * VECTORS..self.tape.hidden.count()).zip(sums) {
            let past = if self.past {
                V::load(self.tape.carried.numbers(), self.tape.carried.at(strip, row))
            } else {
                V::splat(0.0)
            };
            let place = self.gradient.at(strip, row);
            sum.add(past).store(self.gradient.numbers_mut(), place);
        }
    }
}
