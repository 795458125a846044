//! Runs that the user asks for: drawn anew, fine-tuned, loaded, recovered.

use std::sync::Arc;

use leptos::prelude::*;

use super::{
    Notice, Session, Taken, fits,
    requests::Purpose,
    undertaking::{Making, Undertaking},
};
use crate::protocol::{Request, RequestId, Source, Trouble};

impl Session {
    /// Draws a new model of the chosen settings for the text taken last, at step 0.
    pub(super) fn build(self, play: bool) {
        let Some(text) = self.texts.taken.with_untracked(|taken| taken.as_ref().map(|taken| taken.id)) else { return };
        let settings = self.settings.pretraining.get_untracked();
        if self.accept(settings.check()) {
            let (model, train) = (settings.model, settings.train);
            self.make(Making::Building, Request::Build { text, model, train, play }, None, play);
        }
    }

    /// Starts over with the chosen settings, and trains.
    pub fn start_over(self) {
        self.build_or_wait(true);
    }

    /// The same, and waits.
    pub fn reset_run(self) {
        self.build_or_wait(false);
    }

    /// A text that is on its way is built for when it is there.
    fn build_or_wait(self, play: bool) {
        if self.undertaking.with_untracked(|undertaking| undertaking.source().is_some()) {
            self.undertaking.update(|undertaking| undertaking.set_play(play));
        } else {
            self.build(play);
        }
    }

    /// Goes on training the present model on another text; an empty name stands for a pasted one.
    pub fn fine_tune(self, (name, bytes): Taken) {
        let train = self.settings.fine_tuning();
        if !self.accept(fits(bytes.len() as u64)) || !self.accept(train.check()) {
            return;
        }
        if !self.has_model_now() {
            return self.trouble(Trouble::NoModel);
        }
        self.notice.set(None);
        let text = self.text_request(Source::Own { name });
        let request = Request::FineTune { text, train, play: true };
        self.make(Making::FineTuning, request, Some(bytes), true);
    }

    /// Takes a model from a file.
    pub fn load(self, bytes: Vec<u8>) {
        if !self.engine.is_ready() {
            return;
        }
        self.notice.set(None);
        self.make(Making::Loading, Request::Load, Some(Arc::new(bytes)), false);
    }

    /// Goes on with the present run, which another engine has saved.
    pub(super) fn go_on_with(self, model: Arc<Vec<u8>>, play: bool) {
        self.make(Making::Moving, Request::Load, Some(model), false);
        self.undertaking.update(|undertaking| undertaking.set_play(play));
    }

    /// Goes on from the last good checkpoint at a lower rate.
    pub(super) fn recover(self, learning_rate: f64) {
        self.make(Making::Recovering, Request::Recover { learning_rate }, None, false);
        // The engine waits; the user pressed to go on.
        self.undertaking.update(|undertaking| undertaking.set_play(true));
    }

    fn make(self, what: Making, request: Request, bytes: Option<Arc<Vec<u8>>>, play: bool) {
        if what != Making::Moving {
            self.engine.carried.set_value(None);
        }
        let bytes = bytes.map(|bytes| bytes.to_vec());
        let request = self.send_with(request, Purpose::Run, bytes);
        // A text that is on its way comes after it.
        if self.undertaking.with_untracked(|undertaking| undertaking.source().is_none()) {
            self.undertaking.set(Undertaking::Making { what, request, asked: play, play });
        }
    }

    /// A run that was asked for is there, or was refused: then the one before goes on as it did.
    pub(super) fn made(self, id: RequestId, refused: bool) {
        let made = self.undertaking.with_untracked(|undertaking| match undertaking {
            Undertaking::Making { request, asked, play, .. } if *request == id => Some((*asked, *play)),
            _ => None,
        });
        let Some((asked, play)) = made else { return };
        self.undertaking.set(Undertaking::Idle);
        if refused {
            return;
        }
        // What was wished meanwhile.
        if play && !asked {
            self.send(Request::Play);
        } else if asked && !play {
            self.send(Request::Pause);
        }
        let kind = self.kind();
        let chosen = self.settings.live(kind);
        let trained = self
            .run
            .model
            .with_untracked(|model| model.as_ref().map(|model| (model.train.learning_rate, model.train.clip)));
        if trained.is_some_and(|trained| trained != chosen) {
            self.tune(kind);
        }
    }

    /// The model came without the text that it learned, so that it cannot be trained further as it is.
    pub(super) fn is_without_text(self) -> bool {
        let without = self.has_model_now() && self.run.text.with_untracked(Option::is_none);
        if without {
            self.notice.set(Some(Notice::Loaded { without_text: true }));
        }
        without
    }
}
