//! What the engine tells the page.

use serde::{Deserialize, Serialize};

use super::{ModelConfig, RunId, Source, TextId, TrainConfig, Trouble, VocabularyKind};

/// The parcel's id names the request that an event belongs to, or is [`super::NO_REQUEST`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The last word on a request that was carried out.
    Done,
    /// The last word on a request that could not be carried out: what was there before still is. Without a request,
    /// what happened to `run`, or to the device; a lost device is told once so, and again to each request that it ended.
    Trouble {
        run: Option<RunId>,
        trouble: Trouble,
    },
    /// A longer task within a request, for a progress bar: from 0 to 1.
    Working {
        task: Task,
        done: f32,
    },

    Ready(DeviceReport),
    /// After `Ready`: another device computes from here on, or it was measured.
    Device(DeviceReport),
    TextReady(TextReport),
    /// n-gram losses on the validation part of `text`, lowest order first; they take a moment, so they follow the text.
    Baselines {
        text: TextId,
        baselines: Vec<Baseline>,
    },

    /// A run is there, or is another than before: paused, at `step`.
    ModelReady(Box<ModelReport>),
    State {
        run: RunId,
        state: RunState,
    },
    /// At most 30 times a second. Arrays, one value a step from `first_step` on: 0 training loss (nats a token),
    /// 1 gradient norm before clipping, 2 learning rate. NaN where a figure was not read.
    Progress(Progress),
    Evaluated(Evaluation),
    Sample(Sample),

    /// Of a subscription, which the parcel's id names. Arrays: 0 hidden state, [positions, units] row by row;
    /// 1 probabilities of the likeliest next symbols after each position, [positions, `likeliest`], likeliest first;
    /// 2 (ids) which symbols these are, same shape.
    Hidden(HiddenReport),
    /// Of a subscription, which the parcel's id names.
    Probabilities(ProbabilityReport),

    Written(Written),
    /// Array 0: the bytes of a safetensors file.
    Saved {
        file_name: String,
    },
    Checked {
        checks: Vec<Check>,
    },
    /// What `Request::MeasureSpeed` has found so far.
    Speed(SpeedReport),
}

/// What takes long enough to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    OpeningDevice,
    ReadingText,
    Baselines,
    MeasuringDevices,
    /// A GPU compiles what a run will use.
    Compiling,
    BuildingModel,
    Evaluating,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceKind {
    WebGpu,
    Cpu,
}

/// Why this device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceReason {
    /// The user asked for it.
    Chosen,
    /// A hardware adapter with everything that is needed.
    Suitable,
    /// The model was learned for a moment on each device, and here it was faster.
    Measured,
    /// The GPU was not ready for this model after a few seconds.
    SlowStart,
    /// The model is too large for the other device.
    OnlyFit,
    NoWebGpu,
    NoAdapter,
    /// The only adapter is a program on the CPU, most likely slower than our own CPU path.
    SoftwareAdapter,
    NoTimestampQuery,
    /// It failed; the browser's words.
    Failed(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceReport {
    pub kind: DeviceKind,
    /// The adapter's own name, or the instruction set of the CPU path.
    pub name: String,
    pub reason: DeviceReason,
    pub speeds: Speeds,
}

/// Tokens a second that the present model learns on each device, where that was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Speeds {
    pub gpu: Option<f64>,
    pub cpu: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextReport {
    pub id: TextId,
    pub source: Source,
    pub vocabulary: VocabularyKind,
    pub characters: usize,
    pub tokens: usize,
    /// How to show each symbol, by id.
    pub symbols: Vec<String>,
    /// How often each symbol stands in the text, by id.
    pub counts: Vec<usize>,
    pub train_tokens: usize,
    pub valid_tokens: usize,
    /// ln(symbols), nats a token.
    pub uniform_loss: f64,
    /// The least loss that any model can reach on average, nats a token, where it is known.
    pub best_possible: Option<f64>,
    /// Characters per token on average: 1, or less for bytes. Turns nats a token into bits a character.
    pub characters_per_token: f64,
    /// The first few hundred characters.
    pub preview: String,
    /// For fine-tuning: the symbols that the model did not know and that were added.
    pub added: Vec<String>,
    /// As far as they are known; see `Event::Baselines`.
    pub baselines: Vec<Baseline>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The n of the n-gram.
    pub order: usize,
    /// Nats a token on the validation part (Witten–Bell interpolation).
    pub loss: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelReport {
    pub run: RunId,
    /// What it learns; a loaded model may come without.
    pub text: Option<TextReport>,
    pub config: ModelConfig,
    pub train: TrainConfig,
    /// How to show each symbol the model knows, by id.
    pub symbols: Vec<String>,
    pub parameters: usize,
    /// Weights, gradients, optimiser and activations of a step.
    pub memory_bytes: u64,
    /// Steps that the model has done.
    pub step: u64,
    /// Steps that it had done when the run began: `train.steps` and the schedule count from there.
    pub first_step: u64,
    pub steps_per_epoch: u64,
    pub origin: Origin,
    /// Of a loaded model: names of settings and tensors of its file that this program does not know, as of a newer one,
    /// and that were passed over.
    pub unknown: Vec<String>,
}

/// Where a model comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    Drawn,
    Loaded,
    /// The present model, about to learn another text.
    FineTuning,
    /// The last good checkpoint, after a divergence.
    Recovered,
    /// The last checkpoint, on another device: that of before was lost.
    Moved,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RunState {
    Paused,
    Running,
    /// The last step of the settings is done.
    Finished,
    /// The loss or the gradient was no finite number at `step`; the last good checkpoint is that of `good_step`.
    Diverged {
        step: u64,
        good_step: u64,
        /// The rate of the settings, which the schedule multiplies.
        base_rate: f64,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    pub run: RunId,
    pub first_step: u64,
    pub step: u64,
    pub epoch: f64,
    pub tokens_per_second: f64,
}

/// Which text was read for an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EvaluatedOn {
    /// The validation part of the text that is learned.
    Validation,
    /// While fine-tuning: the validation part of the text learned before.
    OldText,
    /// A text that was given for this evaluation alone, the whole of it.
    Given,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    pub run: RunId,
    pub step: u64,
    pub on: EvaluatedOn,
    /// Nats a token, read as one stream from the zero state.
    pub loss: f64,
    pub tokens: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub run: RunId,
    pub step: u64,
    pub text: String,
    /// Drawn before the first step of a fine-tuning.
    pub before_fine_tuning: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HiddenReport {
    pub run: RunId,
    pub step: u64,
    pub layer: usize,
    pub layers: usize,
    pub units: usize,
    /// What was read, one entry a position.
    pub symbols: Vec<String>,
    /// How many of the likeliest next symbols are told a position.
    pub likeliest: usize,
    /// Symbols of the wished text that the model does not know and that were passed over.
    pub unknown: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// What came since the last answer.
    pub text: String,
    pub done: bool,
    /// Symbols of the prompt that the model does not know and that were passed over.
    pub unknown: Vec<String>,
    pub tokens_per_second: f64,
}

/// The likeliest next symbols after a prompt, likeliest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbabilityReport {
    pub run: RunId,
    pub step: u64,
    pub next: Vec<NextSymbol>,
    /// Symbols of the prompt that the model does not know and that were passed over.
    pub unknown: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NextSymbol {
    pub symbol: String,
    pub probability: f32,
}

/// One figure of `Request::SelfCheck`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub name: String,
    /// The largest error that was seen.
    pub error: f64,
    /// The largest error that is allowed.
    pub allowed: f64,
}

impl Check {
    /// An error that is no number has not passed.
    pub fn passed(&self) -> bool {
        self.error <= self.allowed
    }
}

/// What learns in a measurement of speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Library {
    /// Our operators.
    Unroll,
    /// burn's stock `nn::Lstm`, with its linear layer, cross-entropy and Adam.
    Burn,
}

/// How fast an LSTM of one layer learns, of several sizes, each way of computing it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpeedReport {
    /// The adapter's own name, where there is one.
    pub gpu: Option<String>,
    /// The instruction set of the CPU path.
    pub cpu: String,
    /// In the order in which they are measured, those to come not yet among them.
    pub figures: Vec<SpeedFigure>,
    /// How many figures there are in the end.
    pub planned: usize,
    /// More are to come.
    pub going: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpeedFigure {
    pub library: Library,
    pub device: DeviceKind,
    /// Which of the sizes that were asked for, from 0.
    pub size: usize,
    /// Time steps a chunk that were measured: fewer than those of the size where a step takes long.
    pub context: usize,
    /// None where it failed, or was not ready in time.
    pub tokens_per_second: Option<f64>,
}
