//! Keys: the space bar plays and pauses wherever it is not needed for something else.

use leptos::{leptos_dom::helpers::window_event_listener, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

use super::session::Session;

pub fn listen(session: Session) {
    // How the focus came to where it is. `:focus-visible` does not tell: with the first key it is where the mouse was.
    let by_pointer = StoredValue::new(false);
    let pressed = window_event_listener(leptos::ev::pointerdown, move |_| by_pointer.set_value(true));
    let listener = window_event_listener(leptos::ev::keydown, move |event| {
        if event.key() == "Tab" || event.key().starts_with("Arrow") {
            by_pointer.set_value(false);
        }
        let modified = event.ctrl_key() || event.alt_key() || event.meta_key() || event.shift_key();
        if event.key() != " " || modified || event.repeat() {
            return;
        }
        let focused =
            web_sys::window().and_then(|window| window.document()).and_then(|document| document.active_element());
        if focused.as_ref().is_some_and(|focused| needs_the_space_bar(focused, by_pointer.get_value())) {
            return;
        }
        event.prevent_default();
        // Some browsers press a focused button when the key comes up.
        if let Some(focused) = focused.and_then(|focused| focused.dyn_into::<HtmlElement>().ok()) {
            let _ = focused.blur();
        }
        session.toggle();
    });
    on_cleanup(move || {
        pressed.remove();
        listener.remove();
    });
}

/// Whether a key belongs to an input method that composes a character, and means nothing else. Some browsers tell the key
/// that ends a composition only by its code, 229.
pub fn is_composing(event: &KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == 229
}

/// Text fields always do, and what stands in front of the page; buttons and switches when they were reached by keyboard.
fn needs_the_space_bar(focused: &Element, by_pointer: bool) -> bool {
    const TEXT: &str =
        "textarea, select, input:not([type=range]):not([type=radio]):not([type=checkbox]):not([type=file])";
    const PRESSED: &str = "button, summary, input, a";
    let matches = |selector| focused.matches(selector).unwrap_or(false);
    matches(TEXT) || matches("dialog, dialog *") || (!by_pointer && matches(PRESSED))
}
