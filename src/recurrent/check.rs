//! The cells and their gradients held against PyTorch and against the composed form, on any device.
//!
//! Ordinary async functions, so that the same check runs natively and, asked by the page, in the browser.

use burn::tensor::{Device, Gradients, Tensor};

use super::{Cell, Direction, ReadingOrder, Sequence, State, Weights};
use crate::{
    check::{Fixture, GRADIENTS, Numbers, forward_allowed, largest},
    protocol::Check,
};

/// Made by `tests/reference/cells.py`.
const TINY: &[u8] = include_bytes!("../../tests/fixtures/cells-tiny.safetensors");

/// Made by `tests/reference/sequences.py`.
const SEQUENCES: &[u8] = include_bytes!("../../tests/fixtures/sequences.safetensors");

/// A form of [`super::sequence`].
type Form = fn(Cell, Tensor<3>, State, Tensor<2>, Tensor<1>) -> Sequence;

/// Every cell at tiny sizes against PyTorch.
pub async fn against_pytorch(device: &Device) -> Vec<Check> {
    against_file(TINY, super::sequence, device).await
}

/// One case: what goes in, and the weights of the loss that everything that comes out is summed into.
#[derive(Clone, Debug)]
struct Case {
    cell: Cell,
    inputs: Vec<Numbers>,
    weights: Vec<Numbers>,
}

/// Everything that comes out of a case, and the gradients of everything that went in.
#[derive(Clone, Debug)]
struct Results {
    outputs: Vec<Numbers>,
    gradients: Vec<Numbers>,
}

impl Case {
    /// Which inputs a cell takes, as the fixtures call them.
    fn inputs(cell: Cell) -> &'static [&'static str] {
        match cell {
            Cell::Lstm => &["projected", "state.hidden", "weight_hh", "bias_hh", "state.cell"],
            _ => &["projected", "state.hidden", "weight_hh", "bias_hh"],
        }
    }

    fn outputs(cell: Cell) -> &'static [&'static str] {
        match cell {
            Cell::Lstm => &["hidden", "last.hidden", "last.cell"],
            _ => &["hidden", "last.hidden"],
        }
    }

    async fn run(&self, form: Form, device: &Device) -> Results {
        self.run_and_differentiate(form, device).await.0
    }

    async fn run_and_differentiate(
        &self,
        form: impl FnOnce(Cell, Tensor<3>, State, Tensor<2>, Tensor<1>) -> Sequence,
        device: &Device,
    ) -> (Results, Gradients) {
        let device = device.clone().autodiff();
        let projected = self.inputs[0].tensor::<3>(&device).require_grad();
        let hidden = self.inputs[1].tensor::<2>(&device).require_grad();
        let weight = self.inputs[2].tensor::<2>(&device).require_grad();
        let bias = self.inputs[3].tensor::<1>(&device).require_grad();
        let cell_state = self.inputs.get(4).map(|cell| cell.tensor::<2>(&device).require_grad());
        let state = State { hidden: hidden.clone(), cell: cell_state.clone() };
        let out = form(self.cell, projected.clone(), state, weight.clone(), bias.clone());

        let mut loss = (out.hidden.clone() * self.weights[0].tensor(&device)).sum()
            + (out.last.hidden.clone() * self.weights[1].tensor(&device)).sum();
        let mut outputs = vec![Numbers::read(out.hidden).await, Numbers::read(out.last.hidden).await];
        if let Some(cell) = out.last.cell {
            loss = loss + (cell.clone() * self.weights[2].tensor(&device)).sum();
            outputs.push(Numbers::read(cell).await);
        }

        let grads = loss.backward();
        let mut gradients = Vec::new();
        gradients.extend(read_gradient(projected.grad(&grads)).await);
        gradients.extend(read_gradient(hidden.grad(&grads)).await);
        gradients.extend(read_gradient(weight.grad(&grads)).await);
        gradients.extend(read_gradient(bias.grad(&grads)).await);
        if let Some(cell_state) = cell_state {
            gradients.extend(read_gradient(cell_state.grad(&grads)).await);
        }
        (Results { outputs, gradients }, grads)
    }
}

async fn read_gradient<const D: usize>(gradient: Option<Tensor<D>>) -> Option<Numbers> {
    match gradient {
        Some(gradient) => Some(Numbers::read(gradient).await),
        None => None,
    }
}

impl Results {
    /// The largest error of an output, and of a gradient.
    fn errors(&self, exact: &Results) -> [f64; 2] {
        let worst = |ours: &[Numbers], exact: &[Numbers], relative: bool| {
            let missing = if ours.len() == exact.len() { 0.0 } else { f64::INFINITY };
            largest(ours.iter().zip(exact).map(|(ours, exact)| ours.error(exact, relative)).chain([missing]))
        };
        [worst(&self.outputs, &exact.outputs, false), worst(&self.gradients, &exact.gradients, true)]
    }
}

/// All cases of a fixture: a figure for what comes out and one for the gradients, for each cell.
async fn against_file(file: &[u8], form: Form, device: &Device) -> Vec<Check> {
    let mut worst = [[0.0_f64; 2]; Cell::ALL.len()];
    for (case, exact) in read_cases(file) {
        let errors = case.run(form, device).await.errors(&exact);
        let worst = &mut worst[Cell::ALL.iter().position(|cell| *cell == case.cell).unwrap_or_default()];
        *worst = std::array::from_fn(|part| worst[part].max(errors[part]));
    }
    Cell::ALL.into_iter().zip(worst).flat_map(|(cell, errors)| checks(cell, "PyTorch", errors, device)).collect()
}

fn checks(cell: Cell, against: &str, errors: [f64; 2], device: &Device) -> [Check; 2] {
    checks_of(&format!("{} against {against}", cell.name()), errors, device)
}

/// A figure for what comes out and one for the gradients.
fn checks_of(name: &str, errors: [f64; 2], device: &Device) -> [Check; 2] {
    let check = |part: &str, error, allowed| Check { name: format!("{name}: {part}"), error, allowed };
    [check("forward", errors[0], forward_allowed(device)), check("gradients", errors[1], GRADIENTS)]
}

/// The cases of a fixture and what PyTorch made of them.
fn read_cases(file: &[u8]) -> Vec<(Case, Results)> {
    let Some(fixture) = Fixture::new(file) else { return Vec::new() };
    let mut names = fixture.cases(".projected");
    names.retain(|name| !name.ends_with(".grad"));
    let case = |name: String| {
        let cell = Cell::ALL.into_iter().find(|cell| name.starts_with(cell.name()))?;
        let all = |prefix: &str, parts: &[&str]| {
            parts.iter().map(|part| fixture.numbers(&format!("{name}.{prefix}{part}"))).collect::<Option<Vec<_>>>()
        };
        let inputs = all("", Case::inputs(cell))?;
        let weights = all("loss.", Case::outputs(cell))?;
        let exact = Results { outputs: all("", Case::outputs(cell))?, gradients: all("grad.", Case::inputs(cell))? };
        Some((Case { cell, inputs, weights }, exact))
    };
    names.into_iter().filter_map(case).collect()
}

/// Every cell in both directions over rows of different lengths, with its tape, against PyTorch.
pub async fn directions_against_pytorch(device: &Device) -> Vec<Check> {
    let Some(fixture) = Fixture::new(SEQUENCES) else { return Vec::new() };
    let lengths = fixture.numbers("lengths").map(|lengths| lengths.whole()).unwrap_or_default();
    let lengths: Vec<usize> = lengths.into_iter().map(|length| length as usize).collect();
    let cases = read_cases(SEQUENCES);
    let mut checks = Vec::new();
    for (name, (case, exact)) in fixture.cases(".tape.gates").into_iter().zip(cases) {
        let direction = if name.ends_with("reverse") { Direction::Reverse } else { Direction::Forward };
        let steps = case.inputs[0].shape[0];
        let order = ReadingOrder::new(direction, &lengths, steps, device);
        let (found, tape) = case.run_with_tape(&order, device).await;
        let [forward, gradients] = found.errors(&exact);
        let of_tape = |part: &str| fixture.numbers(&format!("{name}.tape.{part}"));
        let kept = [(Some(tape.gates), of_tape("gates")), (tape.cell, of_tape("cell"))];
        let kept = largest(kept.into_iter().map(|pair| match pair {
            (Some(found), Some(exact)) => found.error(&exact, false),
            (None, None) => 0.0,
            _ => f64::INFINITY,
        }));
        let arrived = of_tape("arrived").map_or(f64::INFINITY, |exact| tape.arrived.error(&exact, true));
        let of_gates = tape.arrived_at_gates.error(&exact.gradients[0], true);
        checks.push((name, [forward.max(kept), largest([gradients, arrived, of_gates].into_iter())]));
    }
    checks.into_iter().flat_map(|(name, errors)| checks_of(&name, errors, device)).collect()
}

/// What a tape held.
struct TapeNumbers {
    gates: Numbers,
    cell: Option<Numbers>,
    arrived: Numbers,
    /// As the gradient of the projected input, [T, B, G·H].
    arrived_at_gates: Numbers,
}

impl Case {
    async fn run_with_tape(&self, order: &ReadingOrder, device: &Device) -> (Results, TapeNumbers) {
        let mut tape = None;
        let form = |cell, projected, state, weight_hh, bias_hh| {
            let weights = Weights { weight_hh, bias_hh };
            let (sequence, kept) = super::sequence_with_tape(order, cell, projected, state, weights);
            tape = Some(kept);
            sequence
        };
        let (results, gradients) = self.run_and_differentiate(form, device).await;
        let empty = || Numbers { values: Vec::new(), shape: Vec::new() };
        let mut numbers = TapeNumbers { gates: empty(), cell: None, arrived: empty(), arrived_at_gates: empty() };
        let Some(tape) = tape else { return (results, numbers) };
        if let Some(arrived) = tape.arrived(&gradients) {
            numbers.arrived = Numbers::read(arrived.hidden).await;
            numbers.arrived_at_gates = Numbers::read(arrived.gates.flatten::<3>(2, 3)).await;
        }
        numbers.gates = Numbers::read(tape.gates).await;
        if let Some(cell) = tape.cell {
            numbers.cell = Some(Numbers::read(cell).await);
        }
        (results, numbers)
    }
}

#[cfg(test)]
mod tests;
