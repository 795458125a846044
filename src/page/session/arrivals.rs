//! What the engine says, turned into signals.

use std::sync::Arc;

use leptos::prelude::*;

use super::{Figures, Notice, Phase, SAMPLES, Session};
use crate::{
    page::{
        download,
        engine_link::Arrival,
        history::{RunHistory, RunSettings},
        pictures::HiddenFrame,
    },
    protocol::{
        Array, DeviceWish, EvaluatedOn, Evaluation, Event, ModelReport, Origin, Parcel, Progress, Request, RunState,
        Sample, Source, Task, TextReport, Trouble, Written,
    },
};

/// Characters of a written text that are kept.
const WRITTEN: usize = 40_000;
/// Milliseconds between two looks at the next symbol's odds while training.
const ODDS_EVERY: f64 = 700.0;

impl Session {
    pub(super) fn arrived(self, arrival: Arrival) {
        match arrival {
            Arrival::Loading { received, total } if received < total => {
                self.phase.set(Phase::Loading { received, total })
            }
            Arrival::Loading { .. } => self.phase.set(Phase::Opening),
            Arrival::Failed { reason, .. } => self.engine_failed(reason),
            Arrival::Event(parcel) => self.told(*parcel),
        }
    }

    fn engine_failed(self, reason: String) {
        let trying_out = matches!(self.working.get_untracked(), Some((Task::MeasuringDevices, _)));
        let was_up = self.device.with_untracked(Option::is_some);
        let was_running = self.run.get_untracked() == RunState::Running;
        self.phase.set(Phase::Down);
        self.plan.update_value(|plan| plan.play_when_built |= was_running);
        self.run.set(RunState::Paused);
        self.working.set(None);
        self.writing.update(|writing| writing.going = false);
        self.device.set(None);
        self.link.with_value(|link| {
            if let Some(link) = link {
                link.stop();
            }
        });
        if trying_out {
            // The GPU took the engine with it; the CPU does without.
            self.choose_device(DeviceWish::Cpu);
            self.trouble(Trouble::NoWebGpu { reason });
            return;
        }
        let trouble = if was_up { Trouble::WorkerDied { reason } } else { Trouble::EngineFailedToLoad { reason } };
        self.notice.set(Some(Notice::Trouble(trouble)));
    }

    fn told(self, Parcel { body, arrays }: Parcel<Event>) {
        match body {
            Event::Ready(report) => {
                self.device.set(Some(report));
                self.phase.set(Phase::Ready);
                self.working.set(None);
                self.give_text();
            }
            Event::Device(report) => self.device.set(Some(report)),
            Event::TextReady(report) => self.text_ready(report),
            Event::Baselines(baselines) => {
                self.working.set(None);
                self.baselines.set(baselines);
            }
            Event::ModelReady(report) => self.model_ready(report),
            Event::State(state) => self.state(state),
            Event::Progress(progress) => self.progress(&progress, &arrays),
            Event::Evaluated(evaluation) => self.evaluated(&evaluation),
            Event::Sample(sample) => self.sample(sample),
            Event::Hidden(report) => {
                if let Some(frame) = HiddenFrame::new(report, arrays) {
                    self.hidden.set(Some(Arc::new(frame)));
                }
            }
            Event::Written(written) => self.written(written),
            Event::Odds { id, odds, .. } => {
                if id == self.plan.with_value(|plan| plan.odds_id) {
                    self.odds.set(odds);
                }
            }
            Event::Saved { file_name } => {
                if let Some(Array::Bytes(bytes)) = arrays.first() {
                    match download::save(&file_name, bytes) {
                        Ok(()) => self.notice.set(Some(Notice::Saved(file_name))),
                        Err(reason) => self.trouble(Trouble::CannotWrite { name: file_name, reason }),
                    }
                }
            }
            // Asked of an engine of its own.
            Event::Speed(_) => {}
            // Asked for by the tests of the built page only.
            Event::Checked { .. } => {}
            Event::Trouble(trouble) => self.refused(trouble),
            Event::Working { task, done } => self.working.set((done < 1.0).then_some((task, done))),
        }
    }

    fn text_ready(self, report: TextReport) {
        self.working.set(None);
        self.baselines.set(Vec::new());
        let report = Arc::new(report);
        if report.fine_tuning {
            self.second_text.set(Some(report));
            return;
        }
        self.plan.update_value(|plan| plan.kept = plan.asked.take().or(plan.kept.take()));
        self.chosen.set(Some(report.source.clone()));
        self.put_in_a_prompt(&report);
        self.second_text.set(None);
        self.text.set(Some(report));
        self.build();
    }

    /// A beginning that fits the text, unless the user has written one.
    fn put_in_a_prompt(self, text: &TextReport) {
        let prompt = match &text.source {
            Source::Corpus { id } if id == "shakespeare" => "ROMEO:".to_owned(),
            _ => text.preview.trim_start().lines().next().unwrap_or_default().chars().take(6).collect(),
        };
        let own = self.plan.with_value(|plan| plan.own_prompt.clone());
        if self.asking.with_untracked(|asking| asking.prompt == own) {
            self.plan.update_value(|plan| plan.own_prompt = prompt.clone());
            self.asking.update(|asking| asking.prompt = prompt);
        }
    }

    fn model_ready(self, report: ModelReport) {
        let origin = report.origin;
        let report = Arc::new(report);
        self.working.set(None);
        self.run.set(RunState::Paused);
        self.writing.update(|writing| writing.going = false);
        if self.layer.get_untracked() >= report.config.layers {
            self.layer.set(0);
        }
        if origin == Origin::Recovered {
            self.histories.update(|histories| histories.rewind(report.step));
            self.figures.set(Figures::at_step(report.step));
        } else {
            self.begin_run(&report);
        }
        self.settings.update(|settings| {
            settings.train.learning_rate = report.train.learning_rate;
            settings.train.clip = report.train.clip;
            if origin == Origin::Loaded {
                settings.model = report.config.clone();
                settings.train = report.train.clone();
            }
        });
        self.model.set(Some(report));
        if origin == Origin::Loaded {
            self.notice.set(Some(Notice::Loaded));
        }
        self.watch_now();
        let play = origin == Origin::FineTuning
            || origin == Origin::Drawn && self.plan.with_value(|plan| plan.play_when_built);
        self.plan.update_value(|plan| {
            plan.play_when_built = false;
            plan.was_running = false;
        });
        if play {
            self.send(Request::Play);
        }
        self.ask_odds();
    }

    fn begin_run(self, report: &ModelReport) {
        let text = if report.origin == Origin::FineTuning { self.second_text } else { self.text };
        let text = text.get_untracked();
        let name = text.as_ref().map(|text| self.language.get_untracked().words().source_name(&text.source));
        let settings = RunSettings {
            text: name.unwrap_or_default(),
            model: report.config.clone(),
            train: report.train.clone(),
            parameters: report.parameters,
            characters_per_token: text.map_or(1.0, |text| text.characters_per_token),
            fine_tuning: report.origin == Origin::FineTuning,
        };
        self.histories.update(|histories| histories.begin(settings));
        self.figures.set(Figures::at_step(report.step));
        self.samples.set(Vec::new());
        self.hidden.set(None);
        self.odds.set(Vec::new());
    }

    fn state(self, state: RunState) {
        if let RunState::Diverged { step, learning_rate, .. } = state {
            self.trouble(Trouble::Diverged { step, learning_rate });
        }
        self.run.set(state);
        self.ask_odds();
    }

    fn progress(self, progress: &Progress, arrays: &[Array]) {
        self.histories.update(|histories| histories.progress(progress, arrays));
        let latest = |of: fn(&RunHistory) -> Option<f32>| {
            let value = self.histories.with_untracked(|histories| histories.present().and_then(of));
            value.filter(|value| value.is_finite()).map(f64::from)
        };
        let (loss, norm) = (latest(|run| run.smoothed.last()), latest(|run| run.gradient_norm.last()));
        self.figures.update(|figures| {
            figures.step = progress.step;
            figures.epoch = progress.epoch;
            figures.tokens_per_second = progress.tokens_per_second;
            figures.training_loss = loss.unwrap_or(figures.training_loss);
            figures.gradient_norm = norm.unwrap_or(figures.gradient_norm);
        });
        if js_sys::Date::now() - self.plan.with_value(|plan| plan.odds_asked_at) > ODDS_EVERY {
            self.ask_odds();
        }
    }

    fn evaluated(self, evaluation: &Evaluation) {
        self.working.set(None);
        self.histories.update(|histories| histories.evaluated(evaluation));
        self.figures.update(|figures| match evaluation.on {
            EvaluatedOn::Validation => figures.validation_loss = evaluation.loss,
            EvaluatedOn::OldText => figures.old_text_loss = evaluation.loss,
            EvaluatedOn::Given => {}
        });
    }

    fn sample(self, sample: Sample) {
        self.samples.update(|samples| {
            samples.insert(0, sample);
            if samples.len() > SAMPLES {
                // What stood before a fine-tuning is what the rest is compared with.
                let last_after = samples.iter().rposition(|sample| !sample.before_fine_tuning);
                if let Some(last_after) = last_after {
                    samples.remove(last_after);
                }
            }
        });
    }

    fn written(self, written: Written) {
        if self.writing.with_untracked(|writing| writing.id != written.id) {
            return;
        }
        if !written.unknown.is_empty() {
            self.notice.set(Some(Notice::PassedOver(written.unknown)));
        }
        self.writing.update(|writing| {
            writing.text.push_str(&written.text);
            if let Some((cut, _)) = writing.text.char_indices().rev().nth(WRITTEN) {
                writing.text.drain(..cut);
            }
            writing.speed = written.tokens_per_second;
            writing.going = !written.done;
        });
    }

    /// The engine could not do what was asked; what was there before still is.
    fn refused(self, trouble: Trouble) {
        self.working.set(None);
        // Before the device is there no request has been refused: it is not the one that was wished for.
        if self.phase.get_untracked() != Phase::Ready {
            self.trouble(trouble);
            return;
        }
        self.writing.update(|writing| writing.going = false);
        let (text_refused, resume) = self
            .plan
            .try_update_value(|plan| {
                let text_refused = plan.asked.take().is_some();
                (text_refused, std::mem::take(&mut plan.was_running))
            })
            .unwrap_or_default();
        if text_refused {
            let kept = self.plan.with_value(|plan| plan.kept.as_ref().map(|kept| kept.request.source.clone()));
            self.chosen.set(kept);
        }
        if resume && self.run.get_untracked() != RunState::Running {
            self.send(Request::Play);
        }
        self.trouble(trouble);
    }
}
