//! Matrix products as a burn operation: for each device the kernels, and above them one backward step for all.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, Flex, TensorMetadata,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        tensor::FloatTensor,
    },
    tensor::Tensor,
};
use burn_cubecl::CubeBackend;

use super::Form;

/// op(A) op(B) of each pair; `bias` [n] is added to each row of an A Bᵀ.
pub fn product(form: Form, left: Tensor<3>, right: Tensor<3>, bias: Option<Tensor<1>>) -> Tensor<3> {
    let biased = bias.is_some();
    let [left, right] = [left, right].map(Tensor::into_dispatch);
    // An operation takes no options: the right matrix stands in for a bias that is not looked at.
    let bias = bias.map_or_else(|| right.clone(), Tensor::into_dispatch);
    Tensor::from_dispatch(<Dispatch as Product>::matrix_product(left, right, bias, form, biased))
}

/// One operation for burn's dispatch.
#[backend_extension(Cube, Flex, Autodiff)]
pub trait Product: Backend {
    /// op(A) op(B) of each of Z pairs: `left` and `right` have three dimensions, the first of them Z; the result is
    /// [Z, m, n]. `bias` [n] is added to each row where the product is `biased`, which a single A Bᵀ may be.
    fn matrix_product(
        left: FloatTensor<Self>,
        right: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        form: Form,
        biased: bool,
    ) -> FloatTensor<Self>;
}

/// The kernels of a device.
pub trait Kernels: Backend {
    /// op(A) op(B), and the bias [n] added to each row; see [`Product::matrix_product`].
    fn multiply(
        form: Form,
        left: FloatTensor<Self>,
        right: FloatTensor<Self>,
        bias: Option<FloatTensor<Self>>,
    ) -> FloatTensor<Self>;

    /// What the weight and the bias of an affine layer get from the gradient of its output, [1, N, O], and its input,
    /// [1, N, I]: [1, O, I] and [O].
    fn weight_gradients(gradient: FloatTensor<Self>, input: FloatTensor<Self>) -> [FloatTensor<Self>; 2];
}

impl Product for Flex {
    fn matrix_product(
        left: FloatTensor<Self>,
        right: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        form: Form,
        biased: bool,
    ) -> FloatTensor<Self> {
        Self::multiply(form, left, right, biased.then_some(bias))
    }
}

impl Product for CubeBackend {
    fn matrix_product(
        left: FloatTensor<Self>,
        right: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        form: Form,
        biased: bool,
    ) -> FloatTensor<Self> {
        Self::multiply(form, left, right, biased.then_some(bias))
    }
}

impl<B: Kernels, C: CheckpointStrategy> Product for Autodiff<B, C> {
    fn matrix_product(
        left: FloatTensor<Self>,
        right: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        form: Form,
        biased: bool,
    ) -> FloatTensor<Self> {
        let parents = [left.node(), right.node(), bias.node()];
        let [left, right, bias] = [left, right, bias].map(|tensor| tensor.into_primitive());
        let bias = biased.then_some(bias);
        match ProductBackward.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let result = B::multiply(form, left.clone(), right.clone(), bias);
                prepared.finish(Factors { form, biased, left, right }, result)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::multiply(form, left, right, bias)),
        }
    }
}

/// What the backward pass starts from.
#[derive(Clone, Debug)]
struct Factors<B: Backend> {
    form: Form,
    biased: bool,
    left: FloatTensor<B>,
    right: FloatTensor<B>,
}

#[derive(Debug)]
struct ProductBackward;

impl<B: Kernels> Backward<B, 3> for ProductBackward {
    type State = Factors<B>;

    /// With D the gradient of C:
    ///
    /// | C | gradient of A | of B |
    /// |---|---|---|
    /// | A B | D Bᵀ | Aᵀ D |
    /// | A Bᵀ | D B | Dᵀ A |
    /// | Aᵀ B | B Dᵀ | A D |
    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let Factors { form, biased, left, right } = ops.state;
        let gradient = grads.consume::<B>(&ops.node);
        let [to_left, to_right, to_bias] = ops.parents;
        if let Some(parent) = to_left {
            let gradient = gradient.clone();
            let of_left = match form {
                Form::Plain => B::multiply(Form::RightTransposed, gradient, right, None),
                Form::RightTransposed => B::multiply(Form::Plain, gradient, right, None),
                Form::LeftTransposed => B::multiply(Form::RightTransposed, right, gradient, None),
            };
            grads.register::<B>(parent.id, of_left);
        }
        if biased {
            let [of_weight, of_bias] = B::weight_gradients(gradient, left);
            for (parent, gradient) in [(to_right, of_weight), (to_bias, of_bias)] {
                if let Some(parent) = parent {
                    grads.register::<B>(parent.id, gradient);
                }
            }
        } else if let Some(parent) = to_right {
            let of_right = match form {
                Form::Plain => B::multiply(Form::LeftTransposed, left, gradient, None),
                Form::RightTransposed => B::multiply(Form::LeftTransposed, gradient, left, None),
                Form::LeftTransposed => B::multiply(Form::Plain, left, gradient, None),
            };
            grads.register::<B>(parent.id, of_right);
        }
    }
}

/// Z, and [m, n, k] of each pair.
pub(super) fn sizes<T: TensorMetadata>(form: Form, left: &T, right: &T) -> (usize, [usize; 3]) {
    let [pairs, left_rows, left_columns] = left.shape().dims();
    let [right_pairs, right_rows, right_columns] = right.shape().dims();
    assert_eq!(pairs, right_pairs, "a product has as many left matrices as right ones");
    (pairs, form.shape([left_rows, left_columns], [right_rows, right_columns]))
}
