//! Keys: the space bar plays and pauses wherever it is not needed for something else.

use leptos::{leptos_dom::helpers::window_event_listener, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

use super::session::Session;

pub fn listen(session: Session) {
    let listener = window_event_listener(leptos::ev::keydown, move |event| {
        let modified = event.ctrl_key() || event.alt_key() || event.meta_key() || event.shift_key();
        if event.key() != " " || modified || event.repeat() {
            return;
        }
        let focused =
            web_sys::window().and_then(|window| window.document()).and_then(|document| document.active_element());
        if focused.as_ref().is_some_and(needs_the_space_bar) {
            return;
        }
        event.prevent_default();
        // Some browsers press a focused button when the key comes up.
        if let Some(focused) = focused.and_then(|focused| focused.dyn_into::<HtmlElement>().ok()) {
            let _ = focused.blur();
        }
        session.toggle();
    });
    on_cleanup(move || listener.remove());
}

/// Whether a key belongs to an input method that composes a character, and means nothing else. Some browsers tell the key
/// that ends a composition only by its code, 229.
pub fn is_composing(event: &KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == 229
}

/// Text fields always do, and what stands in front of the page; buttons and switches when they were reached by keyboard.
fn needs_the_space_bar(focused: &Element) -> bool {
    const TEXT: &str =
        "textarea, select, input:not([type=range]):not([type=radio]):not([type=checkbox]):not([type=file])";
    const PRESSED: &str =
        "button:focus-visible, summary:focus-visible, input:focus-visible, a:focus-visible, dialog, dialog *";
    let matches = |selector| focused.matches(selector).unwrap_or(false);
    matches(TEXT) || matches(PRESSED)
}
