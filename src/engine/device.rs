//! Which device the network lives on, why, and how much it holds.

#[cfg_attr(target_family = "wasm", path = "device/browser.rs")]
#[cfg_attr(not(target_family = "wasm"), path = "device/native.rs")]
mod platform;

use burn::tensor::{Device, Tensor};
use web_time::Duration;

use super::cause;
use crate::{
    model::read,
    protocol::{DeviceKind, DeviceReason, DeviceReport, DeviceWish, Speeds, Trouble},
};

/// A device, and what it can hold.
#[derive(Clone, Debug)]
pub struct ComputeDevice {
    pub device: Device,
    pub kind: DeviceKind,
    /// The adapter's own name, or the instruction set of the CPU path.
    pub name: String,
    /// A GPU that is a program on the CPU.
    pub software: bool,
    /// Bytes that all of a run may take.
    pub total_bytes: u64,
    /// Bytes that a single tensor may take.
    pub tensor_bytes: u64,
}

impl ComputeDevice {
    pub fn report(&self, reason: DeviceReason, speeds: Speeds) -> DeviceReport {
        DeviceReport { kind: self.kind, name: self.name.clone(), reason, speeds }
    }
}

/// What is known of a WebGPU adapter before burn touches it; burn panics where `timestamp-query` is missing.
#[derive(Clone, Debug)]
struct Adapter {
    name: String,
    /// A program on the CPU.
    software: bool,
}

/// A WebGPU device that is up.
#[derive(Clone, Debug)]
struct Gpu {
    device: Device,
    total_bytes: u64,
    tensor_bytes: u64,
}

/// The device that a wish led to, and why.
pub struct Opened {
    pub compute: ComputeDevice,
    pub reason: DeviceReason,
    /// Where the choice is left to us and there are two: the other one.
    pub other: Option<ComputeDevice>,
    /// Why it is not what was wished for.
    pub unmet: Option<Trouble>,
}

/// Brings up the device that was wished for, or the CPU; both where the choice is left to us.
pub async fn open(wish: DeviceWish) -> Opened {
    let only = |compute, reason, unmet| Opened { compute, reason, other: None, unmet };
    if wish == DeviceWish::Cpu {
        return only(cpu(), DeviceReason::Chosen, None);
    }
    match gpu().await {
        Ok(gpu) if wish == DeviceWish::Gpu => only(gpu, DeviceReason::Chosen, None),
        // Until the first model is there to measure.
        Ok(gpu) if gpu.software => {
            Opened { compute: cpu(), reason: DeviceReason::SoftwareAdapter, other: Some(gpu), unmet: None }
        }
        Ok(gpu) => Opened { compute: gpu, reason: DeviceReason::Suitable, other: Some(cpu()), unmet: None },
        Err(reason) => {
            let trouble = (wish == DeviceWish::Gpu).then(|| unmet(&reason));
            only(cpu(), reason, trouble)
        }
    }
}

/// The CPU path, which is always there.
pub fn cpu() -> ComputeDevice {
    let bytes = platform::memory();
    ComputeDevice {
        device: Device::flex(),
        kind: DeviceKind::Cpu,
        name: platform::instructions().to_owned(),
        software: false,
        total_bytes: bytes,
        tensor_bytes: bytes,
    }
}

/// The GPU, brought up.
///
/// # Errors
/// Why there is none.
pub async fn gpu() -> Result<ComputeDevice, DeviceReason> {
    let Adapter { name, software } = platform::look().await?;
    let Gpu { device, total_bytes, tensor_bytes } = platform::bring_up().await.map_err(DeviceReason::Failed)?;
    answers(&device).await?;
    Ok(ComputeDevice { device, kind: DeviceKind::WebGpu, name, software, total_bytes, tensor_bytes })
}

/// Waits for `time`, or for ever where nothing else could happen meanwhile: a native program waits for its GPU in place.
pub async fn sleep(time: Duration) {
    platform::sleep(time).await;
}

/// That a device is not lost: burn brings one up once a program, and what was brought up may be gone since.
async fn answers(device: &Device) -> Result<(), DeviceReason> {
    match read(Tensor::<1>::zeros([1], device)).await {
        Ok(_) => Ok(()),
        Err(Trouble::DeviceLost { reason }) => Err(DeviceReason::Failed(cause(&reason).to_owned())),
        Err(trouble) => Err(DeviceReason::Failed(format!("{trouble:?}"))),
    }
}

fn unmet(reason: &DeviceReason) -> Trouble {
    match reason {
        DeviceReason::NoTimestampQuery => Trouble::NoTimestampQuery,
        DeviceReason::Failed(reason) => Trouble::NoWebGpu { reason: reason.clone() },
        _ => Trouble::NoWebGpu { reason: String::new() },
    }
}

/// Programs that play a GPU on the CPU, by a part of their names.
const SOFTWARE: [&str; 5] = ["swiftshader", "llvmpipe", "lavapipe", "software", "basic render"];

/// Whether this name is a software renderer's.
fn is_software(name: &str) -> bool {
    let name = name.to_lowercase();
    SOFTWARE.iter().any(|part| name.contains(part))
}

/// Neither WebGPU nor wgpu says how much memory a device has. Twice its largest buffer is held to be safe.
fn limits(limits: &burn::tensor::wgpu::wgpu::Limits) -> (u64, u64) {
    (limits.max_buffer_size.saturating_mul(2), limits.max_buffer_size.min(limits.max_storage_buffer_binding_size))
}

/// Takes the GPU away from this whole process.
#[cfg(test)]
pub fn destroy_gpu() {
    platform::tests::destroy();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_always_there_and_says_its_instructions() {
        let Opened { compute, reason, other, unmet } = pollster::block_on(open(DeviceWish::Cpu));
        assert_eq!((compute.kind, reason), (DeviceKind::Cpu, DeviceReason::Chosen));
        assert!(!compute.name.is_empty() && other.is_none() && unmet.is_none());
        assert!(compute.total_bytes > 1 << 28, "{}", compute.total_bytes);
    }

    #[test]
    fn software_renderers_are_known_by_their_names() {
        assert!(is_software("Google SwiftShader") && is_software("llvmpipe (LLVM 19.1.7, 256 bits)"));
        assert!(!is_software("NVIDIA GeForce RTX 4090") && !is_software("apple metal-3"));
    }
}
