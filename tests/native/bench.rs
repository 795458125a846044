//! An engine on a bench: requests go in, events are kept, one slice of work at a time.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    rc::Rc,
};

use unroll::{
    engine::Engine,
    protocol::*,
    train::{Checkpoint, from_safetensors},
};

/// Steps of work after which a test gives up.
const PATIENCE: usize = 200_000;

pub struct Bench {
    engine: Engine,
    heard: Rc<RefCell<Vec<Parcel<Event>>>>,
    /// Of the last request.
    pub id: RequestId,
    /// The text that was taken last.
    pub text: TextId,
    /// Requests that have had no last word yet.
    open: HashMap<RequestId, Request>,
    /// Those that have.
    closed: HashSet<RequestId>,
}

/// A request, perhaps with the bytes of a file.
pub struct Asked(Request, Vec<Array>);

impl From<Request> for Asked {
    fn from(request: Request) -> Self {
        Asked(request, Vec::new())
    }
}

impl From<(Request, Vec<u8>)> for Asked {
    fn from((request, bytes): (Request, Vec<u8>)) -> Self {
        Asked(request, vec![Array::Bytes(bytes)])
    }
}

impl Bench {
    /// An engine on this device, or nothing where there is none.
    pub fn on(device: DeviceWish) -> Option<Self> {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let outbox = heard.clone();
        let engine = Engine::new(move |event| outbox.borrow_mut().push(event));
        let (open, closed) = Default::default();
        let mut bench = Bench { engine, heard, id: 0, text: 0, open, closed };
        let events = bench.ask(Request::Open { device });
        let unmet = events.iter().any(|event| matches!(event.body, Event::Trouble { .. }));
        (!unmet).then_some(bench)
    }

    pub fn new() -> Self {
        Self::on(DeviceWish::Cpu).expect("the CPU is always there")
    }

    /// A small run on a text that repeats itself, ready to play.
    pub fn with_run(train: TrainConfig) -> Self {
        let mut bench = Self::new();
        bench.prepare(train);
        bench
    }

    pub fn prepare(&mut self, train: TrainConfig) {
        self.use_text(&fox());
        let events = self.build(small_model(), train);
        assert!(find(&events, |event| matches!(event, Event::ModelReady(_)).then_some(())).is_some(), "{events:?}");
    }

    /// A new model for the text that was taken last, paused.
    pub fn build(&mut self, model: ModelConfig, train: TrainConfig) -> Vec<Parcel<Event>> {
        self.ask(Request::Build { text: self.text, model, train, play: false })
    }

    pub fn use_text(&mut self, text: &str) -> TextReport {
        let events = self.ask((Request::UseText(own_text()), text.as_bytes().to_vec()));
        find(&events, |event| match event {
            Event::TextReady(report) => Some(report.clone()),
            _ => None,
        })
        .unwrap_or_else(|| panic!("{events:?}"))
    }

    /// Sends a request and does none of the work that follows; what was said at once.
    pub fn ask(&mut self, asked: impl Into<Asked>) -> Vec<Parcel<Event>> {
        let Asked(body, arrays) = asked.into();
        self.id += 1;
        self.open.insert(self.id, body.clone());
        if matches!(body, Request::UseText(_)) {
            self.text = self.id;
        }
        pollster::block_on(self.engine.handle(Parcel { id: self.id, body, arrays }));
        self.take()
    }

    /// One slice of work.
    pub fn advance(&mut self) -> Vec<Parcel<Event>> {
        pollster::block_on(self.engine.advance());
        self.take()
    }

    pub fn is_busy(&self) -> bool {
        self.engine.is_busy()
    }

    /// Works until there is nothing left to do; everything that was said.
    pub fn settle(&mut self) -> Vec<Parcel<Event>> {
        let mut events = Vec::new();
        for _ in 0..PATIENCE {
            if !self.is_busy() {
                let subscribed = |request: &Request| matches!(request, Request::Subscribe { .. });
                let unanswered: Vec<_> = self.open.values().filter(|&request| !subscribed(request)).collect();
                assert!(unanswered.is_empty(), "nothing is left to do, and these wait: {unanswered:?}");
                return events;
            }
            events.extend(self.advance());
        }
        panic!("the engine is still busy: {:?}", events.last());
    }

    /// Sends a request and works until there is nothing left to do.
    pub fn ask_and_settle(&mut self, asked: impl Into<Asked>) -> Vec<Parcel<Event>> {
        let mut events = self.ask(asked);
        events.extend(self.settle());
        events
    }

    /// Works until an event gives something.
    pub fn until<R>(&mut self, wanted: impl Fn(&Event) -> Option<R>) -> R {
        for _ in 0..PATIENCE {
            if let Some(found) = find(&self.advance(), &wanted) {
                return found;
            }
        }
        panic!("the event never came");
    }

    /// The model in a file.
    pub fn save(&mut self) -> (String, Vec<u8>) {
        let events = self.ask_and_settle(Request::Save);
        let saved = events.iter().find_map(|event| match (&event.body, event.arrays.as_slice()) {
            (Event::Saved { file_name }, [Array::Bytes(bytes)]) => Some((file_name.clone(), bytes.clone())),
            _ => None,
        });
        saved.unwrap_or_else(|| panic!("{events:?}"))
    }

    /// The model and all that is kept with it.
    pub fn kept(&mut self) -> Checkpoint {
        from_safetensors(&self.save().1).expect("the engine reads its own files").checkpoint
    }

    /// A few slices of work.
    pub fn advance_by(&mut self, slices: usize) -> Vec<Parcel<Event>> {
        (0..slices).flat_map(|_| self.advance()).collect()
    }

    /// What the model writes after a prompt.
    pub fn generate(&mut self, prompt: &str, length: usize, temperature: f32) -> (String, Vec<String>) {
        let generate = Generate { prompt: prompt.to_owned(), length, temperature, top_k: None, seed: 3 };
        let (mut text, mut unknown, mut done) = (String::new(), Vec::new(), false);
        for event in self.ask_and_settle(Request::Generate(generate)) {
            if let Event::Written(written) = event.body {
                assert_eq!(event.id, self.id);
                text.push_str(&written.text);
                unknown.extend(written.unknown);
                done |= written.done;
            }
        }
        assert!(done, "no answer said that it was the last");
        (text, unknown)
    }

    /// What was said. Every request has one last word, and nothing that names it follows.
    fn take(&mut self) -> Vec<Parcel<Event>> {
        let events = std::mem::take(&mut *self.heard.borrow_mut());
        for event in events.iter().filter(|event| event.id != NO_REQUEST) {
            assert!(!self.closed.contains(&event.id), "said of a request after its last word: {event:?}");
            let request = self.open.get(&event.id);
            assert!(request.is_some(), "nobody asked for this: {event:?}");
            if matches!(event.body, Event::Done | Event::Trouble { .. }) {
                self.open.remove(&event.id);
                self.closed.insert(event.id);
            }
        }
        events
    }
}

/// The first event that gives something.
pub fn find<R>(events: &[Parcel<Event>], wanted: impl Fn(&Event) -> Option<R>) -> Option<R> {
    events.iter().find_map(|event| wanted(&event.body))
}

/// The only trouble that was said.
pub fn trouble(events: &[Parcel<Event>]) -> Trouble {
    let troubles = events.iter().filter_map(|event| match &event.body {
        Event::Trouble { trouble, .. } => Some(trouble.clone()),
        _ => None,
    });
    match troubles.collect::<Vec<_>>().as_slice() {
        [trouble] => trouble.clone(),
        _ => panic!("{events:?}"),
    }
}

/// Training losses by step.
pub fn losses(events: &[Parcel<Event>]) -> Vec<(u64, f32)> {
    let points = events.iter().filter_map(|event| match (&event.body, event.arrays.as_slice()) {
        (Event::Progress(progress), [Array::Floats(losses), Array::Floats(norms), Array::Floats(rates)]) => {
            assert_eq!((losses.len(), losses.len()), (norms.len(), rates.len()));
            assert_eq!(progress.first_step + losses.len() as u64 - 1, progress.step);
            Some((progress.first_step..).zip(losses.iter().copied()))
        }
        _ => None,
    });
    points.flatten().collect()
}

/// What each `ModelReady` said.
pub fn models(events: &[Parcel<Event>]) -> Vec<ModelReport> {
    let models = events.iter().filter_map(|event| match &event.body {
        Event::ModelReady(report) => Some(ModelReport::clone(report)),
        _ => None,
    });
    models.collect()
}

pub fn evaluations(events: &[Parcel<Event>]) -> Vec<Evaluation> {
    let evaluations = events.iter().filter_map(|event| match &event.body {
        Event::Evaluated(evaluation) => Some(evaluation.clone()),
        _ => None,
    });
    evaluations.collect()
}

pub fn states(events: &[Parcel<Event>]) -> Vec<RunState> {
    let states = events.iter().filter_map(|event| match &event.body {
        Event::State { state, .. } => Some(state.clone()),
        _ => None,
    });
    states.collect()
}

pub fn samples(events: &[Parcel<Event>]) -> Vec<Sample> {
    let samples = events.iter().filter_map(|event| match &event.body {
        Event::Sample(sample) => Some(sample.clone()),
        _ => None,
    });
    samples.collect()
}

pub fn fox() -> String {
    "the quick brown fox jumps over the lazy dog.\n".repeat(60)
}

pub fn own_text() -> TextRequest {
    TextRequest { source: Source::Own { name: "mine.txt".to_owned() }, vocabulary: VocabularyKind::Char, split: 0.9 }
}

pub fn small_model() -> ModelConfig {
    ModelConfig { hidden: 24, ..ModelConfig::default() }
}

pub fn small_train() -> TrainConfig {
    TrainConfig {
        batch: 4,
        context: 16,
        learning_rate: 1e-2,
        steps: Some(60),
        eval_every: 20,
        ..TrainConfig::default()
    }
}
