//! What a user chooses: the device, the model, the training.

use serde::{Deserialize, Serialize};

use super::{Limits, Setting, Trouble};

/// Which device the user asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceWish {
    /// Of WebGPU, where an adapter with what burn needs is there, and the CPU the one that learns the present model faster.
    #[default]
    Auto,
    Gpu,
    Cpu,
}

/// A recurrent cell, in PyTorch's conventions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cell {
    Rnn,
    Gru,
    #[default]
    Lstm,
}

impl Cell {
    pub const ALL: [Cell; 3] = [Cell::Rnn, Cell::Gru, Cell::Lstm];

    /// Row blocks of height H in the cell's weight matrices: RNN 1, GRU 3 (r, z, n), LSTM 4 (i, f, g, o).
    pub const fn gates(self) -> usize {
        match self {
            Cell::Rnn => 1,
            Cell::Gru => 3,
            Cell::Lstm => 4,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Cell::Rnn => "rnn",
            Cell::Gru => "gru",
            Cell::Lstm => "lstm",
        }
    }
}

/// How weights are drawn before training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Init {
    /// Every weight and bias from U(−1/√H, 1/√H), as PyTorch does.
    #[default]
    Pytorch,
    /// Glorot-uniform input weights, orthogonal recurrent weights (Saxe et al. 2014), zero biases.
    Orthogonal,
}

/// The shape of a language model. The vocabulary's size comes with the text.
///
/// What an older program did not write is the usual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelConfig {
    pub cell: Cell,
    pub layers: usize,
    pub hidden: usize,
    /// One matrix [symbols, hidden] serves as the token table and as the output layer's weight.
    pub tie_weights: bool,
    /// Probability that a value between two layers is dropped while training.
    pub dropout: f32,
    /// Added to the forget gate's bias when the weights are drawn; LSTM only (Jozefowicz et al. 2015 use 1).
    pub forget_bias: f32,
    pub init: Init,
    /// Draws the weights; a seed repeats a run on the CPU to the bit.
    pub seed: u64,
}

impl Default for ModelConfig {
    fn default() -> Self {
        ModelConfig {
            cell: Cell::Lstm,
            layers: 1,
            hidden: 128,
            tie_weights: false,
            dropout: 0.0,
            forget_bias: 0.0,
            init: Init::Pytorch,
            seed: 1,
        }
    }
}

impl ModelConfig {
    /// How many numbers are learned, for a vocabulary of `symbols`.
    pub fn parameters(&self, symbols: usize) -> usize {
        let (h, g) = (self.hidden, self.cell.gates());
        let input = if self.tie_weights { h } else { symbols };
        let layer = |inputs: usize| g * h * (inputs + h + 2);
        // Tied or not, one matrix [symbols, hidden] is counted: the tied one is the token table as well.
        layer(input) + (self.layers - 1) * layer(h) + symbols * h + symbols
    }

    /// Refuses the first setting that is out of range.
    pub fn check(&self) -> Result<(), Trouble> {
        Limits::LAYERS.check(Setting::Layers, self.layers as f64)?;
        Limits::HIDDEN.check(Setting::Hidden, self.hidden as f64)?;
        Limits::DROPOUT.check(Setting::Dropout, f64::from(self.dropout))?;
        Limits::FORGET_BIAS.check(Setting::ForgetBias, f64::from(self.forget_bias))
    }
}

/// How the learning rate moves with the step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind", try_from = "ScheduleFields")]
pub enum Schedule {
    #[default]
    Constant,
    /// Rises linearly over `steps`, then stays.
    Warmup { steps: u64 },
    /// Rises linearly over `warmup` steps, then falls along a half cosine to a tenth at step `total`.
    Cosine { warmup: u64, total: u64 },
}

/// A schedule as it is read: deriving that would look at every field twice, for want of knowing the kind first.
#[derive(Deserialize)]
struct ScheduleFields {
    kind: ScheduleKind,
    steps: Option<u64>,
    warmup: Option<u64>,
    total: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ScheduleKind {
    Constant,
    Warmup,
    Cosine,
}

impl TryFrom<ScheduleFields> for Schedule {
    type Error = &'static str;

    fn try_from(fields: ScheduleFields) -> Result<Self, Self::Error> {
        const LACKS: &str = "the schedule lacks a number of steps";
        Ok(match fields.kind {
            ScheduleKind::Constant => Schedule::Constant,
            ScheduleKind::Warmup => Schedule::Warmup { steps: fields.steps.ok_or(LACKS)? },
            ScheduleKind::Cosine => {
                Schedule::Cosine { warmup: fields.warmup.ok_or(LACKS)?, total: fields.total.ok_or(LACKS)? }
            }
        })
    }
}

/// How a model is trained.
///
/// What an older program did not write is the usual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainConfig {
    /// Contiguous streams read side by side.
    pub batch: usize,
    /// Time steps a chunk: how far gradients reach back (truncated BPTT).
    pub context: usize,
    pub learning_rate: f64,
    /// Largest global norm of the gradient.
    pub clip: f64,
    pub weight_decay: f64,
    pub schedule: Schedule,
    /// Where the run ends by itself; `None` trains until it is stopped.
    pub steps: Option<u64>,
    /// Steps between evaluations.
    pub eval_every: u64,
    /// At most this many validation tokens are read for an evaluation; `None` reads all of them.
    pub eval_tokens: Option<usize>,
    /// Steps between samples; `None` draws none.
    pub sample_every: Option<u64>,
    /// Draws dropout masks and samples.
    pub seed: u64,
}

impl Default for TrainConfig {
    fn default() -> Self {
        TrainConfig {
            batch: 32,
            context: 64,
            learning_rate: 2e-3,
            clip: 1.0,
            weight_decay: 0.0,
            schedule: Schedule::Constant,
            steps: Some(4000),
            eval_every: 250,
            eval_tokens: None,
            sample_every: None,
            seed: 1,
        }
    }
}

impl TrainConfig {
    /// Refuses the first setting that is out of range.
    pub fn check(&self) -> Result<(), Trouble> {
        Limits::BATCH.check(Setting::Batch, self.batch as f64)?;
        Limits::CONTEXT.check(Setting::Context, self.context as f64)?;
        Limits::LEARNING_RATE.check(Setting::LearningRate, self.learning_rate)?;
        Limits::CLIP.check(Setting::Clip, self.clip)?;
        Limits::WEIGHT_DECAY.check(Setting::WeightDecay, self.weight_decay)?;
        Limits::EVERY.check(Setting::EvalEvery, self.eval_every as f64)?;
        self.eval_tokens.map_or(Ok(()), |tokens| Limits::EVAL_TOKENS.check(Setting::EvalTokens, tokens as f64))
    }
}

/// What a symbol is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VocabularyKind {
    /// One Unicode scalar value, after NFC.
    #[default]
    Char,
    /// One byte of UTF-8; 256 symbols, so nothing is ever unknown.
    Byte,
}

/// A text made by the engine, whose best possible loss is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GeneratedText {
    /// Balanced brackets of several kinds, nested.
    Brackets,
    /// aⁿbⁿ: as many b as a.
    Counting,
    /// Letters, then the same letters in order.
    Sorting,
    /// Symbols to be said again after a delay.
    Copy,
    /// Sums of two numbers.
    Addition,
}

impl GeneratedText {
    pub const ALL: [GeneratedText; 5] = [
        GeneratedText::Brackets,
        GeneratedText::Counting,
        GeneratedText::Sorting,
        GeneratedText::Copy,
        GeneratedText::Addition,
    ];

    pub const fn id(self) -> &'static str {
        match self {
            GeneratedText::Brackets => "brackets",
            GeneratedText::Counting => "counting",
            GeneratedText::Sorting => "sorting",
            GeneratedText::Copy => "copy",
            GeneratedText::Addition => "addition",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_read_as_it_was_written_and_not_without_its_steps() {
        for schedule in
            [Schedule::Constant, Schedule::Warmup { steps: 200 }, Schedule::Cosine { warmup: 200, total: 4000 }]
        {
            let text = serde_json::to_string(&schedule).expect("a schedule is written");
            assert_eq!(serde_json::from_str::<Schedule>(&text).expect("and read"), schedule, "{text}");
        }
        assert!(serde_json::from_str::<Schedule>(r#"{"kind":"warmup"}"#).is_err());
        assert!(serde_json::from_str::<Schedule>(r#"{"kind":"sawtooth"}"#).is_err());
    }
}
