//! Linear algebra for the networks: vectors, matrix products and activations, for the CPU and the GPU.
//!
//! [`cpu`] computes on plain slices with the widest vectors of the machine, [`gpu`] in kernels of our own. The rooms above
//! call both where a whole pass is written out, without tensors in between.

pub(crate) mod cpu;
pub(crate) mod gpu;
