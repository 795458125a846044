//! Tests of the whole: that a model learns what it should, and the same each time.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use pollster::block_on;

use super::{
    Checkpoint, Evaluator, Sampling, StepFigures, Trainer, Writer, backpropagation::backpropagate, cross_entropy,
    from_safetensors, resident::Resident, to_safetensors,
};
use crate::{
    model::{Dropout, LanguageModel, Tokens, Weights, on_device, trace::trace},
    protocol::{Cell, ModelConfig, TrainConfig, Trouble, VocabularyKind},
    text::{Streams, Vocabulary},
};

const SYMBOLS: usize = 7;

/// Ids with something to learn: a few words in an order that chance decides.
fn ids(count: usize) -> Arc<[u32]> {
    let words: [&[u32]; 3] = [&[0, 1, 2, 6], &[3, 4, 6], &[5, 5, 1, 6]];
    let mut random = 1u32;
    let mut next = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        words[(random >> 16) as usize % 3]
    };
    let mut ids = Vec::new();
    while ids.len() < count {
        ids.extend_from_slice(next());
    }
    ids.truncate(count);
    ids.into()
}

fn small(cell: Cell) -> ModelConfig {
    ModelConfig { cell, hidden: 8, ..ModelConfig::default() }
}

fn settings() -> TrainConfig {
    TrainConfig { batch: 3, context: 5, learning_rate: 1e-2, ..TrainConfig::default() }
}

fn trainer(model: &ModelConfig, train: TrainConfig, device: &Device) -> Trainer {
    Trainer::new(LanguageModel::new(model, SYMBOLS, device), ids(200), train).unwrap()
}

fn steps(trainer: &mut Trainer, count: usize) -> Vec<StepFigures> {
    let mut figures: Vec<StepFigures> = (0..count).flat_map(|_| block_on(trainer.step()).unwrap()).collect();
    figures.extend(block_on(trainer.flush()).unwrap());
    figures
}

fn checkpoint(trainer: &Trainer) -> Checkpoint {
    let vocabulary = Vocabulary::from_text(VocabularyKind::Char, "abcdefg").unwrap();
    block_on(trainer.checkpoint(vocabulary)).unwrap()
}

fn evaluate(model: &LanguageModel) -> f64 {
    block_on(Evaluator::new(model, ids(150), None).unwrap().finish()).unwrap()
}

fn weights(model: &LanguageModel) -> Weights {
    block_on(model.weights()).unwrap()
}

/// The loss of a model with these numbers on two streams of four steps, and its gradient.
fn loss_and_gradient(config: &ModelConfig, values: &[f32]) -> (f64, Vec<f32>) {
    let device = Device::flex();
    let model = LanguageModel::from_weights(&Weights::zeros(config, SYMBOLS).with_values(values), &device);
    let ids = [0, 3, 1, 4, 2, 6, 6, 5, 0];
    let streams = Streams::new(Arc::new(ids), 2, 4).unwrap();
    let chunk = Resident::new(&streams, &device).chunk(&streams, 0);
    let masks = Dropout::new(config.dropout, 5).mask([config.layers - 1, 4, 2, config.hidden], &device);
    let masks = (config.dropout > 0.0).then_some(masks);
    let pass = backpropagate(&model, model.zero_states(2), chunk, masks);
    (f64::from(pass.losses.sum().into_scalar::<f32>()), pass.gradient.to_data().iter().collect())
}

#[test]
fn gradients_of_the_whole_model_are_those_of_finite_differences() {
    for cell in Cell::ALL {
        for (layers, tie_weights, dropout) in [(1, false, 0.0), (2, true, 0.0), (3, false, 0.3), (1, true, 0.0)] {
            let config = ModelConfig { layers, tie_weights, dropout, ..small(cell) };
            let drawn = Weights::draw(&config, SYMBOLS);
            let (_, gradient) = loss_and_gradient(&config, drawn.values());
            let largest = gradient.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
            for slot in drawn.layout().slots() {
                for at in [0, slot.len() / 2, slot.len() - 1].map(|at| slot.offset + at) {
                    let loss_at = |change: f32| {
                        let mut values = drawn.values().to_vec();
                        values[at] += change;
                        loss_and_gradient(&config, &values).0
                    };
                    let difference = ((loss_at(1e-2) - loss_at(-1e-2)) / 2e-2) as f32;
                    let error = (gradient[at] - difference).abs() / largest;
                    assert!(error < 2e-3, "{cell:?} {layers} {} at {at}: {} not {difference}", slot.name, gradient[at]);
                }
            }
        }
    }
}

#[test]
fn a_seed_repeats_a_run_on_the_cpu_to_the_bit() {
    let config = ModelConfig { layers: 2, dropout: 0.2, ..small(Cell::Lstm) };
    let run = || {
        let mut trainer = trainer(&config, settings(), &Device::flex());
        (steps(&mut trainer, 40), weights(trainer.model()))
    };
    assert_eq!(run(), run());
}

#[test]
fn a_small_model_learns_a_small_text() {
    for cell in Cell::ALL {
        let config = ModelConfig { hidden: 16, ..small(cell) };
        let mut trainer = trainer(&config, settings(), &Device::flex());
        let before = evaluate(trainer.model());
        let figures = steps(&mut trainer, 300);
        let after = evaluate(trainer.model());
        assert_eq!(figures.iter().map(|figures| figures.step).collect::<Vec<_>>(), (1..=300).collect::<Vec<_>>());
        // Only the choice of a word is left to chance: ln 3 in 11/3 symbols, 0.30 nats each.
        assert!(before > 1.8 && after < 0.45, "{cell:?}: {before} to {after}");
    }
}

#[test]
fn the_state_is_carried_from_chunk_to_chunk_and_zeroed_at_an_epoch() {
    // With a rate of nothing to speak of, losses are those of the drawn model reading each stream.
    let train = TrainConfig { batch: 1, context: 4, learning_rate: 1e-7, ..settings() };
    let text: Arc<[u32]> = ids(13);
    let model = LanguageModel::new(&small(Cell::Gru), SYMBOLS, &Device::flex());
    let mut trainer = Trainer::new(model.clone(), text.clone(), train).unwrap();
    let losses: Vec<f64> = steps(&mut trainer, 4).iter().map(|figures| f64::from(figures.loss)).collect();
    let whole = block_on(Evaluator::new(&model, text, None).unwrap().finish()).unwrap();
    assert!((losses[..3].iter().sum::<f64>() / 3.0 - whole).abs() < 1e-5, "{losses:?} {whole}");
    assert!((losses[3] - losses[0]).abs() < 1e-5, "{losses:?}");
}

#[test]
fn a_saved_model_has_the_same_loss_to_the_bit() {
    for tie_weights in [false, true] {
        let config = ModelConfig { tie_weights, layers: 2, ..small(Cell::Gru) };
        let mut trainer = trainer(&config, settings(), &Device::flex());
        steps(&mut trainer, 20);
        let read = from_safetensors(&to_safetensors(&checkpoint(&trainer)).unwrap()).unwrap();
        let loaded = LanguageModel::from_weights(&read.checkpoint.weights, &Device::flex());
        assert_eq!(evaluate(&loaded), evaluate(trainer.model()));
    }
}

#[test]
fn new_symbols_leave_the_old_odds_in_proportion() {
    for tie_weights in [false, true] {
        let config = ModelConfig { tie_weights, ..small(Cell::Lstm) };
        let mut trainer = trainer(&config, settings(), &Device::flex());
        steps(&mut trainer, 30);
        let old = weights(trainer.model());
        let extended = LanguageModel::from_weights(&old.extend_vocabulary(2, 3), &Device::flex());
        let odds = |model: &LanguageModel| {
            let network = model.network();
            let states = network.zero_states(1, &Device::flex());
            let logits = network.forward(&Tokens::new(&ids(12), 1, &Device::flex()), states, None).logits;
            logits.narrow(1, 0, SYMBOLS).to_data().iter::<f32>().collect::<Vec<_>>()
        };
        for (before, after) in odds(trainer.model()).into_iter().zip(odds(&extended)) {
            assert!((before - after).abs() < 1e-6, "{before} {after}");
        }
    }
}

#[test]
fn tied_weights_are_one_matrix() {
    let config = ModelConfig { tie_weights: true, ..small(Cell::Rnn) };
    let mut trainer = trainer(&config, settings(), &Device::flex());
    steps(&mut trainer, 3);
    let weights = weights(trainer.model());
    let tables = weights.layout().slots().iter().filter(|slot| slot.len() == SYMBOLS * 8);
    assert_eq!(tables.map(|slot| slot.name.as_str()).collect::<Vec<_>>(), ["head.weight"]);
    assert_eq!(trainer.model().parameters(), weights.layout().slots().iter().map(|slot| slot.len()).sum::<usize>());
}

#[test]
fn nothing_is_dropped_when_a_model_is_evaluated() {
    let plain = ModelConfig { layers: 2, ..small(Cell::Lstm) };
    let dropping = ModelConfig { dropout: 0.8, ..plain.clone() };
    let loss = |config: &ModelConfig| evaluate(&LanguageModel::new(config, SYMBOLS, &Device::flex()));
    assert_eq!(loss(&plain), loss(&dropping));
    let first = |config: &ModelConfig| steps(&mut trainer(config, settings(), &Device::flex()), 1)[0].loss;
    assert_ne!(first(&plain), first(&dropping));
}

#[test]
fn a_diverging_run_stops_and_keeps_its_last_good_weights() {
    let mut trainer = trainer(&small(Cell::Rnn), settings(), &Device::flex());
    steps(&mut trainer, 60);
    // What a rate that is far too high leads to in the end.
    let good = trainer.model().clone();
    trainer.model.update(|weights| (weights * f32::NAN, ()));
    let figures = block_on(trainer.step()).unwrap();
    assert!(figures[0].loss.is_nan());
    let divergence = trainer.divergence().unwrap();
    assert_eq!((divergence.step, divergence.good_step, divergence.base_rate), (61, 50, 1e-2));
    assert_eq!(trainer.steps_done(), 50);
    assert!(weights(trainer.model()).values().iter().all(|value| value.is_finite()));
    assert!((evaluate(trainer.model()) - evaluate(&good)).abs() < 0.3);
    assert_eq!(block_on(trainer.step()), Err(Trouble::Diverged { step: 61, base_rate: 1e-2 }));

    trainer.recover(1e-3).unwrap();
    let figures = steps(&mut trainer, 5);
    assert_eq!((figures[0].step, figures[0].learning_rate), (51, 1e-3));
    assert!(figures.iter().all(|figures| figures.loss.is_finite()));
    assert_eq!(trainer.recover(1e-3), Err(Trouble::NothingToRecover));
}

#[test]
fn a_restored_run_repeats_the_steps_it_went_back_over() {
    let config = ModelConfig { layers: 2, dropout: 0.3, ..small(Cell::Lstm) };
    let mut straight = trainer(&config, settings(), &Device::flex());
    let expected = steps(&mut straight, 70);
    let mut broken = trainer(&config, settings(), &Device::flex());
    steps(&mut broken, 60);
    broken.model.update(|weights| (weights * f32::INFINITY, ()));
    block_on(broken.step()).unwrap();
    broken.recover(1e-2).unwrap();
    assert_eq!(steps(&mut broken, 20), expected[50..]);
}

#[test]
fn rate_and_clip_change_from_the_next_step_on() {
    let mut trainer = trainer(&small(Cell::Gru), settings(), &Device::flex());
    assert_eq!(steps(&mut trainer, 1)[0].learning_rate, 1e-2);
    trainer.tune(5e-3, 0.1).unwrap();
    assert_eq!(steps(&mut trainer, 1)[0].learning_rate, 5e-3);
    assert!(matches!(trainer.tune(f64::NAN, 0.1), Err(Trouble::OutOfRange { .. })));
    assert!(matches!(trainer.tune(1e-3, 0.0), Err(Trouble::OutOfRange { .. })));
    assert_eq!((trainer.config().learning_rate, trainer.config().clip), (5e-3, 0.1));
}

#[test]
fn a_text_too_short_for_a_chunk_is_refused() {
    let model = LanguageModel::new(&small(Cell::Rnn), SYMBOLS, &Device::flex());
    let refused = Trainer::new(model.clone(), ids(15), settings()).err();
    assert_eq!(refused, Some(Trouble::TextTooShort { tokens: 15, needed: 16, batch: 3, context: 5 }));
    assert!(Evaluator::new(&model, ids(1), None).is_err());
}

#[test]
fn an_evaluation_in_slices_is_that_of_one_stream() {
    let model = LanguageModel::new(&ModelConfig { layers: 2, ..small(Cell::Lstm) }, SYMBOLS, &Device::flex());
    let text = ids(2500);
    let mut evaluator = Evaluator::new(&model, text.clone(), None).unwrap();
    assert_eq!(evaluator.tokens(), 2499);
    assert_eq!(block_on(evaluator.advance()), Ok(None));
    assert!(evaluator.progress() > 0.0 && evaluator.progress() < 1.0);
    let sliced = block_on(evaluator.finish()).unwrap();
    let network = model.network();
    let states = network.zero_states(1, &Device::flex());
    let logits = network.forward(&Tokens::new(&text[..2499], 1, &Device::flex()), states, None).logits;
    let whole: f32 = cross_entropy(logits, on_device(&text[1..], &Device::flex())).0.into_scalar();
    assert!((sliced - f64::from(whole)).abs() < 1e-5, "{sliced} {whole}");
    assert_eq!(Evaluator::new(&model, text, Some(100)).unwrap().tokens(), 100);
}

#[test]
fn a_writer_carries_its_state_and_repeats_itself_by_seed() {
    for cell in Cell::ALL {
        let mut trainer = trainer(&small(cell), settings(), &Device::flex());
        steps(&mut trainer, 50);
        let write = |sampling: Sampling, pieces: &[usize]| {
            let mut writer = Writer::new(&weights(trainer.model()), &[0, 1], 6, sampling);
            pieces.iter().flat_map(|&count| writer.write(count)).collect::<Vec<_>>()
        };
        // Always the likeliest: what a reader of the whole prefix would expect each time.
        let greedy = Sampling { temperature: 0.0, top_k: None, seed: 1 };
        let written = write(greedy, &[12]);
        let mut prefix = vec![0, 1];
        for &id in &written {
            let expected = block_on(trace(trainer.model(), &prefix, 0, 1)).unwrap();
            assert_eq!(expected.symbols.last(), Some(&id));
            prefix.push(id);
        }
        assert_eq!(write(Sampling { temperature: 3.0, top_k: Some(1), seed: 2 }, &[12]), written);
        let warm = Sampling { temperature: 1.0, ..greedy };
        assert_eq!(write(warm, &[40]), write(warm, &[1, 19, 20]));
        assert_ne!(write(warm, &[40]), write(Sampling { seed: 2, ..warm }, &[40]));
    }
}

#[test]
fn symbols_are_written_as_often_as_their_odds_say() {
    let model = LanguageModel::new(&small(Cell::Rnn), SYMBOLS, &Device::flex());
    let odds = block_on(trace(&model, &[2], 0, SYMBOLS)).unwrap();
    let drawn = weights(&model);
    let mut counts = [0; SYMBOLS];
    for seed in 0..2000 {
        let sampling = Sampling { temperature: 1.0, top_k: None, seed };
        let mut writer = Writer::new(&drawn, &[], 2, sampling);
        counts[writer.write(1)[0] as usize] += 1;
    }
    for (&id, &odd) in odds.symbols.iter().zip(&odds.probabilities) {
        let seen = counts[id as usize] as f32 / 2000.0;
        assert!((seen - odd).abs() < 4.0 * (odd / 2000.0).sqrt(), "{id}: {seen}, expected {odd}");
    }
}

/// The largest difference.
fn error(found: &[f32], exact: &[f32]) -> f32 {
    assert_eq!(found.len(), exact.len());
    found.iter().zip(exact).map(|(found, exact)| (found - exact).abs()).fold(0.0, f32::max)
}

#[test]
fn traces_and_evaluations_are_those_of_the_composition_on_every_device() {
    for (cell, tie_weights) in [(Cell::Rnn, true), (Cell::Gru, false), (Cell::Lstm, false), (Cell::Lstm, true)] {
        // More than the CPU reads at a time, and no multiple of it.
        let (config, ids) = (ModelConfig { layers: 2, tie_weights, ..small(cell) }, ids(150));
        let model = LanguageModel::new(&config, SYMBOLS, &Device::flex());
        let network = model.network();
        let tokens = Tokens::new(&ids[..149], 1, &Device::flex());
        let composed = network.forward(&tokens, network.zero_states(1, &Device::flex()), None);
        let (losses, _) = cross_entropy(composed.logits.clone(), on_device(&ids[1..], &Device::flex()));
        let loss = f64::from(losses.sum().into_scalar::<f32>());
        let probabilities: Vec<f32> = burn::tensor::activation::softmax(composed.logits, 1).to_data().iter().collect();
        for device in devices() {
            let model = LanguageModel::new(&config, SYMBOLS, &device);
            let found = block_on(Evaluator::new(&model, ids.clone(), None).unwrap().finish()).unwrap();
            assert!((found - loss).abs() < 1e-5, "{device:?} {cell:?}: {found}, not {loss}");
            for (layer, hidden) in composed.hidden.iter().enumerate() {
                let trace = block_on(trace(&model, &ids[..149], layer, SYMBOLS)).unwrap();
                let exact: Vec<f32> = hidden.to_data().iter().collect();
                assert!(error(&trace.hidden, &exact) < 1e-5, "{device:?} {cell:?} layer {layer}");
                let mut by_symbol = vec![0.0; probabilities.len()];
                for (at, (&id, &probability)) in trace.symbols.iter().zip(&trace.probabilities).enumerate() {
                    by_symbol[at / SYMBOLS * SYMBOLS + id as usize] = probability;
                }
                assert!(error(&by_symbol, &probabilities) < 1e-5, "{device:?} {cell:?}");
            }
        }
    }
}

#[test]
fn a_trace_shows_the_likeliest_symbols_first_and_the_last_layer_where_there_are_fewer() {
    for device in devices() {
        let config = ModelConfig { layers: 2, ..small(Cell::Gru) };
        let model = LanguageModel::new(&config, SYMBOLS, &device);
        let last = block_on(trace(&model, &ids(9), 1, 3)).unwrap();
        assert_eq!((last.units, last.count, last.probabilities.len(), last.symbols.len()), (8, 3, 27, 27));
        assert!(last.probabilities.chunks(3).all(|three| three[0] >= three[1] && three[1] >= three[2]));
        assert_eq!(block_on(trace(&model, &ids(9), 7, 3)).unwrap(), last);
        assert!(block_on(trace(&model, &[], 0, 3)).unwrap().hidden.is_empty());
    }
}

/// The reference curves of the protocol that the text of `UNROLL_TEXT` (tinyshakespeare) was made for, within 0.03 nats.
#[test]
#[ignore = "takes minutes; needs UNROLL_TEXT"]
fn reference_curves_are_met() {
    let text = std::fs::read_to_string(std::env::var("UNROLL_TEXT").unwrap()).unwrap();
    let wanted = std::env::var("UNROLL_CELL").unwrap_or_else(|_| "lstm,rnn".to_owned());
    let vocabulary = Vocabulary::from_text(VocabularyKind::Char, &text).unwrap();
    let ids = vocabulary.encode(&text).ids;
    let (train, valid) = ids.split_at(ids.len() * 9 / 10);
    assert_eq!((vocabulary.len(), train.len()), (65, 1_003_854));
    let references: [(Cell, &[(u64, f64)]); 2] =
        [(Cell::Lstm, &[(250, 2.376), (500, 2.165), (1000, 1.998)]), (Cell::Rnn, &[(250, 2.301), (500, 2.140)])];
    for (cell, checkpoints) in references {
        if !wanted.contains(cell.name()) {
            continue;
        }
        let model = LanguageModel::new(&ModelConfig { cell, ..ModelConfig::default() }, 65, &Device::flex());
        let mut trainer = Trainer::new(model, train.into(), TrainConfig::default()).unwrap();
        for &(step, expected) in checkpoints {
            let (begin, before) = (std::time::Instant::now(), trainer.steps_done());
            while trainer.steps_done() < step {
                block_on(trainer.step()).unwrap();
            }
            let speed = (step - before) as f64 * 2048.0 / begin.elapsed().as_secs_f64();
            let begin = std::time::Instant::now();
            let loss = block_on(Evaluator::new(trainer.model(), valid.into(), None).unwrap().finish()).unwrap();
            println!(
                "{cell:?} step {step}: {loss:.4}, expected {expected}; {speed:.0} tokens/s, evaluated in {:.1} s",
                begin.elapsed().as_secs_f64()
            );
            assert!((loss - expected).abs() <= 0.03);
        }
    }
}

/// The CPU, and the first GPU that a Vulkan driver shows.
pub fn devices() -> Vec<Device> {
    std::iter::once(Device::flex()).chain(gpu()).collect()
}

/// None, with a word about it, on a machine without.
fn gpu() -> Option<Device> {
    static FOUND: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    let device = || Device::wgpu(burn::tensor::DeviceKind::DefaultDevice);
    let found = *FOUND.get_or_init(|| {
        let opened = std::panic::catch_unwind(|| Tensor::<1>::ones([1], &device()).into_scalar::<f32>() == 1.0);
        opened.unwrap_or_else(|_| {
            eprintln!("no GPU was found: its half of the tests is passed over");
            false
        })
    });
    found.then(device)
}

#[test]
fn thirty_steps_on_a_gpu_have_the_losses_of_the_cpu() {
    let Some(gpu) = gpu() else { return };
    for (cell, layers, tie_weights, dropout) in
        [(Cell::Rnn, 1, true, 0.0), (Cell::Gru, 2, false, 0.2), (Cell::Lstm, 1, false, 0.0)]
    {
        let config = ModelConfig { layers, tie_weights, dropout, ..small(cell) };
        let on = |device: &Device| steps(&mut trainer(&config, settings(), device), 30);
        for (cpu, gpu) in on(&Device::flex()).into_iter().zip(on(&gpu)) {
            assert_eq!((cpu.step, cpu.learning_rate), (gpu.step, gpu.learning_rate));
            assert!((gpu.loss / cpu.loss - 1.0).abs() < 0.01, "{cell:?} step {}: {} {}", cpu.step, cpu.loss, gpu.loss);
            assert!((gpu.grad_norm / cpu.grad_norm - 1.0).abs() < 0.05);
        }
    }
}
