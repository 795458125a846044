//! The heatmap, the odds, and writing beside training.

use unroll::protocol::*;

use crate::bench::*;

fn hidden(events: &[Parcel<Event>]) -> Vec<(HiddenReport, Vec<Array>)> {
    let seen = events.iter().filter_map(|event| match &event.body {
        Event::Hidden(report) => Some((report.clone(), event.arrays.clone())),
        _ => None,
    });
    seen.collect()
}

#[test]
fn the_heatmap_follows_the_model() {
    for device in [DeviceWish::Cpu, DeviceWish::Gpu] {
        let Some(mut bench) = Bench::on(device) else { continue };
        bench.prepare(small_train());
        let watch = Watch { text: "the quick fox Ä".to_owned(), layer: 3 };
        let events = bench.ask_and_settle(Request::Watch(watch));
        let [(report, arrays)] = hidden(&events).try_into().expect("one trace of a model that stands still");
        assert_eq!((report.step, report.layer, report.layers, report.units), (0, 0, 1, 24));
        assert_eq!(report.symbols.len(), 14);
        assert_eq!(report.unknown, ["Ä"]);
        let [Array::Floats(states), Array::Floats(odds), Array::Ids(symbols)] = arrays.as_slice() else {
            panic!("{arrays:?}")
        };
        assert_eq!((states.len(), odds.len(), symbols.len()), (14 * 24, 14 * 5, 14 * 5));
        assert!(states.iter().any(|&state| state != 0.0) && states.iter().all(|state| state.abs() <= 1.0));

        let after = hidden(&bench.ask_and_settle(Request::Play));
        let (report, changed) = after.last().expect("it follows training");
        assert_eq!(report.step, 60);
        assert_ne!(&changed[0], &arrays[0]);
    }
}

#[test]
fn without_a_text_of_its_own_the_heatmap_reads_the_validation_part() {
    let mut bench = Bench::with_run(small_train());
    let events = bench.ask_and_settle(Request::Watch(Watch { text: String::new(), layer: 0 }));
    let [(report, _)] = hidden(&events).try_into().expect("one trace");
    assert!(report.symbols.len() > 100 && report.unknown.is_empty());
}

#[test]
fn odds_are_a_distribution_over_what_may_follow() {
    let mut bench = Bench::with_run(TrainConfig { steps: Some(200), ..small_train() });
    bench.ask_and_settle(Request::Play);
    let events =
        bench.ask(Request::Odds { id: 9, prompt: "the quick brown fox jumps over the l".to_owned(), count: 3 });
    let (id, odds) = find(&events, |event| match event {
        Event::Odds { id, odds, .. } => Some((*id, odds.clone())),
        _ => None,
    })
    .expect("odds");
    assert_eq!((id, odds.len(), odds[0].symbol.as_str()), (9, 3, "a"));
    assert!(odds[0].probability >= odds[1].probability && odds.iter().map(|odd| odd.probability).sum::<f32>() <= 1.001);
}

#[test]
fn a_model_writes_while_it_trains_and_stops_when_asked() {
    let mut bench = Bench::with_run(TrainConfig { steps: None, eval_every: 1_000_000, ..small_train() });
    bench.ask(Request::Play);
    let generate =
        Generate { id: 1, prompt: "the ".to_owned(), length: 100_000, temperature: 1.0, top_k: Some(5), seed: 1 };
    bench.ask(Request::Generate(generate));
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
    let ended = bench.ask(Request::StopGenerating { id: 1 });
    assert!(matches!(&ended[0].body, Event::Written(Written { id: 1, done: true, .. })), "{ended:?}");
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
