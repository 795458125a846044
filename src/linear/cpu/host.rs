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
