//! Rows of a table by id, and their sums.

use burn::backend::{
    Flex, TensorMetadata,
    tensor::{FloatTensor, IntTensor},
};

use super::host::{contiguous, floats, ids, tensor};
use crate::linear::rows::Kernels;

impl Kernels for Flex {
    fn take(table: FloatTensor<Self>, places: IntTensor<Self>) -> FloatTensor<Self> {
        let [_, width] = table.shape().dims();
        let (table, ids) = (contiguous(table), ids(places));
        let numbers = floats(&table);
        let mut taken = Vec::with_capacity(ids.len() * width);
        ids.iter().for_each(|&id| taken.extend_from_slice(&numbers[id as usize * width..(id as usize + 1) * width]));
        tensor(taken, [ids.len(), width])
    }

    fn sum_by_id(
        rows: FloatTensor<Self>,
        places: IntTensor<Self>,
        _: IntTensor<Self>,
        symbols: usize,
    ) -> FloatTensor<Self> {
        let [_, width] = rows.shape().dims();
        let (rows, ids) = (contiguous(rows), ids(places));
        let mut sums = vec![0.0; symbols * width];
        for (&id, row) in ids.iter().zip(floats(&rows).chunks_exact(width.max(1))) {
            let sum = &mut sums[id as usize * width..(id as usize + 1) * width];
            sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        tensor(sums, [symbols, width])
    }
}
