//! Teaching a model: the loop, the optimiser, evaluation, and writing with what was learned.
//!
//! [`Trainer::step`] is a step: the next chunk of the streams → scores → loss → gradient → [`AdamW`]. The same loop
//! pretrains and fine-tunes; what differs is the model and the text it is given. It goes on from a [`Checkpoint`], and
//! gives one, which is what a file holds. [`Evaluator`] reads a text in slices, [`Writer`] continues a prompt. [`Learner`] is
//! the loop of any other composition, with the loss of [`objective`].

mod backpropagation;
pub mod check;
mod checkpoint;
mod evaluator;
mod learner;
mod loss;
pub mod objective;
mod optimiser;
mod readback;
mod resident;
mod schedule;
mod trainer;
mod writer;

pub use backpropagation::use_threads;
pub use checkpoint::{Checkpoint, Loaded, TextHash, TrainingState, from_safetensors, to_safetensors};
pub use evaluator::Evaluator;
pub use learner::{Learner, Source};
pub use loss::{cross_entropy, weighted_cross_entropy};
pub use optimiser::{AdamW, Step};
pub use readback::StepFigures;
pub use schedule::factor;
pub use trainer::{Divergence, Trainer};
pub use writer::{Sampling, Writer};

#[cfg(test)]
pub(crate) mod learning;
