//! What is said when the page's own program stops: after a panic nothing on it answers any more.

use wasm_bindgen::JsValue;
use web_sys::Document;

use crate::words::Language;

/// Lets a panic be told on the page, besides the console.
pub fn listen() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        if let Some(document) = web_sys::window().and_then(|window| window.document()) {
            // Where even that fails the console is all there is.
            let _ = tell(&document);
        }
    }));
}

/// Without components, which may be what failed.
fn tell(document: &Document) -> Result<(), JsValue> {
    let Some(body) = document.body() else { return Ok(()) };
    let spoken = document.document_element().and_then(|root| root.get_attribute("lang"));
    let words = &spoken.as_deref().and_then(Language::from_tag).unwrap_or_default().words().notice;
    let notice = document.create_element("div")?;
    notice.set_class_name("notice is-trouble");
    let sentence = document.create_element("p")?;
    sentence.set_attribute("role", "alert")?;
    sentence.set_attribute("data-testid", "notice")?;
    sentence.set_text_content(Some(words.page_stopped));
    let reload = document.create_element("a")?;
    reload.set_class_name("button");
    // The page's own address without what it links to: following it loads the page anew.
    reload.set_attribute("href", &document.location().map_or(Ok(String::new()), |location| location.search())?)?;
    reload.set_text_content(Some(words.reload));
    notice.append_child(&sentence)?;
    notice.append_child(&reload)?;
    body.prepend_with_node_1(&notice)
}
