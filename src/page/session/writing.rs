//! The model asked for a text.

use leptos::prelude::*;

use super::Session;
use crate::protocol::{Generate, NO_REQUEST, Request, RequestId, Source, TextReport, Trouble, Written};

/// Characters of a written text that are kept.
const WRITTEN: usize = 40_000;

/// How the model is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Asking {
    pub prompt: String,
    pub temperature: f64,
    pub length: f64,
    /// 0: all symbols.
    pub top_k: f64,
}

/// What the model writes for a prompt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Writing {
    /// Which request; none before the first.
    pub request: RequestId,
    pub prompt: String,
    pub text: String,
    pub going: bool,
    /// Tokens a second.
    pub speed: f64,
}

#[derive(Clone, Copy)]
pub struct WritingStore {
    pub asking: RwSignal<Asking>,
    pub written: RwSignal<Writing>,
    /// The prompt that the page put in by itself.
    suggested: StoredValue<String>,
    seed: StoredValue<u64>,
}

impl WritingStore {
    pub fn new() -> Self {
        WritingStore {
            asking: RwSignal::new(Asking { prompt: String::new(), temperature: 0.8, length: 200.0, top_k: 0.0 }),
            written: RwSignal::new(Writing::default()),
            suggested: StoredValue::new(String::new()),
            seed: StoredValue::new(1),
        }
    }

    /// Puts in a beginning that fits the text, unless the user has written one.
    pub(super) fn suggest(self, text: &TextReport) {
        let prompt = match &text.source {
            Source::Corpus { id } if id == "shakespeare" => "ROMEO:".to_owned(),
            _ => text.preview.trim_start().lines().next().unwrap_or_default().chars().take(6).collect(),
        };
        let untouched = self.suggested.with_value(|own| self.asking.with_untracked(|asking| asking.prompt == *own));
        if untouched {
            self.suggested.set_value(prompt.clone());
            self.asking.update(|asking| asking.prompt = prompt);
        }
    }

    /// Takes what was written; gives back the symbols of the prompt that the model does not know.
    pub(super) fn heard(self, request: RequestId, written: Written) -> Option<Vec<String>> {
        if request == NO_REQUEST || self.written.with_untracked(|writing| writing.request != request) {
            return None;
        }
        self.written.update(|writing| {
            writing.text.push_str(&written.text);
            if let Some((cut, _)) = writing.text.char_indices().rev().nth(WRITTEN) {
                writing.text.drain(..cut);
            }
            writing.speed = written.tokens_per_second;
            writing.going = !written.done;
        });
        (!written.unknown.is_empty()).then_some(written.unknown)
    }

    /// The writing that was asked for by `request` is over, or was refused.
    pub(super) fn ended(self, request: RequestId) {
        if self.written.with_untracked(|writing| writing.request == request && writing.going) {
            self.stopped();
        }
    }

    pub(super) fn stopped(self) {
        self.written.update(|writing| writing.going = false);
    }
}

impl Session {
    pub fn generate(self) {
        if !self.has_model_now() {
            return self.trouble(Trouble::NoModel);
        }
        self.stop_writing();
        let Asking { prompt, temperature, length, top_k } = self.writing.asking.get_untracked();
        self.writing.seed.update_value(|seed| *seed += 1);
        let request = self.send(Request::Generate(Generate {
            prompt: prompt.clone(),
            length: length as usize,
            temperature: temperature as f32,
            top_k: (top_k >= 1.0).then_some(top_k as usize),
            seed: self.writing.seed.get_value(),
        }));
        self.writing.written.set(Writing { request, prompt, going: true, ..Writing::default() });
    }

    pub fn stop_writing(self) {
        let Writing { request, going, .. } = self.writing.written.get_untracked();
        if going {
            self.send(Request::StopGenerating { request });
        }
    }
}
