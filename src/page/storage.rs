//! What the page remembers from visit to visit. Storage may be forbidden or full: then nothing is remembered.

use serde::{Serialize, de::DeserializeOwned};

use super::json;

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}

pub fn read<T: DeserializeOwned>(key: &str) -> Option<T> {
    let text = storage()?.get_item(key).ok()??;
    json::parse(&text).ok()
}

pub fn write<T: Serialize>(key: &str, value: &T) {
    if let (Some(storage), Ok(text)) = (storage(), serde_json::to_string(value)) {
        // Full or forbidden: the visit goes on without a memory.
        let _ = storage.set_item(key, &text);
    }
}
