//! The engine checked in place: this very build, on this very device, in this very browser.

use std::sync::Arc;

use burn::tensor::Device;

use crate::{
    model::LanguageModel,
    protocol::{Cell, Check, ModelConfig, TrainConfig, Trouble},
    recurrent::check::{against_pytorch, directions_against_pytorch},
    train::{Trainer, check::compositions_against_pytorch},
};

/// Training steps that are compared.
const STEPS: u64 = 30;
/// By how much a loss may differ from the CPU's, as a part of it.
const LOSS_ERROR: f64 = 0.01;

/// Every figure that can be checked without a file from outside.
///
/// # Errors
/// `DeviceLost`.
pub async fn run(device: &Device) -> Result<Vec<Check>, Trouble> {
    let mut checks = against_pytorch(device).await;
    checks.extend(directions_against_pytorch(device).await);
    checks.extend(compositions_against_pytorch(device).await);
    // A message carries finite numbers only.
    checks.iter_mut().for_each(|check| check.error = check.error.min(f64::MAX));
    for cell in Cell::ALL {
        let (here, there) = (losses(cell, device).await?, losses(cell, &Device::flex()).await?);
        let errors = here.iter().zip(&there).map(|(here, there)| f64::from((here - there).abs() / there));
        let complete = here.len() as u64 == STEPS && there.len() as u64 == STEPS;
        let error = if complete { errors.fold(0.0, f64::max) } else { f64::MAX };
        checks.push(Check { name: format!("{} training", cell.name()), error, allowed: LOSS_ERROR });
    }
    Ok(checks)
}

/// Losses of a tiny run.
async fn losses(cell: Cell, device: &Device) -> Result<Vec<f32>, Trouble> {
    let symbols = 11;
    // Squares modulo a prime: some order to learn.
    let ids: Arc<[u32]> = (0..400u32).map(|index| index * index % symbols).collect();
    let config = ModelConfig { cell, hidden: 16, layers: 2, ..ModelConfig::default() };
    let train = TrainConfig { batch: 4, context: 8, learning_rate: 1e-2, ..TrainConfig::default() };
    let mut trainer = Trainer::new(LanguageModel::new(&config, symbols as usize, device), ids, train)?;
    let mut losses = Vec::new();
    for _ in 0..STEPS {
        losses.extend(trainer.step().await?.iter().map(|figures| figures.loss));
    }
    losses.extend(trainer.flush().await?.iter().map(|figures| figures.loss));
    Ok(losses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_passes_its_own_checks() {
        let checks = pollster::block_on(run(&Device::flex())).unwrap();
        assert!(checks.len() > Cell::ALL.len());
        assert!(checks.iter().all(Check::passed), "{checks:?}");
    }
}
