//! What the user does, turned into requests.

use std::sync::Arc;

use leptos::{prelude::*, task::spawn_local};

use super::{KeptText, Notice, Phase, Remedy, Session, Writing};
use crate::{
    page::{
        corpora,
        engine_link::{EngineLink, Program},
    },
    protocol::{
        Array, DeviceWish, Generate, GeneratedText, Limits, NO_REQUEST, Parcel, Request, RequestId, RunState, Source,
        TextRequest, Topic, Trouble, VocabularyKind,
    },
};

/// How many of the next symbols' odds are shown.
pub const ODDS: usize = 5;

impl Session {
    /// Starts the engine. What the user had is given to it as soon as it is up.
    pub fn start_engine(self) {
        self.plan.update_value(|plan| (plan.hidden_id, plan.odds_id) = (NO_REQUEST, NO_REQUEST));
        self.notice.set(None);
        self.device.set(None);
        self.phase.set(Phase::Loading { received: 0, total: 0 });
        // The old one first, so that two engines never share the device.
        self.link.set_value(None);
        match EngineLink::start(Program::Engine, move |arrival| self.arrived(arrival)) {
            Ok(link) => {
                self.link.set_value(Some(link));
                let device = self.plan.with_value(|plan| plan.wish);
                self.send(Request::Open { device });
            }
            Err(reason) => {
                self.phase.set(Phase::Down);
                self.trouble(Trouble::EngineFailedToLoad { reason });
            }
        }
    }

    /// Computes on another device, with the same text and settings.
    pub fn choose_device(self, wish: DeviceWish) {
        let was_running = self.run.get_untracked() == RunState::Running;
        self.wish.set(wish);
        self.plan.update_value(|plan| {
            plan.wish = wish;
            plan.play_when_built |= was_running;
        });
        self.run.set(RunState::Paused);
        self.start_engine();
    }

    pub(super) fn send(self, body: Request) -> RequestId {
        self.send_with(body, Vec::new())
    }

    fn send_with(self, body: Request, arrays: Vec<Array>) -> RequestId {
        let id = self.plan.try_update_value(|plan| {
            plan.last_id += 1;
            plan.last_id
        });
        let parcel = Parcel { id: id.unwrap_or_default(), body, arrays };
        let sent = self.link.with_value(|link| link.as_ref().map(|link| link.send(&parcel)));
        if let Some(Err(reason)) = sent {
            self.trouble(Trouble::WorkerDied { reason });
        }
        parcel.id
    }

    pub fn trouble(self, trouble: Trouble) {
        self.notice.set(Some(Notice::Trouble(trouble)));
    }

    /// Shows the first trouble, if any, and says whether there is none.
    pub fn accept(self, checked: Result<(), Trouble>) -> bool {
        checked.map_err(|trouble| self.trouble(trouble)).is_ok()
    }

    // The text.

    fn text_request(self, source: Source) -> TextRequest {
        self.settings.with_untracked(|settings| TextRequest {
            source,
            vocabulary: settings.vocabulary,
            split: settings.split,
        })
    }

    /// Takes one of the page's own corpora.
    pub fn use_corpus(self, id: &'static str) {
        let source = Source::Corpus { id: id.to_owned() };
        self.notice.set(None);
        self.chosen.set(Some(source.clone()));
        spawn_local(async move {
            let bytes = corpora::fetch(id).await;
            // Another one may have been chosen while this one was under way.
            if self.chosen.get_untracked().as_ref() != Some(&source) {
                return;
            }
            match bytes {
                Ok(bytes) => self.use_text(source, Some(bytes)),
                Err(reason) => self.trouble(Trouble::CannotRead { name: id.to_owned(), reason }),
            }
        });
    }

    pub fn use_generated(self, text: GeneratedText) {
        let source = Source::Generated { text, seed: 1 };
        self.notice.set(None);
        self.chosen.set(Some(source.clone()));
        self.use_text(source, None);
    }

    /// Takes a text of the user's own; an empty name stands for a pasted one.
    pub fn use_own(self, name: String, bytes: Vec<u8>) {
        if self.accept(fits(bytes.len() as u64)) {
            self.notice.set(None);
            self.use_text(Source::Own { name }, Some(bytes));
        }
    }

    fn use_text(self, source: Source, bytes: Option<Vec<u8>>) {
        let request = self.text_request(source);
        self.plan.update_value(|plan| plan.asked = Some(KeptText { request, bytes: bytes.map(Arc::new) }));
        if self.phase.get_untracked() == Phase::Ready {
            self.give_text();
        }
    }

    /// Reads the present text again, with the chosen vocabulary and split.
    pub fn read_again(self) {
        self.plan.update_value(|plan| {
            plan.asked = plan.kept.clone();
        });
        if let Some(source) = self.chosen.get_untracked() {
            let request = self.text_request(source);
            self.plan.update_value(|plan| {
                if let Some(asked) = &mut plan.asked {
                    asked.request.vocabulary = request.vocabulary;
                    asked.request.split = request.split;
                }
            });
        }
        if self.phase.get_untracked() == Phase::Ready {
            self.give_text();
        }
    }

    /// Gives the engine the text that was chosen last.
    pub(super) fn give_text(self) {
        let was_running = self.run.get_untracked() == RunState::Running;
        self.plan.update_value(|plan| {
            plan.play_when_built |= was_running || self.address.autostart;
            if plan.asked.is_none() {
                plan.asked = plan.kept.clone();
            }
        });
        let Some(text) = self.plan.with_value(|plan| plan.asked.clone()) else { return };
        let body = Request::UseText(text.request);
        let id = self.send_with(body, text.bytes.map(|bytes| Array::Bytes(bytes.to_vec())).into_iter().collect());
        self.plan.update_value(|plan| plan.text_id = id);
    }

    // The model.

    /// Draws a new model of the chosen settings, at step 0.
    pub fn build(self) {
        let settings = self.settings.get_untracked();
        if self.accept(settings.check()) {
            self.notice.update(|notice| {
                // A notice about a run that is over helps nobody; others stay until they are read.
                notice.take_if(|notice| matches!(notice, Notice::Trouble(Trouble::Diverged { .. })));
            });
            let Some(text) = self.text.with_untracked(|text| text.as_ref().map(|text| text.id)) else { return };
            let play = self.plan.try_update_value(|plan| std::mem::take(&mut plan.play_when_built));
            let (model, train) = (settings.model, settings.train);
            self.send(Request::Build { text, model, train, play: play.unwrap_or_default() });
        }
    }

    /// The same, and trains it.
    pub fn start_over(self) {
        self.plan.update_value(|plan| plan.play_when_built = true);
        self.build();
    }

    pub fn reset(self) {
        self.plan.update_value(|plan| plan.play_when_built = false);
        self.build();
    }

    pub fn play(self) {
        if self.has_model_now() && self.run.get_untracked() != RunState::Running {
            self.send(Request::Play);
        }
    }

    pub fn pause(self) {
        if self.run.get_untracked() == RunState::Running {
            self.send(Request::Pause);
        }
    }

    pub fn toggle(self) {
        if self.run.get_untracked() == RunState::Running { self.pause() } else { self.play() }
    }

    pub fn step_once(self) {
        if self.has_model_now() {
            self.send(Request::StepOnce);
        }
    }

    pub(super) fn has_model_now(self) -> bool {
        self.phase.get_untracked() == Phase::Ready && self.model.with_untracked(Option::is_some)
    }

    /// The learning rate and the clip act on the next step.
    pub fn tune(self) {
        let (learning_rate, clip) =
            self.settings.with_untracked(|settings| (settings.train.learning_rate, settings.train.clip));
        if self.has_model_now() {
            self.send(Request::Tune { learning_rate, clip });
        }
    }

    pub fn subscribe_hidden(self) {
        let topic = Topic::Hidden { text: self.watch_text.get_untracked(), layer: self.layer.get_untracked() };
        let before = self.plan.with_value(|plan| plan.hidden_id);
        let id = self.subscribe(before, topic, 250);
        self.plan.update_value(|plan| plan.hidden_id = id);
    }

    fn subscribe(self, before: RequestId, topic: Topic, every_ms: u32) -> RequestId {
        if !self.has_model_now() {
            return before;
        }
        if before != NO_REQUEST {
            self.send(Request::Unsubscribe { subscription: before });
        }
        self.send(Request::Subscribe { topic, every_ms })
    }

    pub fn fine_tune(self, name: String, bytes: Vec<u8>, train: crate::protocol::TrainConfig) {
        if !self.accept(fits(bytes.len() as u64)) || !self.accept(train.check()) {
            return;
        }
        if !self.has_model_now() {
            self.trouble(Trouble::NoModel);
            return;
        }
        self.notice.set(None);
        let text = self.text_request(Source::Own { name });
        self.send_with(Request::FineTune { text, train, play: true }, vec![Array::Bytes(bytes)]);
    }

    pub fn save(self) {
        if self.has_model_now() {
            self.send(Request::Save);
        } else {
            self.trouble(Trouble::NoModel);
        }
    }

    pub fn load(self, bytes: Vec<u8>) {
        self.notice.set(None);
        self.send_with(Request::Load, vec![Array::Bytes(bytes)]);
    }

    // Asking.

    pub fn generate(self) {
        let asking = self.asking.get_untracked();
        if !self.has_model_now() {
            self.trouble(Trouble::NoModel);
            return;
        }
        self.stop_writing();
        let seed = self.plan.try_update_value(|plan| {
            plan.seed += 1;
            plan.seed
        });
        let prompt = asking.prompt.clone();
        let id = self.send(Request::Generate(Generate {
            prompt: asking.prompt,
            length: asking.length as usize,
            temperature: asking.temperature as f32,
            top_k: (asking.top_k >= 1.0).then_some(asking.top_k as usize),
            seed: seed.unwrap_or_default(),
        }));
        self.writing.set(Writing { id, prompt, going: true, ..Writing::default() });
    }

    pub fn stop_writing(self) {
        let Writing { id, going, .. } = self.writing.get_untracked();
        if going {
            self.send(Request::StopGenerating { request: id });
        }
    }

    /// Asks for the next symbol's probabilities after the prompt.
    pub fn subscribe_probabilities(self) {
        let prompt = self.asking.with_untracked(|asking| asking.prompt.clone());
        let before = self.plan.with_value(|plan| plan.odds_id);
        let id = self.subscribe(before, Topic::Probabilities { prompt, count: ODDS }, 700);
        self.plan.update_value(|plan| plan.odds_id = id);
    }

    // The notice.

    pub fn remedy(self, remedy: Remedy) {
        self.notice.set(None);
        match remedy {
            Remedy::StartAgain => self.start_engine(),
            Remedy::Recover { learning_rate } => self.send(Request::Recover { learning_rate }),
            Remedy::FitToText { tokens, needed } => {
                self.settings.update(|settings| *settings = settings.fitted(tokens, needed));
                self.start_over();
            }
            Remedy::UseBytes => {
                self.settings.update(|settings| settings.vocabulary = VocabularyKind::Byte);
                self.read_again();
            }
        }
    }
}

/// Refuses a text before it is read whole.
pub fn fits(bytes: u64) -> Result<(), Trouble> {
    let limit = Limits::TEXT_BYTES as u64;
    if bytes > limit { Err(Trouble::TextTooLarge { bytes, limit }) } else { Ok(()) }
}
