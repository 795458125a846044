//! The five steps, and the cards they share.

mod ask;
mod fine_tune;
mod inside;
mod keep;
mod own_text;
mod pretrain;
mod samples;
mod settings;
mod text;
mod use_it;

use leptos::{either::EitherOf5, prelude::*};

use super::session::{Step, use_session};

/// The step that is chosen.
#[component]
pub fn PresentStep() -> impl IntoView {
    let session = use_session();
    view! {
        // The landmark around the tab panel: one element cannot have both roles.
        <main>
            <div class="step" id="step" role="tabpanel" aria-labelledby=move || format!("tab-{}", session.view.step.get().id())>
                {move || match session.view.step.get() {
                    Step::Text => EitherOf5::A(view! { <text::TextStep /> }),
                    Step::Pretrain => EitherOf5::B(view! { <pretrain::PretrainStep /> }),
                    Step::Inside => EitherOf5::C(view! { <inside::InsideStep /> }),
                    Step::FineTune => EitherOf5::D(view! { <fine_tune::FineTuneStep /> }),
                    Step::UseIt => EitherOf5::E(view! { <use_it::UseItStep /> }),
                }}
            </div>
        </main>
    }
}
