//! Everything that can go wrong because of a user, a file or a device. The sentences are in `words`.

use serde::{Deserialize, Serialize};

/// A setting, as an error names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting {
    Layers,
    Hidden,
    Dropout,
    ForgetBias,
    Batch,
    Context,
    LearningRate,
    Clip,
    WeightDecay,
    EvalEvery,
    EvalTokens,
    Split,
    Temperature,
    Length,
    Threads,
    Steps,
    Seed,
    TopK,
}

/// What went wrong. Where it is the answer to a request, what was there before still is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Trouble {
    // The text.
    TextEmpty,
    /// The training or validation part holds fewer tokens than one chunk of the batch needs.
    TextTooShort {
        tokens: usize,
        needed: usize,
        batch: usize,
        context: usize,
    },
    TextTooLarge {
        bytes: u64,
        limit: u64,
    },
    /// A picture, an archive or another file that is no text.
    NotText {
        kind: String,
    },
    InvalidUtf8 {
        offset: usize,
    },
    NulByte {
        offset: usize,
    },
    TooManySymbols {
        symbols: usize,
        limit: usize,
    },
    NoText,
    /// `Request::Build` for a text that is not the one taken last.
    TextReplaced,

    // Settings.
    /// `value` is text because it may be no number at all.
    OutOfRange {
        setting: Setting,
        value: String,
        low: f64,
        high: f64,
    },
    TooLargeForDevice {
        needed_bytes: u64,
        available_bytes: u64,
    },

    // The model.
    NoModel,
    NotAModel {
        reason: String,
    },
    /// The text's symbols are not those that the model was trained on.
    OtherSymbols,
    UnknownSymbols {
        symbols: Vec<String>,
    },
    Diverged {
        step: u64,
        /// The rate of the settings, which the schedule multiplies.
        base_rate: f64,
    },
    NothingToRecover,
    /// What was asked for was under way when another model took the place of the one it was asked of.
    ModelReplaced,
    /// The weights of `step` are so large that the model's loss on the text is no finite number.
    NoFiniteLoss {
        step: u64,
    },

    // The device and the engine.
    NoWebGpu {
        reason: String,
    },
    NoTimestampQuery,
    DeviceLost {
        reason: String,
    },
    OutOfMemory,
    WorkerDied {
        reason: String,
    },
    /// A message could not be read: page and engine are of different versions.
    UnreadableMessage {
        reason: String,
    },
    EngineFailedToLoad {
        reason: String,
    },

    // Files, on the page and on the command line.
    CannotRead {
        name: String,
        reason: String,
    },
    CannotWrite {
        name: String,
        reason: String,
    },
}
