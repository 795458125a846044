//! The engine: owns the device, the text, the model and its training, and turns requests into events.
//!
//! It is an ordinary async library without a screen. [`Engine::handle`] answers a request; work that takes longer is cut
//! into slices that [`Engine::advance`] does one at a time, in turn with training steps, so that whoever drives the
//! engine can hear the next request in between. [`serve`] is the loop that a Web Worker and a test run.
//!
//! What an event says is of the request that its parcel names, and of the run that it names itself. What each of them
//! makes void of what was said before:
//!
//! | event | of the same run, from here on | of what was there before |
//! |---|---|---|
//! | `TextReady` | stands: a run learns the text that it was built for | the text that the next `Build` is for |
//! | `Baselines` | stands | those of that text, wherever it is shown |
//! | `ModelReady` of another run | – | the run, its curves, samples, traces and state; texts and subscriptions stand |
//! | `ModelReady` of the same run | curves, evaluations and samples of later steps than its own; the state: paused | – |
//! | `State::Diverged` | what is known of steps after `good_step` is not what the model holds | – |
//! | `Trouble` that names a request | stands, all of it | that request is over |
//! | `Done` | stands | that request is over |

mod checks;
mod choice;
mod device;
mod excerpt;
mod gauge;
mod job;
mod memory;
mod progress;
mod requests;
mod run;
mod serve;
mod speed;
#[cfg(feature = "bench")]
mod stock;
mod subscriptions;
mod text;

use std::{collections::VecDeque, rc::Rc};

pub use serve::serve;

use crate::{
    protocol::{
        DeviceKind, DeviceReason, EvaluatedOn, Event, NO_REQUEST, Origin, Parcel, RequestId, RunId, RunState, Speeds,
        Trouble,
    },
    train::{Divergence, Evaluator, StepFigures},
};
use choice::Candidates;
use device::ComputeDevice;
use job::{Evaluating, Job, Sampling, Turn, Work};
use run::Run;
use subscriptions::Subscriptions;
use text::Text;

/// Jobs that may wait while training goes on. With more of them training waits, or they would pile up.
const JOBS_WHILE_TRAINING: usize = 6;

pub struct Engine {
    outbox: Box<dyn FnMut(Parcel<Event>)>,
    /// Where the present model lives, or the next one would.
    compute: ComputeDevice,
    /// The devices that there are, if the choice is left to us.
    candidates: Option<Candidates>,
    /// What the next model is built for. A run keeps the text it was built for.
    text: Option<Rc<Text>>,
    run: Option<Run>,
    /// The last run's.
    last_run: RunId,
    /// Sliced work, the next one first.
    jobs: VecDeque<Job>,
    subscriptions: Subscriptions,
    /// The last slice was a training step, so a job is next.
    trained: bool,
}

impl Engine {
    /// An engine on the CPU, until `Request::Open` finds another device. Every event goes to `outbox`.
    pub fn new(outbox: impl FnMut(Parcel<Event>) + 'static) -> Self {
        Engine {
            outbox: Box::new(outbox),
            compute: device::cpu(),
            candidates: None,
            text: None,
            run: None,
            last_run: 0,
            jobs: VecDeque::new(),
            subscriptions: Subscriptions::new(),
            trained: false,
        }
    }

    /// Whether there is work for [`Engine::advance`].
    pub fn is_busy(&self) -> bool {
        self.is_training() || !self.jobs.is_empty() || self.trace_is_due()
    }

    /// One slice of work: what a subscription shows when it is due, else a training step and a slice of another job in
    /// turn. At the default size each takes well below 100 ms.
    pub async fn advance(&mut self) {
        let training = self.is_training() && self.jobs.len() <= JOBS_WHILE_TRAINING && !self.is_measuring();
        if self.trace_is_due() {
            self.trace().await;
        } else if training && (self.jobs.is_empty() || !self.trained) {
            self.trained = true;
            self.train().await;
        } else {
            self.trained = false;
            self.work().await;
        }
    }

    fn is_training(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.state == RunState::Running)
    }

    /// The machine's speed is measured, and training would be in the way.
    fn is_measuring(&self) -> bool {
        self.jobs.iter().any(|job| matches!(job.work, Work::Speed(_)))
    }

    fn trace_is_due(&self) -> bool {
        self.run.is_some() && self.subscriptions.is_due(self.is_training())
    }

    /// A training step of the running run, which what goes wrong pauses: the next step would fail as well.
    async fn train(&mut self) {
        if let Err(trouble) = self.training_step().await {
            self.report(NO_REQUEST, trouble);
            if self.is_training() {
                self.enter(NO_REQUEST, RunState::Paused);
            }
        }
    }

    async fn training_step(&mut self) -> Result<(), Trouble> {
        let Some(run) = &mut self.run else { return Ok(()) };
        // A run of no steps is at its end before the first one.
        if !run.is_at_the_end() {
            let figures = run.step().await?;
            self.after_step(figures).await?;
        }
        let Some(run) = &mut self.run else { return Ok(()) };
        if run.is_at_the_end() && run.state == RunState::Running {
            self.halt(NO_REQUEST, RunState::Finished).await?;
        }
        Ok(())
    }

    /// What follows a training step: its figures, a divergence, and what comes at intervals.
    async fn after_step(&mut self, figures: Vec<StepFigures>) -> Result<(), Trouble> {
        self.subscriptions.model_changed();
        let Some(run) = &mut self.run else { return Ok(()) };
        let progress = run.gather(figures);
        let (divergence, due) = (run.divergence(), run.due());
        progress.into_iter().for_each(&mut self.outbox);
        if let Some(divergence) = divergence {
            self.stop_diverged(divergence);
            return Ok(());
        }
        if due.evaluation {
            self.keep().await?;
            self.evaluate(NO_REQUEST)?;
        }
        if due.sample {
            self.sample(false).await?;
        }
        Ok(())
    }

    /// Waits for every figure that is still on its way, shows it, and says the new state.
    async fn halt(&mut self, request: RequestId, state: RunState) -> Result<(), Trouble> {
        if !self.catch_up().await? {
            self.enter(request, state);
        }
        Ok(())
    }

    /// Waits for every figure that is still on its way, and shows it. Says whether the run was found to have diverged,
    /// which it has said then.
    async fn catch_up(&mut self) -> Result<bool, Trouble> {
        let Some(run) = &mut self.run else { return Ok(false) };
        let before = run.divergence();
        let figures = run.flush().await?;
        let mut progress: Vec<_> = run.gather(figures).into_iter().collect();
        progress.extend(run.take_progress());
        let divergence = run.divergence().filter(|_| before.is_none());
        progress.into_iter().for_each(&mut self.outbox);
        if let Some(divergence) = divergence {
            self.stop_diverged(divergence);
        }
        Ok(divergence.is_some())
    }

    /// The model is back at its last good weights. What was to be shown of later ones is not, and who asked for it hears
    /// why.
    fn stop_diverged(&mut self, Divergence { step, good_step, base_rate }: Divergence) {
        let trouble = Trouble::Diverged { step, base_rate };
        self.end_jobs(Some(trouble), |work| work.step().is_some_and(|step| step > good_step));
        let progress = self.run.as_mut().and_then(Run::take_progress);
        progress.into_iter().for_each(&mut self.outbox);
        self.subscriptions.model_changed();
        self.enter(NO_REQUEST, RunState::Diverged { step, good_step, base_rate });
    }

    fn enter(&mut self, request: RequestId, state: RunState) {
        if let Some(run) = &mut self.run {
            run.state = state.clone();
            let run = run.id;
            self.emit(request, Event::State { run, state });
        }
    }

    /// Queues an evaluation on every text that the run answers for.
    fn evaluate(&mut self, request: RequestId) -> Result<(), Trouble> {
        let Some(run) = &self.run else { return Err(Trouble::NoModel) };
        let (id, step, limit) = (run.id, run.step_number(), run.eval_tokens());
        let valid = run.text.as_ref().ok_or(Trouble::NoText)?.corpus.valid().clone();
        let old = run.old_valid.clone().map(|ids| (EvaluatedOn::OldText, ids));
        let texts = std::iter::once((EvaluatedOn::Validation, valid)).chain(old);
        let jobs = texts.map(|(on, ids)| {
            let evaluator = Evaluator::new(run.model(), ids, limit)?;
            Ok(Job::new(request, Work::Evaluation(Evaluating { run: id, step, on, evaluator })))
        });
        self.jobs.extend(jobs.collect::<Result<Vec<_>, Trouble>>()?);
        Ok(())
    }

    /// Queues a sample of what the model writes by itself.
    async fn sample(&mut self, before_fine_tuning: bool) -> Result<(), Trouble> {
        let Some(run) = &self.run else { return Ok(()) };
        self.jobs.push_back(Job::of_run(Work::Sample(Sampling::new(run, before_fine_tuning).await?)));
        Ok(())
    }

    /// A slice of the job whose turn it is.
    async fn work(&mut self) {
        let Some(Job { request, work }) = self.jobs.pop_front() else { return };
        match work.advance().await {
            Ok(Turn { events, rest }) => {
                events.into_iter().for_each(|event| self.emit(request, event));
                match rest {
                    Some(work) => self.jobs.push_back(Job::new(request, work)),
                    None => self.finish(request),
                }
            }
            // A run whose weights grow without bounds says so itself.
            Err(Trouble::NoFiniteLoss { .. }) if request == NO_REQUEST => {}
            Err(trouble) => {
                self.jobs.retain(|job| request == NO_REQUEST || job.request != request);
                self.report(request, trouble);
            }
        }
    }

    /// A job of a request is done: the last one has the last word.
    fn finish(&mut self, request: RequestId) {
        if request != NO_REQUEST && self.jobs.iter().all(|job| job.request != request) {
            self.emit(request, Event::Done);
        }
    }

    /// What the subscription shows whose turn it is.
    async fn trace(&mut self) {
        let training = self.is_training();
        let Some(run) = &self.run else { return };
        match self.subscriptions.read(training, run, self.text.as_deref()).await {
            Ok(seen) => seen.into_iter().for_each(&mut self.outbox),
            Err(trouble) => self.report(NO_REQUEST, trouble),
        }
    }

    /// Takes a checkpoint, for the case that the GPU is lost.
    async fn keep(&mut self) -> Result<(), Trouble> {
        match &mut self.run {
            Some(run) => run.keep().await,
            None => Ok(()),
        }
    }

    /// Tells of a trouble: the last word on a request, or what happened to the run.
    fn report(&mut self, request: RequestId, trouble: Trouble) {
        let Trouble::DeviceLost { reason } = trouble else {
            let run = self.run.as_ref().map(|run| run.id).filter(|_| request == NO_REQUEST);
            return self.emit(request, Event::Trouble { run, trouble });
        };
        let reason = cause(&reason).to_owned();
        if request != NO_REQUEST {
            let trouble = Trouble::DeviceLost { reason: reason.clone() };
            self.emit(request, Event::Trouble { run: None, trouble });
        }
        self.lose_device(reason);
    }

    /// The GPU is lost. A run that is on the CPU goes on as if nothing had happened: the GPU was only being tried for
    /// another one.
    fn lose_device(&mut self, reason: String) {
        if let Some(candidates) = &mut self.candidates {
            candidates.give_up_gpu(reason.clone());
        }
        if self.compute.kind == DeviceKind::WebGpu {
            self.move_run(device::cpu(), reason);
        }
    }

    /// The run goes on, paused, on another device from its last checkpoint, or rests there if it does not fit.
    fn move_run(&mut self, compute: ComputeDevice, reason: String) {
        let trouble = Trouble::DeviceLost { reason: reason.clone() };
        let run = self.run.as_ref().map(|run| run.id);
        self.emit(NO_REQUEST, Event::Trouble { run, trouble: trouble.clone() });
        self.compute = compute;
        let report = self.compute.report(DeviceReason::Failed(reason), Speeds::default());
        self.emit(NO_REQUEST, Event::Device(report));
        // Evaluations read on the device that is gone.
        self.end_jobs(Some(trouble.clone()), |work| matches!(work, Work::Evaluation(_)));
        let Some(run) = self.run.take() else { return };
        let trains = run.resting().is_none();
        let run = run.moved_to(&self.compute, Origin::Moved);
        let (step, why) = (run.step_number(), run.resting().filter(|_| trains).cloned());
        self.end_jobs(Some(trouble), |work| work.step().is_some_and(|of| of > step));
        self.take_up(NO_REQUEST, run);
        // It rests, to be used and saved.
        if let Some(trouble) = why {
            self.report(NO_REQUEST, trouble);
        }
    }

    /// Makes `run` the present one, paused, or finished where its checkpoint was.
    fn take_up(&mut self, request: RequestId, run: Run) {
        let (report, state) = (run.report(), run.state.clone());
        self.last_run = run.id;
        self.run = Some(run);
        self.subscriptions.model_changed();
        self.emit(request, Event::ModelReady(report));
        if state != RunState::Paused {
            self.enter(request, state);
        }
    }

    /// Ends jobs before they are done. Whoever asked for one is told why, or, where there is nothing to tell, that it is
    /// done.
    fn end_jobs(&mut self, why: Option<Trouble>, ended: impl Fn(&Work) -> bool) {
        let (ended, rest): (VecDeque<_>, _) = self.jobs.drain(..).partition(|job| ended(&job.work));
        self.jobs = rest;
        let mut requests: Vec<RequestId> = Vec::new();
        for Job { request, work } in ended {
            work.end().into_iter().for_each(|event| self.emit(request, event));
            if request != NO_REQUEST && !requests.contains(&request) {
                requests.push(request);
            }
        }
        for request in requests {
            match &why {
                Some(trouble) => {
                    self.jobs.retain(|job| job.request != request);
                    self.emit(request, Event::Trouble { run: None, trouble: trouble.clone() });
                }
                None => self.finish(request),
            }
        }
    }

    fn emit(&mut self, request: RequestId, event: Event) {
        (self.outbox)(Parcel::new(request, event));
    }
}

/// What a device said last of why it failed: burn's reports are chains of causes with a backtrace below.
fn cause(report: &str) -> &str {
    let above = report.split("Backtrace").next().unwrap_or(report);
    above.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or(report)
}

#[cfg(test)]
mod tests {
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
            Event::ModelReady(report) => Some(report.clone()),
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
}
