//! The three compositions held against PyTorch, and seen to learn, on any device.
//!
//! Ordinary async functions, so that the same check runs natively and, asked by the page, in the browser.

use burn::tensor::{Device, Tensor};

use super::{
    Learner, Step,
    objective::{Targets, loss_and_gradient},
};
use crate::{
    check::{Fixture, GRADIENTS, Numbers, forward_allowed, largest},
    model::{
        Layout,
        compositions::{Classifier, Composition, Pair, Sizes, Tagger, Translator},
        modules::Rows,
        parameters::Parameters,
    },
    protocol::{Cell, Check},
};

/// Made by `tests/reference/compositions.py`.
const FIXTURE: &[u8] = include_bytes!("../../tests/fixtures/compositions.safetensors");
/// Steps of learning a batch by heart, the part of the first loss that may be left, and the rate.
const STEPS: usize = 30;
const LEFT: f64 = 0.5;
const RATE: f64 = 3e-2;

/// A tagger of each cell, a classifier and a translator: scores and loss, gradients, and how much of the loss is left after
/// some steps.
pub async fn compositions_against_pytorch(device: &Device) -> Vec<Check> {
    let Some(fixture) = Fixture::new(FIXTURE) else { return Vec::new() };
    let mut checks = Vec::new();
    for cell in Cell::ALL {
        let name = format!("tagger-{}", cell.name());
        let case = Case { fixture: &fixture, name: &name, device };
        checks.extend(case.check(Tagger::new(case.sizes(cell)), case.rows("")).await);
    }
    let case = Case { fixture: &fixture, name: "classifier", device };
    checks.extend(case.check(Classifier::new(case.sizes(Cell::Gru)), case.rows("")).await);
    let case = Case { fixture: &fixture, name: "translator", device };
    let pair = Pair { source: case.rows(""), target: case.rows("decoder.") };
    checks.extend(case.check(Translator::new(case.sizes(Cell::Lstm)), pair).await);
    checks
}

/// A composition of the fixture.
struct Case<'a> {
    fixture: &'a Fixture<'a>,
    name: &'a str,
    device: &'a Device,
}

impl Case<'_> {
    /// No numbers, which no comparison passes, where the fixture has none of this name.
    fn numbers(&self, part: &str) -> Numbers {
        let found = self.fixture.numbers(&format!("{}.{part}", self.name));
        found.unwrap_or(Numbers { values: Vec::new(), shape: Vec::new() })
    }

    /// As the weights in the fixture have them.
    fn sizes(&self, cell: Cell) -> Sizes {
        let of = |part: &str, dimension: usize| self.numbers(part).shape.get(dimension).copied().unwrap_or(1);
        let [table, layer] = if self.name == "translator" { ["source", "encoder"] } else { ["embedding", "rnn"] };
        Sizes {
            cell,
            symbols: of(&format!("{table}.weight"), 0),
            width: of(&format!("{table}.weight"), 1),
            hidden: of(&format!("{layer}.weight_hh_l0"), 1),
            classes: of("head.weight", 0),
        }
    }

    /// A batch of rows; ids are [T, B].
    fn rows(&self, prefix: &str) -> Rows {
        let (ids, lengths) = (self.numbers(&format!("{prefix}ids")), self.numbers(&format!("{prefix}lengths")).whole());
        let row = |(row, &length): (usize, &u32)| {
            ids.whole().into_iter().skip(row).step_by(lengths.len()).take(length as usize).collect()
        };
        Rows::new(&lengths.iter().enumerate().map(row).collect::<Vec<_>>(), self.device)
    }

    /// Weights, or the gradients of weights by the `prefix` of their names, as the layout places them.
    fn flat(&self, prefix: &str, layout: &Layout) -> Vec<f32> {
        let mut flat = vec![0.0; layout.len()];
        for slot in layout.slots() {
            let values = self.numbers(&format!("{prefix}{}", slot.name)).values;
            let values = if values.len() == slot.len() { values } else { vec![f32::NAN; slot.len()] };
            flat[slot.offset..slot.offset + slot.len()].copy_from_slice(&values);
        }
        flat
    }

    async fn check<C: Composition>(&self, composition: C, inputs: C::Inputs) -> [Check; 3]
    where
        C::Inputs: Clone,
    {
        let layout = composition.layout().clone();
        let weights = Tensor::<1>::from_floats(self.flat("", &layout).as_slice(), self.device);
        let targets = Targets::new(&self.numbers("targets").whole(), &self.numbers("weights").values, self.device);

        let scores = composition.scores(&Parameters::new(layout.clone(), &weights), &inputs);
        let mut exact = self.numbers("scores");
        exact.shape = vec![exact.shape.iter().rev().skip(1).product(), exact.shape.last().copied().unwrap_or_default()];
        let of_scores = Numbers::read(scores).await.error(&exact, false);
        let (loss, gradient) = loss_and_gradient(&composition, &weights, &inputs, &targets);
        let mut exact = self.numbers("loss");
        exact.shape = vec![1];
        let of_loss = Numbers::read(loss).await.error(&exact, false);

        let (found, exact) = (Numbers::read(gradient).await.values, self.flat("grad.", &layout));
        let of_slot = |range: std::ops::Range<usize>| {
            let part = |values: &[f32]| Numbers {
                values: values.get(range.clone()).unwrap_or_default().to_vec(),
                shape: vec![range.len()],
            };
            part(&found).error(&part(&exact), true)
        };
        let gradients = layout.slots().iter().map(|slot| of_slot(slot.offset..slot.offset + slot.len()));

        let check = |part: &str, error: f64, allowed| Check { name: format!("{}: {part}", self.name), error, allowed };
        [
            check("forward", largest([of_scores, of_loss].into_iter()), forward_allowed(self.device)),
            check("gradients", largest(gradients), GRADIENTS),
            check("loss left", left(composition, weights, (inputs, targets)).await, LEFT),
        ]
    }
}

/// What part of the loss is left after learning one batch for some steps.
async fn left<C: Composition>(composition: C, weights: Tensor<1>, batch: (C::Inputs, Targets)) -> f64
where
    C::Inputs: Clone,
{
    let settings = Step { learning_rate: RATE, clip: 5.0, weight_decay: 0.0 };
    let mut learner = Learner::new(composition, weights, settings);
    let mut source = || batch.clone();
    let mut losses = Vec::new();
    for _ in 0..STEPS {
        let Ok(figures) = learner.step(&mut source).await else { return f64::INFINITY };
        losses.extend(figures.iter().map(|figures| f64::from(figures.loss)));
    }
    losses.extend(learner.flush().await.unwrap_or_default().iter().map(|figures| f64::from(figures.loss)));
    match (losses.first(), losses.last()) {
        (Some(first), Some(last)) if losses.len() == STEPS => largest([last / first].into_iter()),
        _ => f64::INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::train::learning::devices;

    #[test]
    fn three_compositions_agree_with_pytorch_and_learn_on_every_device() {
        for device in devices() {
            let checks = block_on(compositions_against_pytorch(&device));
            assert_eq!(checks.len(), 15);
            for check in &checks {
                println!("{device:?} {}: {:.1e} (allowed {:.0e})", check.name, check.error, check.allowed);
            }
            for check in &checks {
                assert!(check.passed(), "{device:?} {check:?}");
            }
        }
    }
}
