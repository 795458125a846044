//! What pictures show of the model: each that is seen has a subscription, and nothing is asked for one that is not.

use std::sync::Arc;

use leptos::prelude::*;

use super::Session;
use crate::{
    page::pictures::HiddenFrame,
    protocol::{Array, HiddenReport, NO_REQUEST, NextSymbol, ProbabilityReport, Request, RequestId, Topic},
};

/// How many of the likeliest next symbols are shown.
pub const LIKELIEST: usize = 5;

/// A picture that asks the engine for what it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Picture {
    Hidden,
    Probabilities,
}

impl Picture {
    const ALL: [Picture; 2] = [Picture::Hidden, Picture::Probabilities];

    /// Milliseconds between two looks while the model learns: what an eye can follow.
    const fn every_ms(self) -> u32 {
        match self {
            Picture::Hidden => 200,
            Picture::Probabilities => 500,
        }
    }
}

/// What one picture is subscribed to.
#[derive(Clone, Debug, Default, PartialEq)]
struct Subscription {
    request: RequestId,
    topic: Option<Topic>,
}

impl Subscription {
    /// Moves on to what is `wanted` now: the subscription that is over, and whether to ask for another.
    fn settle(&mut self, wanted: Option<Topic>) -> (Option<RequestId>, Option<Topic>) {
        if self.topic == wanted {
            return (None, None);
        }
        let over = Some(std::mem::take(&mut self.request)).filter(|request| *request != NO_REQUEST);
        self.topic = wanted;
        (over, self.topic.clone())
    }
}

#[derive(Clone, Copy)]
pub struct PictureStore {
    /// What the heatmap reads; empty: the start of the validation part.
    pub watch_text: RwSignal<String>,
    /// The layer that the heatmap shows, from 0.
    pub layer: RwSignal<usize>,
    pub hidden: RwSignal<Option<Arc<HiddenFrame>>>,
    /// Whether anybody sees the heatmap.
    pub hidden_seen: RwSignal<bool>,
    /// Symbols of `watch_text` that the model does not know.
    pub unknown: RwSignal<Vec<String>>,
    /// The likeliest next symbols after the prompt.
    pub next: RwSignal<Vec<NextSymbol>>,
    /// Whether anybody sees them.
    pub next_seen: RwSignal<bool>,
    subscriptions: StoredValue<[Subscription; 2]>,
}

impl PictureStore {
    pub fn new() -> Self {
        PictureStore {
            watch_text: RwSignal::new(String::new()),
            layer: RwSignal::new(0),
            hidden: RwSignal::new(None),
            hidden_seen: RwSignal::new(false),
            unknown: RwSignal::new(Vec::new()),
            next: RwSignal::new(Vec::new()),
            next_seen: RwSignal::new(false),
            subscriptions: StoredValue::new(Default::default()),
        }
    }

    fn with<R>(self, picture: Picture, work: impl FnOnce(&mut Subscription) -> R) -> Option<R> {
        self.subscriptions.try_update_value(|all| work(&mut all[picture as usize]))
    }

    fn is_of(self, picture: Picture, id: RequestId) -> bool {
        self.subscriptions.with_value(|all| id != NO_REQUEST && all[picture as usize].request == id)
    }

    pub(super) fn heard_hidden(self, id: RequestId, report: HiddenReport, arrays: Vec<Array>) {
        if self.is_of(Picture::Hidden, id) {
            self.unknown.set(report.unknown.clone());
            self.hidden.set(HiddenFrame::new(report, arrays).map(Arc::new));
        }
    }

    pub(super) fn heard_probabilities(self, id: RequestId, report: ProbabilityReport) {
        if self.is_of(Picture::Probabilities, id) {
            self.next.set(report.next);
        }
    }

    /// A subscription is over, or was refused; it is asked for again when something else is wanted.
    pub(super) fn ended(self, id: RequestId) {
        for picture in Picture::ALL {
            if self.is_of(picture, id) {
                self.with(picture, |subscription| subscription.request = NO_REQUEST);
            }
        }
    }

    /// The engine that had them is no more.
    pub(super) fn forget_subscriptions(self) {
        for picture in Picture::ALL {
            self.with(picture, |subscription| (subscription.request, subscription.topic) = (NO_REQUEST, None));
        }
    }

    #[cfg(test)]
    pub(super) fn is_unsubscribed(self) -> bool {
        self.subscriptions.with_value(|all| all.iter().all(|one| one.topic.is_none() && one.request == NO_REQUEST))
    }

    pub(super) fn clear(self) {
        self.hidden.set(None);
        self.unknown.set(Vec::new());
        self.next.set(Vec::new());
    }
}

impl Session {
    /// Asks the engine for what is seen, as it is chosen now, and for nothing else.
    pub fn settle_subscriptions(self) {
        let shown = self.has_model_now() && self.view.visible.get_untracked();
        for picture in Picture::ALL {
            let changes = self.pictures.with(picture, |subscription| {
                let wanted = (shown && self.is_seen(picture)).then(|| self.topic(picture));
                subscription.settle(wanted)
            });
            let Some((over, wanted)) = changes else { continue };
            if let Some(subscription) = over {
                self.send(Request::Unsubscribe { subscription });
            }
            if let Some(topic) = wanted {
                let id = self.send(Request::Subscribe { topic, every_ms: picture.every_ms() });
                self.pictures.with(picture, |subscription| subscription.request = id);
            }
        }
    }

    fn is_seen(self, picture: Picture) -> bool {
        match picture {
            Picture::Hidden => self.pictures.hidden_seen.get_untracked(),
            Picture::Probabilities => self.pictures.next_seen.get_untracked(),
        }
    }

    fn topic(self, picture: Picture) -> Topic {
        match picture {
            Picture::Hidden => Topic::Hidden {
                text: self.pictures.watch_text.get_untracked(),
                layer: self.pictures.layer.get_untracked(),
            },
            Picture::Probabilities => Topic::Probabilities {
                prompt: self.writing.asking.with_untracked(|asking| asking.prompt.clone()),
                count: LIKELIEST,
            },
        }
    }
}
