//! A layer walked through time, forward and backward, whatever its cell.
//!
//! Each tile of a step's recurrent product goes through the cell's equations as soon as it is summed, still in registers.
//! On the way back each tile of the product that carries a gradient to the step before does the same. What the way back
//! needs stands where the forward pass left it, and is replaced by gradients as they come: no pass over memory besides.

use std::marker::PhantomData;

use super::{Shape, gru::Gru, lstm::Lstm, rnn::Rnn};
use crate::{
    linear::cpu::{
        product::{Blocks, Order, Panels, Product, VECTORS, column, pack_bias},
        strips::{Buffer, Strips},
        vector::{Kernel, Vector, lanes, run},
    },
    protocol::Cell,
};

/// What a cell does to one vector of units. G gates come out of each product; K numbers a unit are kept of a step.
pub trait Equations<const G: usize, const K: usize> {
    /// Which gate, in PyTorch's order, each kept number belongs to. The first G places take the gradients of the
    /// recurrent product, and its sums come in their order; the last G those of the projected input, and so they come.
    const ORDER: [usize; K];

    /// What is carried back from step to step is a part of the gradient of h, not that of c.
    const CARRIES_HIDDEN: bool;

    /// From the projected input, the recurrent product, h and c before.
    fn forward<V: Vector>(projected: [V; G], sums: [V; G], before: V, cell: V) -> StepOutput<V, K>;

    /// The gradients in the places of what was kept, and what the step before is carried.
    fn backward<V: Vector>(step: BackwardInput<V, K>) -> ([V; K], V);
}

/// What a step makes of one vector of units.
pub struct StepOutput<V, const K: usize> {
    pub kept: [V; K],
    /// h.
    pub hidden: V,
    /// c; of cells without one whatever it was.
    pub cell: V,
}

/// What the backward pass of a step starts from.
pub struct BackwardInput<V, const K: usize> {
    pub kept: [V; K],
    /// h after and before the step.
    pub hidden: V,
    pub before: V,
    /// c before the step.
    pub cell_before: V,
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
    pub cells: Strips,
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
        self.cells.reserve(lanes, if cell == Cell::Lstm { strips } else { 0 }, rows, shape.batch);
        self.gates.reserve(lanes, order(cell).len() * strips, rows, shape.batch);
        self.carried.reserve(lanes, strips, shape.batch, shape.batch);
    }

    /// Sets the state before the first step: h, and c where the cell has one, both [B, H].
    pub fn begin(&mut self, units: usize, hidden: &[f32], cell_state: &[f32]) {
        self.hidden.fill(0, 0, hidden.chunks_exact(units));
        if self.cells.count() > 0 {
            self.cells.fill(0, 0, cell_state.chunks_exact(units));
        }
    }

    /// c of M rows, or zeros where the cell has none.
    #[inline(always)]
    fn cells_at<V: Vector, const M: usize>(&self, strip: usize, row: usize) -> [V; M] {
        if self.cells.count() > 0 { self.cells.window(strip, row) } else { [V::splat(0.0); M] }
    }

    /// The same once more.
    pub fn copy(&self) -> Self {
        let mut copy = Tape::default();
        let Tape { hidden, cells, gates, carried } = &mut copy;
        for (to, from) in
            [hidden, cells, gates, carried].into_iter().zip([&self.hidden, &self.cells, &self.gates, &self.carried])
        {
            to.copy_from(from);
        }
        copy
    }

    /// Makes the state after step `steps` that before the first one.
    pub fn go_on(&mut self, shape: Shape) {
        for strips in [&mut self.hidden, &mut self.cells] {
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

/// Where the projected input of a step comes from.
pub trait Projection {
    /// M rows, from row `row` (t·B + b) on, of the units of strip `strip` of gate `gate`, in the order of the projected
    /// input; `there` is what stands in their place of the tape.
    fn window<V: Vector, const M: usize>(&self, gate: usize, strip: usize, row: usize, there: [V; M]) -> [V; M];
}

/// It stands on the tape.
pub struct InPlace;

impl Projection for InPlace {
    #[inline(always)]
    fn window<V: Vector, const M: usize>(&self, _: usize, _: usize, _: usize, there: [V; M]) -> [V; M] {
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
    fn window<V: Vector, const M: usize>(&self, gate: usize, strip: usize, row: usize, _: [V; M]) -> [V; M] {
        let Blocks { order, units } = self.blocks;
        let bias = V::load(self.bias.numbers(), (gate * self.blocks.strips(V::LANES) + strip) * V::LANES);
        let mut window = [bias; M];
        for (vector, &id) in window.iter_mut().zip(&self.ids[row..row + M]) {
            let first = (id as usize * order.len() + order[gate]) * units;
            *vector = V::load_part(&self.table[first..first + units], strip * V::LANES).add(bias);
        }
        window
    }
}

/// Runs a layer forward. The tape must hold the state before.
pub fn forward(cell: Cell, shape: Shape, weights: &Recurrent, projection: &impl Projection, tape: &mut Tape) {
    match cell {
        Cell::Rnn => run(ForwardKernel::<Rnn, _, 1, 1, 4, 4> { shape, weights, projection, tape, cell: PhantomData }),
        Cell::Gru => run(ForwardKernel::<Gru, _, 3, 4, 1, 3> { shape, weights, projection, tape, cell: PhantomData }),
        Cell::Lstm => run(ForwardKernel::<Lstm, _, 4, 4, 1, 4> { shape, weights, projection, tape, cell: PhantomData }),
    }
}

/// A forward pass; `SIDE` strips of each of G gates make a panel's N vectors.
struct ForwardKernel<'a, E, P, const G: usize, const K: usize, const SIDE: usize, const N: usize> {
    shape: Shape,
    weights: &'a Recurrent,
    projection: &'a P,
    tape: &'a mut Tape,
    cell: PhantomData<E>,
}

impl<E: Equations<G, K>, P: Projection, const G: usize, const K: usize, const SIDE: usize, const N: usize> Kernel
    for ForwardKernel<'_, E, P, G, K, SIDE, N>
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
    Product<V, N> for ForwardKernel<'_, E, P, G, K, SIDE, N>
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
    fn take<const M: usize>(&mut self, panel: usize, row: usize, sums: [[V; N]; M]) {
        let tape = &mut *self.tape;
        let (before, after) = (row, row + self.shape.batch);
        let strips = tape.hidden.count();
        for (side, strip) in (panel * SIDE..strips.min((panel + 1) * SIDE)).enumerate() {
            let mut projected = [[V::splat(0.0); M]; G];
            for (gate, projected) in projected.iter_mut().enumerate() {
                let there = tape.gates.window((K - G + gate) * strips + strip, after);
                *projected = self.projection.window(gate, strip, row, there);
            }
            let mut hidden: [V; M] = tape.hidden.window(strip, before);
            let mut cells: [V; M] = tape.cells_at(strip, before);
            let mut kept = [[V::splat(0.0); M]; K];
            for index in 0..M {
                let (mut inputs, mut products) = ([V::splat(0.0); G], [V::splat(0.0); G]);
                for gate in 0..G {
                    inputs[gate] = projected[gate][index];
                    products[gate] = sums[index][side * G + gate];
                }
                let step = E::forward(inputs, products, hidden[index], cells[index]);
                for (kept, value) in kept.iter_mut().zip(step.kept) {
                    kept[index] = value;
                }
                (hidden[index], cells[index]) = (step.hidden, step.cell);
            }
            for (place, kept) in kept.into_iter().enumerate() {
                tape.gates.set_window(place * strips + strip, after, kept);
            }
            tape.hidden.set_window(strip, after, hidden);
            if tape.cells.count() > 0 {
                tape.cells.set_window(strip, after, cells);
            }
        }
    }
}

/// What a backward pass is told and asked beyond the gradient of h from above.
#[derive(Default)]
pub struct Beyond<'a> {
    /// Of each batch row the place t·B + b of its last step, and the gradient of c after it, [B, H]; LSTM.
    pub last_cell: Option<(&'a [u32], &'a [f32])>,
    /// Gets the whole gradient of h after every step, its rows as on the tape.
    pub arrived: Option<&'a mut Strips>,
}

/// Runs a layer backward: the gates of the tape become the gradients of their sums. `gradient` is that of h from above,
/// its rows as on the tape. [`Tape::carried`] must be zero, and then holds what goes to the step before the first.
pub fn backward(cell: Cell, shape: Shape, weights: &Recurrent, gradient: &Strips, tape: &mut Tape, beyond: Beyond) {
    match cell {
        Cell::Rnn => run(BackwardKernel::<Rnn, 1, 1> { shape, weights, gradient, tape, beyond, cell: PhantomData }),
        Cell::Gru => run(BackwardKernel::<Gru, 3, 4> { shape, weights, gradient, tape, beyond, cell: PhantomData }),
        Cell::Lstm => run(BackwardKernel::<Lstm, 4, 4> { shape, weights, gradient, tape, beyond, cell: PhantomData }),
    }
}

struct BackwardKernel<'a, E, const G: usize, const K: usize> {
    shape: Shape,
    weights: &'a Recurrent,
    gradient: &'a Strips,
    tape: &'a mut Tape,
    beyond: Beyond<'a>,
    cell: PhantomData<E>,
}

impl<E, const G: usize, const K: usize> BackwardKernel<'_, E, G, K> {
    /// Brings in the gradient of c of the rows whose last step is `step`; to them nothing was carried so far.
    fn begin_rows(&mut self, step: usize) {
        let Some((ends, gradient)) = self.beyond.last_cell else { return };
        let Shape { batch, units, .. } = self.shape;
        for (row, (&end, gradient)) in ends.iter().zip(gradient.chunks_exact(units)).enumerate() {
            if end as usize / batch == step {
                self.tape.carried.fill(0, row, std::iter::once(gradient));
            }
        }
    }
}

impl<E: Equations<G, K>, const G: usize, const K: usize> Kernel for BackwardKernel<'_, E, G, K> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(mut self) {
        let Shape { steps, batch, .. } = self.shape;
        let weights = self.weights;
        self.begin_rows(steps - 1);
        // Nothing comes through a product from beyond the sequence.
        let zeros = [[V::splat(0.0); VECTORS]];
        for panel in 0..weights.backward.count() {
            for row in (steps + 1) * batch..(steps + 2) * batch {
                self.take(panel, row, zeros);
            }
        }
        for time in (1..steps).rev() {
            self.begin_rows(time - 1);
            weights.backward.multiply::<V, VECTORS>((time + 1) * batch..(time + 2) * batch, &mut self);
        }
    }
}

/// The product of the gradients of a step's sums; what comes of it is the way back through the step before.
impl<V: Vector, E: Equations<G, K>, const G: usize, const K: usize> Product<V, VECTORS>
    for BackwardKernel<'_, E, G, K>
{
    #[inline(always)]
    fn left(&self) -> (&Strips, usize) {
        (&self.tape.gates, 0)
    }

    #[inline(always)]
    fn take<const M: usize>(&mut self, panel: usize, row: usize, sums: [[V; VECTORS]; M]) {
        let tape = &mut *self.tape;
        let batch = self.shape.batch;
        let (after, before) = (row - batch, row - 2 * batch);
        let strips = tape.hidden.count();
        for (n, strip) in (panel * VECTORS..strips).take(VECTORS).enumerate() {
            let mut kept = [[V::splat(0.0); M]; K];
            for (place, kept) in kept.iter_mut().enumerate() {
                *kept = tape.gates.window(place * strips + strip, after);
            }
            let hidden: [V; M] = tape.hidden.window(strip, after);
            let hidden_before: [V; M] = tape.hidden.window(strip, before);
            let cell_before: [V; M] = tape.cells_at(strip, before);
            let gradient: [V; M] = self.gradient.window(strip, after);
            let mut carried: [V; M] = tape.carried.window(strip, after - after / batch * batch);
            if let Some(arrived) = &mut self.beyond.arrived {
                let mut whole = gradient;
                for index in 0..M {
                    whole[index] = whole[index].add(sums[index][n]);
                    if E::CARRIES_HIDDEN {
                        whole[index] = whole[index].add(carried[index]);
                    }
                }
                arrived.set_window(strip, after, whole);
            }
            for index in 0..M {
                let mut of_row = [V::splat(0.0); K];
                for (value, kept) in of_row.iter_mut().zip(&kept) {
                    *value = kept[index];
                }
                let (gradients, earlier) = E::backward(BackwardInput {
                    kept: of_row,
                    hidden: hidden[index],
                    before: hidden_before[index],
                    cell_before: cell_before[index],
                    gradient: sums[index][n].add(gradient[index]),
                    carried: carried[index],
                });
                for (kept, gradient) in kept.iter_mut().zip(gradients) {
                    kept[index] = gradient;
                }
                carried[index] = earlier;
            }
            for (place, gradients) in kept.into_iter().enumerate() {
                tape.gates.set_window(place * strips + strip, after, gradients);
            }
            tape.carried.set_window(strip, after - after / batch * batch, carried);
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
    fn take<const M: usize>(&mut self, panel: usize, row: usize, sums: [[V; VECTORS]; M]) {
        let row = row - self.shape.batch;
        for (n, strip) in (panel * VECTORS..self.tape.hidden.count()).take(VECTORS).enumerate() {
            let mut gradient = column(&sums, n);
            if self.past {
                let past: [V; M] = self.tape.carried.window(strip, row);
                for (gradient, past) in gradient.iter_mut().zip(past) {
                    *gradient = gradient.add(past);
                }
            }
            self.gradient.set_window(strip, row, gradient);
        }
    }
}
