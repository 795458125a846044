//! Models saved and loaded.

use safetensors::SafeTensors;
use unroll::{
    protocol::*,
    train::{Checkpoint, from_safetensors, to_safetensors},
};

use crate::bench::*;

fn load(file: Vec<u8>) -> (Request, Vec<u8>) {
    (Request::Load, file)
}

#[test]
fn a_saved_model_writes_the_same_text_again() {
    for device in [DeviceWish::Cpu, DeviceWish::Gpu] {
        let Some(mut bench) = Bench::on(device) else { continue };
        bench.prepare(small_train());
        bench.ask_and_settle(Request::Play);
        let (name, file) = bench.save();
        assert_eq!(name, "unroll-lstm-1x24-step60.safetensors");
        let written = bench.generate("the ", 60, 0.7);

        let mut other = Bench::new();
        let events = other.ask(load(file));
        let [report] = models(&events).try_into().expect("the model was loaded");
        assert_eq!((report.origin, report.step, report.config), (Origin::Loaded, 60, small_model()));
        assert_eq!(other.generate("the ", 60, 0.7), written);
    }
}

/// Warms up for 10 steps and falls for 50; the rate of step 31 is not that of step 1.
fn scheduled() -> TrainConfig {
    TrainConfig { schedule: Schedule::Cosine { warmup: 10, total: 60 }, ..small_train() }
}

/// A deeper model with dropout, in the middle of its schedule and of an epoch: the file, and what came before it.
fn half_way() -> (Vec<u8>, Vec<Parcel<Event>>) {
    let mut bench = Bench::new();
    bench.use_text(&fox());
    bench.build(deep(), scheduled());
    // One at a time: a quick machine would be through before the first figures are told.
    let events: Vec<_> = (0..30).flat_map(|_| bench.ask_and_settle(Request::StepOnce)).collect();
    (bench.save().1, events)
}

fn deep() -> ModelConfig {
    ModelConfig { layers: 2, dropout: 0.2, ..small_model() }
}

/// Every step's training loss and learning rate.
fn rates(events: &[Parcel<Event>]) -> Vec<f32> {
    let rates = events.iter().filter_map(|event| match (&event.body, event.arrays.as_slice()) {
        (Event::Progress(_), [_, _, Array::Floats(rates)]) => Some(rates.clone()),
        _ => None,
    });
    rates.flatten().collect()
}

fn epochs(events: &[Parcel<Event>]) -> Vec<f64> {
    let epochs = events.iter().filter_map(|event| match &event.body {
        Event::Progress(progress) => Some(progress.epoch),
        _ => None,
    });
    epochs.collect()
}

#[test]
fn a_loaded_run_goes_on_as_if_it_had_never_stopped() {
    let mut unbroken = Bench::new();
    unbroken.use_text(&fox());
    unbroken.build(deep(), scheduled());
    let unbroken = unbroken.ask_and_settle(Request::Play);

    let (file, before) = half_way();
    let done = losses(&before).len();
    let mut bench = Bench::new();
    bench.use_text(&fox());
    let [report] = models(&bench.ask(load(file))).try_into().expect("the model was loaded");
    assert_eq!((report.step, report.first_step, report.train), (done as u64, 0, scheduled()));
    let after = bench.ask_and_settle(Request::Play);
    assert_eq!(losses(&after), losses(&unbroken)[done..]);
    assert_eq!(rates(&after), rates(&unbroken)[done..]);
    assert_eq!(states(&after), [RunState::Running, RunState::Finished]);
    let (first, last) = (epochs(&after)[0], *epochs(&after).last().unwrap());
    assert!(first >= *epochs(&before).last().unwrap() && last == *epochs(&unbroken).last().unwrap(), "{first} {last}");
}

#[test]
fn a_model_that_comes_before_its_text_goes_on_when_the_text_does() {
    let (file, before) = half_way();
    let done = losses(&before).len() as u64;
    let mut bench = Bench::new();
    let [alone] = models(&bench.ask(load(file))).try_into().expect("the model was loaded");
    assert_eq!(alone.text, None);
    assert_eq!(trouble(&bench.ask(Request::Play)), Trouble::NoText);
    // Other symbols are for fine-tuning; the model stays.
    assert!(models(&bench.ask_and_settle(use_text("quite another text".repeat(50)))).is_empty());
    assert_eq!(trouble(&bench.ask(Request::Play)), Trouble::NoText);
    let [with] = models(&bench.ask_and_settle(use_text(fox()))).try_into().expect("it goes on");
    assert_eq!((with.run, with.step, with.text.is_some()), (alone.run, done, true));
    assert_eq!(losses(&bench.ask_and_settle(Request::Play))[0].0, done + 1);
}

fn use_text(text: String) -> (Request, Vec<u8>) {
    (Request::UseText(own_text()), text.into_bytes())
}

#[test]
fn a_model_of_other_symbols_says_why_it_is_not_trained() {
    let (file, _) = half_way();
    let mut bench = Bench::new();
    bench.use_text(&"quite another text".repeat(50));
    bench.ask(load(file));
    assert_eq!(trouble(&bench.ask(Request::Play)), Trouble::OtherSymbols);
    assert_eq!(bench.generate("the ", 20, 1.0).0.chars().count(), 20);
}

#[test]
fn a_run_that_was_saved_at_its_end_is_at_its_end_and_goes_past_it_when_played() {
    let mut bench = Bench::with_run(small_train());
    bench.ask_and_settle(Request::Play);
    let (_, file) = bench.save();
    let mut loaded = Bench::new();
    loaded.use_text(&fox());
    assert_eq!(states(&loaded.ask(load(file))), [RunState::Finished]);
    let mut events = loaded.ask(Request::Play);
    while losses(&events).len() < 20 {
        events.extend(loaded.advance());
    }
    assert_eq!(losses(&events)[0].0, 61);
}

#[test]
fn a_file_of_the_version_before_goes_on_with_its_schedule_and_limit() {
    let (file, _) = half_way();
    let checkpoint = from_safetensors(&file).unwrap().checkpoint;
    // It said nothing of the training but its settings and the step.
    let bare = Checkpoint { training: None, step: 30, first_step: 0, ..checkpoint };
    let mut bench = Bench::new();
    bench.use_text(&fox());
    bench.ask(load(to_safetensors(&bare).unwrap()));
    let events = bench.ask_and_settle(Request::Play);
    assert_eq!(losses(&events).iter().map(|loss| loss.0).collect::<Vec<_>>(), (31..=60).collect::<Vec<_>>());
    let rates = rates(&events);
    assert!(rates.windows(2).all(|pair| pair[1] < pair[0]) && (rates[29] - 1e-3).abs() < 1e-6, "{rates:?}");
}

#[test]
fn a_run_of_no_steps_ends_without_one() {
    let mut bench = Bench::with_run(TrainConfig { steps: Some(0), ..small_train() });
    let before = bench.kept();
    let events = bench.ask_and_settle(Request::Play);
    assert!(losses(&events).is_empty());
    assert_eq!(states(&events), [RunState::Running, RunState::Finished]);
    assert_eq!(bench.kept().weights, before.weights);
}

#[test]
fn weights_of_huge_numbers_are_no_silence_when_they_are_measured() {
    let (mut file, _) = half_way();
    let head = SafeTensors::deserialize(&file).unwrap().tensor("head.weight").unwrap().data().as_ptr_range();
    let start = file.as_ptr();
    let head = head.start as usize - start as usize..head.end as usize - start as usize;
    file[head].chunks_exact_mut(4).for_each(|number| number.copy_from_slice(&3e38f32.to_le_bytes()));
    let mut bench = Bench::new();
    bench.use_text(&fox());
    bench.ask(load(file));
    let events = bench.ask_and_settle(Request::Evaluate);
    assert!(evaluations(&events).is_empty() && matches!(trouble(&events), Trouble::NoFiniteLoss { .. }), "{events:?}");
}

#[test]
fn what_is_no_model_is_refused_and_the_run_stays() {
    let mut bench = Bench::with_run(small_train());
    bench.ask_and_settle(Request::Play);
    let before = bench.kept();
    let (_, mut cut) = bench.save();
    cut.truncate(cut.len() / 2);
    for file in [Vec::new(), b"\x89PNG\r\n\x1a\n".to_vec(), cut] {
        assert!(matches!(trouble(&bench.ask(load(file))), Trouble::NotAModel { .. }));
    }
    assert_eq!(bench.kept(), before);
}

#[test]
fn without_a_model_there_is_nothing_to_save() {
    assert_eq!(trouble(&Bench::new().ask(Request::Save)), Trouble::NoModel);
}

#[test]
fn a_given_text_is_measured_as_one_stream() {
    let mut bench = Bench::with_run(small_train());
    bench.ask_and_settle(Request::Play);
    let measure =
        |bench: &mut Bench, text: &str| bench.ask_and_settle((Request::EvaluateText, text.as_bytes().to_vec()));
    let events = measure(&mut bench, &fox());
    let [evaluation] = evaluations(&events).try_into().expect("one evaluation");
    assert_eq!((evaluation.on, evaluation.tokens), (EvaluatedOn::Given, fox().chars().count() - 1));
    assert!(evaluation.loss < 2.5, "{}", evaluation.loss);
    assert_eq!(
        trouble(&measure(&mut bench, "the fox and Ä")),
        Trouble::UnknownSymbols { symbols: vec!["Ä".to_owned()] }
    );
}
