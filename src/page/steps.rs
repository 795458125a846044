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

use leptos::prelude::*;

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
                    Step::Text => view! { <text::TextStep /> }.into_any(),
                    Step::Pretrain => view! { <pretrain::PretrainStep /> }.into_any(),
                    Step::Inside => view! { <inside::InsideStep /> }.into_any(),
                    Step::FineTune => view! { <fine_tune::FineTuneStep /> }.into_any(),
                    Step::UseIt => view! { <use_it::UseItStep /> }.into_any(),
                }}
            </div>
        </main>
    }
}
