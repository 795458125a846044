//! What resets what: one table, which is what is done.

use leptos::prelude::*;

use super::{Notice, Phase, Session, run::Figures};
use crate::protocol::{NO_REQUEST, RunState, Trouble};

/// What makes something that the page knows untrue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A new engine is started, be there one already or not.
    EngineStarts,
    EngineFails,
    /// Another run takes the place of the present one, at `step`.
    RunBegins {
        step: u64,
    },
    /// The present run goes on from an earlier step: after a divergence, or a lost device.
    RunGoesOn {
        step: u64,
    },
}

/// Something that the page knows, with what is left of it after a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// How far the engine is: at the start of its download.
    Download,
    /// The engine is down.
    Down,
    /// Which device computes: not known.
    Device,
    /// Requests under way: none, and nothing that belongs to one is shown.
    Requests,
    /// Pictures' subscriptions: none; they are asked for again.
    Subscriptions,
    /// The run is not at hand any more, though what it did is still shown.
    AtHand,
    /// Paused.
    State,
    /// A task of the run's training, such as an evaluation: over.
    Task,
    /// Of the transport bar: none yet, at the run's step.
    Figures,
    /// Losses and what is drawn with them: none after the run's step.
    Curves,
    /// None after the run's step.
    LaterSamples,
    /// None, and none is open.
    Samples,
    /// What pictures show of the model: nothing yet.
    Pictures,
    /// A notice that the run diverged: read and done with.
    Divergence,
}

impl Happening {
    pub const fn resets(self) -> &'static [Part] {
        use Part::*;
        match self {
            Happening::EngineStarts => &[Download, Device, Requests, Subscriptions, AtHand, State, Task],
            Happening::EngineFails => &[Down, Device, Requests, Subscriptions, AtHand, State, Task],
            // Its curves begin with it: those of the run before are kept beside them.
            Happening::RunBegins { .. } => &[State, Task, Figures, Samples, Pictures, Divergence],
            Happening::RunGoesOn { .. } => &[State, Task, Figures, Curves, LaterSamples, Pictures, Divergence],
        }
    }

    const fn step(self) -> u64 {
        match self {
            Happening::EngineStarts | Happening::EngineFails => 0,
            Happening::RunBegins { step } | Happening::RunGoesOn { step } => step,
        }
    }
}

impl Session {
    pub(super) fn reset(self, happening: Happening) {
        for part in happening.resets() {
            self.reset_part(*part, happening.step());
        }
    }

    fn reset_part(self, part: Part, step: u64) {
        match part {
            Part::Download => self.engine.phase.set(Phase::Loading),
            Part::Down => self.engine.phase.set(Phase::Down),
            Part::Device => self.engine.device.set(None),
            Part::Requests => {
                self.engine.requests.update_value(|requests| requests.clear());
                self.engine.working.set(None);
                self.writing.stopped();
            }
            Part::Subscriptions => self.pictures.forget_subscriptions(),
            Part::AtHand => self.run.at_hand.set(false),
            Part::State => self.run.state.set(RunState::Paused),
            Part::Task => self.engine.end_task(NO_REQUEST),
            Part::Figures => self.run.figures.set(Figures::at_step(step)),
            Part::Curves => self.run.histories.update(|histories| histories.rewind(step)),
            Part::LaterSamples => self.run.rewind_samples(step),
            Part::Samples => {
                self.run.samples.set(Vec::new());
                self.run.open_sample.set(None);
            }
            Part::Pictures => self.pictures.clear(),
            Part::Divergence => self.notice.update(|notice| {
                notice.take_if(|notice| matches!(notice, Notice::Trouble(Trouble::Diverged { .. })));
            }),
        }
    }
}
