//! The present model learns another text.

use unroll::protocol::*;

use crate::bench::*;

const NEW: &str = "Ünïcode färbt die Wörter schön bunt.\n";

fn fine_tune(text: &str) -> (Request, Vec<u8>) {
    let train = TrainConfig { steps: Some(40), sample_every: Some(20), ..small_train() };
    (Request::FineTune { text: own_text(), train, play: false }, text.as_bytes().to_vec())
}

fn trained() -> Bench {
    let mut bench = Bench::with_run(TrainConfig { steps: Some(120), ..small_train() });
    bench.ask_and_settle(Request::Play);
    bench
}

#[test]
fn new_symbols_are_added_and_both_losses_and_samples_are_shown() {
    let mut bench = trained();
    let mut events = bench.ask_and_settle(fine_tune(&NEW.repeat(40)));
    let [model] = models(&events).try_into().expect("the model was prepared");
    let report = model.text.expect("it has a text");
    assert_eq!(report.added.join(""), "WÜäïö");
    assert_eq!((model.origin, model.step, model.symbols.len()), (Origin::FineTuning, 0, report.symbols.len()));
    let before = samples(&events);
    assert!(matches!(before.as_slice(), [Sample { step: 0, before_fine_tuning: true, .. }]), "{before:?}");

    events.extend(bench.ask_and_settle(Request::Play));
    let losses = |on: EvaluatedOn| -> Vec<(u64, f64)> {
        let of_text = evaluations(&events).into_iter().filter(|evaluation| evaluation.on == on);
        of_text.map(|evaluation| (evaluation.step, evaluation.loss)).collect()
    };
    let (new, old) = (losses(EvaluatedOn::Validation), losses(EvaluatedOn::OldText));
    assert_eq!(new.iter().map(|loss| loss.0).collect::<Vec<_>>(), [0, 20, 40]);
    assert_eq!(old.iter().map(|loss| loss.0).collect::<Vec<_>>(), [0, 20, 40]);
    assert!(new[2].1 < new[0].1, "the new text is learned: {new:?}");
    assert!(old[0].1 < new[0].1 && old[2].1 > old[0].1, "the old one was known and is forgotten: {old:?}");
    let after: Vec<_> = samples(&events).into_iter().filter(|sample| !sample.before_fine_tuning).collect();
    assert_eq!(after.iter().map(|sample| sample.step).collect::<Vec<_>>(), [20, 40]);
}

#[test]
fn without_a_model_there_is_nothing_to_fine_tune() {
    let mut bench = Bench::new();
    assert_eq!(trouble(&bench.ask(fine_tune(NEW))), Trouble::NoModel);
}

#[test]
fn a_text_that_is_refused_leaves_the_run_as_it_was() {
    let mut bench = trained();
    let before = bench.kept();
    assert_eq!(trouble(&bench.ask_and_settle(fine_tune(""))), Trouble::TextEmpty);
    let short = trouble(&bench.ask_and_settle(fine_tune("Too short for four streams of sixteen.")));
    assert!(matches!(short, Trouble::TextTooShort { needed: 65, batch: 4, context: 16, .. }), "{short:?}");
    assert_eq!(bench.kept(), before);
}

#[test]
fn a_loaded_model_is_fine_tuned_without_an_old_text() {
    let (_, file) = trained().save();
    let mut bench = Bench::new();
    bench.ask_and_settle((Request::Load, file));
    let events = bench.ask_and_settle(fine_tune(&NEW.repeat(40)));
    let on: Vec<_> = evaluations(&events).iter().map(|evaluation| evaluation.on).collect();
    assert_eq!(on, [EvaluatedOn::Validation]);
    assert_eq!(losses(&bench.ask_and_settle(Request::Play)).len(), 40);
}
