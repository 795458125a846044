//! A canvas as large and as sharp as it is shown, and when it has to be drawn again.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement, MediaQueryList, ResizeObserver};

/// What to draw on, in CSS pixels, cleared.
pub struct Surface {
    pub context: CanvasRenderingContext2d,
    pub width: f64,
    pub height: f64,
}

impl Surface {
    /// The canvas, as large as its box. `None` while it is not shown.
    pub fn of(canvas: &HtmlCanvasElement) -> Option<Self> {
        let (width, height) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
        Self::sized(canvas, width, height, window().device_pixel_ratio())
    }

    /// A canvas that is given its size.
    pub fn sized(canvas: &HtmlCanvasElement, width: f64, height: f64, ratio: f64) -> Option<Self> {
        if width < 1.0 || height < 1.0 {
            return None;
        }
        let pixels = |length: f64| (length * ratio).round().max(1.0) as u32;
        if (canvas.width(), canvas.height()) != (pixels(width), pixels(height)) {
            canvas.set_width(pixels(width));
            canvas.set_height(pixels(height));
        }
        let context = context(canvas)?;
        context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0).ok()?;
        context.clear_rect(0.0, 0.0, width, height);
        Some(Surface { context, width, height })
    }
}

/// A canvas that is nowhere on the page.
pub fn detached_canvas() -> Option<HtmlCanvasElement> {
    document().create_element("canvas").ok()?.dyn_into().ok()
}

pub fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok()??.dyn_into().ok()
}

/// Calls `changed` when the element's size or the theme changes, as long as the component lives.
pub fn watch(element: &Element, changed: impl Fn(Change) + Copy + 'static) {
    let resized = Closure::<dyn Fn()>::new(move || changed(Change::Size));
    let restyled = Closure::<dyn Fn()>::new(move || changed(Change::Theme));
    let sizes = ResizeObserver::new(resized.as_ref().unchecked_ref()).ok();
    if let Some(sizes) = &sizes {
        sizes.observe(element);
    }
    let attributes = MutationObserver::new(restyled.as_ref().unchecked_ref());
    if let Some(root) = document().document_element() {
        attributes.observe(&root, &wish_for_attributes());
    }
    let dark = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
    if let Some(dark) = &dark {
        // A browser without this event still has the observer of attributes.
        let _ = dark.add_event_listener_with_callback("change", restyled.as_ref().unchecked_ref());
    }
    let watch = Watch { sizes, attributes, dark, _resized: resized, restyled };
    let kept = StoredValue::new_local(Some(watch));
    on_cleanup(move || drop(kept.try_update_value(Option::take)));
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Size,
    Theme,
}

struct Watch {
    sizes: Option<ResizeObserver>,
    attributes: MutationObserver,
    dark: Option<MediaQueryList>,
    _resized: Closure<dyn Fn()>,
    restyled: Closure<dyn Fn()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(sizes) = &self.sizes {
            sizes.disconnect();
        }
        self.attributes.disconnect();
        if let Some(dark) = &self.dark {
            // It was never added when this fails.
            let _ = dark.remove_event_listener_with_callback("change", self.restyled.as_ref().unchecked_ref());
        }
    }
}

// web-sys has these behind a feature of its own, and the engine, which shares web-sys, would have to be built again.
#[wasm_bindgen]
extern "C" {
    type MutationObserver;

    #[wasm_bindgen(constructor)]
    fn new(callback: &js_sys::Function) -> MutationObserver;

    #[wasm_bindgen(method)]
    fn observe(this: &MutationObserver, target: &Element, wish: &js_sys::Object);

    #[wasm_bindgen(method)]
    fn disconnect(this: &MutationObserver);
}

/// `{ attributes: true }`
fn wish_for_attributes() -> js_sys::Object {
    let entries = js_sys::Array::of1(&js_sys::Array::of2(&"attributes".into(), &true.into()));
    js_sys::Object::from_entries(&entries).unwrap_or_default()
}
