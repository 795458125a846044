//! Choosing the instruction set, and reading and writing vectors.

use pulp::{Simd, WithSimd};

/// Runs `op` with the widest vectors that this machine is known to have.
///
/// In the browser always with SIMD128: relaxed SIMD is not in every browser, and a module that merely contains it is refused.
#[cfg(target_arch = "wasm32")]
pub fn run<Op: WithSimd>(op: Op) -> Op::Output {
    match pulp::wasm::Simd128::try_new() {
        Some(simd) => Simd::vectorize(simd, op),
        None => Simd::vectorize(pulp::Scalar::new(), op),
    }
}

/// Runs `op` with the widest vectors that this machine is known to have.
#[cfg(not(target_arch = "wasm32"))]
pub fn run<Op: WithSimd>(op: Op) -> Op::Output {
    pulp::Arch::new().dispatch(op)
}

/// The vector at `at`; past the end of `values`, zeros.
#[inline(always)]
pub fn load<S: Simd>(simd: S, values: &[f32], at: usize) -> S::f32s {
    let values = &values[at..];
    match S::as_simd_f32s(values).0.first() {
        Some(vector) => *vector,
        None => simd.partial_load_f32s(values),
    }
}

/// Writes the part of `vector` that lies within `values`.
#[inline(always)]
pub fn store<S: Simd>(simd: S, values: &mut [f32], at: usize, vector: S::f32s) {
    let values = &mut values[at..];
    match S::as_mut_simd_f32s(values).0.first_mut() {
        Some(place) => *place = vector,
        None => simd.partial_store_f32s(values, vector),
    }
}
