//! Work that is done in slices, in turn with training.

use web_time::{Duration, Instant};

use super::{run::Run, speed::Measuring};
use crate::{
    model::LanguageModel,
    protocol::{Baseline, EvaluatedOn, Evaluation, Event, Generate, Sample, Task, Trouble, Written},
    text::{Decoder, Ngrams, Vocabulary},
    train::{self, Evaluator, Writer},
};

/// How long a slice of writing takes: not so long that a pause would be felt, not so short that the page would be
/// told more than 30 times a second.
const WRITING: Duration = Duration::from_millis(34);
/// Symbols of a prompt that are read; what stands before them moves the state no more.
const PROMPT: usize = 2048;
/// Symbols of a sample, and how daring it is.
const SAMPLE_LENGTH: usize = 240;
const SAMPLE_TEMPERATURE: f32 = 0.8;

pub enum Job {
    Evaluation { step: u64, on: EvaluatedOn, evaluator: Evaluator },
    Baselines { ngrams: Ngrams, found: Vec<Baseline> },
    Writing(Writing),
    Sample(Sampling),
    Speed(Measuring),
}

/// What a slice gave, and the job if it is not done.
pub struct Turn {
    pub events: Vec<Event>,
    pub rest: Option<Job>,
}

impl Job {
    pub async fn advance(self) -> Result<Turn, Trouble> {
        match self {
            Job::Evaluation { step, on, mut evaluator } => {
                let loss = evaluator.advance().await?;
                let tokens = evaluator.tokens();
                let working = Event::Working { task: Task::Evaluating, done: evaluator.progress() };
                let (event, rest) = match loss {
                    None => (working, Some(Job::Evaluation { step, on, evaluator })),
                    Some(loss) => (Event::Evaluated(Evaluation { step, on, loss, tokens }), None),
                };
                // Weights that diverge give no number, which the message could not carry; the run says so itself.
                let sent = loss.is_none_or(f64::is_finite);
                Ok(Turn { events: sent.then_some(event).into_iter().collect(), rest })
            }
            Job::Baselines { mut ngrams, mut found } => {
                let news = ngrams.advance();
                let mut events = Vec::new();
                if let Some(baseline) = news {
                    found.push(baseline);
                    events.push(Event::Working { task: Task::Baselines, done: ngrams.done() });
                }
                if ngrams.is_done() {
                    events.push(Event::Baselines(found));
                    return Ok(Turn { events, rest: None });
                }
                Ok(Turn { events, rest: Some(Job::Baselines { ngrams, found }) })
            }
            Job::Writing(writing) => Ok(writing.advance()),
            Job::Sample(sampling) => Ok(sampling.advance()),
            Job::Speed(measuring) => Ok(measuring.advance().await),
        }
    }

    /// Made by a training, whose weights it reads.
    pub fn belongs_to_training(&self) -> bool {
        matches!(self, Job::Evaluation { .. } | Job::Sample(_))
    }

    /// Of no use once there is another model.
    pub fn belongs_to_model(&self) -> bool {
        !matches!(self, Job::Baselines { .. } | Job::Speed(_))
    }

    /// Whether this writes the answer to a request.
    pub fn writes(&self, id: u32) -> bool {
        matches!(self, Job::Writing(writing) if writing.id == id)
    }

    /// The last word of a job that is not done.
    pub fn end(self) -> Option<Event> {
        match self {
            Job::Writing(mut writing) => {
                let rest = writing.pen.decoder.finish();
                Some(Event::Written(writing.written(rest, true)))
            }
            Job::Speed(measuring) => Some(Event::Speed(measuring.report(false))),
            _ => None,
        }
    }
}

/// A model that writes, and what turns its ids into text.
struct Pen {
    writer: Writer,
    vocabulary: Vocabulary,
    decoder: Decoder,
    left: usize,
}

impl Pen {
    async fn new(
        model: &LanguageModel,
        vocabulary: &Vocabulary,
        prompt: &[u32],
        length: usize,
        how: train::Sampling,
    ) -> Result<Self, Trouble> {
        // A text begins like a line, where there are lines.
        let start = vocabulary.encode("\n").ids.first().copied().unwrap_or(0);
        let prompt = &prompt[prompt.len().saturating_sub(PROMPT)..];
        let writer = Writer::new(model, prompt, start, how).await?;
        Ok(Pen { writer, vocabulary: vocabulary.clone(), decoder: Decoder::new(), left: length })
    }

    /// Writes for a slice of time.
    fn write(&mut self) -> String {
        let (started, mut text) = (Instant::now(), String::new());
        while self.left > 0 && started.elapsed() < WRITING {
            for id in self.writer.write(1) {
                text.push_str(&self.decoder.push(&self.vocabulary, id));
            }
            self.left -= 1;
        }
        if self.left == 0 {
            text.push_str(&self.decoder.finish());
        }
        text
    }
}

/// The answer to `Request::Generate`.
pub struct Writing {
    id: u32,
    pen: Pen,
    length: usize,
    /// Said with the first piece.
    unknown: Vec<String>,
    time: Duration,
}

impl Writing {
    pub async fn new(run: &Run, wish: &Generate) -> Result<Self, Trouble> {
        let prompt = run.vocabulary.encode(&wish.prompt);
        let how = train::Sampling { temperature: wish.temperature, top_k: wish.top_k, seed: wish.seed };
        let pen = Pen::new(run.model(), &run.vocabulary, &prompt.ids, wish.length, how).await?;
        Ok(Writing { id: wish.id, pen, length: wish.length, unknown: prompt.unknown, time: Duration::ZERO })
    }

    fn advance(mut self) -> Turn {
        let started = Instant::now();
        let text = self.pen.write();
        self.time += started.elapsed();
        let done = self.pen.left == 0;
        let events = vec![Event::Written(self.written(text, done))];
        Turn { events, rest: (!done).then_some(Job::Writing(self)) }
    }

    fn written(&mut self, text: String, done: bool) -> Written {
        let seconds = self.time.as_secs_f64();
        let count = (self.length - self.pen.left) as f64;
        let tokens_per_second = if seconds > 0.0 { count / seconds } else { 0.0 };
        Written { id: self.id, text, done, unknown: std::mem::take(&mut self.unknown), tokens_per_second }
    }
}

/// What a model writes by itself, shown when it is complete.
pub struct Sampling {
    step: u64,
    before_fine_tuning: bool,
    pen: Pen,
    text: String,
}

impl Sampling {
    pub async fn new(run: &Run, before_fine_tuning: bool) -> Result<Self, Trouble> {
        let step = run.step_number();
        let seed = run.seed().wrapping_add(step);
        let how = train::Sampling { temperature: SAMPLE_TEMPERATURE, top_k: None, seed };
        let pen = Pen::new(run.model(), &run.vocabulary, &[], SAMPLE_LENGTH, how).await?;
        Ok(Sampling { step, before_fine_tuning, pen, text: String::new() })
    }

    fn advance(mut self) -> Turn {
        self.text.push_str(&self.pen.write());
        if self.pen.left > 0 {
            return Turn { events: Vec::new(), rest: Some(Job::Sample(self)) };
        }
        let Sampling { step, before_fine_tuning, text, .. } = self;
        Turn { events: vec![Event::Sample(Sample { step, text, before_fine_tuning })], rest: None }
    }
}
