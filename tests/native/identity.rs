//! Whose is what: answers name their request, events their run, and a run brings the text that it learns.

use unroll::protocol::*;

use crate::bench::*;

const OTHER: &str = "Sphinx of black quartz, judge my vow!\n";

/// Requests that have had their last word, and what it was.
fn last_words(events: &[Parcel<Event>]) -> Vec<(RequestId, Option<Trouble>)> {
    let words = events.iter().filter_map(|event| match &event.body {
        Event::Done => Some((event.id, None)),
        Event::Trouble { trouble, .. } => Some((event.id, Some(trouble.clone()))),
        _ => None,
    });
    words.collect()
}

fn fine_tune(text: &str, play: bool) -> (Request, Vec<u8>) {
    let train = TrainConfig { steps: Some(20), ..small_train() };
    (Request::FineTune { text: own_text(), train, play }, text.as_bytes().to_vec())
}

fn endless() -> TrainConfig {
    TrainConfig { steps: None, ..small_train() }
}

fn generate(length: usize) -> Request {
    Request::Generate(Generate { prompt: "the ".to_owned(), length, temperature: 1.0, top_k: None, seed: 1 })
}

#[test]
fn a_run_brings_its_own_text_also_after_another_was_learned_in_between() {
    let mut bench = Bench::with_run(small_train());
    bench.settle();
    let fox = bench.text;
    let [tuned] = models(&bench.ask_and_settle(fine_tune(&OTHER.repeat(40), false))).try_into().expect("a run");
    assert_eq!((tuned.run, tuned.text.as_ref().map(|text| text.id)), (2, Some(bench.id)));
    assert!(tuned.text.is_some_and(|text| !text.added.is_empty()));

    let [again] = models(&bench.build(small_model(), small_train())).try_into().expect("a run");
    let text = again.text.expect("its text");
    // 29 symbols of the fox, and its n-grams, which are known by now.
    assert_eq!((again.run, text.id, text.symbols.len(), text.baselines.len()), (3, fox, 29, 5));
    assert_eq!((again.symbols, again.parameters), (text.symbols, small_model().parameters(29)));
    assert!(text.added.is_empty());
}

#[test]
fn n_gram_losses_name_their_text_and_those_of_a_fine_tuning_its_request() {
    let mut bench = Bench::with_run(small_train());
    let baselines = |events: &[Parcel<Event>]| {
        let of_text = events.iter().filter_map(|event| match &event.body {
            Event::Baselines { text, baselines } => Some((event.id, *text, baselines.len())),
            _ => None,
        });
        of_text.collect::<Vec<_>>()
    };
    assert_eq!(baselines(&bench.settle()), [(bench.text, bench.text, 5)]);
    let events = bench.ask_and_settle(fine_tune(&OTHER.repeat(40), true));
    assert_eq!(baselines(&events), [(bench.id, bench.id, 5)]);
    assert_eq!(states(&events), [RunState::Running, RunState::Finished]);
}

#[test]
fn what_a_run_says_names_it() {
    let mut bench = Bench::with_run(TrainConfig { sample_every: Some(20), ..small_train() });
    let mut events = bench.ask_and_settle(Request::Play);
    bench.build(small_model(), TrainConfig { sample_every: Some(20), ..small_train() });
    let first = events.len();
    events.extend(bench.ask_and_settle(Request::Play));
    let runs = |events: &[Parcel<Event>]| {
        let runs = events.iter().filter_map(|event| match &event.body {
            Event::Progress(progress) => Some(progress.run),
            Event::Evaluated(evaluation) => Some(evaluation.run),
            Event::Sample(sample) => Some(sample.run),
            Event::State { run, .. } => Some(*run),
            _ => None,
        });
        let mut runs: Vec<_> = runs.collect();
        assert!(runs.len() > 8, "{events:?}");
        runs.dedup();
        runs
    };
    assert_eq!((runs(&events[..first]), runs(&events[first..])), (vec![1], vec![2]));
}

#[test]
fn a_model_is_built_for_the_text_that_was_meant_or_not_at_all() {
    let mut bench = Bench::with_run(endless());
    bench.ask(Request::Play);
    let first = bench.text;
    bench.use_text(&OTHER.repeat(40));
    // Whoever asks has not heard of the second text yet.
    let build = |text| Request::Build { text, model: small_model(), train: small_train(), play: true };
    assert_eq!(trouble(&bench.ask(build(first))), Trouble::TextReplaced);
    // The second text is too short for this batch; the run goes on with the first.
    let train = TrainConfig { batch: 256, context: 64, ..small_train() };
    let refused = trouble(&bench.build(small_model(), train));
    assert!(matches!(refused, Trouble::TextTooShort { .. }), "{refused:?}");
    assert!(bench.is_busy(), "it trains");
    let paused = bench.ask(Request::Pause);
    assert_eq!(bench.kept().vocabulary.len(), 29);
    assert!(paused.iter().any(|event| event.body == Event::State { run: 1, state: RunState::Paused }), "{paused:?}");
}

#[test]
fn a_run_is_replaced_twenty_times_while_it_trains() {
    for device in [DeviceWish::Cpu, DeviceWish::Gpu] {
        let Some(mut bench) = Bench::on(device) else { continue };
        bench.use_text(&fox());
        for run in 1..=20 {
            let build = Request::Build { text: bench.text, model: small_model(), train: endless(), play: true };
            let events = bench.ask(build);
            let [report] = models(&events).try_into().expect("a new run");
            assert_eq!((report.run, report.step, states(&events)), (run, 0, vec![RunState::Running]));
            // Until figures have come back, with others on their way.
            bench.until(|event| matches!(event, Event::Progress(progress) if progress.run == run).then_some(()));
            bench.advance_by(5);
        }
        bench.ask(Request::Pause);
        bench.settle();
        assert_eq!(bench.generate("the ", 5, 1.0).0.chars().count(), 5);
    }
}

#[test]
fn who_asked_for_what_a_new_run_ends_is_told() {
    let mut bench = Bench::with_run(small_train());
    bench.settle();
    bench.ask(Request::Evaluate);
    let evaluation = bench.id;
    bench.ask(generate(100_000));
    let writing = bench.id;
    let events = bench.build(small_model(), small_train());
    let words = last_words(&events);
    assert_eq!(words, [(writing, None), (evaluation, Some(Trouble::ModelReplaced)), (bench.id, None)]);
    let written = |event: &Parcel<Event>| matches!(&event.body, Event::Written(written) if written.done);
    assert!(events.iter().any(|event| event.id == writing && written(event)), "{events:?}");
}

#[test]
fn what_is_known_of_steps_that_a_divergence_undoes_is_not_told_afterwards() {
    let mut bench =
        Bench::with_run(TrainConfig { weight_decay: 1.0, sample_every: Some(1), eval_every: 1, ..endless() });
    bench.ask(Request::Play);
    bench.until(|event| matches!(event, Event::Progress(progress) if progress.step >= 60).then_some(()));
    bench.ask(Request::Tune { learning_rate: 10.0, clip: 1.0 });
    let mut asked = Vec::new();
    let mut events = Vec::new();
    for slice in 0.. {
        if !bench.is_busy() {
            break;
        }
        events.extend(bench.advance());
        // Not so many that training would wait for them.
        if states(&events).is_empty() && slice % 8 == 0 {
            bench.ask(Request::Evaluate);
            asked.push(bench.id);
        }
    }
    let at = events.iter().position(|event| matches!(event.body, Event::State { .. })).expect("it diverged");
    let [RunState::Diverged { step, good_step, base_rate }] = states(&events)[..] else { panic!("{events:?}") };
    let later = |event: &&Parcel<Event>| match &event.body {
        Event::Evaluated(evaluation) => evaluation.step > good_step,
        Event::Sample(sample) => sample.step > good_step,
        _ => false,
    };
    assert_eq!(events[at..].iter().find(later), None);
    // Whoever asked for one of them hears why there is none.
    let words = last_words(&events);
    let why = Some(Trouble::Diverged { step, base_rate });
    assert!(words.iter().any(|(id, trouble)| asked.contains(id) && *trouble == why), "{words:?}");
    assert!(words.iter().all(|(id, _)| asked.contains(id)), "{words:?}");
}

#[test]
fn a_refused_request_has_one_answer_and_changes_nothing() {
    let mut bench = Bench::with_run(endless());
    bench.settle();
    let before = bench.kept();
    bench.ask(Request::Play);
    let text = bench.text;
    let build = |model: ModelConfig, train: TrainConfig| Request::Build { text, model, train, play: true };
    let refused: Vec<Asked> = vec![
        (Request::UseText(own_text()), Vec::new()).into(),
        build(ModelConfig { hidden: 9999, ..small_model() }, small_train()).into(),
        build(small_model(), TrainConfig { context: 0, ..small_train() }).into(),
        build(small_model(), TrainConfig { batch: 256, context: 512, ..small_train() }).into(),
        fine_tune("", true).into(),
        fine_tune("too short", true).into(),
        (Request::Load, b"no model".to_vec()).into(),
        (Request::EvaluateText, "the Ä".as_bytes().to_vec()).into(),
        Request::Recover { learning_rate: 1e-3 }.into(),
        Request::Tune { learning_rate: 0.0, clip: 1.0 }.into(),
        generate(0).into(),
    ];
    for asked in refused {
        let events = bench.ask(asked);
        assert!(matches!(last_words(&events)[..], [(id, Some(_))] if id == bench.id), "{events:?}");
        assert!(
            events.iter().all(|event| !matches!(event.body, Event::State { .. } | Event::ModelReady(_))),
            "{events:?}"
        );
    }
    // A refused text is not the one that the next model is for.
    bench.text = text;
    let events = bench.ask(Request::Pause);
    assert_eq!(states(&events), [RunState::Paused]);
    let after = bench.kept();
    assert_eq!((after.weights, after.step), (before.weights, before.step), "no step was done");
    assert!(models(&bench.build(small_model(), small_train())).len() == 1);
}
