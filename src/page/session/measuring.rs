//! The speed of this machine, measured by an engine of its own: whatever happens to it, the run stays, and it stops at
//! once.

use std::sync::Arc;

use leptos::prelude::*;

use super::Session;
use crate::{
    page::engine_link::{Arrival, EngineLink, Program},
    protocol::{DeviceWish, Event, Parcel, Request, RunState, SpeedReport, SpeedSize},
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
    Going,
    /// Why, in the browser's words.
    Failed(String),
    /// The program that measures is not part of this site, or not yet.
    Missing,
}

impl Session {
    /// Measures from the start; a running training waits.
    pub fn measure_speed(self) {
        self.speed.set(None);
        self.measuring.set(Measuring::Going);
        let running = self.run.get_untracked() == RunState::Running;
        self.plan.update_value(|plan| plan.waits |= running);
        self.pause();
        let started = EngineLink::start(Program::Bench, move |arrival| self.measured(arrival)).and_then(|link| {
            link.send(&Request::Open { device: DeviceWish::Cpu }.into())?;
            self.gauge.set_value(Some(link));
            Ok(())
        });
        if let Err(reason) = started {
            self.end_measuring(Measuring::Failed(reason));
        }
    }

    /// Ends a measurement that is going on, at once.
    pub fn stop_measuring(self) {
        if self.measuring.get_untracked() == Measuring::Going {
            self.end_measuring(Measuring::No);
        }
    }

    fn measured(self, arrival: Arrival) {
        let said = match arrival {
            Arrival::Loading { .. } => return,
            Arrival::Failed { missing: true, .. } => Err(Measuring::Missing),
            Arrival::Failed { reason, .. } => Err(Measuring::Failed(reason)),
            Arrival::Event(parcel) => Ok(parcel.body),
        };
        match said {
            Ok(Event::Ready(_)) => {
                let request: Parcel<_> = Request::MeasureSpeed { sizes: SIZES.to_vec(), patience: PATIENCE }.into();
                self.gauge.with_value(|link| link.as_ref().map(|link| link.send(&request)));
            }
            Ok(Event::Speed(report)) => {
                let SpeedReport { going, .. } = report;
                self.speed.set(Some(Arc::new(report)));
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
        self.gauge.with_value(|link| {
            if let Some(link) = link {
                link.stop();
            }
        });
        self.measuring.set(end);
        let waits = self.plan.try_update_value(|plan| std::mem::take(&mut plan.waits));
        if waits == Some(true) && self.has_model_now() {
            // Not `play`, which would take the pause that is on its way for none.
            self.send(Request::Play);
        }
    }
}
