//! How soon the engine acts, through the loop that a worker runs.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use futures_channel::mpsc::unbounded;
use unroll::{
    engine::{Engine, serve},
    protocol::*,
};

use crate::bench::{fox, own_text};

/// The promise, for pause, single step, resume and stop.
const PROMISED: Duration = Duration::from_millis(200);

#[test]
fn pause_step_and_resume_act_at_once_at_the_default_size() {
    let (sender, inbox) = unbounded();
    let (outbox, events) = mpsc::channel();
    let engine = thread::spawn(move || {
        let engine = Engine::new(move |event: Parcel<Event>| drop(outbox.send(event)));
        pollster::block_on(serve(engine, inbox, || std::future::ready(())));
    });
    let mut last = 0;
    let mut send = |body: Request, arrays: Vec<Array>| {
        last += 1;
        sender.unbounded_send(Parcel { id: last, body, arrays }).expect("the engine listens");
        last
    };
    let text = send(Request::UseText(own_text()), vec![Array::Bytes(fox().repeat(20).into_bytes())]);
    let mut ask = |request: Request| send(request, Vec::new());
    let train = TrainConfig { steps: None, eval_every: 3, sample_every: Some(5), ..TrainConfig::default() };
    ask(Request::Build { text, model: ModelConfig::default(), train, play: false });
    ask(Request::Subscribe { topic: Topic::Hidden { text: String::new(), layer: 0 }, every_ms: 0 });
    let wait = |wanted: &dyn Fn(&Event) -> bool| loop {
        let event = events.recv_timeout(Duration::from_secs(60)).expect("an answer").body;
        if wanted(&event) {
            return;
        }
    };
    ask(Request::Play);
    wait(&|event| matches!(event, Event::Progress(progress) if progress.step >= 6));
    // With evaluations, samples and traces under way.
    let (mut slowest, mut times) = (Duration::ZERO, 0);
    for (request, state) in [
        (Request::Pause, RunState::Paused),
        (Request::StepOnce, RunState::Paused),
        (Request::Play, RunState::Running),
        (Request::Pause, RunState::Paused),
        (Request::Play, RunState::Running),
        (Request::Pause, RunState::Paused),
    ] {
        thread::sleep(Duration::from_millis(150));
        let asked = Instant::now();
        ask(request);
        wait(&|event| matches!(event, Event::State { state: reached, .. } if *reached == state));
        slowest = slowest.max(asked.elapsed());
        times += 1;
    }
    assert!(times == 6 && slowest < PROMISED, "{slowest:?}");
    drop(sender);
    engine.join().expect("the loop ends with its inbox");
}
