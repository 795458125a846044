//! What the page asks of the engine.

use serde::{Deserialize, Serialize};

use super::{DeviceWish, GeneratedText, ModelConfig, RequestId, TextId, TrainConfig, VocabularyKind};

/// Every request ends with one `Event::Done` or `Event::Trouble` that names it; a refused one has changed nothing. What
/// comes before that is said at each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// The first request: find a device. `Event::Ready`; `Event::Trouble` without a request before it when the wish was
    /// not met.
    Open {
        device: DeviceWish,
    },
    /// Take a text, which the next `Build` is for. Array 0: its bytes, unless it is generated. A run goes on with its own.
    /// `Event::TextReady`; done with the n-gram losses, after `Event::Baselines`.
    UseText(TextRequest),
    /// Draw a new model for `text`, which was taken last, at step 0, and train it if `play`. `Event::ModelReady`.
    Build {
        text: TextId,
        model: ModelConfig,
        train: TrainConfig,
        play: bool,
    },
    /// Train until paused, finished or diverged; done at once. `Event::State`.
    Play,
    /// `Event::State`, with every figure before it. A run that does not train says only what it is.
    Pause,
    /// One training step, then paused.
    StepOnce,
    /// Change what may change while running, from the next step on.
    Tune {
        learning_rate: f64,
        clip: f64,
    },
    /// Send what `topic` shows of whatever model is there, now and again and again as it changes, at most every `every_ms`
    /// while it trains. The events carry this request's number; done when unsubscribed.
    Subscribe {
        topic: Topic,
        every_ms: u32,
    },
    Unsubscribe {
        subscription: RequestId,
    },
    /// Evaluate now. `Event::Evaluated`, on each text that the run answers for.
    Evaluate,
    /// Read the whole text in array 0 with the present model. `Event::Evaluated` on `EvaluatedOn::Given`.
    EvaluateText,
    /// Continue a prompt. `Event::Written` again and again.
    Generate(Generate),
    /// End the writing that `request` asked for, if it is under way: it is done, and what was written so far stays.
    StopGenerating {
        request: RequestId,
    },
    /// Go on training the present model on another text, in a new run. Array 0: its bytes, unless it is generated.
    /// Symbols that the model does not know are added to its vocabulary. `Event::ModelReady`, whose text says which,
    /// trained if `play`; done with the n-gram losses, after `Event::Baselines`. The new run itself tells first how well
    /// it reads and what it writes at step 0.
    FineTune {
        text: TextRequest,
        train: TrainConfig,
        play: bool,
    },
    /// The model as a safetensors file. `Event::Saved`.
    Save,
    /// Take the model in array 0, a safetensors file, as a new run. `Event::ModelReady`.
    Load,
    /// After a divergence: go on from the last good checkpoint at this base rate, paused. `Event::ModelReady`.
    Recover {
        learning_rate: f64,
    },
    /// Check this very build on this very device against references: the recurrent cells, their gradients, and a few
    /// training steps against the CPU's. Touches no run. `Event::Checked`.
    SelfCheck,
    /// Measure how fast each way of computing learns on this machine; a training waits meanwhile. `Event::Speed` after
    /// each figure.
    MeasureSpeed {
        sizes: Vec<SpeedSize>,
        /// Seconds that a way of computing may take to get ready before it is given up.
        patience: f64,
    },
    /// What was measured so far stays, and its request is done.
    StopMeasuring,
}

/// What a picture shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Topic {
    /// The hidden state along a text. `Event::Hidden`.
    Hidden {
        /// The text to read from the zero state. Empty: the start of the validation part.
        text: String,
        /// From 0.
        layer: usize,
    },
    /// The next symbol after a prompt. `Event::Probabilities`.
    Probabilities { prompt: String, count: usize },
}

/// A size to be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeedSize {
    pub hidden: usize,
    pub batch: usize,
    pub context: usize,
}

/// Where a text comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Source {
    /// One of the page's own corpora.
    Corpus {
        id: String,
    },
    /// Pasted, or a file.
    Own {
        name: String,
    },
    Generated {
        text: GeneratedText,
        seed: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextRequest {
    pub source: Source,
    pub vocabulary: VocabularyKind,
    /// The part that is learned from; the rest validates.
    pub split: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generate {
    pub prompt: String,
    /// Tokens to write.
    pub length: usize,
    /// 0 always takes the likeliest symbol.
    pub temperature: f32,
    /// Only the k likeliest symbols are drawn from; `None`: all.
    pub top_k: Option<usize>,
    pub seed: u64,
}
