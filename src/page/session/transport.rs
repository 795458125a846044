//! The present run: played, paused, stepped, tuned, saved.

use leptos::prelude::*;

use super::Session;
use crate::{
    page::settings::Kind,
    protocol::{Request, RunState, TrainConfig, Trouble},
};

impl Session {
    pub fn play(self) {
        // A run that is about to be there plays then.
        self.undertaking.update(|undertaking| undertaking.set_play(true));
        if self.has_model_now() && !self.is_running_now() && !self.is_without_text() {
            self.send(Request::Play);
        }
    }

    pub fn pause(self) {
        let about_to = self.undertaking.with_untracked(|undertaking| undertaking.plays());
        self.undertaking.update(|undertaking| undertaking.set_play(false));
        self.measuring.forget_to_resume();
        if self.has_model_now() && (about_to || self.is_running_now()) {
            self.send(Request::Pause);
        }
    }

    pub fn toggle(self) {
        if untrack(|| self.is_running()) { self.pause() } else { self.play() }
    }

    pub fn step_once(self) {
        if self.has_model_now() && !self.is_without_text() {
            self.send(Request::StepOnce);
        }
    }

    fn is_running_now(self) -> bool {
        self.run.state.with_untracked(|state| *state == RunState::Running)
    }

    /// The learning rate and the clip act on the next step, of a run of the kind that they were chosen for.
    pub(super) fn tune(self, kind: Kind) {
        if self.has_model_now() && self.kind() == kind {
            let (learning_rate, clip) = self.settings.live(kind);
            self.send(Request::Tune { learning_rate, clip });
        }
    }

    pub fn change_pretraining(self, train: TrainConfig) {
        let before = self.settings.live(Kind::Pretraining);
        self.settings.pretraining.update(|settings| settings.train = train);
        self.tune_if_changed(Kind::Pretraining, before);
    }

    pub fn change_fine_tuning(self, train: TrainConfig) {
        let before = self.settings.live(Kind::FineTuning);
        self.settings.set_fine_tuning(train);
        self.tune_if_changed(Kind::FineTuning, before);
    }

    fn tune_if_changed(self, kind: Kind, before: (f64, f64)) {
        if self.settings.live(kind) != before {
            self.tune(kind);
        }
    }

    pub fn save(self) {
        if self.has_model_now() {
            self.send(Request::Save);
        } else {
            self.trouble(Trouble::NoModel);
        }
    }
}
