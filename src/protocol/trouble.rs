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

/// What went wrong. Whatever was there before is still there.
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
    UnknownSymbols {
        symbols: Vec<String>,
    },
    Diverged {
        step: u64,
        learning_rate: f64,
    },
    NothingToRecover,

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
