//! The heatmap's view into the model: a text read again and again while the model learns.

use web_time::{Duration, Instant};

use super::run::Run;
use crate::{
    model::trace::trace,
    protocol::{Array, Event, HiddenReport, Limits, Parcel, Trouble, Watch},
    text::Corpus,
};

/// No more than four times a second while training.
const PERIOD: Duration = Duration::from_millis(250);
/// A trace that takes long comes more rarely: so many times its own time lies between two.
const SHARE: u32 = 8;
/// Symbols of the validation part that are read where no text was given.
const SYMBOLS: usize = 160;
/// Likeliest next symbols a position.
const ODDS: usize = 5;

pub struct Watching {
    watch: Watch,
    /// What is shown is not what the model holds.
    stale: bool,
    /// While training not before this.
    next: Instant,
}

impl Watching {
    pub fn new(watch: Watch) -> Self {
        Watching { watch, stale: true, next: Instant::now() }
    }

    pub fn is_due(&self, training: bool) -> bool {
        self.stale && (!training || Instant::now() >= self.next)
    }

    pub fn model_changed(&mut self) {
        self.stale = true;
    }

    /// A trace that began at `started` is done.
    pub fn done(&mut self, started: Instant) {
        let now = Instant::now();
        self.next = now + PERIOD.max(now.duration_since(started) * SHARE);
    }

    /// Reads the text with the model of `run`; nothing where there is nothing to read. `text` is read from where the
    /// run has none of its own.
    pub async fn read(&mut self, run: &Run, text: Option<&Corpus>) -> Result<Option<Parcel<Event>>, Trouble> {
        self.stale = false;
        let (mut ids, unknown) = self.ids(run, text);
        ids.truncate(Limits::WATCHED);
        if ids.is_empty() && unknown.is_empty() {
            return Ok(None);
        }
        let config = run.model().config();
        let layer = self.watch.layer.min(config.layers.saturating_sub(1));
        let trace = trace(run.model(), &ids, layer, ODDS).await?;
        let body = Event::Hidden(HiddenReport {
            step: run.step_number(),
            layer,
            layers: config.layers,
            units: trace.units,
            symbols: ids.iter().map(|&id| run.vocabulary.display(id)).collect(),
            odds_count: trace.count,
            unknown,
        });
        let arrays = vec![Array::Floats(trace.hidden), Array::Floats(trace.probabilities), Array::Ids(trace.symbols)];
        Ok(Some(Parcel { body, arrays }))
    }

    fn ids(&self, run: &Run, text: Option<&Corpus>) -> (Vec<u32>, Vec<String>) {
        if !self.watch.text.is_empty() {
            let encoded = run.vocabulary.encode(&self.watch.text);
            return (encoded.ids, encoded.unknown);
        }
        if let Some(corpus) = &run.corpus {
            return (corpus.valid().iter().copied().take(SYMBOLS).collect(), Vec::new());
        }
        let shown = text.map(|corpus| run.vocabulary.encode(&corpus.report().preview)).map(|encoded| encoded.ids);
        (shown.unwrap_or_default().into_iter().take(SYMBOLS).collect(), Vec::new())
    }
}
