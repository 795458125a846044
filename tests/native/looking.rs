//! What a picture sees of the model, and writing beside training.

use std::time::{Duration, Instant};

use unroll::protocol::*;

use crate::bench::*;

fn hidden(events: &[Parcel<Event>]) -> Vec<(RequestId, HiddenReport, Vec<Array>)> {
    let seen = events.iter().filter_map(|event| match &event.body {
        Event::Hidden(report) => Some((event.id, report.clone(), event.arrays.clone())),
        _ => None,
    });
    seen.collect()
}

fn probabilities(events: &[Parcel<Event>]) -> Vec<(RequestId, ProbabilityReport)> {
    let seen = events.iter().filter_map(|event| match &event.body {
        Event::Probabilities(report) => Some((event.id, report.clone())),
        _ => None,
    });
    seen.collect()
}

fn subscribe_hidden(text: &str, layer: usize) -> Request {
    Request::Subscribe { topic: Topic::Hidden { text: text.to_owned(), layer }, every_ms: 0 }
}

fn subscribe_probabilities(prompt: &str, count: usize) -> Request {
    Request::Subscribe { topic: Topic::Probabilities { prompt: prompt.to_owned(), count }, every_ms: 0 }
}

#[test]
fn a_subscription_follows_the_model() {
    for device in [DeviceWish::Cpu, DeviceWish::Gpu] {
        let Some(mut bench) = Bench::on(device) else { continue };
        bench.prepare(small_train());
        let events = bench.ask_and_settle(subscribe_hidden("the quick fox Ä", 3));
        let [(id, report, arrays)] = hidden(&events).try_into().expect("one trace of a model that stands still");
        assert_eq!((id, report.run), (bench.id, 1));
        assert_eq!((report.step, report.layer, report.layers, report.units), (0, 0, 1, 24));
        assert_eq!(report.symbols.len(), 14);
        assert_eq!(report.unknown, ["Ä"]);
        let [Array::Floats(states), Array::Floats(probabilities), Array::Ids(symbols)] = arrays.as_slice() else {
            panic!("{arrays:?}")
        };
        assert_eq!((states.len(), probabilities.len(), symbols.len()), (14 * 24, 14 * 5, 14 * 5));
        assert!(states.iter().any(|&state| state != 0.0) && states.iter().all(|state| state.abs() <= 1.0));

        let after = hidden(&bench.ask_and_settle(Request::Play));
        let (_, report, changed) = after.last().expect("it follows training");
        assert_eq!(report.step, 60);
        assert_ne!(&changed[0], &arrays[0]);
    }
}

#[test]
fn several_subscriptions_each_have_their_topic_their_pace_and_their_end() {
    let mut bench = Bench::new();
    // Before there is a model to see.
    assert!(bench.ask_and_settle(subscribe_hidden("the", 0)).is_empty());
    let first = bench.id;
    bench.prepare(TrainConfig { steps: Some(400), ..small_train() });
    let slow =
        Request::Subscribe { topic: Topic::Probabilities { prompt: "the ".to_owned(), count: 3 }, every_ms: 3_600_000 };
    bench.ask(slow);
    let second = bench.id;
    let shown = bench.settle();
    assert_eq!(hidden(&shown).iter().map(|seen| seen.0).collect::<Vec<_>>(), [first]);
    assert_eq!(probabilities(&shown).iter().map(|seen| seen.0).collect::<Vec<_>>(), [second]);

    let trained = bench.ask_and_settle(Request::Play);
    assert!(hidden(&trained).len() > 3, "as often as the device can");
    let steps: Vec<_> = probabilities(&trained).iter().map(|seen| seen.1.step).collect();
    assert_eq!(steps, [400], "within the hour only what stands in the end");

    let ended = bench.ask(Request::Unsubscribe { subscription: first });
    assert!(matches!(ended.as_slice(), [one, two]
        if (one.id, two.id) == (first, bench.id) && (&one.body, &two.body) == (&Event::Done, &Event::Done)));
    let stepped = bench.ask_and_settle(Request::StepOnce);
    assert_eq!((hidden(&stepped).len(), probabilities(&stepped).len()), (0, 1));
    // Ended once more, it is over still.
    assert_eq!(bench.ask(Request::Unsubscribe { subscription: first }).len(), 1);
}

#[test]
fn subscriptions_outlive_the_model_and_name_the_run_that_they_show() {
    let mut bench = Bench::with_run(small_train());
    bench.ask_and_settle(subscribe_hidden("", 0));
    let id = bench.id;
    bench.build(ModelConfig { hidden: 8, ..small_model() }, small_train());
    let [(again, report, _)] = hidden(&bench.settle()).try_into().expect("one trace of the new model");
    assert_eq!((again, report.run, report.units), (id, 2, 8));
}

#[test]
fn without_a_text_of_its_own_the_heatmap_reads_the_validation_part() {
    let mut bench = Bench::with_run(small_train());
    let events = bench.ask_and_settle(subscribe_hidden("", 0));
    let [(_, report, _)] = hidden(&events).try_into().expect("one trace");
    assert!(report.symbols.len() > 100 && report.unknown.is_empty());
}

#[test]
fn probabilities_are_a_distribution_over_what_may_follow() {
    for device in [DeviceWish::Cpu, DeviceWish::Gpu] {
        let Some(mut bench) = Bench::on(device) else { continue };
        bench.prepare(TrainConfig { steps: Some(200), ..small_train() });
        bench.ask_and_settle(Request::Play);
        let events = bench.ask_and_settle(subscribe_probabilities("the quick brown fox jumps over the l", 3));
        let [(id, report)] = probabilities(&events).try_into().expect("probabilities");
        let next = &report.next;
        assert_eq!((id, report.step, next.len(), next[0].symbol.as_str()), (bench.id, 200, 3, "a"));
        let sum: f32 = next.iter().map(|next| next.probability).sum();
        assert!(next[0].probability >= next[1].probability && sum <= 1.001, "{next:?}");
    }
}

#[test]
fn probabilities_read_as_far_back_as_writing_does() {
    let mut bench = Bench::with_run(small_train());
    let prompt = format!("z{}", "a".repeat(1000));
    let likeliest = |bench: &mut Bench, prompt: &str| {
        let events = bench.ask_and_settle(subscribe_probabilities(prompt, 29));
        probabilities(&events)[0].1.next[0].clone()
    };
    let (written, _) = bench.generate(&prompt, 1, 0.0);
    assert_eq!(likeliest(&mut bench, &prompt).symbol, written);
    // Nothing is what writing without a prompt begins with.
    let (written, _) = bench.generate("", 1, 0.0);
    let first = likeliest(&mut bench, "").symbol;
    assert_eq!(first, if written == " " { "␣" } else { &written });
}

#[test]
fn a_prompt_and_a_text_of_many_megabytes_are_cut_before_anything_is_made_of_them() {
    let mut bench = Bench::with_run(small_train());
    let book = "the quick brown fox ".repeat(4 << 20);
    let started = Instant::now();
    let seen = hidden(&bench.ask_and_settle(subscribe_hidden(&book, 0)));
    assert_eq!(seen[0].1.symbols.len(), Limits::WATCHED);
    bench.ask_and_settle(subscribe_probabilities(&book, 3));
    for _ in 0..10 {
        bench.ask_and_settle(Request::StepOnce);
    }
    let generate = Generate { prompt: book, length: 5, temperature: 1.0, top_k: None, seed: 1 };
    bench.ask_and_settle(Request::Generate(generate));
    // Encoding 80 MB takes about a second, and would have been done more than twenty times.
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

#[test]
fn a_model_writes_while_it_trains_and_stops_when_asked() {
    let mut bench = Bench::with_run(TrainConfig { steps: None, eval_every: 1_000_000, ..small_train() });
    bench.ask(Request::Play);
    let generate = Generate { prompt: "the ".to_owned(), length: 100_000, temperature: 1.0, top_k: Some(5), seed: 1 };
    bench.ask(Request::Generate(generate));
    let writing = bench.id;
    let mut events = Vec::new();
    let wrote = |event: &Parcel<Event>| matches!(&event.body, Event::Written(written) if !written.text.is_empty());
    // No longer than it takes: a small model writes all that may be asked for in a few slices.
    for _ in 0..12 {
        events.extend(bench.advance());
        if events.iter().any(wrote) && !losses(&events).is_empty() {
            break;
        }
    }
    assert!(events.iter().any(wrote));
    assert!(!losses(&events).is_empty(), "training goes on");
    let ended = bench.ask(Request::StopGenerating { request: writing });
    assert!(matches!(&ended[0].body, Event::Written(Written { done: true, .. })), "{ended:?}");
    assert_eq!((ended[0].id, ended[1].id, &ended[1].body), (writing, writing, &Event::Done));
    events = bench.ask(Request::Pause);
    assert_eq!(states(&events), [RunState::Paused]);
    assert!(losses(&bench.settle()).is_empty());
}

#[test]
fn a_seed_writes_the_same_text_again_and_no_temperature_the_likeliest() {
    let mut bench = Bench::with_run(TrainConfig { steps: Some(200), ..small_train() });
    bench.ask_and_settle(Request::Play);
    assert_eq!(bench.generate("the ", 80, 1.0), bench.generate("the ", 80, 1.0));
    let (likeliest, _) = bench.generate("the quick brown fox ", 10, 0.0);
    assert_eq!(likeliest, "jumps over");
}

#[test]
fn the_engine_checks_itself() {
    let mut bench = Bench::new();
    let events = bench.ask(Request::SelfCheck);
    let checks = find(&events, |event| match event {
        Event::Checked { checks } => Some(checks.clone()),
        _ => None,
    })
    .expect("checks");
    assert!(!checks.is_empty() && checks.iter().all(Check::passed), "{checks:?}");
}
