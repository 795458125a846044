//! A run: trained, paused, stepped, tuned, diverged and recovered.

use unroll::protocol::*;

use crate::bench::*;

#[test]
fn a_run_learns_evaluates_and_ends_by_itself() {
    for device in [DeviceWish::Cpu, DeviceWish::Gpu] {
        let Some(mut bench) = Bench::on(device) else { continue };
        bench.prepare(small_train());
        let events = bench.ask_and_settle(Request::Play);
        let losses = losses(&events);
        assert_eq!(losses.iter().map(|(step, _)| *step).collect::<Vec<_>>(), (1..=60).collect::<Vec<_>>());
        let (first, last) = (losses[0].1, losses[59].1);
        // 29 symbols: ln 29 = 3.37.
        assert!((first - 3.37).abs() < 0.2 && last < 0.6 * first, "{device:?}: {first} to {last}");
        let evaluations = evaluations(&events);
        let found: Vec<_> = evaluations.iter().map(|evaluation| (evaluation.step, evaluation.on)).collect();
        assert_eq!(found, [20, 40, 60].map(|step| (step, EvaluatedOn::Validation)));
        assert!(evaluations[2].loss < evaluations[0].loss, "{evaluations:?}");
        assert_eq!(states(&events), [RunState::Running, RunState::Finished]);
    }
}

#[test]
fn a_seed_repeats_a_run_on_the_cpu_to_the_bit() {
    let model = ModelConfig { layers: 2, dropout: 0.2, ..small_model() };
    let run = || {
        let mut bench = Bench::new();
        bench.use_text(&fox());
        bench.build(model.clone(), small_train());
        losses(&bench.ask_and_settle(Request::Play))
    };
    assert_eq!(run(), run());
}

#[test]
fn a_paused_run_stands_still_and_goes_on_where_it_was() {
    for device in [DeviceWish::Cpu, DeviceWish::Gpu] {
        let Some(mut bench) = Bench::on(device) else { continue };
        bench.prepare(small_train());
        let mut whole = bench.ask(Request::Play);
        whole.extend(bench.advance_by(10));
        whole.extend(bench.ask_and_settle(Request::Pause));
        let paused_at = losses(&whole).len() as u64;
        assert!(paused_at >= 5, "{paused_at}");
        assert_eq!(states(&whole), [RunState::Running, RunState::Paused]);

        let once = bench.ask_and_settle(Request::StepOnce);
        assert_eq!(losses(&once).iter().map(|(step, _)| *step).collect::<Vec<_>>(), [paused_at + 1]);
        assert_eq!(states(&once).last(), Some(&RunState::Paused));
        whole.extend(once);

        whole.extend(bench.ask_and_settle(Request::Play));
        let steps: Vec<_> = losses(&whole).iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, (1..=60).collect::<Vec<_>>());
        if device == DeviceWish::Cpu {
            // Interruptions change nothing.
            let straight = Bench::with_run(small_train()).ask_and_settle(Request::Play);
            assert_eq!(losses(&whole), losses(&straight));
        }
    }
}

#[test]
fn a_run_without_an_end_goes_on_until_it_is_paused() {
    let mut bench = Bench::with_run(TrainConfig { steps: None, ..small_train() });
    let mut events = bench.ask(Request::Play);
    while losses(&events).len() < 100 {
        events.extend(bench.advance());
    }
    bench.ask_and_settle(Request::Pause);
    assert!(!bench.is_busy());
}

#[test]
fn the_learning_rate_changes_while_running() {
    let mut bench = Bench::with_run(TrainConfig { steps: Some(200), ..small_train() });
    let mut events = bench.ask(Request::Play);
    events.extend(bench.advance_by(10));
    events.extend(bench.ask(Request::Tune { learning_rate: 5e-3, clip: 0.5 }));
    events.extend(bench.settle());
    let rates: Vec<f32> = events
        .iter()
        .filter_map(|event| match (&event.body, event.arrays.as_slice()) {
            (Event::Progress(_), [_, _, Array::Floats(rates)]) => Some(rates.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!((rates.len(), rates[0], rates[199]), (200, 1e-2, 5e-3));
}

#[test]
fn a_diverging_run_stops_says_when_and_goes_on_from_the_last_good_weights() {
    for device in [DeviceWish::Cpu, DeviceWish::Gpu] {
        let Some(mut bench) = Bench::on(device) else { continue };
        // With so much decay a rate of 10 makes every weight nine times larger each step.
        bench.prepare(TrainConfig { weight_decay: 1.0, steps: None, eval_every: 10, ..small_train() });
        let mut events = bench.ask(Request::Play);
        while losses(&events).len() < 60 {
            events.extend(bench.advance());
        }
        bench.ask(Request::Tune { learning_rate: 10.0, clip: 1.0 });
        let after = bench.settle();
        let [RunState::Diverged { step, good_step, base_rate }] = states(&after)[..] else {
            panic!("{:?}", states(&after))
        };
        assert!(step > good_step && good_step >= 50 && base_rate == 10.0, "{step} {good_step} {base_rate}");
        let losses_shown = losses(&after);
        assert_eq!(losses_shown.last().map(|loss| loss.0), Some(step));
        assert!(matches!(trouble(&bench.ask(Request::Play)), Trouble::Diverged { .. }));
        assert!(matches!(trouble(&bench.ask(Request::StepOnce)), Trouble::Diverged { .. }));
        // What is kept is good: it writes, and it learns on.
        assert_eq!(bench.generate("the ", 20, 1.0).0.chars().count(), 20);
        let events = bench.ask(Request::Recover { learning_rate: 0.0 });
        assert!(matches!(trouble(&events), Trouble::OutOfRange { .. }));
        let mut events = bench.ask(Request::Recover { learning_rate: 5e-3 });
        let [report] = models(&events).try_into().expect("the model is back");
        assert_eq!((report.origin, report.step), (Origin::Recovered, good_step));
        assert!(states(&events).is_empty() && !bench.is_busy(), "it waits to be played");
        events.extend(bench.ask(Request::Play));
        while losses(&events).len() < 20 {
            events.extend(bench.advance());
        }
        let again = losses(&events);
        assert!(again[0].0 == good_step + 1 && again.iter().all(|loss| loss.1 < 3.4), "{again:?}");
    }
}

#[test]
fn nothing_diverged_so_there_is_nothing_to_recover() {
    let mut bench = Bench::with_run(small_train());
    assert_eq!(trouble(&bench.ask(Request::Recover { learning_rate: 1e-3 })), Trouble::NothingToRecover);
}

#[test]
fn samples_come_at_intervals_and_hold_only_known_symbols() {
    let mut bench = Bench::with_run(TrainConfig { sample_every: Some(25), ..small_train() });
    let events = bench.ask_and_settle(Request::Play);
    let samples = samples(&events);
    assert_eq!(samples.iter().map(|sample| sample.step).collect::<Vec<_>>(), [25, 50]);
    for sample in samples {
        assert!(!sample.text.is_empty() && !sample.before_fine_tuning);
        assert!(sample.text.chars().all(|symbol| fox().contains(symbol)), "{}", sample.text);
    }
}

#[test]
fn progress_comes_at_most_thirty_times_a_second() {
    let mut bench = Bench::with_run(TrainConfig { steps: Some(400), ..small_train() });
    let start = std::time::Instant::now();
    let events = bench.ask_and_settle(Request::Play);
    let seconds = start.elapsed().as_secs_f64();
    let count = events.iter().filter(|event| matches!(event.body, Event::Progress(_))).count();
    assert_eq!(losses(&events).len(), 400);
    // One at the start and one at the end, whatever the time.
    assert!(count as f64 <= 30.0 * seconds + 2.0, "{count} in {seconds} s");
}
