//! That a run outlives the device it is on.

use super::*;
use crate::{
    protocol::{Array, Cell, Generate, Schedule},
    train::{Checkpoint, from_safetensors},
};

/// Two layers with dropout on a schedule, which end at step 80.
fn settings(cell: Cell) -> (ModelConfig, TrainConfig) {
    let schedule = Schedule::Cosine { warmup: 20, total: 80 };
    let train =
        TrainConfig { batch: 4, context: 8, eval_every: 10, steps: Some(80), schedule, ..TrainConfig::default() };
    (ModelConfig { cell, hidden: 16, layers: 2, dropout: 0.2, ..ModelConfig::default() }, train)
}

fn play(driven: &mut Driven, cell: Cell) {
    let (model, train) = settings(cell);
    let text = driven.engine.text.as_ref().map_or(0, |text| text.id);
    driven.ask(Request::Build { text, model, train, play: true });
}

/// What the engine would save.
fn saved(driven: &mut Driven) -> Checkpoint {
    let events = driven.ask(Request::Save);
    let file = events.iter().find_map(|event| match event.arrays.as_slice() {
        [Array::Bytes(bytes)] => Some(bytes.clone()),
        _ => None,
    });
    from_safetensors(&file.expect("it is saved")).unwrap().checkpoint
}

fn troubles(events: &[Parcel<Event>]) -> Vec<Trouble> {
    last_words(events).into_iter().filter_map(|(_, trouble)| trouble).collect()
}

#[test]
fn a_run_whose_device_is_lost_at_any_moment_ends_as_one_that_kept_it() {
    for cell in Cell::ALL {
        let mut unbroken = Driven::new(None);
        play(&mut unbroken, cell);
        unbroken.settle();
        let expected = saved(&mut unbroken);
        assert_eq!(expected.step, 80);
        // Before the first step, between and at evaluations, and after the last step.
        for moment in [0, 1, 9, 10, 11, 20, 37, 50, 79, 80] {
            let mut driven = Driven::new(None);
            play(&mut driven, cell);
            driven.train_to(moment);
            driven.engine.report(NO_REQUEST, lost());
            let [model] = models(&driven.heard()).try_into().unwrap();
            assert_eq!((model.step, model.first_step), (moment / 10 * 10, 0), "{cell:?} {moment}");
            assert_eq!(driven.engine.compute.kind, DeviceKind::Cpu);
            if moment < 80 {
                driven.ask(Request::Play);
            }
            driven.settle();
            assert_eq!(saved(&mut driven), expected, "{cell:?} {moment}");
        }
    }
}

#[test]
fn a_run_that_does_not_fit_the_cpu_rests_there_to_be_used_and_saved() {
    let mut driven = Driven::new(None);
    play(&mut driven, Cell::Lstm);
    driven.train_to(15);
    let mut small = device::cpu();
    small.total_bytes = 1000;
    driven.engine.move_run(small, "unplugged".to_owned());
    let events = driven.heard();
    assert!(
        matches!(&troubles(&events)[..], [first, Trouble::TooLargeForDevice { .. }] if *first == lost()),
        "{events:?}"
    );
    assert_eq!(models(&events)[0].step, 10);
    assert!(matches!(troubles(&driven.ask(Request::Play))[..], [Trouble::TooLargeForDevice { .. }]));
    let checkpoint = saved(&mut driven);
    assert!(checkpoint.step == 10 && checkpoint.training.is_some());
}

#[test]
fn a_model_too_large_to_be_trained_is_loaded_to_be_used() {
    let mut driven = Driven::new(None);
    play(&mut driven, Cell::Gru);
    driven.train_to(20);
    driven.ask(Request::Pause);
    let events = driven.ask(Request::Save);
    let Some([Array::Bytes(file)]) = events.iter().map(|event| &event.arrays[..]).find(|arrays| !arrays.is_empty())
    else {
        panic!("{events:?}")
    };
    // Enough for the weights, and not for what a step of training takes.
    driven.engine.compute.total_bytes = 40_000;
    let loaded = driven.ask_with(Request::Load, file.clone());
    assert_eq!((models(&loaded).len(), troubles(&loaded)), (1, Vec::new()));
    assert!(matches!(troubles(&driven.ask(Request::Play))[..], [Trouble::TooLargeForDevice { .. }]));
    let prompt = Generate { prompt: "to ".to_owned(), length: 20, temperature: 1.0, top_k: None, seed: 1 };
    driven.ask(Request::Generate(prompt));
    assert!(troubles(&driven.settle()).is_empty());
    assert_eq!(saved(&mut driven), from_safetensors(file).unwrap().checkpoint);
}
