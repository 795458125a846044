//! The texts that come with the page.

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

pub const ALL: [&str; 6] = ["shakespeare", "tang", "song", "shijing", "names", "udhr"];
/// The one that the page opens with.
pub const FIRST: &str = "shakespeare";

/// The text's bytes, or why they did not come.
pub async fn fetch(id: &'static str) -> Result<Vec<u8>, String> {
    let window = web_sys::window().ok_or_else(String::new)?;
    let response = JsFuture::from(window.fetch_with_str(&format!("corpora/{id}.txt"))).await.map_err(words)?;
    let response: Response = response.dyn_into().map_err(words)?;
    if !response.ok() {
        return Err(format!("{} {}", response.status(), response.status_text()).trim().to_owned());
    }
    let buffer = JsFuture::from(response.array_buffer().map_err(words)?).await.map_err(words)?;
    Ok(Uint8Array::new(&buffer.unchecked_into::<ArrayBuffer>()).to_vec())
}

/// What the browser says, in its own words.
fn words(error: JsValue) -> String {
    let message = js_sys::Reflect::get(&error, &JsValue::from_str("message")).ok();
    message.and_then(|message| message.as_string()).unwrap_or_default()
}
