//! What the engine does at each request. Whatever is refused leaves everything as it was.

mod runs;

use std::rc::Rc;

pub(super) use runs::learnable;

use super::{
    Engine,
    choice::Candidates,
    device::{self, Opened},
    job::{CountingNgrams, Evaluating, Generating, Job, Work},
    run::Run,
    speed::Measuring,
    text::Text,
};
use crate::{
    protocol::{
        Array, DeviceKind, DeviceWish, EvaluatedOn, Event, Generate, Limits, ModelConfig, NO_REQUEST, Parcel, Request,
        RequestId, RunState, Setting, SpeedSize, Speeds, Task, TextRequest, Trouble,
    },
    text::{Corpus, read},
    train::{Evaluator, to_safetensors},
};

/// When a request is answered.
enum Answer {
    /// It is carried out.
    Done,
    /// A job or a subscription has its number, and the last word.
    Later,
}

impl Engine {
    /// Answers a request. What takes long is left to [`Engine::advance`].
    pub async fn handle(&mut self, request: Parcel<Request>) {
        let id = request.id;
        match self.answer(request).await {
            Ok(Answer::Done) => self.emit(id, Event::Done),
            Ok(Answer::Later) => {}
            Err(trouble) => self.report(id, trouble),
        }
    }

    async fn answer(&mut self, Parcel { id, body, arrays }: Parcel<Request>) -> Result<Answer, Trouble> {
        let bytes = match arrays.into_iter().next() {
            Some(Array::Bytes(bytes)) => bytes,
            _ => Vec::new(),
        };
        match body {
            Request::Open { device } => self.open(id, device).await,
            Request::UseText(request) => {
                self.use_text(id, &request, &bytes)?;
                return Ok(Answer::Later);
            }
            Request::Build { text, model, train, play } => self.build(id, text, &model, train, play).await?,
            Request::Play => self.play(id)?,
            Request::Pause => self.pause(id).await?,
            Request::StepOnce => self.step_once(id).await?,
            Request::Tune { learning_rate, clip } => self.present_run()?.trainer()?.tune(learning_rate, clip)?,
            Request::Subscribe { topic, every_ms } => {
                self.subscriptions.add(id, topic, every_ms);
                return Ok(Answer::Later);
            }
            Request::Unsubscribe { subscription } => {
                if self.subscriptions.remove(subscription) {
                    self.emit(subscription, Event::Done);
                }
            }
            Request::Evaluate => {
                self.evaluate(id)?;
                return Ok(Answer::Later);
            }
            Request::EvaluateText => {
                self.evaluate_text(id, &bytes)?;
                return Ok(Answer::Later);
            }
            Request::Generate(generate) => {
                self.generate(id, &generate).await?;
                return Ok(Answer::Later);
            }
            Request::StopGenerating { request } => self.stop_generating(request),
            Request::FineTune { text, train, play } => {
                self.fine_tune(id, &text, &bytes, train, play).await?;
                return Ok(Answer::Later);
            }
            Request::Save => self.save(id).await?,
            Request::Load => self.load(id, &bytes).await?,
            Request::Recover { learning_rate } => self.recover(id, learning_rate)?,
            Request::SelfCheck => {
                let checks = super::checks::run(&self.compute.device).await?;
                self.emit(id, Event::Checked { checks });
            }
            Request::MeasureSpeed { sizes, patience } => {
                self.measure_speed(id, sizes, patience).await?;
                return Ok(Answer::Later);
            }
            Request::StopMeasuring => self.stop_measuring(),
        }
        Ok(Answer::Done)
    }

    async fn open(&mut self, id: RequestId, wish: DeviceWish) {
        self.emit(id, Event::Working { task: Task::OpeningDevice, done: 0.0 });
        let Opened { compute, reason, other, unmet } = device::open(wish).await;
        self.candidates = other.map(|other| match compute.kind {
            DeviceKind::Cpu => Candidates::new(compute.clone(), other),
            DeviceKind::WebGpu => Candidates::new(other, compute.clone()),
        });
        self.compute = compute;
        if let Some(trouble) = unmet {
            self.emit(NO_REQUEST, Event::Trouble { run: None, trouble });
        }
        self.emit(id, Event::Ready(self.compute.report(reason, Speeds::default())));
    }

    fn present_run(&mut self) -> Result<&mut Run, Trouble> {
        self.run.as_mut().ok_or(Trouble::NoModel)
    }

    fn use_text(&mut self, id: RequestId, request: &TextRequest, bytes: &[u8]) -> Result<(), Trouble> {
        self.emit(id, Event::Working { task: Task::ReadingText, done: 0.0 });
        let text = Text::new(id, Corpus::new(request, bytes, None)?);
        self.emit(id, Event::TextReady(text.report()));
        self.text = Some(text.clone());
        self.give_text(id);
        self.count_ngrams(id, text);
        Ok(())
    }

    /// A loaded model that came before its text goes on with it.
    fn give_text(&mut self, id: RequestId) {
        let Some(run) = self.run.take() else { return };
        match run.resumed_on(self.text.as_ref(), &self.compute) {
            Ok(run) => self.take_up(id, run),
            Err(run) => self.run = Some(run),
        }
    }

    /// Queues the baselines of a text, which end the request.
    fn count_ngrams(&mut self, id: RequestId, text: Rc<Text>) {
        self.forget_texts();
        self.jobs.push_back(Job::new(id, Work::Baselines(CountingNgrams::new(text))));
    }

    /// Counts no n-grams of texts that are learned no more and will not be.
    fn forget_texts(&mut self) {
        let known = [self.text.clone(), self.run.as_ref().and_then(|run| run.text.clone())];
        let is_known = |text: &Rc<Text>| known.iter().flatten().any(|known| Rc::ptr_eq(known, text));
        self.end_jobs(None, |work| matches!(work, Work::Baselines(counting) if !is_known(&counting.text)));
    }

    fn play(&mut self, id: RequestId) -> Result<(), Trouble> {
        let run = self.present_run()?;
        run.trainer()?;
        match run.state {
            RunState::Diverged { step, base_rate, .. } => return Err(Trouble::Diverged { step, base_rate }),
            RunState::Finished => run.go_past_the_end(),
            RunState::Paused | RunState::Running => {}
        }
        self.enter(id, RunState::Running);
        Ok(())
    }

    async fn pause(&mut self, id: RequestId) -> Result<(), Trouble> {
        let state = self.present_run()?.state.clone();
        if state != RunState::Running {
            self.enter(id, state);
            return Ok(());
        }
        self.halt(id, RunState::Paused).await?;
        self.keep().await
    }

    async fn step_once(&mut self, id: RequestId) -> Result<(), Trouble> {
        let run = self.present_run()?;
        run.trainer()?;
        if let RunState::Diverged { step, base_rate, .. } = run.state {
            return Err(Trouble::Diverged { step, base_rate });
        }
        let figures = run.step().await?;
        self.after_step(figures).await?;
        if matches!(self.present_run()?.state, RunState::Diverged { .. }) {
            return Ok(());
        }
        let at_the_end = self.present_run()?.is_at_the_end();
        self.halt(id, if at_the_end { RunState::Finished } else { RunState::Paused }).await
    }

    fn evaluate_text(&mut self, id: RequestId, bytes: &[u8]) -> Result<(), Trouble> {
        let run = self.present_run()?;
        let encoded = run.vocabulary.encode(&read(bytes)?);
        if !encoded.unknown.is_empty() {
            return Err(Trouble::UnknownSymbols { symbols: encoded.unknown });
        }
        let evaluator = Evaluator::new(run.model(), encoded.ids.into(), None)?;
        let evaluating = Evaluating { run: run.id, step: run.step_number(), on: EvaluatedOn::Given, evaluator };
        self.jobs.push_back(Job::new(id, Work::Evaluation(evaluating)));
        Ok(())
    }

    async fn generate(&mut self, id: RequestId, wish: &Generate) -> Result<(), Trouble> {
        Limits::TEMPERATURE.check(Setting::Temperature, f64::from(wish.temperature))?;
        Limits::LENGTH.check(Setting::Length, wish.length as f64)?;
        self.present_run()?;
        self.catch_up().await?;
        let generating = Generating::new(self.present_run()?, wish).await?;
        // First, because somebody waits for it.
        self.jobs.push_front(Job::new(id, Work::Generation(generating)));
        Ok(())
    }

    /// Ends a writing, if it is still under way.
    fn stop_generating(&mut self, request: RequestId) {
        let written = |job: &Job| job.request == request && matches!(job.work, Work::Generation(_));
        if let Some(job) = self.jobs.iter().position(written).and_then(|at| self.jobs.remove(at)) {
            job.work.end().into_iter().for_each(|event| self.emit(request, event));
            self.finish(request);
        }
    }

    async fn save(&mut self, id: RequestId) -> Result<(), Trouble> {
        self.present_run()?;
        self.catch_up().await?;
        let checkpoint = self.present_run()?.checkpoint().await?;
        let ModelConfig { cell, layers, hidden, .. } = checkpoint.weights.config();
        let file_name = format!("unroll-{}-{layers}x{hidden}-step{}.safetensors", cell.name(), checkpoint.step);
        let bytes = to_safetensors(&checkpoint)?;
        (self.outbox)(Parcel::with_bytes(id, Event::Saved { file_name }, bytes));
        Ok(())
    }

    fn recover(&mut self, id: RequestId, learning_rate: f64) -> Result<(), Trouble> {
        let run = self.run.as_mut().ok_or(Trouble::NothingToRecover)?;
        if !matches!(run.state, RunState::Diverged { .. }) {
            return Err(Trouble::NothingToRecover);
        }
        run.trainer()?.recover(learning_rate)?;
        run.recovered();
        let report = run.report();
        self.emit(id, Event::ModelReady(report.into()));
        Ok(())
    }

    /// Measures in slices, in place of what was measured before.
    async fn measure_speed(&mut self, id: RequestId, sizes: Vec<SpeedSize>, patience: f64) -> Result<(), Trouble> {
        for size in &sizes {
            Limits::HIDDEN.check(Setting::Hidden, size.hidden as f64)?;
            Limits::BATCH.check(Setting::Batch, size.batch as f64)?;
            Limits::CONTEXT.check(Setting::Context, size.context as f64)?;
        }
        self.stop_measuring();
        let measuring = Measuring::new(device::cpu(), device::gpu().await.ok(), sizes, patience);
        self.emit(id, Event::Speed(measuring.report(true)));
        self.jobs.push_front(Job::new(id, Work::Speed(measuring)));
        Ok(())
    }

    fn stop_measuring(&mut self) {
        self.end_jobs(None, |work| matches!(work, Work::Speed(_)));
    }
}
