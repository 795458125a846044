//! AVX2 and AVX-512. Values of these types exist only within [`with_avx2`] and [`with_avx512`]: whoever calls those says
//! that the instructions are there, and on that every SAFETY of this file rests.

use core::arch::x86_64::*;

use super::{Kernel, Vector};

/// # Safety
/// The processor must have AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn with_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

/// # Safety
/// The processor must have AVX-512 (F), and with it AVX2 and FMA.
#[target_feature(enable = "avx512f,avx2,fma")]
pub unsafe fn with_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512>()
}

macro_rules! vector {
    ($name:ident, $register:ty, $lanes:literal, $registers:literal, $splat:ident, $read:ident, $write:ident, $add:ident,
     $sub:ident, $mul:ident, $div:ident, $mul_add:ident, $max:ident, $min:ident, $sqrt:ident, $power_of_two:expr) => {
        #[derive(Clone, Copy)]
        pub struct $name($register);

        // SAFETY: of all blocks, that of the file; where pointers are read or written, the caller's too.
        impl Vector for $name {
            const LANES: usize = $lanes;
            const REGISTERS: usize = $registers;

            #[inline(always)]
            fn splat(value: f32) -> Self {
                $name(unsafe { $splat(value) })
            }

            #[inline(always)]
            unsafe fn read(from: *const f32) -> Self {
                $name(unsafe { $read(from) })
            }

            #[inline(always)]
            unsafe fn write(self, to: *mut f32) {
                unsafe { $write(to, self.0) }
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                $name(unsafe { $add(self.0, other.0) })
            }

            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                $name(unsafe { $sub(self.0, other.0) })
            }

            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                $name(unsafe { $mul(self.0, other.0) })
            }

            #[inline(always)]
            fn div(self, other: Self) -> Self {
                $name(unsafe { $div(self.0, other.0) })
            }

            #[inline(always)]
            fn mul_add(self, factor: Self, term: Self) -> Self {
                $name(unsafe { $mul_add(self.0, factor.0, term.0) })
            }

            // The instructions give their second operand where one is no number.
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                $name(unsafe { $max(other.0, self.0) })
            }

            #[inline(always)]
            fn min(self, other: Self) -> Self {
                $name(unsafe { $min(other.0, self.0) })
            }

            #[inline(always)]
            fn sqrt(self) -> Self {
                $name(unsafe { $sqrt(self.0) })
            }

            #[inline(always)]
            fn power_of_two(self) -> Self {
                $name(unsafe { $power_of_two(self.0) })
            }
        }
    };
}

vector!(
    Avx2,
    __m256,
    8,
    16,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_mul_ps,
    _mm256_div_ps,
    _mm256_fmadd_ps,
    _mm256_max_ps,
    _mm256_min_ps,
    _mm256_sqrt_ps,
    |bits| _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_add_epi32(
        _mm256_castps_si256(bits),
        _mm256_set1_epi32(127)
    )))
);

vector!(
    Avx512,
    __m512,
    16,
    32,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_mul_ps,
    _mm512_div_ps,
    _mm512_fmadd_ps,
    _mm512_max_ps,
    _mm512_min_ps,
    _mm512_sqrt_ps,
    |bits| _mm512_castsi512_ps(_mm512_slli_epi32::<23>(_mm512_add_epi32(
        _mm512_castps_si512(bits),
        _mm512_set1_epi32(127)
    )))
);
