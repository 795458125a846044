//! What the engine says, brought to the store of its subject.

use leptos::prelude::*;

use super::{Notice, Phase, Session, engine::Working, requests::Purpose, undertaking::Undertaking};
use crate::{
    page::{download, engine_link::Arrival},
    protocol::{Array, Event, NO_REQUEST, Parcel, RequestId, Trouble},
};

impl Session {
    pub(super) fn arrived(self, arrival: Arrival) {
        match arrival {
            Arrival::Failed { reason, .. } => self.engine_failed(reason),
            // The engine goes on, and so does the request: its last word is still to come.
            Arrival::Unreadable(reason) => self.trouble(Trouble::UnreadableMessage { reason }),
            Arrival::Event(parcel) => self.heard(*parcel),
        }
    }

    pub(super) fn heard(self, Parcel { id, body, arrays }: Parcel<Event>) {
        match body {
            Event::Done => self.ended(id, None),
            Event::Trouble { trouble, .. } if id == NO_REQUEST => self.trouble(trouble),
            Event::Trouble { trouble, .. } => self.ended(id, Some(trouble)),
            Event::Working { task, done } => self.heard_working(Working { request: id, task, done }),
            Event::Ready(report) => {
                self.engine.device.set(Some(report));
                self.engine.phase.set(Phase::Ready);
                self.give_text();
            }
            Event::Device(report) => self.engine.device.set(Some(report)),
            Event::TextReady(report) => self.text_ready(id, report),
            Event::Baselines { text, baselines } => {
                self.texts.heard_baselines(text, &baselines);
                self.run.heard_baselines(text, &baselines);
            }
            Event::ModelReady(report) => self.model_ready(*report),
            Event::State { run, state } if self.run.is(run) => self.heard_state(state),
            Event::Progress(progress) if self.run.is(progress.run) => self.run.heard_progress(&progress, &arrays),
            Event::Evaluated(evaluation) if self.run.is(evaluation.run) => {
                self.engine.end_task(id);
                self.run.heard_evaluation(&evaluation);
            }
            Event::Sample(sample) if self.run.is(sample.run) => self.run.heard_sample(sample),
            Event::Hidden(report) if self.run.is(report.run) => self.pictures.heard_hidden(id, report, arrays),
            Event::Probabilities(report) if self.run.is(report.run) => self.pictures.heard_probabilities(id, report),
            Event::Written(written) => {
                if let Some(unknown) = self.writing.heard(id, written) {
                    self.notice.set(Some(Notice::PassedOver(unknown)));
                }
            }
            Event::Saved { file_name } => self.saved(id, file_name, arrays),
            // Of a run that is over.
            Event::State { .. }
            | Event::Progress(_)
            | Event::Evaluated(_)
            | Event::Sample(_)
            | Event::Hidden(_)
            | Event::Probabilities(_) => {}
            // Asked of an engine of its own; asked for by the tests of the built page only.
            Event::Speed(_) | Event::Checked { .. } => {}
        }
    }

    fn heard_working(self, working: Working) {
        let known = working.request == NO_REQUEST
            || self.engine.requests.with_value(|requests| requests.get(working.request).is_some());
        if known && working.done < 1.0 {
            self.engine.working.set(Some(working));
        } else {
            self.engine.end_task(working.request);
        }
    }

    /// The last word on a request. What it was for ends with it, and nothing else.
    fn ended(self, id: RequestId, trouble: Option<Trouble>) {
        let purpose = self.engine.requests.try_update_value(|requests| requests.end(id)).flatten();
        let Some(purpose) = purpose else { return };
        self.engine.end_task(id);
        let refused = trouble.is_some();
        let told = trouble.filter(|trouble| is_news(trouble, &purpose));
        match purpose {
            Purpose::Open if refused => self.engine.phase.set(Phase::Down),
            Purpose::Text(text) if refused => {
                self.texts.refused.set_value(Some(text));
                if self.undertaking.with_untracked(|undertaking| undertaking.waits_for(id)) {
                    self.undertaking.set(Undertaking::Idle);
                }
            }
            Purpose::Run => self.made(id, refused),
            // What cannot be saved cannot be taken along.
            Purpose::Move if refused => self.start_engine(),
            Purpose::Writing => self.writing.ended(id),
            Purpose::Picture => self.pictures.ended(id),
            Purpose::Open | Purpose::Text(_) | Purpose::Move | Purpose::Other => {}
        }
        if let Some(trouble) = told {
            self.trouble(trouble);
        }
    }

    fn saved(self, id: RequestId, file_name: String, arrays: Vec<Array>) {
        let Some(Array::Bytes(bytes)) = arrays.into_iter().next() else { return };
        if self.engine.requests.with_value(|requests| requests.get(id) == Some(&Purpose::Move)) {
            return self.moved(id, bytes);
        }
        match download::save(&file_name, &bytes) {
            Ok(()) => self.notice.set(Some(Notice::Saved(file_name))),
            Err(reason) => self.trouble(Trouble::CannotWrite { name: file_name, reason }),
        }
    }
}

/// Whether a refusal is told, or is the consequence of something that is.
fn is_news(trouble: &Trouble, purpose: &Purpose) -> bool {
    match trouble {
        // A text that came meanwhile is built for next.
        Trouble::TextReplaced => false,
        // Told once, of the device; but a device that was only tried out for a new run is nobody else's.
        Trouble::DeviceLost { .. } => *purpose == Purpose::Run,
        // A picture that gets nothing stays empty.
        _ => *purpose != Purpose::Picture,
    }
}
