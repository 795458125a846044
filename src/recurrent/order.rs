//! In which order a layer reads the positions of its rows.

use burn::tensor::{Device, Int, Tensor, TensorData};

/// Which end of a sequence a layer starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    #[default]
    Forward,
    /// From each row's own last position to its first, as the second half of a bidirectional layer does (Schuster & Paliwal
    /// 1997; PyTorch's weights with the suffix `_reverse`).
    Reverse,
}

/// The order of reading for a padded batch, made once for a batch and shared by all its layers.
///
/// A row of length n is read from position 0 to n − 1 or the other way round; past its end nothing is read, h is 0 and no
/// gradient comes back.
#[derive(Clone, Debug, Default)]
pub struct ReadingOrder {
    /// None: all positions of all rows, from the first to the last.
    pub(super) order: Option<Tensor<1, Int>>,
}

impl ReadingOrder {
    /// Rows of `lengths` (B of them, from 1 to `steps`, T) in `direction`.
    ///
    /// # Panics
    /// Where a length is 0 or more than `steps`.
    pub fn new(direction: Direction, lengths: &[usize], steps: usize, device: &Device) -> Self {
        if direction == Direction::Forward && lengths.iter().all(|&length| length == steps) {
            return ReadingOrder::default();
        }
        let order = order(direction, lengths, steps);
        let count = order.len();
        let device = device.clone().without_autodiff();
        ReadingOrder { order: Some(Tensor::from_data(TensorData::new(order, [count]), &device)) }
    }
}

/// [T·B + B]: for step t of row b the place t′·B + b of the position that is read there, or −1 where the row has ended; then
/// for each row the place of its last step. A step reads the position whose step reads its: the order is its own inverse.
fn order(direction: Direction, lengths: &[usize], steps: usize) -> Vec<i32> {
    assert!(lengths.iter().all(|length| (1..=steps).contains(length)), "lengths are from 1 to {steps}: {lengths:?}");
    let batch = lengths.len();
    let position = |step: usize, length: usize| match direction {
        Direction::Forward => step,
        Direction::Reverse => length - 1 - step,
    };
    let place = |step: usize, row: usize| (step * batch + row) as i32;
    let read = |step: usize, (row, &length): (usize, &usize)| {
        if step < length { place(position(step, length), row) } else { -1 }
    };
    let steps = (0..steps).flat_map(|step| lengths.iter().enumerate().map(move |row| read(step, row)));
    steps.chain(lengths.iter().enumerate().map(|(row, &length)| place(length - 1, row))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_from_its_own_end_and_nothing_past_it() {
        assert_eq!(order(Direction::Forward, &[3, 1], 3), [0, 1, 2, -1, 4, -1, 4, 1]);
        assert_eq!(order(Direction::Reverse, &[3, 1], 3), [4, 1, 2, -1, 0, -1, 4, 1]);
    }

    #[test]
    fn reading_everything_forward_needs_no_order() {
        assert!(ReadingOrder::new(Direction::Forward, &[4, 4], 4, &Device::flex()).order.is_none());
        assert!(ReadingOrder::new(Direction::Reverse, &[4, 4], 4, &Device::flex()).order.is_some());
    }
}
