//! The speed of this machine, measured by an engine of its own: whatever happens to it, the run stays, and it stops at
//! once.

use std::sync::Arc;

use leptos::prelude::*;

use super::Session;
use crate::{
    page::engine_link::{Arrival, EngineLink, Program},
    protocol::{DeviceWish, Event, Parcel, Request, SpeedReport, SpeedSize},
};

/// What is measured, from the smallest on.
pub const SIZES: [SpeedSize; 3] = [size(32), size(128), size(256)];

const fn size(hidden: usize) -> SpeedSize {
    SpeedSize { hidden, batch: 32, context: 64 }
}

/// Seconds for a way of computing to get ready.
const PATIENCE: f64 = 4.0;

#[derive(Clone, Debug, PartialEq)]
pub enum Measuring {
    No,
    /// A run that was training waits meanwhile, and `resumes` when it is over.
    Going {
        resumes: bool,
    },
    /// Why, in the browser's words.
    Failed(String),
    /// The program that measures is not part of this site, or not yet.
    Missing,
}

#[derive(Clone, Copy)]
pub struct MeasuringStore {
    pub state: RwSignal<Measuring>,
    /// What was measured of this machine.
    pub report: RwSignal<Option<Arc<SpeedReport>>>,
    /// The engine that measures.
    link: StoredValue<Option<EngineLink>, LocalStorage>,
}

impl MeasuringStore {
    pub fn new() -> Self {
        MeasuringStore {
            state: RwSignal::new(Measuring::No),
            report: RwSignal::new(None),
            link: StoredValue::new_local(None),
        }
    }

    pub fn is_going(self) -> bool {
        self.state.with(|state| matches!(state, Measuring::Going { .. }))
    }

    /// The user has paused what waits.
    pub(super) fn forget_to_resume(self) {
        if untrack(|| self.is_going()) {
            self.state.set(Measuring::Going { resumes: false });
        }
    }
}

impl Session {
    /// Measures from the start; a running training waits.
    pub fn measure_speed(self) {
        let resumes = untrack(|| self.is_running());
        self.pause();
        self.measuring.report.set(None);
        self.measuring.state.set(Measuring::Going { resumes });
        let started = EngineLink::start(Program::Bench, move |arrival| self.measured(arrival)).and_then(|link| {
            link.send(&Parcel::new(1, Request::Open { device: DeviceWish::Cpu }))?;
            self.measuring.link.set_value(Some(link));
            Ok(())
        });
        if let Err(reason) = started {
            self.end_measuring(Measuring::Failed(reason));
        }
    }

    /// Ends a measurement that is going on, at once.
    pub fn stop_measuring(self) {
        if untrack(|| self.measuring.is_going()) {
            self.end_measuring(Measuring::No);
        }
    }

    fn measured(self, arrival: Arrival) {
        let said = match arrival {
            Arrival::Failed { missing: true, .. } => Err(Measuring::Missing),
            Arrival::Failed { reason, .. } | Arrival::Unreadable(reason) => Err(Measuring::Failed(reason)),
            Arrival::Event(parcel) => Ok(parcel.body),
        };
        match said {
            Ok(Event::Ready(_)) => {
                let request = Parcel::new(2, Request::MeasureSpeed { sizes: SIZES.to_vec(), patience: PATIENCE });
                self.measuring.link.with_value(|link| link.as_ref().map(|link| link.send(&request)));
            }
            Ok(Event::Speed(report)) => {
                let SpeedReport { going, .. } = report;
                self.measuring.report.set(Some(Arc::new(report)));
                if !going {
                    self.end_measuring(Measuring::No);
                }
            }
            Ok(_) => {}
            Err(end) => self.end_measuring(end),
        }
    }

    fn end_measuring(self, end: Measuring) {
        // Not dropped: this may be called by what it owns.
        self.measuring.link.with_value(|link| {
            if let Some(link) = link {
                link.stop();
            }
        });
        let resumes = self.measuring.state.with_untracked(|state| *state == Measuring::Going { resumes: true });
        self.measuring.state.set(end);
        if resumes {
            self.undertaking.update(|undertaking| undertaking.set_play(true));
            if self.has_model_now() {
                // Not `play`, which would take the pause that is on its way for none.
                self.send(Request::Play);
            }
        }
    }
}
