//! Files that the page hands to its user.

use js_sys::{Array, Promise, Uint8Array};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, HtmlCanvasElement, Url};

/// Lets the browser save `bytes` under `name`.
pub fn save(name: &str, bytes: &[u8]) -> Result<(), String> {
    let blob = blob(&Array::of1(&Uint8Array::from(bytes)), "application/octet-stream").map_err(words)?;
    save_blob(name, &blob).map_err(words)
}

/// A picture, as PNG.
pub fn save_png(canvas: &HtmlCanvasElement, name: String) {
    let done = Closure::once_into_js(move |png: Option<Blob>| {
        if let Some(png) = png {
            // The browser refuses no address of its own.
            let _ = save_blob(&name, &png);
        }
    });
    // It fails only for a canvas that holds another origin's picture, which none of ours does.
    let _ = canvas.to_blob(done.unchecked_ref());
}

/// A text that comes in parts until there is none: each becomes the browser's before the next is made, and the page goes
/// on between two of them, so that however much it is, it is never one string and never one task.
pub fn save_parts(name: &str, media_type: &'static str, mut next: Box<dyn FnMut() -> Option<String>>) {
    let name = name.to_owned();
    spawn_local(async move {
        let parts = Array::new();
        while let Some(part) = next() {
            if let Ok(part) = blob(&Array::of1(&part.into()), media_type) {
                parts.push(&part);
            }
            give_way().await;
        }
        if let Ok(whole) = blob(&parts, media_type) {
            let _ = save_blob(&name, &whole);
        }
    });
}

/// Lets everything else that waits have its turn.
async fn give_way() {
    let soon = Promise::new(&mut |done, _| {
        // Without a window there is nothing to give way to.
        let _ = window().set_timeout_with_callback(&done);
    });
    let _ = JsFuture::from(soon).await;
}

/// Of strings, bytes or other blobs.
fn blob(parts: &Array, media_type: &str) -> Result<Blob, JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(media_type);
    Blob::new_with_blob_sequence_and_options(parts, &options)
}

fn save_blob(name: &str, blob: &Blob) -> Result<(), JsValue> {
    let address = Url::create_object_url_with_blob(blob)?;
    let link: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&address);
    link.set_download(name);
    link.click();
    // The browser reads the file after the click has been handled: an address that is taken back at once is one that it
    // may not find. A minute is enough to ask the user where it should go.
    set_timeout(move || drop(Url::revoke_object_url(&address)), std::time::Duration::from_secs(60));
    Ok(())
}

fn words(error: JsValue) -> String {
    format!("{error:?}")
}
