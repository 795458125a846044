//! Name, steps, and the switches of language, theme and device.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

use super::device::DeviceBadge;
use crate::{
    page::{
        control::{Icon, Shape},
        language::{use_say, use_words},
        session::{Step, use_session},
        theme::Theme,
    },
    words::Language,
};

#[component]
pub fn Header() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let language = session.view.language;
    let shape = Signal::derive(move || match session.view.theme.get() {
        Theme::System => Shape::Half,
        Theme::Light => Shape::Sun,
        Theme::Dark => Shape::Moon,
    });
    let theme_name = move || words().header.theme[session.view.theme.get().index()];
    view! {
        <header class="header">
            <h1 class="brand" title=say(|words| words.header.title)>
                <svg class="logo" viewBox="0 0 46 18" aria-hidden="true" focusable="false">
                    <path class="logo-line" d="M0 9h46" />
                    <rect class="logo-cell" x="2" y="2" width="12" height="14" rx="4" />
                    <rect class="logo-cell is-present" x="17" y="2" width="12" height="14" rx="4" />
                    <rect class="logo-cell" x="32" y="2" width="12" height="14" rx="4" />
                </svg>
                <span>"Unroll"</span>
            </h1>
            <Tabs />
            <div class="switches">
                <button
                    class="plain languages"
                    data-testid="language"
                    title=say(|words| words.header.language)
                    on:click=move |_| language.update(|language| *language = language.other())
                >
                    <span lang="en" class:is-chosen=move || language.get() == Language::English>"EN"</span>
                    " "
                    <span lang="zh-CN" class:is-chosen=move || language.get() == Language::Chinese>"中文"</span>
                    " "
                    <span class="unseen">{say(|words| words.header.language)}</span>
                </button>
                <button
                    class="plain square"
                    data-testid="theme"
                    aria-label=theme_name
                    title=theme_name
                    on:click=move |_| session.view.theme.update(|theme| *theme = theme.next())
                >
                    <Icon shape />
                </button>
                <DeviceBadge />
            </div>
        </header>
    }
}

/// The steps as tabs: arrow keys move between them.
#[component]
fn Tabs() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let moved = move |event: KeyboardEvent| {
        let last = Step::ALL.len() - 1;
        let present = Step::ALL.iter().position(|step| *step == session.view.step.get_untracked()).unwrap_or_default();
        let next = match event.key().as_str() {
            "ArrowRight" if present == last => 0,
            "ArrowRight" => present + 1,
            "ArrowLeft" if present == 0 => last,
            "ArrowLeft" => present - 1,
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        session.view.step.set(Step::ALL[next]);
        let tabs = event.current_target().and_then(|tabs| tabs.dyn_into::<HtmlElement>().ok());
        let tab = tabs.and_then(|tabs| tabs.children().item(next as u32)?.dyn_into::<HtmlElement>().ok());
        if let Some(tab) = tab {
            let _ = tab.focus();
        }
    };
    let tab = move |(index, step): (usize, Step)| {
        let chosen = move || session.view.step.get() == step;
        view! {
            <button
                class="tab"
                role="tab"
                id=format!("tab-{}", step.id())
                data-testid=format!("step-{}", step.id())
                aria-controls="step"
                aria-selected=move || chosen().to_string()
                tabindex=move || if chosen() { "0" } else { "-1" }
                on:click=move |_| session.view.step.set(step)
            >
                <span class="tab-number" aria-hidden="true">{index + 1}</span>
                <span>{move || words().header.step[index]}</span>
            </button>
        }
    };
    view! {
        <nav class="tabs" role="tablist" aria-label=say(|words| words.header.steps) on:keydown=moved>
            {Step::ALL.into_iter().enumerate().map(tab).collect_view()}
        </nav>
    }
}
