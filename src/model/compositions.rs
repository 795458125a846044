//! Networks that are put together from modules: their weights stand in one flat buffer, their gradients come by automatic
//! differentiation over the fused operators.
//!
//! | composition | reads | says |
//! |---|---|---|
//! | [`Tagger`] | a row in both directions | a label for each position |
//! | [`Classifier`] | a row forward | a label for the row |
//! | [`Translator`] | a row, then another with attention to the first | the next symbol of the second |

mod classifier;
mod tagger;
mod translator;

use std::sync::Arc;

use burn::tensor::Tensor;

pub use classifier::Classifier;
pub use tagger::Tagger;
pub use translator::{Pair, Translator};

use super::{Layout, parameters::Parameters};
use crate::protocol::Cell;

/// A network whose weights a [`Layout`] places.
pub trait Composition {
    /// A batch of what it reads.
    type Inputs;

    fn layout(&self) -> &Arc<Layout>;

    /// A score for each class of each item, [N, K].
    fn scores(&self, weights: &Parameters, inputs: &Self::Inputs) -> Tensor<2>;
}

/// Sizes of a composition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    pub cell: Cell,
    /// V: symbols that are read.
    pub symbols: usize,
    /// E: numbers of a symbol's vector.
    pub width: usize,
    /// H, of each direction.
    pub hidden: usize,
    /// K: labels, or symbols that are written.
    pub classes: usize,
}
