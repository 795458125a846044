//! Devices of a Web Worker: flex with SIMD128, and the browser's WebGPU.

use std::sync::OnceLock;

use burn::tensor::Device;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_time::Duration;

use super::{Adapter, Gpu, is_software, limits};
use crate::protocol::DeviceReason;

/// Asks `navigator.gpu` for the adapter that burn will ask for.
pub async fn look() -> Result<Adapter, DeviceReason> {
    let gpu = get(&get(&js_sys::global(), "navigator"), "gpu");
    if gpu.is_falsy() {
        return Err(DeviceReason::NoWebGpu);
    }
    let wish = Object::new();
    let preference = Reflect::set(&wish, &"powerPreference".into(), &"high-performance".into());
    let adapter = async {
        preference?;
        JsFuture::from(call(&gpu, "requestAdapter", &wish)?.dyn_into::<Promise>()?).await
    };
    let adapter = adapter.await.map_err(|error| DeviceReason::Failed(describe(&error)))?;
    if adapter.is_falsy() {
        return Err(DeviceReason::NoAdapter);
    }
    let timestamps = call(&get(&adapter, "features"), "has", &JsValue::from_str("timestamp-query"));
    if !timestamps.is_ok_and(|has| has.is_truthy()) {
        return Err(DeviceReason::NoTimestampQuery);
    }
    let info = get(&adapter, "info");
    let words: Vec<String> = ["vendor", "architecture", "device", "description"]
        .iter()
        .filter_map(|name| get(&info, name).as_string())
        .filter(|word| !word.is_empty())
        .collect();
    let name = if words.is_empty() { "WebGPU".to_owned() } else { words.join(" ") };
    // Newer browsers say it in the info, older ones beside it.
    let fallback = [&info, &adapter].iter().any(|object| get(object, "isFallbackAdapter").is_truthy());
    Ok(Adapter { software: fallback || is_software(&name), name })
}

/// burn registers a device once a worker.
static OPENED: OnceLock<Gpu> = OnceLock::new();

pub async fn bring_up() -> Result<Gpu, String> {
    if let Some(gpu) = OPENED.get() {
        return Ok(gpu.clone());
    }
    let (device, setup) =
        Device::wgpu_options().tasks_max(64).init_with_setup_async().await.map_err(|error| error.to_string())?;
    let (total_bytes, tensor_bytes) = limits(&setup.device.limits());
    Ok(OPENED.get_or_init(|| Gpu { device, total_bytes, tensor_bytes }).clone())
}

/// Half of what 32-bit addresses reach: a browser may give a tab less than all of it.
pub fn memory() -> u64 {
    2 << 30
}

/// With a timer of the worker; at once where there is none.
pub async fn sleep(time: Duration) {
    let timer = Promise::new(&mut |resolve, _| {
        let set = get(&js_sys::global(), "setTimeout").dyn_into::<Function>();
        let milliseconds = JsValue::from(time.as_secs_f64() * 1e3);
        if set.and_then(|set| set.call2(&JsValue::UNDEFINED, &resolve, &milliseconds)).is_err() {
            resolve.call0(&JsValue::UNDEFINED).ok();
        }
    });
    JsFuture::from(timer).await.ok();
}

pub fn instructions() -> &'static str {
    if cfg!(target_feature = "simd128") { "SIMD128" } else { "WebAssembly" }
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

fn call(object: &JsValue, name: &str, argument: &JsValue) -> Result<JsValue, JsValue> {
    get(object, name).dyn_into::<Function>()?.call1(object, argument)
}

fn describe(error: &JsValue) -> String {
    get(error, "message").as_string().unwrap_or_else(|| format!("{error:?}"))
}
