//! The device that is chosen by trying both.

use unroll::protocol::*;

use crate::bench::{Bench, find, small_model, small_train};

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
