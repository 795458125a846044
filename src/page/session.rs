//! The one store of the page: what the engine said and what the user chose, as signals.
//!
//! `arrivals` turns what the engine says into signals, `actions` what the user does into requests.

mod actions;
mod arrivals;
mod figures;
mod measuring;
mod notice;

use std::sync::Arc;

use leptos::prelude::*;

pub use actions::{ODDS, fits};
pub use figures::Figures;
pub use measuring::{Measuring, SIZES};
pub use notice::{Notice, Remedy};

use super::{
    address::Address,
    engine_link::EngineLink,
    history::Histories,
    pictures::{HiddenFrame, LossUnit, References},
    settings::Settings,
    theme::Theme,
};
use crate::{
    protocol::{
        Baseline, DeviceReport, DeviceWish, ModelReport, Odd, RunState, Sample, Source, SpeedReport, Task, TextReport,
        TextRequest,
    },
    words::Language,
};

/// Samples that are kept.
const SAMPLES: usize = 60;

/// How far the engine is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phase {
    /// Its download, in bytes.
    Loading {
        received: u64,
        total: u64,
    },
    Opening,
    Ready,
    /// It failed; only a new one helps.
    Down,
}

/// The five steps, in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Step {
    Text,
    #[default]
    Pretrain,
    Inside,
    FineTune,
    UseIt,
}

impl Step {
    pub const ALL: [Step; 5] = [Step::Text, Step::Pretrain, Step::Inside, Step::FineTune, Step::UseIt];

    pub const fn id(self) -> &'static str {
        match self {
            Step::Text => "text",
            Step::Pretrain => "pretrain",
            Step::Inside => "inside",
            Step::FineTune => "finetune",
            Step::UseIt => "use",
        }
    }
}

/// A text as it was sent to the engine, kept so that a new engine can have it.
#[derive(Clone)]
pub struct KeptText {
    pub request: TextRequest,
    /// None for a text that the engine makes itself.
    pub bytes: Option<Arc<Vec<u8>>>,
}

/// What the model writes for a prompt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Writing {
    pub id: u32,
    pub prompt: String,
    pub text: String,
    pub going: bool,
    /// Tokens a second.
    pub speed: f64,
}

/// How the model is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Asking {
    pub prompt: String,
    pub temperature: f64,
    pub length: f64,
    /// 0: all symbols.
    pub top_k: f64,
}

/// What the page knows besides what it shows.
#[derive(Clone)]
struct Plan {
    wish: DeviceWish,
    /// The text that the engine has taken, with how it was asked for.
    kept: Option<KeptText>,
    /// The text that it was asked to take and has not answered for.
    asked: Option<KeptText>,
    /// A new model is played as soon as it is there.
    play_when_built: bool,
    /// A run was interrupted by a request that may be refused.
    was_running: bool,
    /// The same by a measurement of the machine.
    waits: bool,
    /// The prompt that the page put in by itself.
    own_prompt: String,
    next_id: u32,
    odds_id: u32,
    odds_asked_at: f64,
    seed: u64,
}

#[derive(Clone, Copy)]
pub struct Session {
    pub address: Address,
    pub language: RwSignal<Language>,
    pub theme: RwSignal<Theme>,
    pub step: RwSignal<Step>,

    pub settings: RwSignal<Settings>,
    pub asking: RwSignal<Asking>,
    /// What the heatmap reads; empty: the start of the test part.
    pub watch_text: RwSignal<String>,
    /// The layer that the heatmap shows, from 0.
    pub layer: RwSignal<usize>,
    pub unit: RwSignal<LossUnit>,
    pub wish: RwSignal<DeviceWish>,

    pub phase: RwSignal<Phase>,
    pub working: RwSignal<Option<(Task, f32)>>,
    pub device: RwSignal<Option<DeviceReport>>,
    /// Which text is chosen, be it taken or on its way.
    pub chosen: RwSignal<Option<Source>>,
    pub text: RwSignal<Option<Arc<TextReport>>>,
    /// The second text, of a fine-tuning.
    pub second_text: RwSignal<Option<Arc<TextReport>>>,
    pub baselines: RwSignal<Vec<Baseline>>,
    pub model: RwSignal<Option<Arc<ModelReport>>>,
    pub run: RwSignal<RunState>,
    pub figures: RwSignal<Figures>,
    pub histories: RwSignal<Histories>,
    /// Newest first.
    pub samples: RwSignal<Vec<Sample>>,
    pub hidden: RwSignal<Option<Arc<HiddenFrame>>>,
    pub writing: RwSignal<Writing>,
    pub odds: RwSignal<Vec<Odd>>,
    pub measuring: RwSignal<Measuring>,
    /// What was measured of this machine.
    pub speed: RwSignal<Option<Arc<SpeedReport>>>,
    pub notice: RwSignal<Option<Notice>>,

    plan: StoredValue<Plan>,
    link: StoredValue<Option<EngineLink>, LocalStorage>,
    /// The engine that measures.
    gauge: StoredValue<Option<EngineLink>, LocalStorage>,
}

impl Session {
    pub fn new(address: Address, language: Language, theme: Theme, settings: Settings) -> Self {
        let plan = Plan {
            wish: address.device,
            kept: None,
            asked: None,
            play_when_built: address.autostart,
            was_running: false,
            waits: false,
            own_prompt: String::new(),
            next_id: 1,
            odds_id: 0,
            odds_asked_at: 0.0,
            seed: 1,
        };
        Session {
            address,
            language: RwSignal::new(language),
            theme: RwSignal::new(theme),
            step: RwSignal::new(Step::default()),
            settings: RwSignal::new(settings),
            asking: RwSignal::new(Asking { prompt: String::new(), temperature: 0.8, length: 200.0, top_k: 0.0 }),
            watch_text: RwSignal::new(String::new()),
            layer: RwSignal::new(0),
            unit: RwSignal::new(LossUnit::default()),
            wish: RwSignal::new(address.device),
            phase: RwSignal::new(Phase::Loading { received: 0, total: 0 }),
            working: RwSignal::new(None),
            device: RwSignal::new(None),
            chosen: RwSignal::new(None),
            text: RwSignal::new(None),
            second_text: RwSignal::new(None),
            baselines: RwSignal::new(Vec::new()),
            model: RwSignal::new(None),
            run: RwSignal::new(RunState::Paused),
            figures: RwSignal::new(Figures::default()),
            histories: RwSignal::new(Histories::default()),
            samples: RwSignal::new(Vec::new()),
            hidden: RwSignal::new(None),
            writing: RwSignal::new(Writing::default()),
            odds: RwSignal::new(Vec::new()),
            measuring: RwSignal::new(Measuring::No),
            speed: RwSignal::new(None),
            notice: RwSignal::new(None),
            plan: StoredValue::new(plan),
            link: StoredValue::new_local(None),
            gauge: StoredValue::new_local(None),
        }
    }

    pub fn has_model(self) -> bool {
        self.phase.get() == Phase::Ready && self.model.with(Option::is_some)
    }

    pub fn is_running(self) -> bool {
        self.run.with(|run| *run == RunState::Running)
    }

    /// Whether the chosen settings are others than those of the present model.
    pub fn is_changed(self) -> bool {
        self.model.with(|model| {
            model.as_ref().is_some_and(|model| self.settings.with(|chosen| chosen.differ(&model.config, &model.train)))
        })
    }

    pub fn total_steps(self) -> Option<u64> {
        self.model.with(|model| model.as_ref().and_then(|model| model.train.steps))
    }

    /// The text that is being learned: the second one while fine-tuning.
    pub fn learned_text(self) -> Option<Arc<TextReport>> {
        self.second_text.get().or_else(|| self.text.get())
    }

    pub fn references(self) -> References {
        self.learned_text().map(|text| References::new(&text, &self.baselines.get())).unwrap_or_default()
    }

    pub fn characters_per_token(self) -> f64 {
        self.learned_text().map_or(1.0, |text| text.characters_per_token)
    }

    /// A loss of `nats` a token in the unit that the user reads.
    pub fn in_unit(self, nats: f64) -> f64 {
        self.unit.get().of(nats, self.characters_per_token())
    }
}

/// The store of the page that a component stands on.
pub fn use_session() -> Session {
    expect_context::<Session>()
}
