//! How many f32 multiply-adds a second one core of this machine can do: many independent chains of fused multiply-adds
//! in registers, nothing read from memory, every start hidden from the compiler. Prints the fastest of several rounds as JSON.

use std::{hint::black_box, time::Instant};

/// Enough chains to hide the latency of a multiply-add: 4 cycles, twice a cycle, and some to spare.
const CHAINS: usize = 12;
const ROUNDS: usize = 10;
const STEPS: u64 = 200_000_000;

#[cfg(target_arch = "x86_64")]
mod machine {
    use super::CHAINS;
    use std::{arch::x86_64::*, hint::black_box};

    pub fn kernels() -> Vec<(&'static str, usize, fn(u64) -> f32)> {
        let mut found: Vec<(&'static str, usize, fn(u64) -> f32)> = Vec::new();
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the feature was just detected.
            found.push(("AVX2 FMA", 8, |steps| unsafe { avx2(steps) }));
        }
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the feature was just detected.
            found.push(("AVX-512 FMA", 16, |steps| unsafe { avx512(steps) }));
        }
        found
    }

    #[target_feature(enable = "avx2,fma")]
    fn avx2(steps: u64) -> f32 {
        let (x, y) = (_mm256_set1_ps(black_box(0.999)), _mm256_set1_ps(black_box(0.002)));
        let mut chains = [(); CHAINS].map(|()| _mm256_set1_ps(black_box(1.0)));
        for _ in 0..steps {
            for chain in &mut chains {
                *chain = _mm256_fmadd_ps(*chain, x, y);
            }
        }
        let sum = chains.into_iter().fold(_mm256_setzero_ps(), |a, b| _mm256_add_ps(a, b));
        _mm256_cvtss_f32(sum)
    }

    #[target_feature(enable = "avx512f")]
    fn avx512(steps: u64) -> f32 {
        let (x, y) = (_mm512_set1_ps(black_box(0.999)), _mm512_set1_ps(black_box(0.002)));
        let mut chains = [(); CHAINS].map(|()| _mm512_set1_ps(black_box(1.0)));
        for _ in 0..steps {
            for chain in &mut chains {
                *chain = _mm512_fmadd_ps(*chain, x, y);
            }
        }
        _mm512_reduce_add_ps(chains.into_iter().fold(_mm512_setzero_ps(), |a, b| _mm512_add_ps(a, b)))
    }
}

#[cfg(target_arch = "aarch64")]
mod machine {
    use super::CHAINS;
    use std::{arch::aarch64::*, hint::black_box};

    pub fn kernels() -> Vec<(&'static str, usize, fn(u64) -> f32)> {
        // SAFETY: NEON is part of every aarch64.
        vec![("NEON FMA", 4, |steps| unsafe { neon(steps) })]
    }

    #[target_feature(enable = "neon")]
    fn neon(steps: u64) -> f32 {
        let (x, y) = (vdupq_n_f32(black_box(0.999)), vdupq_n_f32(black_box(0.002)));
        let mut chains = [(); CHAINS].map(|()| vdupq_n_f32(black_box(1.0)));
        for _ in 0..steps {
            for chain in &mut chains {
                *chain = vfmaq_f32(y, *chain, x);
            }
        }
        vaddvq_f32(chains.into_iter().fold(vdupq_n_f32(0.0), |a, b| vaddq_f32(a, b)))
    }
}

fn main() {
    let mut best = ("none", 0.0f64);
    for (name, lanes, kernel) in machine::kernels() {
        for _ in 0..ROUNDS {
            let start = Instant::now();
            black_box(kernel(black_box(STEPS / lanes as u64)));
            let done = (STEPS / lanes as u64) as f64 * (CHAINS * lanes) as f64;
            let rate = done / start.elapsed().as_secs_f64();
            if rate > best.1 {
                best = (name, rate);
            }
        }
    }
    println!(r#"{{"instructions":"{}","multiplyAddsPerSecond":{:.0}}}"#, best.0, best.1);
}
