//! The engine: how far it is, on which device, and what is asked of it.

use std::sync::Arc;

use leptos::prelude::*;

use super::{
    Session,
    requests::{Purpose, Requests},
    resets::Happening,
    undertaking::Undertaking,
};
use crate::{
    page::engine_link::{EngineLink, Program},
    protocol::{Array, DeviceReport, DeviceWish, Parcel, Request, RequestId, Task, Trouble},
};

/// How far the engine is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phase {
    /// Its download is under way, or its device is being opened.
    Loading,
    Ready,
    /// It failed; only a new one helps.
    Down,
}

/// A longer task within a request, or within a run's training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Working {
    pub request: RequestId,
    pub task: Task,
    /// From 0 to 1.
    pub done: f32,
}

#[derive(Clone, Copy)]
pub struct EngineStore {
    pub phase: RwSignal<Phase>,
    pub device: RwSignal<Option<DeviceReport>>,
    pub wish: RwSignal<DeviceWish>,
    pub working: RwSignal<Option<Working>>,
    pub(super) requests: StoredValue<Requests>,
    /// The present run as a file, while no engine has it.
    pub(super) carried: StoredValue<Option<Arc<Vec<u8>>>>,
    link: StoredValue<Option<EngineLink>, LocalStorage>,
    /// Tests have no worker: what would have been sent.
    #[cfg(test)]
    pub(super) sent: StoredValue<Vec<Parcel<Request>>>,
}

impl EngineStore {
    pub fn new(wish: DeviceWish) -> Self {
        EngineStore {
            phase: RwSignal::new(Phase::Loading),
            device: RwSignal::new(None),
            wish: RwSignal::new(wish),
            working: RwSignal::new(None),
            requests: StoredValue::new(Requests::default()),
            carried: StoredValue::new(None),
            link: StoredValue::new_local(None),
            #[cfg(test)]
            sent: StoredValue::new(Vec::new()),
        }
    }

    pub fn is_ready(self) -> bool {
        self.phase.get_untracked() == Phase::Ready
    }

    /// The task within `request` is over.
    pub(super) fn end_task(self, request: RequestId) {
        if self.working.with_untracked(|working| working.is_some_and(|working| working.request == request)) {
            self.working.set(None);
        }
    }

    /// Ends the worker. It is not dropped: this may be called by what it owns.
    pub(super) fn stop(self) {
        self.link.with_value(|link| {
            if let Some(link) = link {
                link.stop();
            }
        });
    }
}

impl Session {
    /// Starts the engine. The text that the user had is given to it as soon as it is up, and what was training trains.
    pub fn start_engine(self) {
        self.notice.set(None);
        self.keep_for_a_new_engine();
        self.reset(Happening::EngineStarts);
        // The old one first, so that two engines never share the device.
        self.engine.link.set_value(None);
        if cfg!(not(test)) {
            match EngineLink::start(Program::Engine, move |arrival| self.arrived(arrival)) {
                Ok(link) => self.engine.link.set_value(Some(link)),
                Err(reason) => {
                    self.engine.phase.set(Phase::Down);
                    self.trouble(Trouble::EngineFailedToLoad { reason });
                    return;
                }
            }
        }
        self.send(Request::Open { device: self.engine.wish.get_untracked() });
    }

    /// Computes on another device, and goes on there with the present run: saved here, loaded there.
    pub fn choose_device(self, wish: DeviceWish) {
        self.engine.wish.set(wish);
        let play = untrack(|| self.is_running());
        match self.undertaking.get_untracked() {
            // The engine that comes next is on the device that was chosen last.
            Undertaking::Saving { .. } => {}
            Undertaking::Idle if self.has_model_now() => {
                let request = self.send_with(Request::Save, Purpose::Move, None);
                self.undertaking.set(Undertaking::Saving { request, play });
            }
            _ => self.start_engine(),
        }
    }

    /// The present run is saved, to go on with in an engine on the chosen device.
    pub(super) fn moved(self, id: RequestId, model: Vec<u8>) {
        // Unless something else is wanted by now.
        if self.undertaking.with_untracked(|undertaking| undertaking.waits_for(id)) {
            self.engine.carried.set_value(Some(Arc::new(model)));
        }
        self.start_engine();
    }

    /// What is under way goes on with a new engine as far as the page has it: a text, and whether its run is to train.
    fn keep_for_a_new_engine(self) {
        let play = untrack(|| self.is_running());
        let kept = self.texts.kept.get_value();
        self.undertaking.update(|undertaking| match undertaking {
            Undertaking::Fetching { .. } => {}
            Undertaking::TakingText { request, .. } => *request = None,
            Undertaking::Saving { play, .. } => {
                let play = *play;
                *undertaking =
                    kept.map_or(Undertaking::Idle, |text| Undertaking::TakingText { text, request: None, play });
            }
            _ => {
                *undertaking =
                    kept.map_or(Undertaking::Idle, |text| Undertaking::TakingText { text, request: None, play });
            }
        });
    }

    pub(super) fn engine_failed(self, reason: String) {
        let task = self.engine.working.get_untracked().map(|working| working.task);
        let was_up = self.engine.device.with_untracked(Option::is_some);
        self.engine.stop();
        self.keep_for_a_new_engine();
        self.reset(Happening::EngineFails);
        let with_a_gpu = matches!(task, Some(Task::OpeningDevice | Task::MeasuringDevices));
        if with_a_gpu && self.engine.wish.get_untracked() != DeviceWish::Cpu {
            // The GPU took the engine with it; the CPU does without.
            self.choose_device(DeviceWish::Cpu);
            self.trouble(Trouble::NoWebGpu { reason });
        } else if was_up {
            self.trouble(Trouble::WorkerDied { reason });
        } else {
            self.trouble(Trouble::EngineFailedToLoad { reason });
        }
    }

    pub(super) fn send(self, body: Request) -> RequestId {
        let purpose = Purpose::of(&body);
        self.send_with(body, purpose, None)
    }

    /// The same with bytes beside it.
    pub(super) fn send_with(self, body: Request, purpose: Purpose, bytes: Option<Vec<u8>>) -> RequestId {
        let id = self.engine.requests.try_update_value(|requests| requests.begin(purpose)).unwrap_or_default();
        let parcel = Parcel { id, body, arrays: bytes.map(Array::Bytes).into_iter().collect() };
        let sent = self.engine.link.with_value(|link| link.as_ref().map(|link| link.send(&parcel)));
        if let Some(Err(reason)) = sent {
            self.trouble(Trouble::WorkerDied { reason });
        }
        #[cfg(test)]
        self.engine.sent.update_value(|sent| sent.push(parcel));
        id
    }
}
