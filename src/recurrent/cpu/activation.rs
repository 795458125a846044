//! The logistic function and the hyperbolic tangent, a vector at a time.

use pulp::Simd;

/// Beyond it, tanh is 1 to within half a unit in the last place.
const BOUND: f32 = 8.5;
/// tanh(x) ≈ x P(x²) / Q(x²) on [−`BOUND`, `BOUND`]: a least-squares fit of the relative error, reweighted until its
/// peaks were level (4e-9); in f32 the absolute error is at most 3.2e-7. Constant terms first.
const P: [f32; 7] =
    [1.0, 1.310_476_35e-1, 3.127_253_4e-3, 1.140_225_3e-5, -2.126_502_2e-8, 5.802_582e-11, -9.913_78e-14];
const Q: [f32; 4] = [1.0, 4.643_809_3e-1, 2.458_762_2e-2, 2.580_301_2e-4];

#[inline(always)]
pub fn tanh<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let x = limit(simd, x, BOUND);
    let square = simd.mul_f32s(x, x);
    let quotient = simd.div_f32s(polynomial(simd, &P, square), polynomial(simd, &Q, square));
    limit(simd, simd.mul_f32s(x, quotient), 1.0)
}

/// σ(x) = 1 / (1 + e⁻ˣ) = (1 + tanh(x / 2)) / 2
#[inline(always)]
pub fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let half = simd.splat_f32s(0.5);
    simd.mul_add_e_f32s(half, tanh(simd, simd.mul_f32s(half, x)), half)
}

/// Horner's scheme.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(simd: S, coefficients: &[f32; N], x: S::f32s) -> S::f32s {
    let mut sum = simd.splat_f32s(coefficients[N - 1]);
    for coefficient in coefficients.iter().rev().skip(1) {
        sum = simd.mul_add_e_f32s(sum, x, simd.splat_f32s(*coefficient));
    }
    sum
}

/// x within ±bound; what is no number stays none, so that a divergence is seen.
#[inline(always)]
fn limit<S: Simd>(simd: S, x: S::f32s, bound: f32) -> S::f32s {
    let (low, high) = (simd.splat_f32s(-bound), simd.splat_f32s(bound));
    let x = simd.select_f32s(simd.greater_than_f32s(x, high), high, x);
    simd.select_f32s(simd.less_than_f32s(x, low), low, x)
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;
    use crate::recurrent::cpu::simd::{load, run, store};

    /// [tanh(x), σ(x)] of every x.
    struct Both<'a>(&'a [f32]);

    impl WithSimd for Both<'_> {
        type Output = [Vec<f32>; 2];

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let mut out = [vec![0.0; self.0.len()], vec![0.0; self.0.len()]];
            for at in (0..self.0.len()).step_by(S::F32_LANES) {
                let x = load(simd, self.0, at);
                store(simd, &mut out[0], at, tanh(simd, x));
                store(simd, &mut out[1], at, sigmoid(simd, x));
            }
            out
        }
    }

    #[test]
    fn activations_are_within_four_in_ten_million_and_never_leave_their_range() {
        let xs: Vec<f32> = (-2_000_000..=2_000_003).map(|i| i as f32 * 1e-5).collect();
        let [tanhs, sigmoids] = run(Both(&xs));
        for ((x, tanh), sigmoid) in xs.iter().zip(tanhs).zip(sigmoids) {
            let exact = f64::from(*x);
            assert!((f64::from(tanh) - exact.tanh()).abs() < 4e-7, "tanh({x}) = {tanh}");
            assert!((f64::from(sigmoid) - 1.0 / (1.0 + (-exact).exp())).abs() < 4e-7, "σ({x}) = {sigmoid}");
            assert!(tanh.abs() <= 1.0 && (0.0..=1.0).contains(&sigmoid));
        }
    }

    #[test]
    fn activations_saturate_at_infinity_and_pass_on_what_is_no_number() {
        let [tanhs, sigmoids] = run(Both(&[f32::INFINITY, f32::NEG_INFINITY, f32::NAN]));
        for (ours, exact) in [(tanhs[0], 1.0), (tanhs[1], -1.0), (sigmoids[0], 1.0), (sigmoids[1], 0.0)] {
            assert!((ours - exact as f32).abs() < 1e-7);
        }
        assert!(tanhs[2].is_nan() && sigmoids[2].is_nan());
    }
}
