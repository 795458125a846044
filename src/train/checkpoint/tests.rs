//! That going on from a checkpoint is not to be told from never having stopped.

use std::sync::Arc;

use burn::tensor::Device;
use pollster::block_on;

use super::*;
use crate::{
    protocol::{Cell, Schedule, VocabularyKind},
    train::{StepFigures, Trainer, learning::devices},
};

const SYMBOLS: usize = 7;

fn ids(count: u32) -> Arc<[u32]> {
    (0..count).map(|at| at.wrapping_mul(at).wrapping_add(at / 5) % SYMBOLS as u32).collect()
}

fn model(cell: Cell) -> ModelConfig {
    ModelConfig { cell, hidden: 8, layers: 2, dropout: 0.2, ..ModelConfig::default() }
}

/// Warms up and falls while 600 steps read the text of 1,000 ids 27 times: step 300 is in the middle of an epoch.
fn settings() -> TrainConfig {
    let schedule = Schedule::Cosine { warmup: 50, total: 600 };
    TrainConfig {
        batch: 3,
        context: 15,
        learning_rate: 1e-2,
        weight_decay: 0.01,
        schedule,
        steps: Some(600),
        ..TrainConfig::default()
    }
}

fn trainer(cell: Cell, train: TrainConfig, device: &Device) -> Trainer {
    Trainer::new(LanguageModel::new(&model(cell), SYMBOLS, device), ids(1000), train).unwrap()
}

fn steps(trainer: &mut Trainer, count: usize) -> Vec<StepFigures> {
    let mut figures: Vec<StepFigures> = (0..count).flat_map(|_| block_on(trainer.step()).unwrap()).collect();
    figures.extend(block_on(trainer.flush()).unwrap());
    figures
}

fn taken(trainer: &Trainer) -> Checkpoint {
    let vocabulary = Vocabulary::from_text(VocabularyKind::Char, "abcdefg").unwrap();
    block_on(trainer.checkpoint(vocabulary)).unwrap()
}

/// The same from the bytes of its file.
fn through_a_file(checkpoint: &Checkpoint) -> Checkpoint {
    from_safetensors(&to_safetensors(checkpoint).unwrap()).unwrap().checkpoint
}

#[test]
fn a_run_that_goes_on_from_a_checkpoint_is_the_unbroken_one_to_the_bit_on_the_cpu() {
    let cpu = Device::flex();
    for cell in Cell::ALL {
        let mut unbroken = trainer(cell, settings(), &cpu);
        let expected = steps(&mut unbroken, 600);
        let mut broken = trainer(cell, settings(), &cpu);
        steps(&mut broken, 300);
        assert_ne!(broken.epochs_at(300).fract(), 0.0, "in the middle of an epoch");
        let checkpoint = through_a_file(&taken(&broken));
        let mut resumed = Trainer::resume(&checkpoint, ids(1000), &cpu).unwrap();
        assert_eq!((resumed.steps_done(), resumed.epochs_at(300)), (300, broken.epochs_at(300)));
        assert_eq!(steps(&mut resumed, 300), expected[300..], "{cell:?}");
        assert_eq!(taken(&resumed), taken(&unbroken), "{cell:?}");
        assert!(resumed.finished());
    }
}

#[test]
fn a_run_that_goes_on_on_another_device_keeps_to_the_unbroken_one() {
    for cell in Cell::ALL {
        for device in devices() {
            let expected = steps(&mut trainer(cell, settings(), &device), 120);
            let mut broken = trainer(cell, settings(), &device);
            steps(&mut broken, 60);
            let checkpoint = taken(&broken);
            for other in devices() {
                let mut resumed = Trainer::resume(&checkpoint, ids(1000), &other).unwrap();
                for (expected, found) in expected[60..].iter().zip(steps(&mut resumed, 60)) {
                    assert_eq!((found.step, found.learning_rate), (expected.step, expected.learning_rate));
                    let error = (found.loss / expected.loss - 1.0).abs();
                    assert!(error < 1e-3, "{cell:?} {device:?} to {other:?} at {}: {error}", found.step);
                }
            }
        }
    }
}

#[test]
fn a_checkpoint_changes_nothing_of_the_run_it_is_taken_of() {
    for device in devices() {
        let expected = steps(&mut trainer(Cell::Gru, settings(), &device), 40);
        let mut interrupted = trainer(Cell::Gru, settings(), &device);
        let figures: Vec<_> = (0..40)
            .flat_map(|_| {
                taken(&interrupted);
                steps(&mut interrupted, 1)
            })
            .collect();
        assert_eq!(figures, expected, "{device:?}");
    }
}

#[test]
fn another_text_is_read_from_its_start_with_moments_and_schedule_kept() {
    let mut first = trainer(Cell::Lstm, settings(), &Device::flex());
    steps(&mut first, 100);
    let checkpoint = taken(&first);
    let mut other = Trainer::resume(&checkpoint, ids(990), &Device::flex()).unwrap();
    assert_eq!((other.steps_done(), other.epochs_at(100)), (100, 0.0));
    let after = taken(&other);
    let (before, after) = (checkpoint.training.unwrap(), after.training.unwrap());
    assert_eq!((after.first_moment, after.optimiser_steps), (before.first_moment, 100));
    assert!(after.recurrent_state.iter().all(|&value| value == 0.0));
    let mut same = Trainer::resume(&taken(&first), ids(1000), &Device::flex()).unwrap();
    assert_eq!(steps(&mut other, 1)[0].learning_rate, steps(&mut same, 1)[0].learning_rate);
}

#[test]
fn a_checkpoint_in_the_step_of_a_divergence_is_the_last_good_one() {
    for device in devices() {
        let mut diverging = trainer(Cell::Rnn, settings(), &device);
        steps(&mut diverging, 60);
        diverging.model.update(|weights| (weights * f32::INFINITY, ()));
        // Nobody has seen a figure of it yet.
        assert!(diverging.divergence().is_none());
        let checkpoint = taken(&diverging);
        assert!(checkpoint.is_finite() && checkpoint.step == 50, "{device:?}: {}", checkpoint.step);
        assert_eq!(through_a_file(&checkpoint), checkpoint);
    }
}

#[test]
fn the_schedule_is_applied_once_after_a_recovery() {
    let mut diverging = trainer(Cell::Rnn, settings(), &Device::flex());
    steps(&mut diverging, 500);
    diverging.model.update(|weights| (weights * f32::NAN, ()));
    block_on(diverging.step()).unwrap();
    let base = diverging.config().learning_rate;
    diverging.recover(base / 4.0).unwrap();
    let again = steps(&mut diverging, 1)[0];
    let expected = 1e-2 / 4.0 * crate::train::factor(settings().schedule, again.step);
    assert!((again.learning_rate / expected - 1.0).abs() < 1e-12, "{} {expected}", again.learning_rate);
}

#[test]
fn no_steps_are_wanted_so_none_is_due() {
    let none = trainer(Cell::Rnn, TrainConfig { steps: Some(0), ..settings() }, &Device::flex());
    assert!(none.finished() && taken(&none).is_finished());
}

#[test]
fn texts_are_told_apart_by_a_symbol_a_place_or_a_length() {
    let text = [1, 2, 3, 4];
    let others: [&[u32]; 4] = [&[1, 2, 4, 3], &[1, 2, 3], &[1, 2, 3, 4, 0], &[0, 1, 2, 3, 4]];
    assert!(others.iter().all(|other| TextHash::of(other) != TextHash::of(&text)));
    assert_eq!(TextHash::of(&text), TextHash::of(&text.to_vec()));
}
