//! When a picture has to be drawn again, and whether anybody sees it.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::{Array, Function, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{Element, EventTarget, ResizeObserver, ResizeObserverEntry};

use super::surface::Size;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Of the box, or of how many pixels of the device it covers.
    Size(Size),
    /// Light, dark, or colours that the system forces.
    Theme,
    /// On screen, in a tab that is in front.
    Seen(bool),
}

/// Calls `changed` as long as the component lives.
pub fn watch(element: &Element, changed: Rc<dyn Fn(Change)>) {
    let mut watch = Watch::default();
    watch.size(element, &changed);
    watch.ratio(element, &changed);
    watch.theme(&changed);
    watch.keep(element, changed);
}

/// Calls `changed` with [`Change::Seen`] alone.
pub fn watch_seen(element: &Element, changed: Rc<dyn Fn(Change)>) {
    Watch::default().keep(element, changed);
}

/// What has to be taken away again, and what it calls.
#[derive(Default)]
struct Watch {
    observers: Vec<Observer>,
    listeners: Vec<Listener>,
    closures: Vec<Callback>,
    /// The question whether the ratio is still what it was; asked anew at every change of it.
    ratio: Rc<RefCell<Option<Listener>>>,
    changed: Option<Rc<dyn Fn(Change)>>,
}

type Callback = Closure<dyn FnMut(JsValue)>;

impl Watch {
    fn keep(mut self, element: &Element, changed: Rc<dyn Fn(Change)>) {
        self.seen(element, &changed);
        self.changed = Some(changed);
        let kept = StoredValue::new_local(Some(self));
        on_cleanup(move || drop(kept.try_update_value(Option::take)));
    }

    fn function(&mut self, call: impl FnMut(JsValue) + 'static) -> Function {
        let closure = Callback::new(call);
        let function = closure.as_ref().unchecked_ref::<Function>().clone();
        self.closures.push(closure);
        function
    }

    /// The browser itself says how many pixels of the device a box covers, and says it anew when their size changes;
    /// where it does not (Safari), they are counted.
    fn size(&mut self, element: &Element, changed: &Rc<dyn Fn(Change)>) {
        let (measured, changed) = (element.clone(), changed.clone());
        let resized = self.function(move |entries| {
            let entry = Array::from(&entries).pop();
            let exact = entry.dyn_ref::<ResizeObserverEntry>().and_then(covered);
            changed(Change::Size(exact.unwrap_or_else(|| counted(&measured))));
        });
        let Ok(observer) = ResizeObserver::new(&resized) else { return };
        let observer: Observer = observer.unchecked_into();
        if observer.observe(element, &options("box", &"device-pixel-content-box".into())).is_err() {
            // An observer of the plain box is all there is.
            let _ = observer.observe(element, &Object::new());
        }
        self.observers.push(observer);
    }

    /// A window that moves to another screen, or is zoomed. Whoever observes the plain box only is not told.
    fn ratio(&mut self, element: &Element, changed: &Rc<dyn Fn(Change)>) {
        let (kept, element, changed) = (self.ratio.clone(), element.clone(), changed.clone());
        let again: Rc<RefCell<Option<Function>>> = Rc::default();
        let ask = again.clone();
        let function = self.function(move |_| {
            changed(Change::Size(counted(&element)));
            if let Some(function) = ask.borrow().as_ref() {
                *kept.borrow_mut() = listen_to_ratio(function);
            }
        });
        *self.ratio.borrow_mut() = listen_to_ratio(&function);
        *again.borrow_mut() = Some(function);
    }

    fn theme(&mut self, changed: &Rc<dyn Fn(Change)>) {
        let changed = changed.clone();
        let restyled = self.function(move |_| changed(Change::Theme));
        // Our own switch.
        if let Some(root) = document().document_element() {
            let observer: Observer = MutationObserver::new(&restyled).unchecked_into();
            let _ = observer.observe(&root, &options("attributes", &true.into()));
            self.observers.push(observer);
        }
        for query in ["(prefers-color-scheme: dark)", "(forced-colors: active)"] {
            self.listeners.extend(listen_to_media(query, &restyled));
        }
    }

    fn seen(&mut self, element: &Element, changed: &Rc<dyn Fn(Change)>) {
        let on_screen = Rc::new(Cell::new(false));
        let tell = {
            let (on_screen, changed) = (on_screen.clone(), changed.clone());
            move || changed(Change::Seen(on_screen.get() && !document().hidden()))
        };
        let turned = {
            let tell = tell.clone();
            self.function(move |_| tell())
        };
        self.listeners.extend(Listener::new(document().into(), "visibilitychange", &turned));
        let crossed = self.function(move |entries| {
            let newest = Array::from(&entries).pop();
            let crosses = Reflect::get(&newest, &"isIntersecting".into());
            on_screen.set(crosses.is_ok_and(|crosses| crosses.is_truthy()));
            tell();
        });
        let observer: Observer = IntersectionObserver::new(&crossed).unchecked_into();
        let _ = observer.observe(element, &JsValue::UNDEFINED.unchecked_into());
        self.observers.push(observer);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observers.iter().for_each(Observer::disconnect);
        self.ratio.take();
        if let Some(changed) = self.changed.take() {
            changed(Change::Seen(false));
        }
    }
}

/// What the browser measured; `None` where it does not tell pixels of the device, or tells those of a screen that the
/// page is not drawn for (Chromium, when it imitates another one).
fn covered(entry: &ResizeObserverEntry) -> Option<Size> {
    let boxes = Reflect::get(entry, &"devicePixelContentBoxSize".into()).ok()?;
    let pixels = Reflect::get_u32(&boxes, 0).ok()?;
    let length = |name: &str| Reflect::get(&pixels, &name.into()).ok()?.as_f64();
    let content = entry.content_rect();
    let (columns, rows) = (length("inlineSize")? as u32, length("blockSize")? as u32);
    let size = Size { width: content.width(), height: content.height(), columns, rows };
    size.agrees_with(window().device_pixel_ratio()).then_some(size)
}

/// The same, worked out from where the element stands.
pub fn counted(element: &Element) -> Size {
    let place = element.get_bounding_client_rect();
    let ratio = window().device_pixel_ratio();
    Size::snapped((place.left(), place.top()), (place.width(), place.height()), ratio)
}

struct Listener {
    target: EventTarget,
    event: &'static str,
    function: Function,
}

impl Listener {
    fn new(target: EventTarget, event: &'static str, function: &Function) -> Option<Self> {
        target.add_event_listener_with_callback(event, function).ok()?;
        Some(Listener { target, event, function: function.clone() })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // It was never added when this fails.
        let _ = self.target.remove_event_listener_with_callback(self.event, &self.function);
    }
}

fn listen_to_media(query: &str, function: &Function) -> Option<Listener> {
    Listener::new(window().match_media(query).ok()??.into(), "change", function)
}

fn listen_to_ratio(function: &Function) -> Option<Listener> {
    let ratio = String::from(js_sys::Number::from(window().device_pixel_ratio()).to_string_with_radix(10).ok()?);
    listen_to_media(&format!("(resolution: {ratio}dppx)"), function)
}

/// `{ name: value }`
fn options(name: &str, value: &JsValue) -> Object {
    let options = Object::new();
    // A new object takes every property.
    let _ = Reflect::set(&options, &name.into(), value);
    options
}

// web-sys has these behind features of their own, and the engine, which shares web-sys, would have to be built again.
#[wasm_bindgen]
extern "C" {
    type MutationObserver;

    #[wasm_bindgen(constructor)]
    fn new(callback: &Function) -> MutationObserver;

    type IntersectionObserver;

    #[wasm_bindgen(constructor)]
    fn new(callback: &Function) -> IntersectionObserver;

    /// What the three kinds of observers have in common.
    type Observer;

    #[wasm_bindgen(method, structural, catch)]
    fn observe(this: &Observer, target: &Element, options: &Object) -> Result<(), JsValue>;

    #[wasm_bindgen(method, structural)]
    fn disconnect(this: &Observer);
}
