//! Text that a model writes: what somebody asked for, and samples of a run.

use web_time::{Duration, Instant};

use super::{Turn, Work};
use crate::{
    engine::run::Run,
    protocol::{Event, Generate, RunId, Sample, Trouble, Written},
    text::{Decoder, Vocabulary},
    train::{self, Writer},
};

/// How long a slice of writing takes: not so long that a pause would be felt, not so short that the page would be
/// told more than 30 times a second.
const SLICE: Duration = Duration::from_millis(34);
/// Symbols of a sample, and how daring it is.
const SAMPLE_LENGTH: usize = 240;
const SAMPLE_TEMPERATURE: f32 = 0.8;

/// A model that goes on from a prompt, and what turns its ids into text.
struct Continuation {
    writer: Writer,
    vocabulary: Vocabulary,
    decoder: Decoder,
    /// Symbols to come.
    left: usize,
}

impl Continuation {
    async fn new(run: &Run, prompt: &[u32], length: usize, how: train::Sampling) -> Result<Self, Trouble> {
        let writer = Writer::new(&run.weights().await?, prompt, run.first_symbol(), how);
        Ok(Continuation { writer, vocabulary: run.vocabulary.clone(), decoder: Decoder::new(), left: length })
    }

    /// Writes for a slice of time.
    fn write(&mut self) -> String {
        let (started, mut text) = (Instant::now(), String::new());
        while self.left > 0 && started.elapsed() < SLICE {
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
pub struct Generating {
    continuation: Continuation,
    length: usize,
    /// Said with the first piece.
    unknown: Vec<String>,
    time: Duration,
}

impl Generating {
    /// # Errors
    /// `DeviceLost`.
    pub async fn new(run: &Run, wish: &Generate) -> Result<Self, Trouble> {
        let (prompt, unknown) = run.prompt(&wish.prompt);
        let how = train::Sampling { temperature: wish.temperature, top_k: wish.top_k, seed: wish.seed };
        let continuation = Continuation::new(run, &prompt, wish.length, how).await?;
        Ok(Generating { continuation, length: wish.length, unknown, time: Duration::ZERO })
    }

    pub fn advance(mut self) -> Turn {
        let started = Instant::now();
        let text = self.continuation.write();
        self.time += started.elapsed();
        let done = self.continuation.left == 0;
        let events = vec![Event::Written(self.written(text, done))];
        Turn { events, rest: (!done).then_some(Work::Generation(self)) }
    }

    /// The last piece of what is not written to its end.
    pub fn end(mut self) -> Event {
        let rest = self.continuation.decoder.finish();
        Event::Written(self.written(rest, true))
    }

    fn written(&mut self, text: String, done: bool) -> Written {
        let seconds = self.time.as_secs_f64();
        let count = (self.length - self.continuation.left) as f64;
        let tokens_per_second = if seconds > 0.0 { count / seconds } else { 0.0 };
        Written { text, done, unknown: std::mem::take(&mut self.unknown), tokens_per_second }
    }
}

/// What a model writes by itself, shown when it is complete.
pub struct Sampling {
    run: RunId,
    pub step: u64,
    before_fine_tuning: bool,
    continuation: Continuation,
    text: String,
}

impl Sampling {
    /// # Errors
    /// `DeviceLost`.
    pub async fn new(run: &Run, before_fine_tuning: bool) -> Result<Self, Trouble> {
        let step = run.step_number();
        let seed = run.seed().wrapping_add(step);
        let how = train::Sampling { temperature: SAMPLE_TEMPERATURE, top_k: None, seed };
        let continuation = Continuation::new(run, &[], SAMPLE_LENGTH, how).await?;
        Ok(Sampling { run: run.id, step, before_fine_tuning, continuation, text: String::new() })
    }

    pub fn advance(mut self) -> Turn {
        self.text.push_str(&self.continuation.write());
        if self.continuation.left > 0 {
            return Turn { events: Vec::new(), rest: Some(Work::Sample(self)) };
        }
        let Sampling { run, step, before_fine_tuning, text, .. } = self;
        Turn { events: vec![Event::Sample(Sample { run, step, text, before_fine_tuning })], rest: None }
    }
}
