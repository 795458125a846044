//! Linear algebra for the networks: vectors, matrix products and activations, for the CPU and the GPU.
//!
//! [`cpu`] computes on plain slices with the widest vectors of the machine, [`gpu`] in kernels of our own. The rooms above
//! call both where a whole pass is written out without tensors in between. Compositions call the functions here, which
//! take tensors and are differentiable in all of them: burn's own matrix product is a sixth of the engine's size.

pub(crate) mod cpu;
mod extension;
pub(crate) mod gpu;
pub(crate) mod rows;
pub(crate) mod softmax;
#[cfg(test)]
mod tests;

use burn::tensor::{Int, Tensor};

pub use rows::{Ids, rows};
pub use softmax::softmax;

/// Which operand of a product is read with rows and columns exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// A B.
    Plain,
    /// A Bᵀ: rows of A with rows of B.
    RightTransposed,
    /// Aᵀ B: a gradient of weights, summed over positions.
    LeftTransposed,
}

impl Form {
    /// [m, n, k] of C = op(A) op(B) with C [m, n] and k terms, from the shapes of A and B.
    ///
    /// # Panics
    /// Where A and B have not as many terms.
    fn shape(self, [a_rows, a_columns]: [usize; 2], [b_rows, b_columns]: [usize; 2]) -> [usize; 3] {
        let (m, k) = if self == Form::LeftTransposed { (a_columns, a_rows) } else { (a_rows, a_columns) };
        let (terms, n) = if self == Form::RightTransposed { (b_columns, b_rows) } else { (b_rows, b_columns) };
        assert_eq!(k, terms, "the operands of {self:?} have not as many terms");
        [m, n, k]
    }
}

/// A linear layer, y = x Wᵀ + b: `input` [N, I], `weight` [O, I], `bias` [O] → [N, O].
pub fn affine(input: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
    extension::product(Form::RightTransposed, input.unsqueeze(), weight.unsqueeze(), bias).squeeze_dim(0)
}

/// A product of each of Z pairs of matrices: op(A) op(B) of `left` and `right`, which have three dimensions, the first of
/// them Z.
pub fn product(form: Form, left: Tensor<3>, right: Tensor<3>) -> Tensor<3> {
    extension::product(form, left, right, None)
}

/// Dot attention (Luong et al. 2015) in each of Z sequences: softmax(Q Kᵀ) V of `queries` [Z, M, H], `keys` and `values`
/// [Z, S, H], of which sequence z has `lengths[z]`. Gives the contexts [Z, M, H] and the weights [Z, M, S], which are 0 past
/// the end.
pub fn attention(
    queries: Tensor<3>,
    keys: Tensor<3>,
    values: Tensor<3>,
    lengths: Tensor<1, Int>,
) -> (Tensor<3>, Tensor<3>) {
    let weights = softmax(product(Form::RightTransposed, queries, keys), lengths);
    (product(Form::Plain, weights.clone(), values), weights)
}
