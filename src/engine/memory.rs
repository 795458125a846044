//! Whether a run fits the device, so that one that cannot is refused before anything is touched.

use super::device::ComputeDevice;
use crate::{
    model::memory_bytes,
    protocol::{ModelConfig, TrainConfig, Trouble},
};

/// Bytes of a 32-bit number.
const NUMBER: u64 = 4;

/// Bytes that a run takes, for a vocabulary of `symbols`.
pub fn bytes(model: &ModelConfig, train: &TrainConfig, symbols: usize) -> u64 {
    memory_bytes(model, symbols, train.batch, train.context)
}

/// That a run fits.
///
/// # Errors
/// `TooLargeForDevice`, for all of the run or for its largest tensor.
pub fn check(model: &ModelConfig, train: &TrainConfig, symbols: usize, compute: &ComputeDevice) -> Result<(), Trouble> {
    refuse(bytes(model, train, symbols), compute.total_bytes)?;
    refuse(largest_tensor(model, train, symbols), compute.tensor_bytes)
}

/// That the weights fit, which is all that using a model takes.
///
/// # Errors
/// `TooLargeForDevice`.
pub fn check_use(model: &ModelConfig, symbols: usize, compute: &ComputeDevice) -> Result<(), Trouble> {
    refuse(NUMBER * model.parameters(symbols) as u64, compute.tensor_bytes.min(compute.total_bytes))
}

/// The flat buffer of weights, what a layer packs for the way back (gates, h and c), or the output layer's scores.
fn largest_tensor(model: &ModelConfig, train: &TrainConfig, symbols: usize) -> u64 {
    let chunk = train.batch * train.context;
    // The states before the first step and after the last one come on top.
    let packed = (chunk * (model.cell.gates() + 2) + train.batch * 3) * model.hidden;
    NUMBER * model.parameters(symbols).max(packed).max(chunk * symbols) as u64
}

fn refuse(needed_bytes: u64, available_bytes: u64) -> Result<(), Trouble> {
    if needed_bytes > available_bytes {
        return Err(Trouble::TooLargeForDevice { needed_bytes, available_bytes });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::device;
    #[test]
    fn what_does_not_fit_is_refused_with_both_sizes() {
        let mut compute = device::cpu();
        let model = ModelConfig { layers: 4, hidden: 1024, ..ModelConfig::default() };
        let train = TrainConfig { batch: 256, context: 512, ..TrainConfig::default() };
        compute.total_bytes = 2 << 30;
        let needed_bytes = memory_bytes(&model, 65, 256, 512);
        let expected = Trouble::TooLargeForDevice { needed_bytes, available_bytes: 2 << 30 };
        assert_eq!(check(&model, &train, 65, &compute), Err(expected));
        (compute.total_bytes, compute.tensor_bytes) = (u64::MAX, 1 << 20);
        let needed_bytes = 256 * (512 * 6 + 3) * 1024 * 4;
        let expected = Trouble::TooLargeForDevice { needed_bytes, available_bytes: 1 << 20 };
        assert_eq!(check(&model, &train, 65, &compute), Err(expected));
        assert!(check(&ModelConfig::default(), &TrainConfig::default(), 65, &device::cpu()).is_ok());
    }
}
