//! Work that is done in slices, in turn with training.

mod writing;

use std::rc::Rc;

use super::{speed::Measuring, text::Text};
use crate::{
    protocol::{Baseline, EvaluatedOn, Evaluation, Event, NO_REQUEST, RequestId, RunId, Task, Trouble},
    text::Ngrams,
    train::Evaluator,
};

pub use writing::{Generating, Sampling};

/// Work, and the request that is answered when it is done.
pub struct Job {
    /// [`NO_REQUEST`] for what a run does by itself.
    pub request: RequestId,
    pub work: Work,
}

pub enum Work {
    Evaluation(Evaluating),
    Baselines(CountingNgrams),
    Generation(Generating),
    Sample(Sampling),
    Speed(Measuring),
}

/// What a slice gave, and the work if it is not done.
pub struct Turn {
    pub events: Vec<Event>,
    pub rest: Option<Work>,
}

impl Job {
    pub fn new(request: RequestId, work: Work) -> Self {
        Job { request, work }
    }

    /// What a run does by itself.
    pub fn of_run(work: Work) -> Self {
        Self::new(NO_REQUEST, work)
    }
}

impl Work {
    /// # Errors
    /// `DeviceLost`, and `NoFiniteLoss` from an evaluation.
    pub async fn advance(self) -> Result<Turn, Trouble> {
        match self {
            Work::Evaluation(evaluating) => evaluating.advance().await,
            Work::Baselines(counting) => Ok(counting.advance()),
            Work::Generation(generating) => Ok(generating.advance()),
            Work::Sample(sampling) => Ok(sampling.advance()),
            Work::Speed(measuring) => Ok(measuring.advance().await),
        }
    }

    /// The step whose weights the chart or the list of samples will show.
    pub fn step(&self) -> Option<u64> {
        match self {
            Work::Evaluation(evaluating) => Some(evaluating.step),
            Work::Sample(sampling) => Some(sampling.step),
            Work::Baselines(_) | Work::Generation(_) | Work::Speed(_) => None,
        }
    }

    /// What there is to say of work that ends before it is done.
    pub fn end(self) -> Option<Event> {
        match self {
            Work::Generation(generating) => Some(generating.end()),
            Work::Speed(measuring) => Some(Event::Speed(measuring.report(false))),
            Work::Evaluation(_) | Work::Baselines(_) | Work::Sample(_) => None,
        }
    }
}

/// An evaluation of the weights of a step.
pub struct Evaluating {
    pub run: RunId,
    pub step: u64,
    pub on: EvaluatedOn,
    pub evaluator: Evaluator,
}

impl Evaluating {
    async fn advance(mut self) -> Result<Turn, Trouble> {
        let Some(loss) = self.evaluator.advance().await? else {
            let events = vec![Event::Working { task: Task::Evaluating, done: self.evaluator.progress() }];
            return Ok(Turn { events, rest: Some(Work::Evaluation(self)) });
        };
        if !loss.is_finite() {
            return Err(Trouble::NoFiniteLoss { step: self.step });
        }
        let Evaluating { run, step, on, evaluator } = self;
        let evaluation = Evaluation { run, step, on, loss, tokens: evaluator.tokens() };
        Ok(Turn { events: vec![Event::Evaluated(evaluation)], rest: None })
    }
}

/// The n-grams of a text.
pub struct CountingNgrams {
    pub text: Rc<Text>,
    ngrams: Ngrams,
    found: Vec<Baseline>,
}

impl CountingNgrams {
    pub fn new(text: Rc<Text>) -> Self {
        CountingNgrams { ngrams: text.ngrams(), text, found: Vec::new() }
    }

    fn advance(mut self) -> Turn {
        let mut events = Vec::new();
        if let Some(baseline) = self.ngrams.advance() {
            self.found.push(baseline);
            events.push(Event::Working { task: Task::Baselines, done: self.ngrams.done() });
        }
        if !self.ngrams.is_done() {
            return Turn { events, rest: Some(Work::Baselines(self)) };
        }
        self.text.set_baselines(self.found.clone());
        events.push(Event::Baselines { text: self.text.id, baselines: self.found });
        Turn { events, rest: None }
    }
}
