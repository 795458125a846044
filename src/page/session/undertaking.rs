//! What the page is about to have: one thing at a time, and a newer wish takes the place of an older one.

use super::texts::KeptText;
use crate::protocol::{RequestId, Source};

#[derive(Clone, Debug, Default, PartialEq)]
pub enum Undertaking {
    #[default]
    Idle,
    /// A corpus is on its way to the page.
    Fetching { source: Source, play: bool },
    /// The engine is to take a text, as soon as it is up (no request yet), or is reading it; a run of it comes next.
    TakingText { text: KeptText, request: Option<RequestId>, play: bool },
    /// The present run is being saved, to go on with in an engine on another device.
    Saving { request: RequestId, play: bool },
    /// The engine is making a run: what, and whether it was `asked` to train it.
    Making { what: Making, request: RequestId, asked: bool, play: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Making {
    Building,
    FineTuning,
    Loading,
    /// Loading what was saved of the present run a moment before.
    Moving,
    Recovering,
}

impl Undertaking {
    /// Whether the run that comes of it is to train: what the user wished last.
    pub fn plays(&self) -> bool {
        match self {
            Undertaking::Idle => false,
            Undertaking::Fetching { play, .. }
            | Undertaking::TakingText { play, .. }
            | Undertaking::Saving { play, .. }
            | Undertaking::Making { play, .. } => *play,
        }
    }

    pub fn set_play(&mut self, wish: bool) {
        match self {
            Undertaking::Idle => {}
            Undertaking::Fetching { play, .. }
            | Undertaking::TakingText { play, .. }
            | Undertaking::Saving { play, .. }
            | Undertaking::Making { play, .. } => *play = wish,
        }
    }

    /// The text that is on its way.
    pub fn source(&self) -> Option<&Source> {
        match self {
            Undertaking::Fetching { source, .. } => Some(source),
            Undertaking::TakingText { text, .. } => Some(&text.request.source),
            _ => None,
        }
    }

    /// Whether what comes of it is the present run, in another engine.
    pub fn moves(&self) -> bool {
        matches!(self, Undertaking::Making { what: Making::Moving, .. })
    }

    /// Whether it is this request that it waits for.
    pub fn waits_for(&self, id: RequestId) -> bool {
        match self {
            Undertaking::TakingText { request, .. } => *request == Some(id),
            Undertaking::Saving { request, .. } | Undertaking::Making { request, .. } => *request == id,
            _ => false,
        }
    }
}
