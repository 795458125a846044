//! The logistic function, the hyperbolic tangent and the exponential, a vector at a time.

use super::vector::Vector;

/// Beyond it, tanh is 1 to within half a unit in the last place.
const BOUND: f32 = 8.5;
/// tanh(x) ≈ x P(x²) / Q(x²) on [−`BOUND`, `BOUND`]: a least-squares fit of the relative error, reweighted until its
/// peaks were level (4e-9); in f32 the absolute error is at most 3.2e-7. Constant terms first.
const P: [f32; 7] =
    [1.0, 1.310_476_35e-1, 3.127_253_4e-3, 1.140_225_3e-5, -2.126_502_2e-8, 5.802_582e-11, -9.913_78e-14];
const Q: [f32; 4] = [1.0, 4.643_809_3e-1, 2.458_762_2e-2, 2.580_301_2e-4];

/// What is no number stays none, so that a divergence is seen.
#[inline(always)]
pub fn tanh<V: Vector>(x: V) -> V {
    let x = limit(x, BOUND);
    let square = x.mul(x);
    let quotient = polynomial(&P, square).div(polynomial(&Q, square));
    limit(x.mul(quotient), 1.0)
}

/// σ(x) = 1 / (1 + e⁻ˣ) = (1 + tanh(x / 2)) / 2
#[inline(always)]
pub fn sigmoid<V: Vector>(x: V) -> V {
    let half = V::splat(0.5);
    half.mul_add(tanh(half.mul(x)), half)
}

/// What the gradient of t = tanh(x) is to x: tanh′ = 1 − tanh².
#[inline(always)]
pub fn through_tanh<V: Vector>(gradient: V, t: V) -> V {
    gradient.mul(V::splat(1.0).sub(t.mul(t)))
}

/// What the gradient of s = σ(x) is to x: σ′ = σ (1 − σ).
#[inline(always)]
pub fn through_sigmoid<V: Vector>(gradient: V, s: V) -> V {
    gradient.mul(s).mul(V::splat(1.0).sub(s))
}

/// eˣ for x ≤ 0, to within 2 units in the last place: 2ⁿ · eʳ with |r| ≤ ln 2 / 2 and eʳ by its series.
#[inline(always)]
pub fn exp<V: Vector>(x: V) -> V {
    /// Adding 1.5 · 2²³ rounds to a whole number, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    /// ln 2 in two parts, the first of so few bits that its multiples are exact.
    const LN2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    /// The smallest power of e that is a normal number: smaller ones slow processors down.
    const LEAST: f32 = -87.0;
    let x = x.max(V::splat(LEAST));
    let shifted = x.mul_add(V::splat(std::f32::consts::LOG2_E), V::splat(ROUND));
    let n = shifted.sub(V::splat(ROUND));
    let r = n.mul_add(V::splat(-LN2[1]), n.mul_add(V::splat(-LN2[0]), x));
    let series = [1.0, 1.0, 0.5, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0];
    polynomial(&series, r).mul(shifted.power_of_two())
}

/// Horner's scheme.
#[inline(always)]
fn polynomial<V: Vector, const N: usize>(coefficients: &[f32; N], x: V) -> V {
    let mut sum = V::splat(coefficients[N - 1]);
    for &coefficient in coefficients.iter().rev().skip(1) {
        sum = sum.mul_add(x, V::splat(coefficient));
    }
    sum
}

/// x within ±bound.
#[inline(always)]
fn limit<V: Vector>(x: V, bound: f32) -> V {
    x.min(V::splat(bound)).max(V::splat(-bound))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::cpu::vector::{Kernel, run, with_every_width};

    /// [tanh(x), σ(x), exp(x)] of every x.
    struct All<'a>(&'a [f32]);

    impl Kernel for All<'_> {
        type Output = [Vec<f32>; 3];

        #[inline(always)]
        fn run<V: Vector>(self) -> Self::Output {
            let mut out = [(); 3].map(|()| vec![0.0; self.0.len()]);
            for at in (0..self.0.len()).step_by(V::LANES) {
                let x = V::load_part(self.0, at);
                for (out, y) in out.iter_mut().zip([tanh(x), sigmoid(x), exp(x)]) {
                    y.add_to_part(out, at);
                }
            }
            out
        }
    }

    #[test]
    fn activations_are_within_four_in_ten_million_and_never_leave_their_range() {
        let xs: Vec<f32> = (-2_000_000..=2_000_003).map(|i| i as f32 * 1e-5).collect();
        for [tanhs, sigmoids, _] in with_every_width(|| run(All(&xs))) {
            for ((x, tanh), sigmoid) in xs.iter().zip(tanhs).zip(sigmoids) {
                let exact = f64::from(*x);
                assert!((f64::from(tanh) - exact.tanh()).abs() < 4e-7, "tanh({x}) = {tanh}");
                assert!((f64::from(sigmoid) - 1.0 / (1.0 + (-exact).exp())).abs() < 4e-7, "σ({x}) = {sigmoid}");
                assert!(tanh.abs() <= 1.0 && (0.0..=1.0).contains(&sigmoid));
            }
        }
    }

    #[test]
    fn activations_saturate_at_infinity_and_pass_on_what_is_no_number() {
        for [tanhs, sigmoids, exps] in with_every_width(|| run(All(&[f32::INFINITY, f32::NEG_INFINITY, f32::NAN]))) {
            for (ours, exact) in [(tanhs[0], 1.0), (tanhs[1], -1.0), (sigmoids[0], 1.0), (sigmoids[1], 0.0)] {
                assert!((ours - exact as f32).abs() < 1e-7);
            }
            assert!(exps[1] < 1e-37);
            assert!(tanhs[2].is_nan() && sigmoids[2].is_nan() && exps[2].is_nan());
        }
    }

    #[test]
    fn exp_is_within_three_in_ten_million_where_softmax_uses_it() {
        let xs: Vec<f32> = (0..=870_000).map(|step| step as f32 * -1e-4).collect();
        for [_, _, exps] in with_every_width(|| run(All(&xs))) {
            for (x, ours) in xs.iter().zip(&exps) {
                let error = f64::from(*ours) / f64::from(*x).exp() - 1.0;
                assert!(error.abs() < 3e-7, "exp({x}): {error}");
            }
            assert_eq!(exps[0], 1.0);
        }
    }
}
