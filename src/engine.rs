//! The engine: owns the device, the text, the model and its training, and turns requests into events.
//!
//! It is an ordinary async library without a screen. [`Engine::handle`] answers a request; work that takes longer is cut
//! into slices that [`Engine::advance`] does one at a time, in turn with training steps, so that whoever drives the
//! engine can hear the next request in between. [`serve`] is the loop that a Web Worker and a test run.

mod checks;
mod choice;
mod device;
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
mod watching;

use std::{collections::VecDeque, rc::Rc};

use web_time::Instant;

pub use serve::serve;

use crate::{
    protocol::{DeviceReason, EvaluatedOn, Event, Parcel, RunState, Speeds, Trouble},
    text::Corpus,
    train::{Divergence, Evaluator, StepFigures},
};
use choice::Rivals;
use device::Place;
use job::{Job, Sampling, Turn};
use run::Run;
use watching::Watching;

/// Jobs that may wait while training goes on. With more of them training waits, or they would pile up.
const JOBS_WHILE_TRAINING: usize = 6;

pub struct Engine {
    outbox: Box<dyn FnMut(Parcel<Event>)>,
    /// Where the present model lives, or the next one would.
    place: Place,
    /// Where it may live as well, if the choice is left to us.
    rivals: Option<Rivals>,
    /// What the next model is built for. A run keeps the text it was built for.
    text: Option<Rc<Corpus>>,
    run: Option<Run>,
    /// Sliced work, the next one first.
    jobs: VecDeque<Job>,
    watching: Option<Watching>,
    /// The last slice was a training step, so a job is next.
    trained: bool,
}

impl Engine {
    /// An engine on the CPU, until `Request::Open` finds another device. Every event goes to `outbox`.
    pub fn new(outbox: impl FnMut(Parcel<Event>) + 'static) -> Self {
        Engine {
            outbox: Box::new(outbox),
            place: device::cpu(),
            rivals: None,
            text: None,
            run: None,
            jobs: VecDeque::new(),
            watching: None,
            trained: false,
        }
    }

    /// Whether there is work for [`Engine::advance`].
    pub fn is_busy(&self) -> bool {
        self.is_training() || !self.jobs.is_empty() || self.trace_is_due()
    }

    /// One slice of work: a trace for the heatmap when it is due, else a training step and a slice of another job in
    /// turn. At the default size each takes well below 100 ms.
    pub async fn advance(&mut self) {
        let training = self.is_training() && self.jobs.len() <= JOBS_WHILE_TRAINING && !self.is_measuring();
        let done = if self.trace_is_due() {
            self.trace().await
        } else if training && (self.jobs.is_empty() || !self.trained) {
            self.trained = true;
            self.train().await
        } else {
            self.trained = false;
            self.work().await
        };
        if let Err(trouble) = done {
            self.report(trouble);
        }
    }

    fn is_training(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.state == RunState::Running)
    }

    /// The machine's speed is measured, and training would be in the way.
    fn is_measuring(&self) -> bool {
        self.jobs.iter().any(|job| matches!(job, Job::Speed(_)))
    }

    fn trace_is_due(&self) -> bool {
        let running = self.is_training();
        self.run.is_some() && self.watching.as_ref().is_some_and(|watching| watching.is_due(running))
    }

    /// A training step of the running run.
    async fn train(&mut self) -> Result<(), Trouble> {
        let Some(run) = &mut self.run else { return Ok(()) };
        let figures = run.step().await?;
        self.after_step(figures).await?;
        let Some(run) = &mut self.run else { return Ok(()) };
        if run.is_at_the_end() && run.state == RunState::Running {
            self.halt(RunState::Finished).await?;
        }
        Ok(())
    }

    /// What follows a training step: its figures, a divergence, and what comes at intervals.
    async fn after_step(&mut self, figures: Vec<StepFigures>) -> Result<(), Trouble> {
        self.changed();
        let Some(run) = &mut self.run else { return Ok(()) };
        let progress = run.gather(figures);
        let (divergence, due) = (run.divergence(), run.due());
        progress.into_iter().for_each(&mut self.outbox);
        if let Some(divergence) = divergence {
            return self.stop_diverged(divergence);
        }
        if due.evaluation {
            self.keep().await?;
            self.evaluate()?;
        }
        if due.sample {
            self.sample(false).await?;
        }
        Ok(())
    }

    /// Waits for every figure that is still on its way, shows it, and says the new state.
    async fn halt(&mut self, state: RunState) -> Result<(), Trouble> {
        self.changed();
        let Some(run) = &mut self.run else { return Ok(()) };
        let figures = run.flush().await?;
        let mut progress: Vec<_> = run.gather(figures).into_iter().collect();
        progress.extend(run.take_progress());
        let divergence = run.divergence();
        progress.into_iter().for_each(&mut self.outbox);
        match divergence {
            Some(divergence) => self.stop_diverged(divergence),
            None => {
                self.enter(state);
                Ok(())
            }
        }
    }

    /// The model is back at its last good weights, and what was to be done with the bad ones is not done.
    fn stop_diverged(&mut self, divergence: Divergence) -> Result<(), Trouble> {
        let Divergence { step, good_step, learning_rate } = divergence;
        self.jobs.retain(|job| !job.belongs_to_training());
        let progress = self.run.as_mut().and_then(Run::take_progress);
        progress.into_iter().for_each(&mut self.outbox);
        self.enter(RunState::Diverged { step, good_step, learning_rate });
        Ok(())
    }

    fn enter(&mut self, state: RunState) {
        if let Some(run) = &mut self.run {
            run.state = state.clone();
            self.emit(Event::State(state));
        }
    }

    /// Queues an evaluation on every text that the run answers for.
    fn evaluate(&mut self) -> Result<(), Trouble> {
        let Some(run) = &self.run else { return Err(Trouble::NoModel) };
        let (step, limit) = (run.step_number(), run.eval_tokens());
        let valid = run.corpus.as_ref().ok_or(Trouble::NoText)?.valid().clone();
        let old = run.old_valid.clone().map(|ids| (EvaluatedOn::OldText, ids));
        for (on, ids) in std::iter::once((EvaluatedOn::Validation, valid)).chain(old) {
            let evaluator = Evaluator::new(run.model(), ids, limit)?;
            self.jobs.push_back(Job::Evaluation { step, on, evaluator });
        }
        Ok(())
    }

    /// Queues a sample of what the model writes by itself.
    async fn sample(&mut self, before_fine_tuning: bool) -> Result<(), Trouble> {
        let Some(run) = &self.run else { return Ok(()) };
        self.jobs.push_back(Job::Sample(Sampling::new(run, before_fine_tuning).await?));
        Ok(())
    }

    /// A slice of the job whose turn it is.
    async fn work(&mut self) -> Result<(), Trouble> {
        let Some(job) = self.jobs.pop_front() else { return Ok(()) };
        let Turn { events, rest } = job.advance().await?;
        self.jobs.extend(rest);
        events.into_iter().for_each(|event| self.emit(event));
        Ok(())
    }

    async fn trace(&mut self) -> Result<(), Trouble> {
        let (Some(run), Some(watching)) = (&self.run, &mut self.watching) else { return Ok(()) };
        let started = Instant::now();
        let seen = watching.read(run, self.text.as_deref()).await?;
        watching.done(started);
        seen.into_iter().for_each(&mut self.outbox);
        Ok(())
    }

    /// The model is another one than the heatmap shows.
    fn changed(&mut self) {
        if let Some(watching) = &mut self.watching {
            watching.model_changed();
        }
    }

    /// Keeps a copy of the weights on the host, for the case that the GPU is lost.
    async fn keep(&mut self) -> Result<(), Trouble> {
        match &mut self.run {
            Some(run) => run.keep().await,
            None => Ok(()),
        }
    }

    /// Tells of a trouble. After a lost device the run goes on, paused, on the CPU from the weights last kept.
    fn report(&mut self, trouble: Trouble) {
        let Trouble::DeviceLost { reason } = trouble else { return self.emit(Event::Trouble(trouble)) };
        let reason = cause(&reason).to_owned();
        self.emit(Event::Trouble(Trouble::DeviceLost { reason: reason.clone() }));
        self.end_jobs(Job::belongs_to_model);
        self.place = device::cpu();
        self.rivals = None;
        self.emit(Event::Device(self.place.report(DeviceReason::Failed(reason), Speeds::default())));
        let moved = match self.run.take() {
            Some(run) => run.moved_to(&self.place),
            None => return,
        };
        match moved {
            Ok(run) => self.take_up(run),
            Err(trouble) => self.emit(Event::Trouble(trouble)),
        }
    }

    /// Makes `run` the present one, paused.
    fn take_up(&mut self, run: Run) {
        let (report, state) = (run.report(), run.state.clone());
        self.run = Some(run);
        self.changed();
        self.emit(Event::ModelReady(report));
        self.emit(Event::State(state));
    }

    /// Ends the jobs of a kind before they are done; who waits for one is told.
    fn end_jobs(&mut self, ended: impl Fn(&Job) -> bool) {
        let (ended, rest): (VecDeque<_>, _) = self.jobs.drain(..).partition(ended);
        self.jobs = rest;
        for job in ended {
            job.end().into_iter().for_each(|event| self.emit(event));
        }
    }

    fn emit(&mut self, event: Event) {
        (self.outbox)(event.into());
    }
}

/// What a device said last of why it failed: burn's reports are chains of causes with a backtrace below.
fn cause(report: &str) -> &str {
    let above = report.split("Backtrace").next().unwrap_or(report);
    above.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or(report)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::protocol::{
        DeviceKind, ModelConfig, Origin, Request, Source, SpeedSize, TextRequest, TrainConfig, VocabularyKind,
    };

    #[test]
    fn a_report_of_a_lost_device_is_cut_down_to_its_cause() {
        let report = "The device is poisoned\nCaused by:\n  Destroyed: it was unplugged.\nBacktrace:\nNo backtrace\n";
        assert_eq!(cause(report), "Destroyed: it was unplugged.");
        assert_eq!(cause("gone"), "gone");
    }

    type Heard = Rc<RefCell<Vec<Event>>>;

    /// An engine on the CPU with a short text and a small model, and what it says.
    fn engine(rivals: Option<Rivals>) -> (Engine, Heard) {
        let heard = Heard::default();
        let outbox = heard.clone();
        let mut engine = Engine::new(move |event: Parcel<Event>| outbox.borrow_mut().push(event.body));
        engine.rivals = rivals;
        // Only its kind says that a device may be lost.
        engine.place.kind = DeviceKind::WebGpu;
        let source = Source::Own { name: "mine.txt".to_owned() };
        let text = TextRequest { source, vocabulary: VocabularyKind::Char, split: 0.9 };
        let text = Parcel::with_bytes(Request::UseText(text), "to be or not to be, ".repeat(50).into_bytes());
        let model = ModelConfig { hidden: 16, ..ModelConfig::default() };
        let train = TrainConfig { batch: 4, context: 8, eval_every: 10, steps: None, ..TrainConfig::default() };
        pollster::block_on(async {
            engine.handle(text).await;
            engine.handle(Request::Build { model, train }.into()).await;
            engine.handle(Request::Play.into()).await;
        });
        (engine, heard)
    }

    fn train_to(engine: &mut Engine, step: u64) {
        while engine.run.as_ref().is_some_and(|run| run.step_number() < step) {
            pollster::block_on(engine.advance());
        }
    }

    #[test]
    fn a_measurement_of_the_devices_changes_no_bit_of_the_run() {
        // The CPU is its own rival, so that the run is on it whoever wins.
        let stand_in = Place { kind: DeviceKind::WebGpu, ..device::cpu() };
        let weights = |rivals| {
            let (mut engine, heard) = engine(rivals);
            train_to(&mut engine, 12);
            let weights = pollster::block_on(engine.run.as_ref().unwrap().model().weights()).unwrap();
            (weights, heard)
        };
        let (measured, heard) = weights(Some(Rivals::new(device::cpu(), stand_in)));
        assert_eq!(measured, weights(None).0);
        let heard = heard.borrow();
        let reports = heard.iter().filter_map(|event| match event {
            Event::Device(report) => Some(report),
            _ => None,
        });
        let reports: Vec<_> = reports.collect();
        assert_eq!(reports.len(), 1);
        assert_eq!(reports[0].reason, DeviceReason::Measured);
        assert!(reports[0].speeds.cpu.is_some() && reports[0].speeds.gpu.is_some());
    }

    #[test]
    fn a_training_waits_while_the_machine_is_measured_and_goes_on_when_that_is_done_or_stopped() {
        let (mut engine, heard) = engine(None);
        train_to(&mut engine, 3);
        let size = SpeedSize { hidden: 8, batch: 1, context: 2 };
        let measure = || Request::MeasureSpeed { sizes: vec![size], patience: 0.0 };
        let last = || {
            let heard = heard.borrow();
            let reports = heard.iter().filter_map(|event| match event {
                Event::Speed(report) => Some(report.clone()),
                _ => None,
            });
            reports.last().unwrap()
        };
        pollster::block_on(async {
            engine.handle(measure().into()).await;
            while last().going {
                assert_eq!(engine.run.as_ref().unwrap().step_number(), 3);
                engine.advance().await;
            }
            assert_eq!(last().figures.len(), last().planned);
        });
        train_to(&mut engine, 6);
        pollster::block_on(async {
            engine.handle(measure().into()).await;
            engine.handle(Request::StopMeasuring.into()).await;
            assert!(!last().going && last().figures.is_empty());
        });
        train_to(&mut engine, 9);
    }

    #[test]
    fn a_run_whose_device_is_lost_goes_on_from_the_weights_last_kept_on_the_cpu() {
        let (mut engine, heard) = engine(None);
        train_to(&mut engine, 15);
        heard.borrow_mut().clear();
        engine.report(Trouble::DeviceLost { reason: "unplugged".to_owned() });
        let events = heard.borrow();
        assert_eq!(events[0], Event::Trouble(Trouble::DeviceLost { reason: "unplugged".to_owned() }));
        assert!(
            matches!(&events[1], Event::Device(report)
                if report.kind == DeviceKind::Cpu && report.reason == DeviceReason::Failed("unplugged".to_owned())),
            "{events:?}"
        );
        // Kept with the evaluation at step 10.
        assert!(
            matches!(&events[2], Event::ModelReady(report) if report.step == 10 && report.origin == Origin::Recovered),
            "{events:?}"
        );
        assert_eq!(events[3..], [Event::State(RunState::Paused)]);
        assert!(!engine.is_training() && engine.place.kind == DeviceKind::Cpu);
    }
}
