//! Whether the browser shows the page, and not another tab.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};

/// Keeps `visible` true to what the browser shows.
pub fn listen(visible: RwSignal<bool>) {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
    let look =
        move || visible.set(web_sys::window().and_then(|window| window.document()).is_none_or(|page| !page.hidden()));
    look();
    let changed = Closure::<dyn FnMut()>::new(look);
    let _ = document.add_event_listener_with_callback("visibilitychange", changed.as_ref().unchecked_ref());
    // The page listens as long as it lives.
    changed.forget();
}
