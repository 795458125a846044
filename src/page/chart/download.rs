//! Files that the page hands to its user.

use js_sys::Array;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, HtmlCanvasElement, Url};

/// A text in parts.
pub fn save_text(parts: &[String], media_type: &str, name: &str) {
    let all: Array = parts.iter().map(|part| JsValue::from_str(part)).collect();
    let options = BlobPropertyBag::new();
    options.set_type(media_type);
    if let Ok(blob) = Blob::new_with_str_sequence_and_options(&all, &options) {
        save(&blob, name);
    }
}

/// A picture, as PNG.
pub fn save_picture(canvas: &HtmlCanvasElement, name: String) {
    let done = Closure::once_into_js(move |blob: Option<Blob>| {
        if let Some(blob) = blob {
            save(&blob, &name);
        }
    });
    // It fails only for a canvas that holds another origin's picture, which none of ours does.
    let _ = canvas.to_blob(done.unchecked_ref());
}

fn save(blob: &Blob, name: &str) {
    let Ok(address) = Url::create_object_url_with_blob(blob) else { return };
    if let Some(link) = document().create_element("a").ok().and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok()) {
        link.set_href(&address);
        link.set_download(name);
        link.click();
    }
    // The browser takes the file while the click is handled; a little later the address is no longer needed.
    set_timeout(move || drop(Url::revoke_object_url(&address)), std::time::Duration::from_secs(10));
}
