//! A model's numbers as tensors of a safetensors file, in PyTorch's names and shapes.
//!
//! The tensors are those of `torch.nn.RNN`, `GRU` or `LSTM` named `rnn`, and a `torch.nn.Linear` named `head`.

use safetensors::{Dtype, SafeTensors};

use super::{Layout, Slot};

/// A tensor of 32-bit floats as it stands in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredTensor {
    pub name: String,
    pub shape: Vec<usize>,
    /// Row by row, little-endian.
    pub bytes: Vec<u8>,
}

/// Where the numbers of a layout stand in a file: the tensors have their weight's names after `prefix`.
#[derive(Clone, Copy, Debug)]
pub struct StoredLayout<'a> {
    pub layout: &'a Layout,
    pub prefix: &'a str,
}

impl StoredLayout<'_> {
    /// `values` are [`Layout::len`] numbers.
    pub fn write(self, values: &[f32]) -> Vec<StoredTensor> {
        let tensor = |slot: &Slot| StoredTensor {
            name: self.name(slot),
            shape: slot.shape(),
            bytes: bytes(slot, &values[slot.offset..slot.offset + slot.len()]),
        };
        self.layout.slots().iter().map(tensor).collect()
    }

    /// # Errors
    /// What is wrong: a tensor that is missing, or of another shape or type.
    pub fn check(self, file: &SafeTensors) -> Result<(), String> {
        self.layout.slots().iter().try_for_each(|slot| check(file, &self.name(slot), &slot.shape()))
    }

    /// [`Layout::len`] numbers of a file that was checked.
    ///
    /// # Errors
    /// What is wrong: beside what [`StoredLayout::check`] finds, a number that is not finite.
    pub fn read(self, file: &SafeTensors) -> Result<Vec<f32>, String> {
        let mut values = vec![0.0; self.layout.len()];
        for slot in self.layout.slots() {
            let numbers = read(file, &self.name(slot), &slot.shape())?;
            let place = &mut values[slot.offset..slot.offset + slot.len()];
            for (index, number) in numbers.into_iter().enumerate() {
                let at = if slot.transposed { index % slot.rows * slot.columns + index / slot.rows } else { index };
                place[at] = number;
            }
        }
        Ok(values)
    }

    pub fn holds(self, name: &str) -> bool {
        self.layout.slots().iter().any(|slot| name.strip_prefix(self.prefix) == Some(&slot.name))
    }

    fn name(self, slot: &Slot) -> String {
        format!("{}{}", self.prefix, slot.name)
    }
}

/// # Errors
/// What is wrong: the tensor is missing, or of another shape or type.
pub fn check(file: &SafeTensors, name: &str, shape: &[usize]) -> Result<(), String> {
    let tensor = file.tensor(name).map_err(|_| format!("the tensor {name} is missing"))?;
    if tensor.dtype() != Dtype::F32 {
        return Err(format!("the tensor {name} holds {:?}, not F32", tensor.dtype()));
    }
    if tensor.shape() != shape {
        return Err(format!("the tensor {name} is {:?}, expected {shape:?}", tensor.shape()));
    }
    Ok(())
}

/// The numbers of a tensor, row by row.
///
/// # Errors
/// What is wrong: beside what [`check`] finds, a number that is not finite.
pub fn read(file: &SafeTensors, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
    check(file, name, shape)?;
    let tensor = file.tensor(name).map_err(|_| format!("the tensor {name} is missing"))?;
    let numbers = tensor.data().chunks_exact(4).map(|bytes| bytes.try_into().map_or(f32::NAN, f32::from_le_bytes));
    let numbers: Vec<f32> = numbers.collect();
    if numbers.iter().all(|number| number.is_finite()) {
        Ok(numbers)
    } else {
        Err(format!("the tensor {name} holds a number that is not finite"))
    }
}

/// A weight as PyTorch lays it out, little-endian.
fn bytes(slot: &Slot, values: &[f32]) -> Vec<u8> {
    if slot.transposed {
        let column = |column: usize| values.iter().skip(column).step_by(slot.columns);
        (0..slot.columns).flat_map(column).flat_map(|value| value.to_le_bytes()).collect()
    } else {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }
}
