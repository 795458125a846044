//! The engine from inside, where a device can be made to fail.

mod keeping;
mod lost_gpu;

use std::cell::RefCell;

use super::*;
use crate::{
    model::{Weights, trace::counted},
    protocol::{
        DeviceKind, ModelConfig, ModelReport, Origin, Request, Source, SpeedReport, SpeedSize, TextRequest, Topic,
        TrainConfig, VocabularyKind,
    },
};

#[test]
fn a_report_of_a_lost_device_is_cut_down_to_its_cause() {
    let report = "The device is poisoned\nCaused by:\n  Destroyed: it was unplugged.\nBacktrace:\nNo backtrace\n";
    assert_eq!(cause(report), "Destroyed: it was unplugged.");
    assert_eq!(cause("gone"), "gone");
}

/// An engine and what it says.
struct Driven {
    engine: Engine,
    heard: Rc<RefCell<Vec<Parcel<Event>>>>,
    /// Of the last request.
    id: RequestId,
}

impl Driven {
    /// On the CPU with a short text and a small model that trains.
    fn new(candidates: Option<Candidates>) -> Self {
        let heard = Rc::<RefCell<Vec<_>>>::default();
        let outbox = heard.clone();
        let mut engine = Engine::new(move |event: Parcel<Event>| outbox.borrow_mut().push(event));
        engine.candidates = candidates;
        // Only its kind says that a device may be lost.
        engine.compute.kind = DeviceKind::WebGpu;
        let mut driven = Driven { engine, heard, id: 0 };
        driven.use_text();
        driven.build();
        driven
    }

    fn ask(&mut self, body: Request) -> Vec<Parcel<Event>> {
        self.ask_with(body, Vec::new())
    }

    fn ask_with(&mut self, body: Request, bytes: Vec<u8>) -> Vec<Parcel<Event>> {
        self.id += 1;
        pollster::block_on(self.engine.handle(Parcel::with_bytes(self.id, body, bytes)));
        self.heard()
    }

    fn use_text(&mut self) -> Vec<Parcel<Event>> {
        let source = Source::Own { name: "mine.txt".to_owned() };
        let text = TextRequest { source, vocabulary: VocabularyKind::Char, split: 0.9 };
        self.ask_with(Request::UseText(text), "to be or not to be, ".repeat(50).into_bytes())
    }

    fn build(&mut self) -> Vec<Parcel<Event>> {
        let model = ModelConfig { hidden: 16, ..ModelConfig::default() };
        let train = TrainConfig { batch: 4, context: 8, eval_every: 10, steps: None, ..TrainConfig::default() };
        let text = self.engine.text.as_ref().map_or(0, |text| text.id);
        self.ask(Request::Build { text, model, train, play: true })
    }

    fn train_to(&mut self, step: u64) -> Vec<Parcel<Event>> {
        let mut heard = Vec::new();
        while self.step() < step {
            pollster::block_on(self.engine.advance());
            heard.extend(self.heard());
        }
        heard
    }

    fn settle(&mut self) -> Vec<Parcel<Event>> {
        let mut heard = Vec::new();
        while self.engine.is_busy() {
            pollster::block_on(self.engine.advance());
            heard.extend(self.heard());
        }
        heard
    }

    /// What was said since somebody asked last.
    fn heard(&self) -> Vec<Parcel<Event>> {
        std::mem::take(&mut *self.heard.borrow_mut())
    }

    fn step(&self) -> u64 {
        self.engine.run.as_ref().map_or(0, Run::step_number)
    }

    fn weights(&self) -> Weights {
        pollster::block_on(self.engine.run.as_ref().unwrap().model().weights()).unwrap()
    }
}

fn speeds(events: &[Parcel<Event>]) -> Vec<SpeedReport> {
    let reports = events.iter().filter_map(|event| match &event.body {
        Event::Speed(report) => Some(report.clone()),
        _ => None,
    });
    reports.collect()
}

fn models(events: &[Parcel<Event>]) -> Vec<ModelReport> {
    let reports = events.iter().filter_map(|event| match &event.body {
        Event::ModelReady(report) => Some(ModelReport::clone(report)),
        _ => None,
    });
    reports.collect()
}

/// The last words, with the requests that they are said to.
fn last_words(events: &[Parcel<Event>]) -> Vec<(RequestId, Option<Trouble>)> {
    let words = events.iter().filter_map(|event| match &event.body {
        Event::Done => Some((event.id, None)),
        Event::Trouble { trouble, .. } => Some((event.id, Some(trouble.clone()))),
        _ => None,
    });
    words.collect()
}

fn lost() -> Trouble {
    Trouble::DeviceLost { reason: "unplugged".to_owned() }
}

/// The CPU that says it is a GPU.
fn stand_in() -> ComputeDevice {
    ComputeDevice { kind: DeviceKind::WebGpu, ..device::cpu() }
}

#[test]
fn a_measurement_of_the_devices_changes_no_bit_of_the_run() {
    // The CPU is its own rival, so that the run is on it whoever wins.
    let weights = |candidates| {
        let mut driven = Driven::new(candidates);
        let reports = driven.build().into_iter().filter_map(|event| match event.body {
            Event::Device(report) => Some(report),
            _ => None,
        });
        let reports: Vec<_> = reports.collect();
        driven.train_to(12);
        (driven.weights(), reports)
    };
    let (measured, reports) = weights(Some(Candidates::new(device::cpu(), stand_in())));
    assert_eq!(measured, weights(None).0);
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].reason, DeviceReason::Measured);
    assert!(reports[0].speeds.cpu.is_some() && reports[0].speeds.gpu.is_some());
}

#[test]
fn a_training_waits_while_the_machine_is_measured_and_goes_on_when_that_is_done_or_stopped() {
    let mut driven = Driven::new(None);
    driven.train_to(3);
    let size = SpeedSize { hidden: 8, batch: 1, context: 2 };
    let measure = || Request::MeasureSpeed { sizes: vec![size], patience: 0.0 };
    let mut events = driven.ask(measure());
    while speeds(&events).last().unwrap().going {
        assert_eq!(driven.step(), 3);
        pollster::block_on(driven.engine.advance());
        events.extend(driven.heard());
    }
    let last = speeds(&events).pop().unwrap();
    assert_eq!(last.figures.len(), last.planned);
    assert!(last_words(&events).contains(&(driven.id, None)));
    driven.train_to(6);
    driven.ask(measure());
    let stopped = driven.ask(Request::StopMeasuring);
    let last = speeds(&stopped).pop().unwrap();
    assert!(!last.going && last.figures.is_empty());
    assert_eq!(last_words(&stopped), [(driven.id - 1, None), (driven.id, None)]);
    driven.train_to(9);
}

#[test]
fn a_lost_device_is_told_once_and_the_same_run_goes_on_from_the_weights_last_kept_on_the_cpu() {
    let mut driven = Driven::new(None);
    let run = driven.engine.last_run;
    driven.train_to(15);
    driven.ask(Request::Evaluate);
    let asked = driven.id;
    driven.engine.report(NO_REQUEST, lost());
    let events = driven.heard();
    assert_eq!(events[0], Parcel::new(NO_REQUEST, Event::Trouble { run: Some(run), trouble: lost() }));
    assert!(
        matches!(&events[1].body, Event::Device(report)
            if report.kind == DeviceKind::Cpu && report.reason == DeviceReason::Failed("unplugged".to_owned())),
        "{events:?}"
    );
    assert_eq!(last_words(&events[2..]), [(asked, Some(lost()))]);
    // Kept with the evaluation at step 10.
    let [model] = models(&events).try_into().unwrap();
    assert_eq!((model.run, model.step, model.origin), (run, 10, Origin::Moved));
    assert!(!driven.engine.is_training() && driven.engine.compute.kind == DeviceKind::Cpu);
}

#[test]
fn a_gpu_that_fails_while_it_is_tried_leaves_a_run_on_the_cpu_as_it_was() {
    let mut driven = Driven::new(Some(Candidates::new(device::cpu(), stand_in())));
    driven.engine.compute = device::cpu();
    driven.train_to(5);
    let before = driven.weights();
    driven.engine.report(77, lost());
    let events = driven.heard();
    assert_eq!(last_words(&events), [(77, Some(lost()))]);
    assert!(models(&events).is_empty() && driven.engine.is_training());
    assert_eq!(driven.weights(), before);
    // It is not tried again.
    let devices: Vec<_> = driven
        .build()
        .into_iter()
        .filter_map(|event| match event.body {
            Event::Device(report) => Some(report.reason),
            _ => None,
        })
        .collect();
    assert_eq!(devices, [DeviceReason::Failed("unplugged".to_owned())]);
}

#[test]
fn nothing_is_read_for_a_picture_that_is_not_seen() {
    let mut driven = Driven::new(None);
    counted::COUNT.set(0);
    driven.train_to(60);
    driven.ask(Request::Pause);
    driven.settle();
    assert_eq!(counted::COUNT.get(), 0);

    driven.ask(Request::Subscribe { topic: Topic::Hidden { text: String::new(), layer: 0 }, every_ms: 0 });
    let subscription = driven.id;
    driven.settle();
    assert_eq!(counted::COUNT.get(), 1);
    // A model that stands still is read once.
    driven.ask(Request::Evaluate);
    driven.settle();
    assert_eq!(counted::COUNT.get(), 1);

    driven.ask(Request::Unsubscribe { subscription });
    driven.ask(Request::Play);
    driven.train_to(120);
    assert_eq!(counted::COUNT.get(), 1);
}

#[test]
fn a_picture_that_takes_long_leaves_training_its_share() {
    let mut driven = Driven::new(None);
    counted::COUNT.set(0);
    for layer in 0..3 {
        driven.ask(Request::Subscribe { topic: Topic::Hidden { text: "to be ".repeat(80), layer }, every_ms: 0 });
    }
    let (mut steps, mut slices) = (0, 0);
    for _ in 0..400 {
        let before = driven.step();
        pollster::block_on(driven.engine.advance());
        steps += driven.step() - before;
        slices += 1;
    }
    let traces = counted::COUNT.get() as u64;
    // 480 symbols take several times as long as a step of 32: eight times that lies between two traces.
    assert!(traces >= 3 && traces * 4 < steps, "{traces} traces, {steps} steps in {slices} slices");
}

#[test]
fn a_text_that_a_run_learns_keeps_its_losses_to_beat_whatever_text_comes_next() {
    let mut driven = Driven::new(None);
    let first = driven.engine.text.clone().unwrap();
    driven.use_text();
    driven.ask(Request::Pause);
    let events = driven.settle();
    let counted = events.iter().filter_map(|event| match &event.body {
        Event::Baselines { text, .. } => Some(*text),
        _ => None,
    });
    assert_eq!(counted.collect::<Vec<_>>(), [first.id, first.id + 2]);
    assert_eq!(first.report().baselines.len(), 5);
    // A third text: nobody learns or will learn the second one, whose request is done all the same.
    driven.use_text();
    let second = driven.id;
    let words = last_words(&driven.use_text());
    assert_eq!(words, [(second, None)]);
}
