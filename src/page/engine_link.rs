//! The wire to the engine in its worker.

use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event as DomEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use super::json;
use crate::{
    protocol::{Event, Parcel, Request},
    wire,
};

/// What comes out of the worker.
pub enum Arrival {
    Event(Box<Parcel<Event>>),
    /// A message that could not be read, and why; the engine goes on.
    Unreadable(String),
    /// It failed, and nothing more will come; why, in the browser's words.
    Failed {
        reason: String,
        /// The site has no such program.
        missing: bool,
    },
}

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Engine,
    /// The one that has burn's own LSTM as well, to measure it.
    Bench,
}

pub struct EngineLink {
    worker: Worker,
    // The worker calls these as long as it lives.
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(DomEvent)>,
}

impl EngineLink {
    /// Starts a worker and loads the engine into it. `arrived` is called with all that it says.
    pub fn start(program: Program, arrived: impl Fn(Arrival) + Clone + 'static) -> Result<Self, String> {
        let (worker, said) = match program {
            Program::Engine => match early_worker() {
                Some(early) => early,
                None => (new_worker("worker.js")?, Array::new()),
            },
            Program::Bench => (new_worker("worker.js?program=bench")?, Array::new()),
        };

        let (told, failed) = (arrived.clone(), arrived.clone());
        let on_message = Closure::new(move |message: MessageEvent| told(arrival(&message.data())));
        let on_error = Closure::new(move |event: DomEvent| {
            event.prevent_default();
            failed(Arrival::Failed { reason: reason(&event), missing: false });
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        // When whoever asked for this link has it.
        spawn_local(async move { said.iter().for_each(|message| arrived(arrival(&message))) });
        Ok(EngineLink { worker, _on_message: on_message, _on_error: on_error })
    }

    pub fn send(&self, request: &Parcel<Request>) -> Result<(), String> {
        let (message, buffers) = wire::pack(request)?;
        self.worker.post_message_with_transfer(&message, &buffers).map_err(|error| reason(&error))
    }

    /// Ends the worker; it says nothing more.
    pub fn stop(&self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

impl Drop for EngineLink {
    fn drop(&mut self) {
        self.stop();
    }
}

fn arrival(message: &JsValue) -> Arrival {
    let field = |name: &str| Reflect::get(message, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED);
    if let Some(reason) = field("failed").as_string() {
        return Arrival::Failed { reason, missing: field("missing").is_truthy() };
    }
    match wire::unpack(message, json::parse) {
        Ok(parcel) => Arrival::Event(Box::new(parcel)),
        Err((_, reason)) => Arrival::Unreadable(reason),
    }
}

fn new_worker(address: &str) -> Result<Worker, String> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    Worker::new_with_options(address, &options).map_err(|error| reason(&error))
}

/// The engine's worker that `boot.js` started before the page was there, and what it has said since. There is one.
fn early_worker() -> Option<(Worker, Array)> {
    const NAME: &str = "earlyEngine";
    let window = web_sys::window()?;
    let early = Reflect::get(&window, &JsValue::from_str(NAME)).ok()?;
    Reflect::delete_property(&window, &JsValue::from_str(NAME)).ok()?;
    let field = |name: &str| Reflect::get(&early, &JsValue::from_str(name)).ok();
    Some((field("worker")?.dyn_into().ok()?, field("said")?.dyn_into().ok()?))
}

/// What the browser says about a failure, in its words.
fn reason(error: &JsValue) -> String {
    let message = Reflect::get(error, &JsValue::from_str("message")).ok().and_then(|message| message.as_string());
    message.filter(|message| !message.is_empty()).unwrap_or_else(|| "worker.js".to_owned())
}
