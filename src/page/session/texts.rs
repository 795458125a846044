//! The text that the next run is for: chosen, on its way, taken.

use std::sync::Arc;

use leptos::{prelude::*, task::spawn_local};

use super::{Session, requests::Purpose, undertaking::Undertaking};
use crate::{
    page::{
        corpora,
        session::{Notice, run::same_text},
    },
    protocol::{Baseline, GeneratedText, Limits, Request, RequestId, Source, TextId, TextReport, TextRequest, Trouble},
};

/// A text as it was sent to the engine, kept so that a new engine can have it.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptText {
    pub request: TextRequest,
    /// None for a text that the engine makes itself.
    pub bytes: Option<Arc<Vec<u8>>>,
}

/// The name of a file (empty: pasted) and its bytes.
pub type Taken = (String, Arc<Vec<u8>>);

/// A text of the user's own that is not taken yet.
#[derive(Clone, Copy)]
pub struct Draft {
    pub pasted: RwSignal<String>,
    pub file: RwSignal<Option<Taken>>,
}

impl Draft {
    fn new() -> Self {
        Draft { pasted: RwSignal::new(String::new()), file: RwSignal::new(None) }
    }
}

#[derive(Clone, Copy)]
pub struct TextStore {
    /// The text that the engine has taken last. A run has its own: `RunStore::text`.
    pub taken: RwSignal<Option<Arc<TextReport>>>,
    pub draft: Draft,
    /// The same of the step that fine-tunes.
    pub tuning_draft: Draft,
    /// `taken`, as it was asked for.
    pub(super) kept: StoredValue<Option<KeptText>>,
    /// The text that was refused last, for whoever can read it another way.
    pub(super) refused: StoredValue<Option<KeptText>>,
}

impl TextStore {
    pub fn new() -> Self {
        TextStore {
            taken: RwSignal::new(None),
            draft: Draft::new(),
            tuning_draft: Draft::new(),
            kept: StoredValue::new(None),
            refused: StoredValue::new(None),
        }
    }

    pub(super) fn heard_baselines(self, text: TextId, baselines: &[Baseline]) {
        same_text(self.taken, text, baselines);
    }
}

impl Session {
    /// Which text is chosen, be it taken or on its way.
    pub fn chosen(self) -> Option<Source> {
        let coming = self.undertaking.with(|undertaking| undertaking.source().cloned());
        coming.or_else(|| self.texts.taken.with(|taken| taken.as_ref().map(|taken| taken.source.clone())))
    }

    /// A text that the user chose is played, unless the page was asked to wait.
    fn plays_a_new_text(self) -> bool {
        self.address.autostart || untrack(|| self.is_running())
    }

    pub(super) fn text_request(self, source: Source) -> TextRequest {
        self.settings.pretraining.with_untracked(|settings| TextRequest {
            source,
            vocabulary: settings.vocabulary,
            split: settings.split,
        })
    }

    /// Takes one of the page's own corpora.
    pub fn use_corpus(self, id: &'static str) {
        let source = Source::Corpus { id: id.to_owned() };
        self.notice.set(None);
        let play = self.plays_a_new_text();
        self.undertaking.set(Undertaking::Fetching { source: source.clone(), play });
        if cfg!(not(test)) {
            spawn_local(async move { self.fetched(source, corpora::fetch(id).await) });
        }
    }

    /// A corpus came, or did not. Something else may be wanted by now.
    pub(super) fn fetched(self, source: Source, bytes: Result<Vec<u8>, String>) {
        let wanted = self.undertaking.with_untracked(|undertaking| match undertaking {
            Undertaking::Fetching { source: wanted, play } if *wanted == source => Some(*play),
            _ => None,
        });
        let Some(play) = wanted else { return };
        match bytes {
            Ok(bytes) => self.take_text(source, Some(Arc::new(bytes)), play),
            Err(reason) => {
                self.undertaking.set(Undertaking::Idle);
                let name = self.view.language.get_untracked().words().source_name(&source);
                self.trouble(Trouble::CannotRead { name, reason });
            }
        }
    }

    pub fn use_generated(self, text: GeneratedText) {
        self.notice.set(None);
        self.take_text(Source::Generated { text, seed: 1 }, None, self.plays_a_new_text());
    }

    /// Takes a text of the user's own; an empty name stands for a pasted one.
    pub fn use_own(self, (name, bytes): Taken) {
        if self.accept(fits(bytes.len() as u64)) {
            self.notice.set(None);
            self.take_text(Source::Own { name }, Some(bytes), self.plays_a_new_text());
        }
    }

    /// Reads the chosen text again, with the chosen vocabulary and split.
    pub fn read_again(self) {
        let coming = self.undertaking.with_untracked(|undertaking| match undertaking {
            // Asked for with the settings of the moment when it comes.
            Undertaking::Fetching { .. } => None,
            Undertaking::TakingText { text, .. } => Some(text.clone()),
            _ => self.texts.kept.get_value(),
        });
        if let Some(KeptText { request, bytes }) = coming {
            self.take_text(request.source, bytes, untrack(|| self.is_running()));
        }
    }

    /// Takes the text that was refused last with the settings as they are now.
    pub(super) fn take_refused(self) {
        if let Some(KeptText { request, bytes }) = self.texts.refused.get_value() {
            self.take_text(request.source, bytes, self.plays_a_new_text());
        }
    }

    fn take_text(self, source: Source, bytes: Option<Arc<Vec<u8>>>, play: bool) {
        let text = KeptText { request: self.text_request(source), bytes };
        self.texts.refused.set_value(None);
        self.engine.carried.set_value(None);
        self.undertaking.set(Undertaking::TakingText { text, request: None, play });
        self.give_text();
    }

    /// Gives the engine the text that it is to take, if there is one and it is up.
    pub(super) fn give_text(self) {
        if !self.engine.is_ready() {
            return;
        }
        let waiting = self.undertaking.with_untracked(|undertaking| match undertaking {
            Undertaking::TakingText { text, request: None, .. } => Some(text.clone()),
            _ => None,
        });
        let Some(text) = waiting else { return };
        let bytes = text.bytes.as_ref().map(|bytes| bytes.to_vec());
        let id = self.send_with(Request::UseText(text.request.clone()), Purpose::Text(text), bytes);
        self.undertaking.update(|undertaking| {
            if let Undertaking::TakingText { request, .. } = undertaking {
                *request = Some(id);
            }
        });
    }

    /// The engine has taken a text: a run of it comes next, unless that would replace a model that came from a file
    /// without its text.
    pub(super) fn text_ready(self, id: RequestId, report: TextReport) {
        let text = self.engine.requests.with_value(|requests| match requests.get(id) {
            Some(Purpose::Text(text)) => Some(text.clone()),
            _ => None,
        });
        let Some(text) = text else { return };
        self.texts.kept.set_value(Some(text));
        self.texts.taken.set(Some(Arc::new(report)));
        let play = self.undertaking.with_untracked(Undertaking::plays);
        if self.undertaking.with_untracked(|undertaking| undertaking.waits_for(id)) {
            self.undertaking.set(Undertaking::Idle);
        }
        if let Some(model) = self.engine.carried.get_value() {
            self.go_on_with(model, play);
        } else if self.has_model_now() && self.run.text.with_untracked(Option::is_none) {
            self.notice.set(Some(Notice::LoadedKept));
        } else {
            self.build(play);
        }
    }
}

/// Refuses a text before it is read whole.
pub fn fits(bytes: u64) -> Result<(), Trouble> {
    let limit = Limits::TEXT_BYTES as u64;
    if bytes > limit { Err(Trouble::TextTooLarge { bytes, limit }) } else { Ok(()) }
}
