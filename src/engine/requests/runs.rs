//! The requests that begin a run: a new model, one that learns another text, and one from a file.

use std::rc::Rc;

use crate::{
    engine::{
        Engine, cause,
        choice::{Choice, Settings},
        device::{self, ComputeDevice},
        job::Work,
        memory,
        run::{Run, Start},
        text::Text,
    },
    model::Weights,
    protocol::{
        DeviceKind, DeviceReport, Event, ModelConfig, NO_REQUEST, Origin, RequestId, RunState, Task, TextId,
        TextRequest, TrainConfig, Trouble,
    },
    text::{Corpus, Streams},
    train::{Checkpoint, Loaded, from_safetensors},
};

impl Engine {
    pub(super) async fn build(
        &mut self,
        id: RequestId,
        text: TextId,
        model: &ModelConfig,
        train: TrainConfig,
        play: bool,
    ) -> Result<(), Trouble> {
        let present = self.text.clone().ok_or(Trouble::NoText)?;
        let text = Some(present).filter(|present| present.id == text).ok_or(Trouble::TextReplaced)?;
        model.check()?;
        train.check()?;
        Streams::new(text.corpus.train().clone(), train.batch, train.context)?;
        let vocabulary = text.corpus.vocabulary().clone();
        let settings = Settings { model, train: &train, symbols: vocabulary.len() };
        let (compute, report) = self.choose(id, settings).await?;
        self.emit(id, Event::Working { task: Task::BuildingModel, done: 0.0 });
        let weights = Weights::draw(model, vocabulary.len());
        let start = Start {
            id: self.last_run + 1,
            checkpoint: Checkpoint::beginning(weights, vocabulary, train, 0),
            text: Ok(text),
            old_valid: None,
            origin: Origin::Drawn,
            unknown: Vec::new(),
        };
        self.begin(id, Run::new(start, &compute), compute, report, play).await
    }

    /// Replaces the present run by one that lives on `compute`.
    async fn begin(
        &mut self,
        id: RequestId,
        run: Run,
        compute: ComputeDevice,
        report: Option<DeviceReport>,
        play: bool,
    ) -> Result<(), Trouble> {
        let (mut run, mut compute, mut report) = (run, compute, report);
        if compute.kind == DeviceKind::WebGpu {
            self.emit(id, Event::Working { task: Task::Compiling, done: 0.0 });
            match run.warm_up().await {
                Ok(()) => {}
                Err(Trouble::DeviceLost { reason }) => {
                    // The run before is safe, and this one begins on the CPU.
                    self.lose_device(cause(&reason).to_owned());
                    (compute, report) = (device::cpu(), None);
                    let origin = run.origin();
                    run = run.moved_to(&compute, origin);
                    if let Some(why) = run.resting().filter(|_| origin != Origin::Loaded) {
                        return Err(why.clone());
                    }
                }
                Err(trouble) => return Err(trouble),
            }
        }
        // Nothing is refused from here on.
        let before = std::mem::replace(&mut self.compute, compute);
        if let Some(report) = report {
            self.emit(id, Event::Device(report));
        }
        self.end_jobs(None, |work| matches!(work, Work::Generation(_)));
        self.end_jobs(Some(Trouble::ModelReplaced), |work| work.step().is_some());
        self.take_up(id, run);
        self.forget_texts();
        // Else a GPU keeps what the run before has taken, in pieces that fit this one no better than the next.
        before.device.memory_cleanup();
        if play {
            self.enter(id, RunState::Running);
        }
        Ok(())
    }

    pub(super) async fn fine_tune(
        &mut self,
        id: RequestId,
        text: &TextRequest,
        bytes: &[u8],
        train: TrainConfig,
        play: bool,
    ) -> Result<(), Trouble> {
        train.check()?;
        self.emit(id, Event::Working { task: Task::ReadingText, done: 0.0 });
        let run = self.present_run()?;
        let text = Text::new(id, Corpus::new(text, bytes, Some(&run.vocabulary))?);
        Streams::new(text.corpus.train().clone(), train.batch, train.context)?;
        let vocabulary = text.corpus.vocabulary().clone();
        self.catch_up().await?;
        let run = self.present_run()?;
        let old_valid = run.text.as_ref().map(|text| text.corpus.valid().clone());
        let weights = run.weights().await?;
        let added = vocabulary.len().saturating_sub(weights.symbols());
        let weights = if added > 0 { weights.extend_vocabulary(added, train.seed) } else { weights };
        let settings = Settings { model: weights.config(), train: &train, symbols: vocabulary.len() };
        let (compute, report) = self.choose(id, settings).await?;
        let start = Start {
            id: self.last_run + 1,
            checkpoint: Checkpoint::beginning(weights, vocabulary, train, 0),
            text: Ok(text.clone()),
            old_valid,
            origin: Origin::FineTuning,
            unknown: Vec::new(),
        };
        self.begin(id, Run::new(start, &compute), compute, report, play).await?;
        if let Err(trouble) = self.show_before_fine_tuning().await {
            self.report(NO_REQUEST, trouble);
        }
        self.count_ngrams(id, text);
        Ok(())
    }

    /// What the model writes and how well it reads before the first step. That is the new run's to tell, as all that
    /// follows: the request is carried out.
    async fn show_before_fine_tuning(&mut self) -> Result<(), Trouble> {
        self.sample(true).await?;
        self.evaluate(NO_REQUEST)
    }

    pub(super) async fn load(&mut self, id: RequestId, bytes: &[u8]) -> Result<(), Trouble> {
        let Loaded { checkpoint, unknown } = from_safetensors(bytes)?;
        let text = learnable(self.text.as_ref(), &checkpoint);
        let (config, symbols) = (checkpoint.weights.config(), checkpoint.vocabulary.len());
        let settings = Settings { model: config, train: &checkpoint.train, symbols };
        let chosen = match self.choose(id, settings).await {
            // Too large to be trained, which using it does not take.
            Err(_) if memory::check_use(config, symbols, &self.compute).is_ok() => Ok((self.compute.clone(), None)),
            chosen => chosen,
        };
        let (compute, report) = chosen?;
        let start = Start { id: self.last_run + 1, checkpoint, text, old_valid: None, origin: Origin::Loaded, unknown };
        self.begin(id, Run::new(start, &compute), compute, report, false).await
    }

    /// Where a model is to live: on the device that was asked for, or the one that learns it faster; and what there is
    /// to say about it.
    ///
    /// # Errors
    /// `TooLargeForDevice`.
    async fn choose(
        &mut self,
        id: RequestId,
        settings: Settings<'_>,
    ) -> Result<(ComputeDevice, Option<DeviceReport>), Trouble> {
        let Some(mut candidates) = self.candidates.take() else {
            settings.check(&self.compute)?;
            return Ok((self.compute.clone(), None));
        };
        if candidates.is_open(settings) {
            self.emit(id, Event::Working { task: Task::MeasuringDevices, done: 0.0 });
        }
        let choice = candidates.choose(settings).await;
        self.candidates = Some(candidates);
        choice.map(|Choice { compute, report }| (compute, Some(report)))
    }
}

/// The present text, where the model of a checkpoint can be trained on it.
///
/// # Errors
/// Why it cannot: there is none, it has other symbols, which is for fine-tuning, or it is too short.
pub(in crate::engine) fn learnable(text: Option<&Rc<Text>>, checkpoint: &Checkpoint) -> Result<Rc<Text>, Trouble> {
    let text = text.ok_or(Trouble::NoText)?;
    if *text.corpus.vocabulary() != checkpoint.vocabulary {
        return Err(Trouble::OtherSymbols);
    }
    Streams::new(text.corpus.train().clone(), checkpoint.train.batch, checkpoint.train.context)?;
    Ok(text.clone())
}
