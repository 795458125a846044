//! On the CPU: whole matrices on plain slices, one core, no allocation within a product.

pub mod activation;
pub mod host;
mod multiply;
pub mod product;
mod rows;
mod softmax;
pub mod strips;
pub mod vector;
