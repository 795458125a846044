//! Four numbers side by side, which the compiler makes vectors of on any processor.

use super::Vector;

#[derive(Clone, Copy)]
pub struct Portable([f32; 4]);

#[inline(always)]
fn each(values: Portable, others: Portable, of: impl Fn(f32, f32) -> f32) -> Portable {
    Portable(std::array::from_fn(|lane| of(values.0[lane], others.0[lane])))
}

impl Vector for Portable {
    const LANES: usize = 4;
    const REGISTERS: usize = if cfg!(target_arch = "aarch64") { 32 } else { 16 };

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Portable([value; 4])
    }

    #[inline(always)]
    unsafe fn read(from: *const f32) -> Self {
        // SAFETY: the caller's.
        Portable(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn write(self, to: *mut f32) {
        // SAFETY: the caller's.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        each(self, other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        each(self, other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        each(self, other, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        each(self, other, |a, b| a / b)
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
            Portable(std::array::from_fn(|lane| self.0[lane].mul_add(factor.0[lane], term.0[lane])))
        } else {
            self.mul(factor).add(term)
        }
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        each(self, other, |a, b| if a < b { b } else { a })
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        each(self, other, |a, b| if b < a { b } else { a })
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Portable(self.0.map(f32::sqrt))
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        Portable(self.0.map(|value| f32::from_bits(value.to_bits().wrapping_add(127) << 23)))
    }
}
