//! Models saved and loaded.

use unroll::protocol::*;

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

#[test]
fn a_loaded_model_learns_on_where_the_text_has_its_symbols() {
    let mut bench = Bench::with_run(small_train());
    bench.ask_and_settle(Request::Play);
    let (_, file) = bench.save();

    let mut without = Bench::new();
    without.ask(load(file.clone()));
    assert_eq!(trouble(&without.ask(Request::Play)), Trouble::NoText);

    let mut with = Bench::new();
    with.use_text(&fox());
    with.ask(load(file));
    let losses = losses(&with.ask_and_settle(Request::Play));
    assert_eq!((losses[0].0, losses.len()), (61, 60));
    assert!(losses[0].1 < 2.5, "it goes on from what it knew: {}", losses[0].1);
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
