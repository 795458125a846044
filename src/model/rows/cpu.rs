//! Rows by token on the CPU.

use burn::backend::{
    Flex,
    tensor::{FloatTensor, IntTensor},
};
use burn_backend::TensorMetadata;

use super::{Kernels, TokenRows};
use crate::model::host::{contiguous, floats, ids, tensor, widest};

impl TokenRows for Flex {
    fn token_rows(
        table: FloatTensor<Self>,
        tokens: IntTensor<Self>,
        _order: IntTensor<Self>,
        _starts: IntTensor<Self>,
    ) -> FloatTensor<Self> {
        let [_, columns] = table.shape().dims();
        let (table, tokens) = (contiguous(table), ids(tokens));
        let mut rows = Vec::with_capacity(tokens.len() * columns);
        for token in &tokens {
            rows.extend_from_slice(&floats(&table)[token * columns..(token + 1) * columns]);
        }
        tensor(rows, [tokens.len(), columns])
    }
}

impl Kernels for Flex {
    fn backward(gradient: FloatTensor<Self>, order: IntTensor<Self>, starts: IntTensor<Self>) -> FloatTensor<Self> {
        let [_, columns] = gradient.shape().dims();
        let (gradient, order, starts) = (contiguous(gradient), ids(order), ids(starts));
        let gradient = floats(&gradient);
        let symbols = starts.len().saturating_sub(1);
        let mut table = vec![0.0; symbols * columns];
        widest(|| {
            for (sum, range) in table.chunks_exact_mut(columns).zip(starts.windows(2)) {
                for position in &order[range[0]..range[1]] {
                    let row = &gradient[position * columns..(position + 1) * columns];
                    sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
                }
            }
        });
        tensor(table, [symbols, columns])
    }
}
