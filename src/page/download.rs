//! Gives the user a file.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

/// Lets the browser save `bytes` under `name`.
pub fn save(name: &str, bytes: &[u8]) -> Result<(), String> {
    let options = BlobPropertyBag::new();
    options.set_type("application/octet-stream");
    let parts = Array::of1(&Uint8Array::from(bytes));
    let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &options).map_err(words)?;
    let address = Url::create_object_url_with_blob(&blob).map_err(words)?;
    let document = web_sys::window().and_then(|window| window.document()).ok_or_else(String::new)?;
    let link: HtmlAnchorElement = document.create_element("a").map_err(words)?.unchecked_into();
    link.set_href(&address);
    link.set_download(name);
    link.click();
    Url::revoke_object_url(&address).map_err(words)
}

fn words(error: JsValue) -> String {
    format!("{error:?}")
}
