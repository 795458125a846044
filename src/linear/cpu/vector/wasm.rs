//! SIMD128. Relaxed SIMD is not in every browser, and a module that merely contains it is refused; its fused multiply-add
//! was no faster when measured (Zen 5, V8), where sums and products go through units of their own.

use core::arch::wasm32::*;

use super::Vector;

#[derive(Clone, Copy)]
pub struct Simd128(v128);

impl Vector for Simd128 {
    const LANES: usize = 4;
    const REGISTERS: usize = 16;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Simd128(f32x4_splat(value))
    }

    #[inline(always)]
    unsafe fn read(from: *const f32) -> Self {
        // SAFETY: the caller's; v128 is read from any address.
        Simd128(unsafe { v128_load(from.cast()) })
    }

    #[inline(always)]
    unsafe fn write(self, to: *mut f32) {
        // SAFETY: the caller's; v128 is written to any address.
        unsafe { v128_store(to.cast(), self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Simd128(f32x4_add(self.0, other.0))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Simd128(f32x4_sub(self.0, other.0))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Simd128(f32x4_mul(self.0, other.0))
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Simd128(f32x4_div(self.0, other.0))
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        Simd128(f32x4_add(f32x4_mul(self.0, factor.0), term.0))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Simd128(f32x4_pmax(self.0, other.0))
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Simd128(f32x4_pmin(self.0, other.0))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Simd128(f32x4_sqrt(self.0))
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        Simd128(i32x4_shl(i32x4_add(self.0, i32x4_splat(127)), 23))
    }
}
