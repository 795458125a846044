//! On the GPU: kernels that read and write where their matrices stand in larger buffers.

pub mod math;
pub mod product;
pub mod rows;
mod softmax;
pub mod table;

use burn_cubecl::{ops::numeric::empty_device_contiguous_dtype, tensor::CubeTensor};

/// An uninitialised tensor on the device of `like`.
pub fn empty<const D: usize>(like: &CubeTensor, shape: [usize; D]) -> CubeTensor {
    let shape = burn::tensor::Shape::new(shape);
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape, like.dtype)
}
