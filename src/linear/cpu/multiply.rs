//! Products of matrices that stand row by row: brought into strips and panels, multiplied, and brought back.

use std::cell::RefCell;

use burn::backend::{Flex, tensor::FloatTensor};

use super::{
    host::{contiguous, floats, tensor},
    product::{Blocks, Order, Panels, Plain, Transposed, VECTORS, pack_bias},
    strips::{Buffer, Strips},
    vector::lanes,
};
use crate::linear::{
    Form,
    extension::{Kernels, sizes},
};

/// What a product needs room for.
#[derive(Default)]
struct Workspace {
    left: Strips,
    right: Strips,
    panels: Panels,
    bias: Buffer,
    result: Strips,
}

thread_local! {
    /// Kept from product to product.
    static KEPT: RefCell<Workspace> = RefCell::default();
}

impl Kernels for Flex {
    fn multiply(
        form: Form,
        left: FloatTensor<Self>,
        right: FloatTensor<Self>,
        bias: Option<FloatTensor<Self>>,
    ) -> FloatTensor<Self> {
        let (pairs, [m, n, k]) = sizes(form, &left, &right);
        let (left, right, bias) = (contiguous(left), contiguous(right), bias.map(contiguous));
        let mut result = vec![0.0; pairs * m * n];
        if m * n > 0 {
            let (left, right) = (floats(&left), floats(&right));
            KEPT.with_borrow_mut(|kept| {
                for (pair, result) in result.chunks_exact_mut(m * n).enumerate() {
                    let (a, b) = (&left[pair * m * k..(pair + 1) * m * k], &right[pair * k * n..(pair + 1) * k * n]);
                    kept.multiply(form, [m, n, k], a, b, bias.as_ref().map(floats), result);
                }
            });
        }
        tensor(result, [pairs, m, n])
    }

    fn weight_gradients(gradient: FloatTensor<Self>, input: FloatTensor<Self>) -> [FloatTensor<Self>; 2] {
        let (_, [outputs, inputs, positions]) = sizes(Form::LeftTransposed, &gradient, &input);
        let (gradient, input) = (contiguous(gradient), contiguous(input));
        let (mut weight, mut bias) = (vec![0.0; outputs * inputs], vec![0.0; outputs]);
        let shape = [outputs, inputs, positions];
        KEPT.with_borrow_mut(|kept| {
            kept.sum_outer(shape, floats(&gradient), floats(&input), &mut weight, &mut bias);
        });
        [tensor(weight, [1, outputs, inputs]), tensor(bias, [outputs])]
    }
}

impl Workspace {
    /// C = op(A) op(B) into `c`, which holds zeros; see [`Kernels::multiply`].
    fn multiply(
        &mut self,
        form: Form,
        [m, n, k]: [usize; 3],
        a: &[f32],
        b: &[f32],
        bias: Option<&[f32]>,
        c: &mut [f32],
    ) {
        let lanes = lanes();
        let whole = |units: usize| Blocks { order: &[0], units };
        match form {
            Form::LeftTransposed => return self.sum_outer([m, n, k], a, b, c, &mut vec![0.0; m]),
            Form::RightTransposed => self.panels.pack_transposed(b, k, whole(n), Order::InTurn, VECTORS),
            Form::Plain => self.panels.pack(b, n, whole(k), VECTORS),
        }
        let strips = n.div_ceil(lanes);
        self.left.reserve(lanes, k.div_ceil(lanes), m, m);
        self.left.fill(0, 0, a.chunks_exact(k.max(1)));
        self.result.reserve(lanes, strips, m, m);
        if let Some(bias) = bias {
            pack_bias(&mut self.bias, bias, whole(n));
        }
        Plain {
            panels: &self.panels,
            bias: bias.map(|_| &self.bias),
            left: &self.left,
            first_strip: 0,
            out: &mut self.result,
            out_strip: 0,
            strips,
            rows: 0..m,
        }
        .compute();
        self.result.copy_to(0, 0, c.chunks_exact_mut(n));
    }

    /// Adds Aᵀ B to `c` and the sums of A's columns to `sums`; A is [k, m], B [k, n].
    fn sum_outer(&mut self, [m, n, k]: [usize; 3], a: &[f32], b: &[f32], c: &mut [f32], sums: &mut [f32]) {
        if m * n == 0 {
            return;
        }
        let lanes = lanes();
        for (strips, numbers, columns) in [(&mut self.left, a, m), (&mut self.right, b, n)] {
            strips.reserve(lanes, columns.div_ceil(lanes), k, k);
            strips.fill(0, 0, numbers.chunks_exact(columns));
        }
        let product = Transposed {
            left: &self.left,
            first_strip: 0,
            blocks: Blocks { order: &[0], units: m },
            right: &self.right,
            columns: n,
            first: [0, 0],
            rows: k,
        };
        product.add_to(c, sums);
    }
}
