//! Tensors of the CPU device as slices.

use burn::{
    backend::flex::FlexTensor,
    tensor::{Shape, TensorData},
};

/// The numbers row by row: where they stand, if they stand so.
pub(crate) fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.layout().contiguous_offsets().is_some() { tensor } else { tensor.to_contiguous() }
}

/// The numbers of a tensor that is [`contiguous`].
pub(crate) fn floats(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().unwrap_or_default()
}

/// Ids, whichever integer the device holds them in.
pub(crate) fn ids(tensor: FlexTensor) -> Vec<u32> {
    let tensor = contiguous(tensor);
    match (tensor.as_slice::<i32>(), tensor.as_slice::<i64>()) {
        (Some(ids), _) => ids.iter().map(|&id| id as u32).collect(),
        (_, Some(ids)) => ids.iter().map(|&id| id as u32).collect(),
        _ => Vec::new(),
    }
}

pub(crate) fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.into()))
}

/// Runs plain loops compiled for the widest vectors of this machine.
#[cfg(not(target_arch = "wasm32"))]
#[inline(always)]
pub(crate) fn widest<R>(loops: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(loops)
}

/// Runs plain loops: in the browser everything is compiled for SIMD128.
#[cfg(target_arch = "wasm32")]
#[inline(always)]
pub(crate) fn widest<R>(loops: impl FnOnce() -> R) -> R {
    loops()
}

/// Sums and maxima are taken in as many strands, so that they fit any vector.
const STRANDS: usize = 16;

/// Combines `of` all `values`.
#[inline(always)]
pub(crate) fn strands(
    values: &[f32],
    start: f32,
    of: impl Fn(f32) -> f32 + Copy,
    combine: impl Fn(f32, f32) -> f32 + Copy,
) -> f32 {
    let mut strands = [start; STRANDS];
    let chunks = values.chunks_exact(STRANDS);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (strand, &value) in strands.iter_mut().zip(chunk) {
            *strand = combine(*strand, of(value));
        }
    }
    strands.into_iter().chain(rest.iter().map(|&value| of(value))).fold(start, combine)
}
