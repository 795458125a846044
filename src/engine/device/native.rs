//! Devices of a native program: flex on the CPU, and whatever wgpu finds.

use std::sync::OnceLock;

use burn::tensor::{Device, wgpu::wgpu::DeviceType};
use web_time::Duration;

use super::{Adapter, Gpu, is_software, limits};
use crate::protocol::DeviceReason;

/// burn registers a device once a process, so every engine of the process shares it.
static OPENED: OnceLock<Result<(Adapter, Gpu), String>> = OnceLock::new();

/// wgpu can only be asked by bringing it up.
pub async fn look() -> Result<Adapter, DeviceReason> {
    opened().map(|(adapter, _)| adapter).map_err(DeviceReason::Failed)
}

pub async fn bring_up() -> Result<Gpu, String> {
    opened().map(|(_, gpu)| gpu)
}

fn opened() -> Result<(Adapter, Gpu), String> {
    OPENED
        .get_or_init(|| {
            let (device, setup) =
                Device::wgpu_options().tasks_max(64).init_with_setup().map_err(|error| error.to_string())?;
            #[cfg(test)]
            tests::BROUGHT_UP.set(setup.device.clone()).ok();
            let info = setup.adapter.get_info();
            let software = info.device_type == DeviceType::Cpu || is_software(&info.name);
            let (total_bytes, tensor_bytes) = limits(&setup.device.limits());
            Ok((Adapter { name: info.name, software }, Gpu { device, total_bytes, tensor_bytes }))
        })
        .clone()
}

/// Bytes that a run may take: what the system says is free, or 4 GiB where it does not say.
pub fn memory() -> u64 {
    let free = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes << 10)
    });
    free.unwrap_or(4 << 30)
}

pub async fn sleep(_: Duration) {
    std::future::pending().await
}

/// The widest vector instructions of this machine.
pub fn instructions() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            return "AVX-512";
        }
        if is_x86_feature_detected!("avx2") {
            return "AVX2";
        }
        "SSE2"
    }
    #[cfg(target_arch = "aarch64")]
    {
        "NEON"
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        std::env::consts::ARCH
    }
}

#[cfg(test)]
pub mod tests {
    use std::sync::OnceLock;

    use burn::tensor::wgpu::wgpu;

    /// The device below burn's.
    pub static BROUGHT_UP: OnceLock<wgpu::Device> = OnceLock::new();

    /// As a driver does it that resets the device: wgpu says that it is lost, which it does when it is polled.
    pub fn destroy() {
        let device = BROUGHT_UP.get().expect("a GPU was brought up");
        device.destroy();
        device.poll(wgpu::PollType::Poll).ok();
    }
}
