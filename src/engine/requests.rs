//! What the engine does at each request. Whatever is refused leaves everything as it was.

use std::rc::Rc;

use super::{
    Engine,
    choice::{Choice, Rivals, Wanted},
    device::{self, Opened, Place},
    job::{Job, Writing},
    run::{Run, Start},
    speed::Measuring,
    watching::Watching,
};
use crate::{
    model::{Weights, trace::trace},
    protocol::{
        Array, DeviceKind, DeviceReport, DeviceWish, EvaluatedOn, Event, Generate, Limits, ModelConfig, Odd, Origin,
        Parcel, Request, RunState, Setting, SpeedSize, Speeds, Task, TextRequest, TrainConfig, Trouble,
    },
    text::{Corpus, Ngrams, Streams, read},
    train::{Checkpoint, Evaluator, Loaded, from_safetensors, to_safetensors},
};

impl Engine {
    /// Answers a request. What takes long is left to [`Engine::advance`].
    pub async fn handle(&mut self, request: Parcel<Request>) {
        if let Err(trouble) = self.answer(request).await {
            self.report(trouble);
        }
    }

    async fn answer(&mut self, Parcel { body, arrays }: Parcel<Request>) -> Result<(), Trouble> {
        let bytes = match arrays.into_iter().next() {
            Some(Array::Bytes(bytes)) => bytes,
            _ => Vec::new(),
        };
        match body {
            Request::Open { device } => {
                self.open(device).await;
                Ok(())
            }
            Request::UseText(request) => self.use_text(&request, &bytes).await,
            Request::Build { model, train } => self.build(&model, train).await,
            Request::Play => self.play(),
            Request::Pause => self.pause().await,
            Request::StepOnce => self.step_once().await,
            Request::Tune { learning_rate, clip } => self.present_run()?.trainer()?.tune(learning_rate, clip),
            Request::Watch(watch) => {
                self.watching = Some(Watching::new(watch));
                Ok(())
            }
            Request::Evaluate => self.evaluate(),
            Request::EvaluateText => self.evaluate_text(&bytes),
            Request::Generate(generate) => self.generate(&generate).await,
            Request::StopGenerating { id } => {
                self.stop_writing(id);
                Ok(())
            }
            Request::Odds { id, prompt, count } => self.odds(id, &prompt, count).await,
            Request::FineTune { text, train } => self.fine_tune(&text, &bytes, train).await,
            Request::Save => {
                let (saved, file_name) = self.present_run()?.saved().await?;
                let bytes = to_safetensors(&saved)?;
                (self.outbox)(Parcel::with_bytes(Event::Saved { file_name }, bytes));
                Ok(())
            }
            Request::Load => self.load(&bytes).await,
            Request::Recover { learning_rate } => self.recover(learning_rate),
            Request::SelfCheck => {
                let checks = super::checks::run(&self.place.device).await?;
                self.emit(Event::Checked { checks });
                Ok(())
            }
            Request::MeasureSpeed { sizes, patience } => self.measure_speed(sizes, patience).await,
            Request::StopMeasuring => {
                self.stop_measuring();
                Ok(())
            }
        }
    }

    async fn open(&mut self, wish: DeviceWish) {
        self.emit(Event::Working { task: Task::OpeningDevice, done: 0.0 });
        let Opened { place, reason, other, unmet } = device::open(wish).await;
        self.rivals = other.map(|other| match place.kind {
            DeviceKind::Cpu => Rivals::new(place.clone(), other),
            DeviceKind::WebGpu => Rivals::new(other, place.clone()),
        });
        self.place = place;
        unmet.into_iter().for_each(|trouble| self.emit(Event::Trouble(trouble)));
        self.emit(Event::Ready(self.place.report(reason, Speeds::default())));
    }

    /// Where a model is to live: on the device that was asked for, or the one that learns it faster; and what there is
    /// to say about it.
    ///
    /// # Errors
    /// `TooLargeForDevice`.
    async fn choose(&mut self, wanted: Wanted<'_>) -> Result<(Place, Option<DeviceReport>), Trouble> {
        let Some(mut rivals) = self.rivals.take() else {
            wanted.check(&self.place)?;
            return Ok((self.place.clone(), None));
        };
        if rivals.is_open(wanted) {
            self.emit(Event::Working { task: Task::MeasuringDevices, done: 0.0 });
        }
        let choice = rivals.choose(wanted).await;
        self.rivals = Some(rivals);
        choice.map(|Choice { place, report }| (place, Some(report)))
    }

    fn present_run(&mut self) -> Result<&mut Run, Trouble> {
        self.run.as_mut().ok_or(Trouble::NoModel)
    }

    async fn use_text(&mut self, request: &TextRequest, bytes: &[u8]) -> Result<(), Trouble> {
        self.emit(Event::Working { task: Task::ReadingText, done: 0.0 });
        let corpus = Rc::new(Corpus::new(request, bytes, None)?);
        self.stop().await?;
        self.emit(Event::TextReady(corpus.report()));
        self.count_ngrams(&corpus);
        self.text = Some(corpus);
        Ok(())
    }

    /// Baselines of a text; those of another text are not wanted any more.
    fn count_ngrams(&mut self, corpus: &Corpus) {
        self.jobs.retain(|job| !matches!(job, Job::Baselines { .. }));
        let ngrams = Ngrams::new(corpus.train(), corpus.valid(), corpus.vocabulary().len());
        self.jobs.push_back(Job::Baselines { ngrams, found: Vec::new() });
    }

    async fn build(&mut self, model: &ModelConfig, train: TrainConfig) -> Result<(), Trouble> {
        let corpus = self.text.clone().ok_or(Trouble::NoText)?;
        check(model, &train)?;
        Streams::new(corpus.train().clone(), train.batch, train.context)?;
        let vocabulary = corpus.vocabulary().clone();
        let (place, report) = self.choose(Wanted { model, train: &train, symbols: vocabulary.len() }).await?;
        self.emit(Event::Working { task: Task::BuildingModel, done: 0.0 });
        let weights = Weights::draw(model, vocabulary.len());
        let start =
            Start { weights, vocabulary, corpus: Some(corpus), old_valid: None, train, step: 0, origin: Origin::Drawn };
        self.begin(Run::new(start, &place)?, place, report).await?;
        Ok(())
    }

    /// Replaces the present run by one that lives on `place`.
    async fn begin(&mut self, run: Run, place: Place, report: Option<DeviceReport>) -> Result<(), Trouble> {
        if place.kind == DeviceKind::WebGpu {
            self.emit(Event::Working { task: Task::Compiling, done: 0.0 });
            run.warm_up().await?;
        }
        let before = std::mem::replace(&mut self.place, place);
        report.into_iter().for_each(|report| self.emit(Event::Device(report)));
        self.end_jobs(Job::belongs_to_model);
        self.take_up(run);
        // Else a GPU keeps what the run before has taken, in pieces that fit this one no better than the next.
        before.device.memory_cleanup();
        Ok(())
    }

    fn play(&mut self) -> Result<(), Trouble> {
        let run = self.present_run()?;
        run.trainer()?;
        match run.state {
            RunState::Running => return Ok(()),
            RunState::Diverged { step, learning_rate, .. } => return Err(Trouble::Diverged { step, learning_rate }),
            RunState::Finished => run.go_past_the_end(),
            RunState::Paused => {}
        }
        self.enter(RunState::Running);
        Ok(())
    }

    async fn pause(&mut self) -> Result<(), Trouble> {
        let running = self.present_run()?.state == RunState::Running;
        if running {
            self.halt(RunState::Paused).await?;
            return self.keep().await;
        }
        let state = self.present_run()?.state.clone();
        self.emit(Event::State(state));
        Ok(())
    }

    /// Pauses a running run.
    async fn stop(&mut self) -> Result<(), Trouble> {
        if self.run.as_ref().is_some_and(|run| run.state == RunState::Running) {
            self.halt(RunState::Paused).await?;
        }
        Ok(())
    }

    async fn step_once(&mut self) -> Result<(), Trouble> {
        let run = self.present_run()?;
        run.trainer()?;
        if let RunState::Diverged { step, learning_rate, .. } = run.state {
            return Err(Trouble::Diverged { step, learning_rate });
        }
        let figures = run.step().await?;
        self.after_step(figures).await?;
        if matches!(self.present_run()?.state, RunState::Diverged { .. }) {
            return Ok(());
        }
        let at_the_end = self.present_run()?.is_at_the_end();
        self.halt(if at_the_end { RunState::Finished } else { RunState::Paused }).await
    }

    fn evaluate_text(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let run = self.present_run()?;
        let encoded = run.vocabulary.encode(&read(bytes)?);
        if !encoded.unknown.is_empty() {
            return Err(Trouble::UnknownSymbols { symbols: encoded.unknown });
        }
        let evaluator = Evaluator::new(run.model(), encoded.ids.into(), None)?;
        let step = run.step_number();
        self.jobs.push_back(Job::Evaluation { step, on: EvaluatedOn::Given, evaluator });
        Ok(())
    }

    async fn generate(&mut self, wish: &Generate) -> Result<(), Trouble> {
        Limits::TEMPERATURE.check(Setting::Temperature, f64::from(wish.temperature))?;
        Limits::LENGTH.check(Setting::Length, wish.length as f64)?;
        let writing = Writing::new(self.present_run()?, wish).await?;
        self.stop_writing(wish.id);
        // First, because somebody waits for it.
        self.jobs.push_front(Job::Writing(writing));
        Ok(())
    }

    fn stop_writing(&mut self, id: u32) {
        if let Some(job) = self.jobs.iter().position(|job| job.writes(id)).and_then(|at| self.jobs.remove(at)) {
            job.end().into_iter().for_each(|event| self.emit(event));
        }
    }

    async fn odds(&mut self, id: u32, prompt: &str, count: usize) -> Result<(), Trouble> {
        let run = self.present_run()?;
        let encoded = run.vocabulary.encode(prompt);
        let from = encoded.ids.len().saturating_sub(Limits::WATCHED);
        let trace = trace(run.model(), &encoded.ids[from..], 0, count).await?;
        let last = trace.probabilities.len().saturating_sub(trace.count);
        let odds = trace.symbols.iter().zip(&trace.probabilities).skip(last).map(|(&id, &probability)| Odd {
            symbol: run.vocabulary.display(id),
            // A message carries finite numbers only.
            probability: if probability.is_finite() { probability } else { 0.0 },
        });
        let odds = odds.collect();
        self.emit(Event::Odds { id, odds, unknown: encoded.unknown });
        Ok(())
    }

    async fn fine_tune(&mut self, text: &TextRequest, bytes: &[u8], train: TrainConfig) -> Result<(), Trouble> {
        train.check()?;
        self.emit(Event::Working { task: Task::ReadingText, done: 0.0 });
        let run = self.run.as_ref().ok_or(Trouble::NoModel)?;
        let corpus = Rc::new(Corpus::new(text, bytes, Some(&run.vocabulary))?);
        let vocabulary = corpus.vocabulary().clone();
        let old_valid = run.corpus.as_ref().map(|corpus| corpus.valid().clone());
        let weights = run.model().weights().await?;
        let added = vocabulary.len().saturating_sub(weights.symbols());
        let weights = if added > 0 { weights.extend_vocabulary(added, train.seed) } else { weights };
        Streams::new(corpus.train().clone(), train.batch, train.context)?;
        let wanted = Wanted { model: weights.config(), train: &train, symbols: vocabulary.len() };
        let (place, report) = self.choose(wanted).await?;
        let start = Start {
            weights,
            vocabulary,
            corpus: Some(corpus.clone()),
            old_valid,
            train,
            step: 0,
            origin: Origin::FineTuning,
        };
        let tuned = Run::new(start, &place)?;
        self.emit(Event::TextReady(corpus.report()));
        self.begin(tuned, place, report).await?;
        self.count_ngrams(&corpus);
        self.sample(true).await?;
        self.evaluate()
    }

    async fn load(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let Loaded { checkpoint: Checkpoint { weights, vocabulary, train, step, .. }, .. } = from_safetensors(bytes)?;
        // The present text is learned on where it has the very symbols of the model; another one is for fine-tuning.
        let fits = |corpus: &Rc<Corpus>| Streams::new(corpus.train().clone(), train.batch, train.context).is_ok();
        let corpus = self.text.clone().filter(|corpus| *corpus.vocabulary() == vocabulary && fits(corpus));
        let wanted = Wanted { model: weights.config(), train: &train, symbols: vocabulary.len() };
        let (place, report) = self.choose(wanted).await?;
        let start = Start { weights, vocabulary, corpus, old_valid: None, train, step, origin: Origin::Loaded };
        self.begin(Run::new(start, &place)?, place, report).await?;
        Ok(())
    }

    fn recover(&mut self, learning_rate: f64) -> Result<(), Trouble> {
        let run = self.run.as_mut().ok_or(Trouble::NothingToRecover)?;
        if !matches!(run.state, RunState::Diverged { .. }) {
            return Err(Trouble::NothingToRecover);
        }
        run.trainer()?.recover(learning_rate)?;
        run.recovered();
        let report = run.report();
        self.emit(Event::ModelReady(report));
        self.enter(RunState::Running);
        Ok(())
    }

    /// Measures in slices, in place of what was measured before.
    async fn measure_speed(&mut self, sizes: Vec<SpeedSize>, patience: f64) -> Result<(), Trouble> {
        for size in &sizes {
            Limits::HIDDEN.check(Setting::Hidden, size.hidden as f64)?;
            Limits::BATCH.check(Setting::Batch, size.batch as f64)?;
            Limits::CONTEXT.check(Setting::Context, size.context as f64)?;
        }
        self.stop_measuring();
        let measuring = Measuring::new(device::cpu(), device::gpu().await.ok(), sizes, patience);
        self.emit(Event::Speed(measuring.report(true)));
        self.jobs.push_front(Job::Speed(measuring));
        Ok(())
    }

    fn stop_measuring(&mut self) {
        self.end_jobs(|job| matches!(job, Job::Speed(_)));
    }
}

fn check(model: &ModelConfig, train: &TrainConfig) -> Result<(), Trouble> {
    model.check()?;
    train.check()
}
