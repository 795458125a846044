//! The training loop of any composition: a batch → loss and gradient by automatic differentiation → [`AdamW`].

use burn::tensor::Tensor;

use super::{
    AdamW, StepFigures,
    objective::{Targets, loss_and_gradient},
    optimiser::Step,
    readback::Readback,
};
use crate::{model::compositions::Composition, protocol::Trouble};

/// Where batches come from: a data set, shuffled or not, or anything that makes them up.
pub trait Source<C: Composition> {
    fn next(&mut self) -> (C::Inputs, Targets);
}

impl<C: Composition, F: FnMut() -> (C::Inputs, Targets)> Source<C> for F {
    fn next(&mut self) -> (C::Inputs, Targets) {
        self()
    }
}

/// A composition that learns. A language model is learned by [`super::Trainer`], whose pass is faster and carries its state.
pub struct Learner<C> {
    composition: C,
    /// Every weight, as the layout places them.
    weights: Tensor<1>,
    optimiser: AdamW,
    settings: Step,
    readback: Readback,
    step: u64,
}

impl<C: Composition> Learner<C> {
    /// Learns from `weights`, as the composition's layout places them.
    pub fn new(composition: C, weights: Tensor<1>, settings: Step) -> Self {
        let (optimiser, readback) = (AdamW::new(&weights), Readback::new(&weights.device()));
        Learner { composition, weights, optimiser, settings, readback, step: 0 }
    }

    /// One step. Figures are those that have arrived, as with [`super::Trainer::step`]; where a loss is no number, the
    /// weights are none either.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn step(&mut self, source: &mut impl Source<C>) -> Result<Vec<StepFigures>, Trouble> {
        let (inputs, targets) = source.next();
        let (loss, gradient) = loss_and_gradient(&self.composition, &self.weights, &inputs, &targets);
        self.step += 1;
        let ring = self.readback.lend(self.step, self.settings.learning_rate);
        let (weights, ring) = self.optimiser.step(self.weights.extract(), gradient, loss, ring, self.settings);
        self.weights = weights;
        self.readback.push(ring).await
    }

    /// Waits for the figures of every step that was taken.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn flush(&mut self) -> Result<Vec<StepFigures>, Trouble> {
        self.readback.flush().await
    }

    pub fn composition(&self) -> &C {
        &self.composition
    }

    /// Every weight, as the layout places them.
    pub fn weights(&self) -> &Tensor<1> {
        &self.weights
    }
}
