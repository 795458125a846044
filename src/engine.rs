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
        self.emit(request, Event::ModelReady(report.into()));
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
mod tests;
