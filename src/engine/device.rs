//! Which device the network lives on, why, and how much it holds.

#[cfg_attr(target_family = "wasm", path = "device/browser.rs")]
#[cfg_attr(not(target_family = "wasm"), path = "device/native.rs")]
mod platform;

use burn::tensor::Device;

use crate::protocol::{DeviceKind, DeviceReason, DeviceReport, DeviceWish, Trouble};

/// A device, and what it can hold.
#[derive(Clone, Debug)]
pub struct Place {
    pub device: Device,
    pub kind: DeviceKind,
    /// Bytes that all of a run may take.
    pub total_bytes: u64,
    /// Bytes that a single tensor may take.
    pub tensor_bytes: u64,
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

/// Brings up the device that was wished for, or the CPU: a `Trouble` says why a wish was not met.
pub async fn open(wish: DeviceWish) -> (Place, DeviceReport, Option<Trouble>) {
    if wish == DeviceWish::Cpu {
        let (place, report) = cpu(DeviceReason::Chosen);
        return (place, report, None);
    }
    match gpu(wish).await {
        Ok((place, report)) => (place, report, None),
        Err(reason) => {
            let trouble = (wish == DeviceWish::Gpu).then(|| unmet(&reason));
            let (place, report) = cpu(reason);
            (place, report, trouble)
        }
    }
}

/// The CPU path, which is always there.
pub fn cpu(reason: DeviceReason) -> (Place, DeviceReport) {
    let bytes = platform::memory();
    let place = Place { device: Device::flex(), kind: DeviceKind::Cpu, total_bytes: bytes, tensor_bytes: bytes };
    (place, DeviceReport { kind: DeviceKind::Cpu, name: platform::instructions().to_owned(), reason })
}

async fn gpu(wish: DeviceWish) -> Result<(Place, DeviceReport), DeviceReason> {
    let adapter = platform::look().await?;
    if adapter.software && wish == DeviceWish::Auto {
        return Err(DeviceReason::SoftwareAdapter);
    }
    let Gpu { device, total_bytes, tensor_bytes } = platform::bring_up().await.map_err(DeviceReason::Failed)?;
    let reason = if wish == DeviceWish::Gpu { DeviceReason::Chosen } else { DeviceReason::Suitable };
    let place = Place { device, kind: DeviceKind::WebGpu, total_bytes, tensor_bytes };
    Ok((place, DeviceReport { kind: DeviceKind::WebGpu, name: adapter.name, reason }))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_always_there_and_says_its_instructions() {
        let (place, report, trouble) = pollster::block_on(open(DeviceWish::Cpu));
        assert_eq!((place.kind, report.kind, report.reason), (DeviceKind::Cpu, DeviceKind::Cpu, DeviceReason::Chosen));
        assert!(!report.name.is_empty() && trouble.is_none());
        assert!(place.total_bytes > 1 << 28, "{}", place.total_bytes);
    }

    #[test]
    fn software_renderers_are_known_by_their_names() {
        assert!(is_software("Google SwiftShader") && is_software("llvmpipe (LLVM 19.1.7, 256 bits)"));
        assert!(!is_software("NVIDIA GeForce RTX 4090") && !is_software("apple metal-3"));
    }
}
