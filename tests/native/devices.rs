//! The device that is chosen by trying both.

use unroll::protocol::*;

use crate::bench::*;

fn build(bench: &mut Bench, hidden: usize) -> (bool, Option<DeviceReport>) {
    let events = bench.build(ModelConfig { hidden, ..small_model() }, small_train());
    let measured = events.iter().any(|event| matches!(event.body, Event::Working { task: Task::MeasuringDevices, .. }));
    let report = find(&events, |event| match event {
        Event::Device(report) => Some(report.clone()),
        _ => None,
    });
    assert!(find(&events, |event| matches!(event, Event::ModelReady(_)).then_some(())).is_some(), "{events:?}");
    (measured, report)
}

#[test]
fn auto_tries_both_devices_when_the_size_changes_and_trains_on_one() {
    if Bench::on(DeviceWish::Gpu).is_none() {
        eprintln!("no GPU was found: there is nothing to choose");
        return;
    }
    let mut bench = Bench::on(DeviceWish::Auto).unwrap();
    bench.prepare(small_train());
    let (measured, again) = build(&mut bench, small_model().hidden);
    let again = again.unwrap();
    assert!(!measured && again.speeds.cpu.is_some(), "the same size is known: {again:?}");
    let (measured, report) = build(&mut bench, small_model().hidden + 8);
    let report = report.unwrap();
    assert!(measured && matches!(report.reason, DeviceReason::Measured | DeviceReason::SlowStart), "{report:?}");
    assert_eq!(report.speeds.gpu.is_some(), report.reason == DeviceReason::Measured);
    let events = bench.ask(Request::StepOnce);
    assert!(events.iter().any(|event| matches!(event.body, Event::Progress(_))), "{events:?}");
}

#[test]
fn a_device_that_was_asked_for_is_never_put_to_the_test() {
    let mut bench = Bench::new();
    bench.prepare(small_train());
    assert_eq!(build(&mut bench, 24), (false, None));
}

#[test]
fn a_run_that_is_replaced_while_its_figures_are_on_their_way_takes_no_other_with_it() {
    for device in [DeviceWish::Gpu, DeviceWish::Cpu] {
        let Some(mut bench) = Bench::on(device) else { continue };
        bench.prepare(TrainConfig { steps: None, ..small_train() });
        for round in 0..20 {
            let mut events = bench.ask(Request::Play);
            while losses(&events).len() < 12 {
                events.extend(bench.advance());
            }
            // A few steps more, whose figures nobody has seen.
            (0..round % 7).for_each(|_| drop(bench.advance()));
            let [report] = models(&bench.build(small_model(), TrainConfig { steps: None, ..small_train() }))
                .try_into()
                .expect("it starts over");
            assert_eq!((report.step, report.origin), (0, Origin::Drawn), "{device:?} {round}");
        }
        assert!(bench.kept().is_finite());
    }
}
