//! What can be asked for on the command line; clap makes `--help` of these comments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use unroll::protocol::{
    Cell, DeviceWish, Init, ModelConfig, Range, Schedule, Setting, Source, TextRequest, TrainConfig, Trouble,
    VocabularyKind,
};
use unroll::train::use_threads;

/// Pretrain a recurrent language model on a text, let it write, measure it.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a new model on a text.
    Train(Train),
    /// Print a prompt and what the model writes after it.
    Sample(Sample),
    /// Print the loss of a model on a whole text, in nats per token.
    Eval(Eval),
}

#[derive(Debug, Args)]
pub struct Train {
    /// The text to learn, UTF-8, up to 20 MB.
    #[arg(long, value_name = "FILE")]
    pub text: PathBuf,
    /// What a symbol is.
    #[arg(long, value_enum, default_value_t = VocabularyChoice::Char)]
    pub vocabulary: VocabularyChoice,
    /// The recurrent cell.
    #[arg(long, value_enum, default_value_t = CellChoice::Lstm)]
    pub cell: CellChoice,
    /// Recurrent layers, one above the other: 1 to 4.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub layers: usize,
    /// Units of each layer: 8 to 1024.
    #[arg(long, value_name = "N", default_value_t = 128)]
    pub hidden: usize,
    /// One matrix for reading symbols and for predicting them.
    #[arg(long)]
    pub tie_weights: bool,
    /// Probability that a value between two layers is dropped while training.
    #[arg(long, value_name = "F", default_value_t = 0.0, allow_negative_numbers = true)]
    pub dropout: f32,
    /// Added to the forget gate's bias of an LSTM at the start.
    #[arg(long, value_name = "F", default_value_t = 0.0, allow_negative_numbers = true)]
    pub forget_bias: f32,
    /// How the weights are drawn.
    #[arg(long, value_enum, default_value_t = InitChoice::Pytorch)]
    pub init: InitChoice,
    /// Streams of the text that are read side by side.
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub batch: usize,
    /// Time steps that the gradient reaches back.
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub context: usize,
    /// Learning rate.
    #[arg(long, value_name = "F", default_value_t = 2e-3, allow_negative_numbers = true)]
    pub lr: f64,
    /// Largest global norm of the gradient.
    #[arg(long, value_name = "F", default_value_t = 1.0, allow_negative_numbers = true)]
    pub clip: f64,
    /// AdamW's weight decay.
    #[arg(long, value_name = "F", default_value_t = 0.0, allow_negative_numbers = true)]
    pub weight_decay: f64,
    /// How the learning rate moves; cosine falls to a tenth of it at the last step.
    #[arg(long, value_enum, default_value_t = ScheduleChoice::Constant)]
    pub schedule: ScheduleChoice,
    /// Steps over which the learning rate rises from zero.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub warmup: u64,
    /// Training steps.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub steps: u64,
    /// Steps between evaluations on the validation part; the last step is always followed by one.
    #[arg(long, value_name = "N", default_value_t = 250)]
    pub eval_every: u64,
    /// The part of the text that is learned from; the rest validates.
    #[arg(long, value_name = "F", default_value_t = 0.9, allow_negative_numbers = true)]
    pub split: f64,
    /// Draws the weights and the dropout; on the CPU a seed repeats a run to the bit.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub machine: Machine,
    /// Where the model goes when the last step is done.
    #[arg(long, value_name = "FILE.safetensors")]
    pub save: Option<PathBuf>,
    /// Print JSON lines: every step's training loss, every validation loss, and a last line when done.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Sample {
    /// A model that `train --save` wrote.
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// The text to go on from.
    #[arg(long, value_name = "TEXT")]
    pub prompt: String,
    /// Symbols to write.
    #[arg(long, value_name = "N")]
    pub length: usize,
    /// Below 1 keeps to the likely, above 1 dares more; 0 always takes the likeliest symbol.
    #[arg(long, value_name = "F", default_value_t = 1.0, allow_negative_numbers = true)]
    pub temperature: f32,
    /// Draw from the N likeliest symbols only.
    #[arg(long, value_name = "N")]
    pub top_k: Option<usize>,
    /// Draws the symbols; a seed writes the same text again.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub machine: Machine,
}

#[derive(Debug, Args)]
pub struct Eval {
    /// A model that `train --save` wrote.
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// The text, read as one stream from the zero state.
    #[arg(long, value_name = "FILE")]
    pub text: PathBuf,
    #[command(flatten)]
    pub machine: Machine,
    /// Print `{"val_loss":F,"tokens":N}`.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Machine {
    /// Where to compute: the CPU, or a GPU through wgpu.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Cpu)]
    pub device: DeviceChoice,
    /// Threads of the CPU that share the batch of a training step; each takes at least one stream.
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true)]
    pub threads: i64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DeviceChoice {
    Cpu,
    Gpu,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum VocabularyChoice {
    /// A Unicode character.
    Char,
    /// A byte of UTF-8.
    Byte,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum CellChoice {
    Lstm,
    Gru,
    Rnn,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum InitChoice {
    /// Everything uniform within 1/√hidden.
    Pytorch,
    /// Glorot-uniform inputs, orthogonal recurrent weights, zero biases.
    Orthogonal,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ScheduleChoice {
    Constant,
    Cosine,
}

impl Train {
    pub fn text_request(&self) -> TextRequest {
        TextRequest {
            source: Source::Own { name: self.text.display().to_string() },
            vocabulary: match self.vocabulary {
                VocabularyChoice::Char => VocabularyKind::Char,
                VocabularyChoice::Byte => VocabularyKind::Byte,
            },
            split: self.split,
        }
    }

    pub fn model_config(&self) -> ModelConfig {
        ModelConfig {
            cell: match self.cell {
                CellChoice::Lstm => Cell::Lstm,
                CellChoice::Gru => Cell::Gru,
                CellChoice::Rnn => Cell::Rnn,
            },
            layers: self.layers,
            hidden: self.hidden,
            tie_weights: self.tie_weights,
            dropout: self.dropout,
            forget_bias: self.forget_bias,
            init: match self.init {
                InitChoice::Pytorch => Init::Pytorch,
                InitChoice::Orthogonal => Init::Orthogonal,
            },
            seed: self.seed,
        }
    }

    pub fn train_config(&self) -> TrainConfig {
        TrainConfig {
            batch: self.batch,
            context: self.context,
            learning_rate: self.lr,
            clip: self.clip,
            weight_decay: self.weight_decay,
            schedule: match (self.schedule, self.warmup) {
                (ScheduleChoice::Constant, 0) => Schedule::Constant,
                (ScheduleChoice::Constant, steps) => Schedule::Warmup { steps },
                (ScheduleChoice::Cosine, warmup) => Schedule::Cosine { warmup, total: self.steps },
            },
            steps: Some(self.steps),
            eval_every: self.eval_every,
            eval_tokens: None,
            sample_every: None,
            seed: self.seed,
        }
    }
}

impl Machine {
    /// The device to open, after the threads are set.
    pub fn wish(&self) -> Result<DeviceWish, Trouble> {
        Range { low: 1.0, high: 1024.0 }.check(Setting::Threads, self.threads as f64)?;
        use_threads(self.threads as usize);
        Ok(match self.device {
            DeviceChoice::Cpu => DeviceWish::Cpu,
            DeviceChoice::Gpu => DeviceWish::Gpu,
        })
    }
}
