//! The few pictures of the page, drawn with lines.

use leptos::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Play,
    Pause,
    StepOnce,
    Reset,
    Close,
    Sun,
    Moon,
    Half,
}

impl Shape {
    const fn path(self) -> &'static str {
        match self {
            Shape::Play => "M5 3.2v9.6L13 8z",
            Shape::Pause => "M4.5 3h2.4v10H4.5zM9.1 3h2.4v10H9.1z",
            Shape::StepOnce => "M3.5 3.2v9.6L10.5 8zM11 3.2h1.9v9.6H11z",
            Shape::Reset => {
                "M8 2.6a5.4 5.4 0 1 1-5.2 4l1.6.4A3.8 3.8 0 1 0 8 4.2H6.9l1.2 1.3-1.2 1L3.8 3.4 6.9.3l1.2 1L6.9 2.6z"
            }
            Shape::Close => "M4.1 3 8 6.9 11.9 3 13 4.1 9.1 8l3.9 3.9-1.1 1.1L8 9.1 4.1 13 3 11.9 6.9 8 3 4.1z",
            Shape::Sun => {
                "M8 4.9a3.1 3.1 0 1 1 0 6.2 3.1 3.1 0 0 1 0-6.2zM7.4 1h1.2v2.2H7.4zM7.4 12.8h1.2V15H7.4zM1 7.4h2.2v1.2H1zM12.8 \
                 7.4H15v1.2h-2.2zM2.6 3.5l.9-.9L5 4.2l-.8.8zM11 11.9l.9-.9 1.5 1.5-.9.9zM3.5 13.4l-.9-.9L4.2 11l.8.9zM11.9 \
                 5 11 4.1l1.5-1.5.9.9z"
            }
            Shape::Moon => "M6.2 1.9a6.2 6.2 0 1 0 7.9 7.9 5 5 0 0 1-7.9-7.9z",
            Shape::Half => "M8 1.6a6.4 6.4 0 1 1 0 12.8A6.4 6.4 0 0 1 8 1.6zm0 1.5v9.8a4.9 4.9 0 0 0 0-9.8z",
        }
    }
}

#[component]
pub fn Icon(#[prop(into)] shape: Signal<Shape>) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            <path d=move || shape.get().path() fill="currentColor" fill-rule="evenodd" />
        </svg>
    }
}
