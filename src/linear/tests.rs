use burn::tensor::{Device, Tensor, TensorData};

use super::*;
use crate::train::learning::devices;

/// Matrices of Z pairs and a bias, and the weights of the loss that a product is summed into.
struct Case {
    form: Form,
    left: Vec<f32>,
    right: Vec<f32>,
    bias: Option<Vec<f32>>,
    loss: Vec<f32>,
    left_shape: [usize; 3],
    right_shape: [usize; 3],
    shape: [usize; 3],
}

/// A product, and the gradients of all that went in, in double precision.
struct Exact {
    result: Vec<f64>,
    left: Vec<f64>,
    right: Vec<f64>,
    bias: Vec<f64>,
}

/// Numbers in (−1, 1) that are the same on every run.
fn noise(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(next).collect()
}

impl Case {
    fn new(form: Form, pairs: usize, [m, n, k]: [usize; 3], biased: bool) -> Self {
        let [left, right] = match form {
            Form::Plain => [[m, k], [k, n]],
            Form::RightTransposed => [[m, k], [n, k]],
            Form::LeftTransposed => [[k, m], [k, n]],
        };
        Case {
            form,
            left: noise(1, pairs * m * k),
            right: noise(2, pairs * k * n),
            bias: biased.then(|| noise(3, n)),
            loss: noise(4, pairs * m * n),
            left_shape: [pairs, left[0], left[1]],
            right_shape: [pairs, right[0], right[1]],
            shape: [m, n, k],
        }
    }

    /// Where term `k` of row `row` of op(A) of pair `pair` stands, and of column `column` of op(B).
    fn left_at(&self, pair: usize, row: usize, term: usize) -> usize {
        let [_, rows, columns] = self.left_shape;
        let at = if self.form == Form::LeftTransposed { term * columns + row } else { row * columns + term };
        pair * rows * columns + at
    }

    fn right_at(&self, pair: usize, term: usize, column: usize) -> usize {
        let [_, rows, columns] = self.right_shape;
        let at = if self.form == Form::RightTransposed { column * columns + term } else { term * columns + column };
        pair * rows * columns + at
    }

    /// By the definition, number by number.
    fn exact(&self) -> Exact {
        let [m, n, k] = self.shape;
        let mut exact = Exact {
            result: vec![0.0; self.loss.len()],
            left: vec![0.0; self.left.len()],
            right: vec![0.0; self.right.len()],
            bias: vec![0.0; n],
        };
        for (at, &loss) in self.loss.iter().enumerate() {
            let (pair, row, column, loss) = (at / (m * n), at / n % m, at % n, f64::from(loss));
            exact.result[at] = self.bias.as_ref().map_or(0.0, |bias| f64::from(bias[column]));
            exact.bias[column] += loss;
            for term in 0..k {
                let (a, b) = (self.left_at(pair, row, term), self.right_at(pair, term, column));
                exact.result[at] += f64::from(self.left[a]) * f64::from(self.right[b]);
                exact.left[a] += loss * f64::from(self.right[b]);
                exact.right[b] += loss * f64::from(self.left[a]);
            }
        }
        exact
    }

    /// The product on `device`, and the gradients of what went in.
    fn run(&self, device: &Device) -> [Vec<f32>; 4] {
        let device = device.clone().autodiff();
        let leaf = |values: &[f32], shape: [usize; 3]| {
            Tensor::<3>::from_data(TensorData::new(values.to_vec(), shape), &device).require_grad()
        };
        let (left, right) = (leaf(&self.left, self.left_shape), leaf(&self.right, self.right_shape));
        let bias = self.bias.as_ref().map(|bias| Tensor::<1>::from_floats(bias.as_slice(), &device).require_grad());
        let result = match &bias {
            // The one way to a bias that is open to callers.
            Some(bias) => {
                let (input, weight) = (left.clone().squeeze_dim(0), right.clone().squeeze_dim(0));
                affine(input, weight, Some(bias.clone())).unsqueeze()
            }
            None => product(self.form, left.clone(), right.clone()),
        };
        let [m, n, _] = self.shape;
        assert_eq!(result.dims(), [self.left_shape[0], m, n]);
        let loss = Tensor::from_data(TensorData::new(self.loss.clone(), result.dims()), &device);
        let gradients = (result.clone() * loss).sum().backward();
        let read = |tensor: Option<Tensor<3>>| tensor.map_or(Vec::new(), |tensor| tensor.to_data().iter().collect());
        let of_bias = bias.and_then(|bias| bias.grad(&gradients)).map(|bias| bias.to_data().iter().collect());
        [
            read(Some(result.inner())),
            read(left.grad(&gradients)),
            read(right.grad(&gradients)),
            of_bias.unwrap_or_default(),
        ]
    }

    fn holds_on(&self, device: &Device) {
        let Exact { result, left, right, bias } = self.exact();
        let bias = if self.bias.is_some() { bias } else { Vec::new() };
        let parts = ["the product", "the left gradient", "the right gradient", "the bias's gradient"];
        for ((found, exact), part) in self.run(device).iter().zip([result, left, right, bias]).zip(parts) {
            assert_eq!(found.len(), exact.len(), "{part}");
            let largest = exact.iter().fold(1.0f64, |largest, value| largest.max(value.abs()));
            for (found, exact) in found.iter().zip(exact) {
                let error = (f64::from(*found) - exact).abs() / largest;
                let (form, shape, pairs) = (self.form, self.shape, self.left_shape[0]);
                assert!(error < 2e-6, "{part} of {form:?} {pairs} × {shape:?} on {device:?}: {found}, not {exact}");
            }
        }
    }
}

/// One less and one more than a vector, a tile and a tile's depth, and sizes of which both kinds of tiles are taken.
const SIZES: [[usize; 3]; 9] = [
    [1, 1, 1],
    [1, 33, 7],
    [65, 1, 15],
    [3, 5, 129],
    [31, 17, 16],
    [33, 65, 17],
    [129, 2, 31],
    [5, 300, 3],
    [385, 390, 9],
];

#[test]
fn every_form_of_a_product_and_its_gradients_are_those_of_the_definition_at_odd_sizes() {
    for device in devices() {
        for form in [Form::Plain, Form::RightTransposed, Form::LeftTransposed] {
            for shape in SIZES {
                Case::new(form, 1, shape, false).holds_on(&device);
            }
        }
    }
}

#[test]
fn products_of_many_pairs_keep_the_pairs_apart() {
    for device in devices() {
        for form in [Form::Plain, Form::RightTransposed, Form::LeftTransposed] {
            for (pairs, shape) in [(2, [1, 1, 1]), (3, [5, 7, 33]), (4, [33, 18, 3]), (33, [1, 19, 8])] {
                Case::new(form, pairs, shape, false).holds_on(&device);
            }
        }
    }
}

#[test]
fn an_affine_layer_adds_its_bias_to_every_row() {
    for device in devices() {
        for shape in SIZES {
            Case::new(Form::RightTransposed, 1, shape, true).holds_on(&device);
        }
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    let device = Device::flex();
    for (form, biased) in [
        (Form::Plain, false),
        (Form::RightTransposed, false),
        (Form::LeftTransposed, false),
        (Form::RightTransposed, true),
    ] {
        let new = || Case::new(form, if biased { 1 } else { 2 }, [3, 4, 5], biased);
        let loss = |case: &Case| {
            let [result, ..] = case.run(&device);
            result.iter().zip(&case.loss).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
        };
        let [_, of_left, of_right, of_bias] = new().run(&device);
        // A product is linear in each operand, so a large step is exact but for rounding.
        let step = 0.5f32;
        let check = |gradient: &[f32], change: &dyn Fn(&mut Case, usize, f32)| {
            for (index, gradient) in gradient.iter().enumerate() {
                let at = |offset: f32| {
                    let mut case = new();
                    change(&mut case, index, offset);
                    loss(&case)
                };
                let difference = (at(step) - at(-step)) / (2.0 * f64::from(step));
                assert!((f64::from(*gradient) - difference).abs() < 1e-4, "{form:?} {index}: {gradient} {difference}");
            }
        };
        check(&of_left, &|case, index, offset| case.left[index] += offset);
        check(&of_right, &|case, index, offset| case.right[index] += offset);
        check(&of_bias, &|case, index, offset| {
            if let Some(bias) = &mut case.bias {
                bias[index] += offset;
            }
        });
    }
}

#[test]
fn operands_that_are_views_are_read_where_they_stand() {
    for device in devices() {
        let numbers = noise(5, 4 * 6);
        let whole = Tensor::<2>::from_data(TensorData::new(numbers.clone(), [4, 6]), &device);
        let left = whole.clone().narrow(1, 1, 3);
        let right = whole.transpose().narrow(0, 2, 3);
        // left [4, 3], right [3, 4].
        let found: Vec<f32> = product(Form::Plain, left.unsqueeze(), right.unsqueeze()).to_data().iter().collect();
        for (at, found) in found.iter().enumerate() {
            let (row, column) = (at / 4, at % 4);
            let exact: f32 = (0..3).map(|term| numbers[row * 6 + 1 + term] * numbers[column * 6 + 2 + term]).sum();
            assert!((found - exact).abs() < 1e-6, "{device:?}: {found}, not {exact}");
        }
    }
}

#[test]
fn only_what_is_tracked_gets_a_gradient() {
    let device = Device::flex().autodiff();
    let input = Tensor::<2>::ones([3, 2], &device);
    let weight = Tensor::<2>::ones([4, 2], &device).require_grad();
    let gradients = affine(input.clone(), weight.clone(), None).sum().backward();
    assert!(input.grad(&gradients).is_none());
    assert_eq!(weight.grad(&gradients).map(|gradient| gradient.to_data().iter::<f32>().sum()), Some(24.0));
}

#[test]
#[should_panic(expected = "not as many terms")]
fn operands_that_do_not_fit_are_refused() {
    let device = Device::flex();
    product(Form::Plain, Tensor::ones([1, 2, 3], &device), Tensor::ones([1, 2, 3], &device));
}
