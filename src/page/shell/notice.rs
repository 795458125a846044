//! One plain sentence about what happened, and a press that does something about it.

use leptos::prelude::*;

use crate::page::{
    control::{Icon, Shape},
    language::{use_say, use_words},
    session::{Remedy, use_session},
};

#[component]
pub fn NoticeBar() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let remedy = move |remedy: Remedy| {
        let label = move || match remedy {
            Remedy::GoOn => words().notice.go_on.to_owned(),
            Remedy::StartAgain => words().notice.start_again.to_owned(),
            Remedy::Recover { learning_rate } => (words().notice.recover)(learning_rate),
            Remedy::FitToText { .. } => words().notice.fit.to_owned(),
            Remedy::UseBytes => words().notice.use_bytes.to_owned(),
        };
        view! {
            <button class="button" data-testid="remedy" on:click=move |_| session.remedy(remedy)>
                {label}
            </button>
        }
    };
    move || {
        session.notice.get().map(|notice| {
            let trouble = notice.is_trouble();
            let remedies = session.remedy_of(&notice).map(remedy);
            view! {
                <div class="notice" class:is-trouble=trouble>
                    <p data-testid="notice" role=if trouble { "alert" } else { "status" }>
                        {notice.sentence(session.view.language.get())}
                    </p>
                    {remedies}
                    <button
                        class="plain square"
                        aria-label=say(|words| words.notice.dismiss)
                        title=say(|words| words.notice.dismiss)
                        on:click=move |_| session.notice.set(None)
                    >
                        <Icon shape=Shape::Close />
                    </button>
                </div>
            }
        })
    }
}
