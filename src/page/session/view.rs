//! How the page is looked at.

use leptos::prelude::*;

use crate::{
    page::{pictures::LossUnit, theme::Theme},
    words::Language,
};

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

#[derive(Clone, Copy)]
pub struct ViewStore {
    pub language: RwSignal<Language>,
    pub theme: RwSignal<Theme>,
    pub step: RwSignal<Step>,
    pub unit: RwSignal<LossUnit>,
    /// Whether the browser shows the page, and not another tab.
    pub visible: RwSignal<bool>,
}

impl ViewStore {
    pub fn new(language: Language, theme: Theme) -> Self {
        ViewStore {
            language: RwSignal::new(language),
            theme: RwSignal::new(theme),
            step: RwSignal::new(Step::default()),
            unit: RwSignal::new(LossUnit::default()),
            visible: RwSignal::new(true),
        }
    }
}
