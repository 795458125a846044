//! Figures held against a reference: numbers from a fixture or a device, and how far apart they are.

use burn::{
    backend::DispatchDevice,
    tensor::{Device, Tensor, TensorData},
};
use safetensors::SafeTensors;

/// The largest error allowed of what comes out, and of a gradient relative to its tensor's largest entry.
const FORWARD_ON_CPU: f64 = 1e-5;
const FORWARD_ON_GPU: f64 = 1e-4;
pub const GRADIENTS: f64 = 1e-3;

/// The largest error allowed of what comes out on `device`.
pub fn forward_allowed(device: &Device) -> f64 {
    let cpu = matches!(device.clone().inner().as_dispatch(), DispatchDevice::Flex(_));
    if cpu { FORWARD_ON_CPU } else { FORWARD_ON_GPU }
}

/// The numbers of a tensor.
#[derive(Clone, Debug)]
pub struct Numbers {
    pub values: Vec<f32>,
    pub shape: Vec<usize>,
}

impl Numbers {
    pub fn tensor<const D: usize>(&self, device: &Device) -> Tensor<D> {
        Tensor::from_data(TensorData::new(self.values.clone(), self.shape.clone()), device)
    }

    /// As ids or lengths.
    pub fn whole(&self) -> Vec<u32> {
        self.values.iter().map(|&value| value as u32).collect()
    }

    /// Empty if the device fails, which no comparison passes.
    pub async fn read<const D: usize>(tensor: Tensor<D>) -> Self {
        let shape = tensor.dims().to_vec();
        let values = tensor.into_data_async().await.ok().and_then(|data| data.try_to_vec().ok());
        Numbers { values: values.unwrap_or_default(), shape }
    }

    /// The largest difference, over the largest entry of `exact` if `relative`; infinite if the shapes differ.
    pub fn error(&self, exact: &Numbers, relative: bool) -> f64 {
        if self.shape != exact.shape || self.values.len() != exact.values.len() {
            return f64::INFINITY;
        }
        let scale = if relative { largest(exact.values.iter().map(|x| x.abs().into())).max(1e-3) } else { 1.0 };
        largest(self.values.iter().zip(&exact.values).map(|(a, b)| f64::from(a - b).abs())) / scale
    }
}

/// The largest value; infinite where one is no number.
pub fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |most, x| if x.is_nan() { f64::INFINITY } else { most.max(x) })
}

/// A file of reference numbers, made by a script of `tests/reference`.
pub struct Fixture<'a>(SafeTensors<'a>);

impl<'a> Fixture<'a> {
    pub fn new(file: &'a [u8]) -> Option<Self> {
        SafeTensors::deserialize(file).ok().map(Fixture)
    }

    pub fn numbers(&self, name: &str) -> Option<Numbers> {
        let tensor = self.0.tensor(name).ok()?;
        let values =
            tensor.data().chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        Some(Numbers { values: values.collect(), shape: tensor.shape().to_vec() })
    }

    /// What comes before `suffix` in the names that end so, sorted.
    pub fn cases(&self, suffix: &str) -> Vec<String> {
        let names = self.0.names().into_iter();
        let mut cases: Vec<String> = names.filter_map(|name| Some(name.strip_suffix(suffix)?.to_owned())).collect();
        cases.sort_unstable();
        cases
    }
}
