//! Text for other programs.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Puts `text` on the clipboard. A browser may refuse, and has none for a page that came over plain HTTP.
// web-sys has this behind a feature of its own, and the engine, which shares web-sys, would have to be built again.
pub async fn copy(text: &str) -> Result<(), JsValue> {
    let navigator = web_sys::window().ok_or(JsValue::NULL)?.navigator();
    let clipboard = Reflect::get(&navigator, &"clipboard".into())?;
    let write: Function = Reflect::get(&clipboard, &"writeText".into())?.dyn_into()?;
    JsFuture::from(write.call1(&clipboard, &text.into())?.dyn_into::<Promise>()?).await.map(drop)
}
