//! What the page knows, in stores by subject: what the engine said and what the user chose, as signals.
//!
//! `heard` brings each event to the store of its subject, `resets` says what it resets. What the user does is a method
//! beside the store that it is about. What is about to be had (a text, a run) is one state, `undertaking`, and what each
//! request was for stands in one table, `requests`: an answer acts on the request that it names and on nothing else.

mod engine;
mod heard;
mod makes;
mod measuring;
mod notice;
mod pictures;
mod requests;
mod resets;
mod run;
mod texts;
mod transport;
mod undertaking;
mod view;
mod writing;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use leptos::prelude::*;

use self::{
    engine::EngineStore, measuring::MeasuringStore, pictures::PictureStore, run::RunStore, texts::TextStore,
    undertaking::Undertaking, writing::WritingStore,
};
pub use self::{
    engine::Phase,
    measuring::{Measuring, SIZES},
    notice::{Notice, Remedy},
    pictures::LIKELIEST,
    run::KeptSample,
    texts::{Draft, Taken, fits},
    view::{Step, ViewStore},
    writing::Asking,
};
use super::{
    address::Address,
    pictures::References,
    settings::{Kind, SettingsStore},
};
use crate::protocol::{TextReport, Trouble};

/// Every store.
#[derive(Clone, Copy)]
pub struct Session {
    pub address: Address,
    pub view: ViewStore,
    pub settings: SettingsStore,
    pub engine: EngineStore,
    pub texts: TextStore,
    pub run: RunStore,
    pub pictures: PictureStore,
    pub writing: WritingStore,
    pub measuring: MeasuringStore,
    pub notice: RwSignal<Option<Notice>>,
    undertaking: RwSignal<Undertaking>,
}

impl Session {
    pub fn new(address: Address, view: ViewStore, settings: SettingsStore) -> Self {
        Session {
            address,
            view,
            settings,
            engine: EngineStore::new(address.device),
            texts: TextStore::new(),
            run: RunStore::new(),
            pictures: PictureStore::new(),
            writing: WritingStore::new(),
            measuring: MeasuringStore::new(),
            notice: RwSignal::new(None),
            undertaking: RwSignal::new(Undertaking::Idle),
        }
    }

    /// A run that the engine has, and the engine is up.
    pub fn has_model(self) -> bool {
        self.engine.phase.get() == Phase::Ready && self.run.at_hand.get()
    }

    fn has_model_now(self) -> bool {
        untrack(|| self.has_model())
    }

    /// Whether the run trains, or is about to.
    pub fn is_running(self) -> bool {
        self.run.is_running() || self.undertaking.with(Undertaking::plays)
    }

    /// Whether what is chosen would make another model than the present one. A fine-tuning, and a model that was loaded
    /// without its text, were not made from these settings.
    pub fn is_changed(self) -> bool {
        if self.run.fine_tuning.get() {
            return false;
        }
        let (Some(model), true) = (self.run.model.get(), self.run.text.with(Option::is_some)) else { return false };
        self.next_text().is_some()
            || self.settings.pretraining.with(|chosen| chosen.differ(&model.config, &model.train))
    }

    /// The text of the present run; before the first one, the text that it will have.
    pub fn present_text(self) -> Option<Arc<TextReport>> {
        if self.run.model.with(Option::is_some) { self.run.text.get() } else { self.texts.taken.get() }
    }

    /// The text that the next start is for, where the present run has another.
    pub fn next_text(self) -> Option<Arc<TextReport>> {
        let present = self.present_text().map(|text| text.id);
        self.texts.taken.get().filter(|taken| present != Some(taken.id))
    }

    /// What the present run is measured against.
    pub fn references(self) -> References {
        self.present_text().map(|text| References::new(&text, &text.baselines)).unwrap_or_default()
    }

    /// A loss of `nats` a token of the present run in the unit that the user reads.
    pub fn in_unit(self, nats: f64) -> f64 {
        self.view.unit.get().of(nats, self.run.characters_per_token())
    }

    pub fn trouble(self, trouble: Trouble) {
        self.notice.set(Some(Notice::Trouble(trouble)));
    }

    /// Shows the trouble, if any, and says whether there is none.
    pub fn accept(self, checked: Result<(), Trouble>) -> bool {
        checked.map_err(|trouble| self.trouble(trouble)).is_ok()
    }

    /// What the present run is: what its own controls act on.
    fn kind(self) -> Kind {
        if self.run.fine_tuning.get_untracked() { Kind::FineTuning } else { Kind::Pretraining }
    }
}

/// The stores of the page that a component stands on.
pub fn use_session() -> Session {
    expect_context::<Session>()
}
