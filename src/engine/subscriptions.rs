//! What is shown of the model while it learns: each picture that is seen has a subscription, and nothing is computed for
//! a picture that is not.

use web_time::{Duration, Instant};

use super::{excerpt, run::Run, text::Text};
use crate::{
    model::trace::{next_symbols, trace},
    protocol::{Array, Event, HiddenReport, Limits, NextSymbol, Parcel, ProbabilityReport, RequestId, Topic, Trouble},
};

/// A trace that takes long comes more rarely: while training, so many times its own time lies between one and the next,
/// of whatever subscription.
const SHARE: u32 = 8;
/// Symbols of the validation part that are read where no text was given.
const SYMBOLS: usize = 160;
/// Likeliest next symbols a position that go with the hidden state.
const LIKELIEST: usize = 5;

/// All subscriptions.
pub struct Subscriptions {
    list: Vec<Subscription>,
    /// While training no trace before this, so that training keeps its share of the device.
    not_before: Instant,
}

struct Subscription {
    /// The request that asked for it, which its events name.
    id: RequestId,
    topic: Topic,
    /// No two traces within this time while training.
    every: Duration,
    /// What was sent last is not what the model holds.
    stale: bool,
    /// While training not before this.
    next: Instant,
}

impl Subscriptions {
    pub fn new() -> Self {
        Subscriptions { list: Vec::new(), not_before: Instant::now() }
    }

    /// Takes a subscription. Of its text only what will be read is kept.
    pub fn add(&mut self, id: RequestId, topic: Topic, every_ms: u32) {
        let topic = match topic {
            Topic::Hidden { text, layer } => Topic::Hidden { text: excerpt::head(&text, Limits::WATCHED), layer },
            Topic::Probabilities { prompt, count } => {
                Topic::Probabilities { prompt: excerpt::tail(&prompt, excerpt::PROMPT), count }
            }
        };
        let every = Duration::from_millis(every_ms.into());
        self.list.push(Subscription { id, topic, every, stale: true, next: Instant::now() });
    }

    /// Whether there was one of that number.
    pub fn remove(&mut self, id: RequestId) -> bool {
        let before = self.list.len();
        self.list.retain(|subscription| subscription.id != id);
        self.list.len() < before
    }

    /// The model is another than was shown.
    pub fn model_changed(&mut self) {
        self.list.iter_mut().for_each(|subscription| subscription.stale = true);
    }

    /// Whether one is due; a run that stands still is shown at once.
    pub fn is_due(&self, training: bool) -> bool {
        self.due(training).is_some()
    }

    /// Of those that are due the one that has waited longest, so that each has its turn.
    fn due(&self, training: bool) -> Option<usize> {
        let now = Instant::now();
        if training && now < self.not_before {
            return None;
        }
        let due = self.list.iter().enumerate().filter(|(_, one)| one.stale && (!training || now >= one.next));
        due.min_by_key(|(_, one)| one.next).map(|(index, _)| index)
    }

    /// Reads with the model of `run` for the subscription that is due; nothing where there is nothing to read. The
    /// `text` taken last is read where the run has none of its own.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn read(
        &mut self,
        training: bool,
        run: &Run,
        text: Option<&Text>,
    ) -> Result<Option<Parcel<Event>>, Trouble> {
        let Some(index) = self.due(training) else { return Ok(None) };
        let one = &mut self.list[index];
        let started = Instant::now();
        one.stale = false;
        let read = match &one.topic {
            Topic::Hidden { text: wish, layer } => hidden(one.id, run, text, wish, *layer).await,
            Topic::Probabilities { prompt, count } => probabilities(one.id, run, prompt, *count).await.map(Some),
        };
        let now = Instant::now();
        one.next = now.max(started + one.every);
        self.not_before = now + now.duration_since(started) * SHARE;
        read
    }
}

async fn hidden(
    id: RequestId,
    run: &Run,
    text: Option<&Text>,
    wish: &str,
    layer: usize,
) -> Result<Option<Parcel<Event>>, Trouble> {
    let (mut ids, unknown) = ids(run, text, wish);
    ids.truncate(Limits::WATCHED);
    if ids.is_empty() && unknown.is_empty() {
        return Ok(None);
    }
    let config = run.model().config();
    let layer = layer.min(config.layers.saturating_sub(1));
    let trace = trace(run.model(), &ids, layer, LIKELIEST).await?;
    let body = Event::Hidden(HiddenReport {
        run: run.id,
        step: run.step_number(),
        layer,
        layers: config.layers,
        units: trace.units,
        symbols: ids.iter().map(|&id| run.vocabulary.display(id)).collect(),
        likeliest: trace.count,
        unknown,
    });
    let arrays = vec![Array::Floats(trace.hidden), Array::Floats(trace.probabilities), Array::Ids(trace.symbols)];
    Ok(Some(Parcel { id, body, arrays }))
}

/// What the hidden state is read along, and the symbols of the wish that the model does not know.
fn ids(run: &Run, text: Option<&Text>, wish: &str) -> (Vec<u32>, Vec<String>) {
    if !wish.is_empty() {
        let encoded = run.vocabulary.encode(wish);
        return (encoded.ids, encoded.unknown);
    }
    if let Some(text) = &run.text {
        return (text.corpus.valid().iter().copied().take(SYMBOLS).collect(), Vec::new());
    }
    let preview = text.map(|text| run.vocabulary.encode(text.corpus.preview()).ids);
    (preview.unwrap_or_default().into_iter().take(SYMBOLS).collect(), Vec::new())
}

async fn probabilities(id: RequestId, run: &Run, prompt: &str, count: usize) -> Result<Parcel<Event>, Trouble> {
    let (ids, unknown) = run.prompt(prompt);
    let next = next_symbols(run.model(), &ids, count).await?;
    let next = next.into_iter().map(|(id, probability)| NextSymbol {
        symbol: run.vocabulary.display(id),
        // A message carries finite numbers only.
        probability: if probability.is_finite() { probability } else { 0.0 },
    });
    let (run, step, next) = (run.id, run.step_number(), next.collect());
    Ok(Parcel::new(id, Event::Probabilities(ProbabilityReport { run, step, next, unknown })))
}
