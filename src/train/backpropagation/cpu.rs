//! INTERIM: to be written.

use burn::backend::{
    Flex,
    tensor::{FloatTensor, IntTensor},
};

use super::{Backpropagation, Chunk};

impl Backpropagation for Flex {
    fn backpropagate(
        _weights: FloatTensor<Self>,
        _states: FloatTensor<Self>,
        _text: IntTensor<Self>,
        _order: IntTensor<Self>,
        _masks: FloatTensor<Self>,
        _chunk: Chunk,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        unimplemented!()
    }
}
