//! The cells and their gradients held against PyTorch and against the composed form, on any device.
//!
//! Ordinary async functions, so that the same check runs natively and, asked by the page, in the browser.

use burn::tensor::{Device, Tensor, TensorData};
use safetensors::SafeTensors;

use super::{Cell, Sequence, State};
use crate::protocol::Check;

/// Made by `tests/reference/cells.py`.
const TINY: &[u8] = include_bytes!("../../tests/fixtures/cells-tiny.safetensors");

/// The largest error allowed of what comes out, and of a gradient relative to its tensor's largest entry.
const FORWARD_ON_CPU: f64 = 1e-5;
const FORWARD_ON_GPU: f64 = 1e-4;
const GRADIENTS: f64 = 1e-3;

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

#[derive(Clone, Debug)]
struct Numbers {
    values: Vec<f32>,
    shape: Vec<usize>,
}

impl Numbers {
    fn tensor<const D: usize>(&self, device: &Device) -> Tensor<D> {
        Tensor::from_data(TensorData::new(self.values.clone(), self.shape.clone()), device)
    }

    /// Empty if the device fails, which no comparison passes.
    async fn read<const D: usize>(tensor: Tensor<D>) -> Self {
        let shape = tensor.dims().to_vec();
        let values = tensor.into_data_async().await.ok().and_then(|data| data.try_to_vec().ok());
        Numbers { values: values.unwrap_or_default(), shape }
    }

    /// The largest difference, over the largest entry of `exact` if `relative`; infinite if the shapes differ.
    fn error(&self, exact: &Numbers, relative: bool) -> f64 {
        if self.shape != exact.shape || self.values.len() != exact.values.len() {
            return f64::INFINITY;
        }
        let scale = if relative { largest(exact.values.iter().map(|x| x.abs().into())).max(1e-3) } else { 1.0 };
        largest(self.values.iter().zip(&exact.values).map(|(a, b)| f64::from(a - b).abs())) / scale
    }
}

/// The largest value; infinite where one is no number.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |most, x| if x.is_nan() { f64::INFINITY } else { most.max(x) })
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
        let device = device.clone().autodiff();
        let projected = self.inputs[0].tensor::<3>(&device).require_grad();
        let hidden = self.inputs[1].tensor::<2>(&device).require_grad();
        let weight = self.inputs[2].tensor::<2>(&device).require_grad();
        let bias = self.inputs[3].tensor::<1>(&device).require_grad();
        let memory = self.inputs.get(4).map(|cell| cell.tensor::<2>(&device).require_grad());
        let state = State { hidden: hidden.clone(), cell: memory.clone() };
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
        if let Some(memory) = memory {
            gradients.extend(read_gradient(memory.grad(&grads)).await);
        }
        Results { outputs, gradients }
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
    let forward = if super::is_cpu(device) { FORWARD_ON_CPU } else { FORWARD_ON_GPU };
    let check =
        |part: &str, error, allowed| Check { name: format!("{} {part}, {against}", cell.name()), error, allowed };
    [check("forward", errors[0], forward), check("gradients", errors[1], GRADIENTS)]
}

/// The cases of a fixture and what PyTorch made of them.
fn read_cases(file: &[u8]) -> Vec<(Case, Results)> {
    let Ok(file) = SafeTensors::deserialize(file) else { return Vec::new() };
    let numbers = |name: String| {
        let tensor = file.tensor(&name).ok()?;
        let values =
            tensor.data().chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        Some(Numbers { values: values.collect(), shape: tensor.shape().to_vec() })
    };
    let mut names: Vec<&str> = file.names().into_iter().filter_map(|name| name.strip_suffix(".projected")).collect();
    names.retain(|name| !name.ends_with(".grad"));
    names.sort_unstable();
    let case = |name: &str| {
        let cell = Cell::ALL.into_iter().find(|cell| name.starts_with(cell.name()))?;
        let all = |prefix: &str, parts: &[&str]| {
            parts.iter().map(|part| numbers(format!("{name}.{prefix}{part}"))).collect::<Option<Vec<_>>>()
        };
        let inputs = all("", Case::inputs(cell))?;
        let weights = all("loss.", Case::outputs(cell))?;
        let exact = Results { outputs: all("", Case::outputs(cell))?, gradients: all("grad.", Case::inputs(cell))? };
        Some((Case { cell, inputs, weights }, exact))
    };
    names.into_iter().filter_map(case).collect()
}

#[cfg(test)]
mod tests;
