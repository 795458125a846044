//! The stores told what an engine would say, without one: what they show, and what they ask for.

mod fine_tuning;
mod pictures;
mod recovery;
mod refusals;
mod resets;
mod restart;
mod texts;

use std::sync::Arc;

use leptos::prelude::*;

use super::*;
use crate::{
    page::{settings::Settings, theme::Theme},
    protocol::*,
    words::Language,
};

/// A page whose engine is up and has nothing yet; `autostart` as in its address.
struct Page {
    session: Session,
    // Signals live as long as it does.
    _owner: Owner,
}

fn page(autostart: bool) -> Page {
    let owner = Owner::new();
    owner.set();
    let address = Address { device: DeviceWish::Cpu, autostart, language: None, theme: None };
    let view = ViewStore::new(Language::English, Theme::default());
    let session = Session::new(address, view, SettingsStore::new(Settings::default()));
    let page = Page { session, _owner: owner };
    session.start_engine();
    page.up();
    page
}

fn device() -> DeviceReport {
    DeviceReport {
        kind: DeviceKind::Cpu,
        name: "SIMD128".to_owned(),
        reason: DeviceReason::Chosen,
        speeds: Speeds::default(),
    }
}

fn corpus(id: &str) -> Source {
    Source::Corpus { id: id.to_owned() }
}

fn own(name: &str) -> Source {
    Source::Own { name: name.to_owned() }
}

fn pasted(text: &str) -> Taken {
    (String::new(), Arc::new(text.as_bytes().to_vec()))
}

fn text(id: TextId, source: Source, symbols: usize) -> TextReport {
    TextReport {
        id,
        source,
        vocabulary: VocabularyKind::Char,
        characters: 1000,
        tokens: 1000,
        symbols: (0..symbols).map(|symbol| symbol.to_string()).collect(),
        counts: vec![1; symbols],
        train_tokens: 900,
        valid_tokens: 100,
        uniform_loss: (symbols as f64).ln(),
        best_possible: None,
        characters_per_token: if symbols == 256 { 0.5 } else { 1.0 },
        preview: "To be or not to be".to_owned(),
        added: Vec::new(),
        baselines: Vec::new(),
    }
}

fn model(run: RunId, text: Option<TextReport>, train: TrainConfig, origin: Origin) -> ModelReport {
    let symbols = text.as_ref().map_or(10, |text| text.symbols.len());
    let config = ModelConfig::default();
    ModelReport {
        run,
        text,
        parameters: config.parameters(symbols),
        config,
        train,
        symbols: Vec::new(),
        memory_bytes: 1,
        step: 0,
        first_step: 0,
        steps_per_epoch: 10,
        origin,
        unknown: Vec::new(),
    }
}

fn sample(run: RunId, step: u64, before_fine_tuning: bool) -> Sample {
    Sample { run, step, text: format!("written at {step}"), before_fine_tuning }
}

impl Page {
    /// The engine says that it is up, which answers the one request that is under way.
    fn up(&self) {
        let open = self.last(|request| matches!(request, Request::Open { .. })).0;
        self.hear(open, Event::Ready(device()));
        self.hear(open, Event::Done);
    }

    fn hear(&self, id: RequestId, body: Event) {
        self.session.heard(Parcel::new(id, body));
    }

    fn refuse(&self, id: RequestId, trouble: Trouble) {
        self.hear(id, Event::Trouble { run: None, trouble });
    }

    /// A picture comes on the screen, or leaves it.
    fn see(&self, picture: RwSignal<bool>, seen: bool) {
        picture.set(seen);
        self.session.settle_subscriptions();
    }

    /// How many such requests have been sent.
    fn count(&self, of: impl Fn(&Request) -> bool) -> usize {
        self.session.engine.sent.with_value(|sent| sent.iter().filter(|parcel| of(&parcel.body)).count())
    }

    /// The newest such request.
    fn last(&self, of: impl Fn(&Request) -> bool) -> (RequestId, Request, Vec<Array>) {
        let sent = self.session.engine.sent.get_value();
        let parcel = sent.into_iter().rfind(|parcel| of(&parcel.body)).expect("such a request was sent");
        (parcel.id, parcel.body, parcel.arrays)
    }

    fn last_text(&self) -> (RequestId, TextRequest) {
        match self.last(|request| matches!(request, Request::UseText(_))) {
            (id, Request::UseText(request), _) => (id, request),
            _ => unreachable!(),
        }
    }

    /// The request to build that was sent last, for which text, and whether to play.
    fn last_build(&self) -> (RequestId, TextId, bool) {
        match self.last(|request| matches!(request, Request::Build { .. })) {
            (id, Request::Build { text, play, .. }, _) => (id, text, play),
            _ => unreachable!(),
        }
    }

    /// The text that was asked for last is taken.
    fn take(&self, symbols: usize) -> TextReport {
        let (id, request) = self.last_text();
        let report = text(id, request.source, symbols);
        self.hear(id, Event::TextReady(report.clone()));
        report
    }

    /// The run that was asked for last is there.
    fn made(&self, id: RequestId, report: ModelReport, play: bool) {
        let run = report.run;
        self.hear(id, Event::ModelReady(report.into()));
        if play {
            self.hear(id, Event::State { run, state: RunState::Running });
        }
        self.hear(id, Event::Done);
    }

    /// A run of a corpus, with its samples and curves up to step 3.
    fn runs(&self, run: RunId, id: &'static str, symbols: usize) -> TextReport {
        self.session.use_corpus(id);
        self.session.fetched(corpus(id), Ok(b"some text".to_vec()));
        let report = self.take(symbols);
        let (build, _, play) = self.last_build();
        let train = self.session.settings.pretraining.get_untracked().train;
        self.made(build, model(run, Some(report.clone()), train, Origin::Drawn), play);
        self.trains(run, 1, 3);
        report
    }

    fn trains(&self, run: RunId, first_step: u64, step: u64) {
        let values = |value: f32| Array::Floats(vec![value; (step + 1 - first_step) as usize]);
        let body = Event::Progress(Progress { run, first_step, step, epoch: 0.1, tokens_per_second: 1000.0 });
        self.session.heard(Parcel { id: NO_REQUEST, body, arrays: vec![values(2.0), values(0.5), values(1e-3)] });
        self.hear(NO_REQUEST, Event::Sample(sample(run, step, false)));
    }

    fn name(&self) -> Option<Source> {
        self.session.run.text.get_untracked().map(|text| text.source.clone())
    }

    fn notice(&self) -> Option<Notice> {
        self.session.notice.get_untracked()
    }
}
