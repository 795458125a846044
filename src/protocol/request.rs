//! What the page asks of the engine.

use serde::{Deserialize, Serialize};

use super::{DeviceWish, GeneratedText, ModelConfig, TrainConfig, VocabularyKind};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// The first request: find a device. Answered by `Event::Ready`, after `Event::Trouble` when the wish was not met.
    Open {
        device: DeviceWish,
    },
    /// Take a text. Array 0: its bytes, unless it is generated. Pauses a run, whose model stays until `Build`.
    /// Answered by `Event::TextReady`, later by `Event::Baselines`.
    UseText(TextRequest),
    /// Draw a new model for the present text, at step 0, paused. Answered by `Event::ModelReady`.
    Build {
        model: ModelConfig,
        train: TrainConfig,
    },
    /// Train until paused, finished or diverged.
    Play,
    Pause,
    /// One training step, then paused.
    StepOnce,
    /// Change what may change while running, from the next step on.
    Tune {
        learning_rate: f64,
        clip: f64,
    },
    /// Read a text with the model again and again as it learns; answered by `Event::Hidden`.
    Watch(Watch),
    /// Evaluate now.
    Evaluate,
    /// Read the whole text in array 0 with the present model; answered by `Event::Evaluated` on `EvaluatedOn::Given`.
    EvaluateText,
    /// Continue a prompt. Answered by `Event::Written` until one says `done`.
    Generate(Generate),
    StopGenerating {
        id: u32,
    },
    /// The next symbol's odds after a prompt. Answered by `Event::Odds`.
    Odds {
        id: u32,
        prompt: String,
        count: usize,
    },
    /// Go on training the present model on another text. Array 0: its bytes, unless it is generated.
    /// Symbols that the model does not know are added to its vocabulary. Answered by `Event::TextReady`,
    /// `Event::ModelReady` and samples from before; ready to `Play`.
    FineTune {
        text: TextRequest,
        train: TrainConfig,
    },
    /// The model as a safetensors file; answered by `Event::Saved`.
    Save,
    /// Take the model in array 0, a safetensors file. Answered by `Event::ModelReady`.
    Load,
    /// After a divergence: go on from the last good weights at this learning rate.
    Recover {
        learning_rate: f64,
    },
    /// Check this very build on this very device against references: the recurrent cells, their gradients, and a few
    /// training steps against the CPU's. Touches no run. Answered by `Event::Checked`.
    SelfCheck,
    /// Measure how fast each way of computing learns on this machine; a training waits meanwhile. Answered by
    /// `Event::Speed` after each figure.
    MeasureSpeed {
        sizes: Vec<SpeedSize>,
        /// Seconds that a way of computing may take to get ready before it is given up.
        patience: f64,
    },
    StopMeasuring,
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

/// What the heatmap wants to see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// The text to read from the zero state. Empty: the start of the validation part.
    pub text: String,
    /// From 0.
    pub layer: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generate {
    /// Chosen by the page, repeated in every answer.
    pub id: u32,
    pub prompt: String,
    /// Tokens to write.
    pub length: usize,
    /// 0 always takes the likeliest symbol.
    pub temperature: f32,
    /// Only the k likeliest symbols are drawn from; `None`: all.
    pub top_k: Option<usize>,
    pub seed: u64,
}
