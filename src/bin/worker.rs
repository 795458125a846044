//! The engine in a module Web Worker, started by `worker.js`. Messages are parcels, see [`unroll::wire`].

use std::{cell::RefCell, rc::Rc};

use futures_channel::{mpsc, oneshot};
use js_sys::{Function, Reflect};
use unroll::{
    engine::{Engine, serve},
    protocol::{Event, Parcel, Trouble},
    wire,
};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent};

#[cfg(target_family = "wasm")]
unsafe extern "C" {
    /// Runs the constructors of CubeCL's registries. The linker makes it; where a program never calls it, the linker has
    /// every export call it first, which here took nine tenths of the time of a training step.
    fn __wasm_call_ctors();
}

fn main() {
    // SAFETY: this is the first that runs of the module, and `main` runs once.
    #[cfg(target_family = "wasm")]
    unsafe {
        __wasm_call_ctors();
    }
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        fail(info.payload_as_str().unwrap_or("the engine stopped"));
    }));
    if let Err(error) = start() {
        fail(&format!("{error:?}"));
    }
}

fn start() -> Result<(), JsValue> {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().dyn_into()?;
    let (sender, inbox) = mpsc::unbounded();
    let answerer = scope.clone();
    let receive = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
        match wire::unpack(&message.data(), |body| serde_json::from_str(body).map_err(|error| error.to_string())) {
            // The inbox is open as long as the engine serves, which is for ever.
            Ok(request) => drop(sender.unbounded_send(request)),
            Err((id, reason)) => {
                let trouble = Trouble::UnreadableMessage { reason };
                post(&answerer, &Parcel::new(id, Event::Trouble { run: None, trouble }));
            }
        }
    });
    scope.set_onmessage(Some(receive.as_ref().unchecked_ref()));
    receive.forget();

    let turns = Rc::new(Turns::new()?);
    let engine = Engine::new(move |event| post(&scope, &event));
    spawn_local(serve(engine, inbox, move || turns.clone().next()));
    Ok(())
}

fn post(scope: &DedicatedWorkerGlobalScope, event: &Parcel<Event>) {
    let posted = wire::pack(event).and_then(|(message, buffers)| {
        scope.post_message_with_transfer(&message, &buffers).map_err(|error| format!("{error:?}"))
    });
    if let Err(reason) = posted {
        fail(&reason);
    }
}

/// Tells the page, through `worker.js`, that the engine is at an end.
fn fail(reason: &str) {
    let fail = Reflect::get(&js_sys::global(), &JsValue::from_str("engineFailed"));
    if let Ok(fail) = fail.and_then(JsCast::dyn_into::<Function>) {
        fail.call1(&JsValue::NULL, &JsValue::from_str(reason)).ok();
    }
}

/// Turns of the worker's event loop, in which messages of the page come in: a message to oneself, which unlike a timer
/// is not slowed down.
struct Turns {
    channel: MessageChannel,
    waiting: Rc<RefCell<Option<oneshot::Sender<()>>>>,
    _returned: Closure<dyn FnMut()>,
}

impl Turns {
    fn new() -> Result<Self, JsValue> {
        let (channel, waiting) = (MessageChannel::new()?, Rc::new(RefCell::new(None::<oneshot::Sender<()>>)));
        let waiter = waiting.clone();
        let returned = Closure::<dyn FnMut()>::new(move || {
            if let Some(sender) = waiter.borrow_mut().take() {
                sender.send(()).ok();
            }
        });
        channel.port2().set_onmessage(Some(returned.as_ref().unchecked_ref()));
        Ok(Turns { channel, waiting, _returned: returned })
    }

    async fn next(self: Rc<Self>) {
        let (sender, receiver) = oneshot::channel();
        self.waiting.borrow_mut().replace(sender);
        if self.channel.port1().post_message(&JsValue::NULL).is_ok() {
            receiver.await.ok();
        }
    }
}
