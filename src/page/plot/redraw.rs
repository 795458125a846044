//! Drawing at most once a frame, and saying what is drawn at most every two seconds.

use std::{cell::Cell, rc::Rc, time::Duration};

use leptos::prelude::*;
use wasm_bindgen::{JsCast, prelude::*};

/// Asks for redraws; however many there are between two frames, one is done.
#[derive(Clone, Copy)]
pub struct Redraw(StoredValue<Scheduler, LocalStorage>);

struct Scheduler {
    draw: Closure<dyn FnMut()>,
    pending: Rc<Cell<Option<i32>>>,
}

impl Redraw {
    /// `draw` is called outside of any effect: what it reads must be read untracked.
    pub fn new(draw: Box<dyn Fn()>) -> Self {
        let pending = Rc::new(Cell::new(None));
        let due = pending.clone();
        let draw = Closure::new(move || {
            due.set(None);
            draw();
        });
        Redraw(StoredValue::new_local(Scheduler { draw, pending }))
    }

    /// Draws in the next frame.
    pub fn request(self) {
        self.0.try_with_value(|scheduler| {
            if scheduler.pending.get().is_none() {
                let request = window().request_animation_frame(scheduler.draw.as_ref().unchecked_ref());
                scheduler.pending.set(request.ok());
            }
        });
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        if let Some(request) = self.pending.take() {
            // Nothing is left to draw on; a request that is already gone is none to cancel.
            let _ = window().cancel_animation_frame(request);
        }
    }
}

/// What `value` says, but changing at most every two seconds, so that a screen reader can read it out.
pub fn slowly<T: Default + Clone + Send + Sync + 'static>(value: impl Fn() -> T + 'static) -> ReadSignal<T> {
    const PAUSE: Duration = Duration::from_secs(2);
    let (shown, show) = signal(T::default());
    let newest = StoredValue::new(T::default());
    let waiting = StoredValue::new(false);
    Effect::new(move |_| {
        newest.set_value(value());
        if waiting.get_value() {
            return;
        }
        waiting.set_value(true);
        show.set(newest.get_value());
        set_timeout(
            move || {
                waiting.try_set_value(false);
                if let Some(newest) = newest.try_get_value() {
                    // `Some` hands the value back when the component is gone: nobody is left to read it.
                    let _ = show.try_set(newest);
                }
            },
            PAUSE,
        );
    });
    shown
}
