//! Step 4: the present model learns another text, with what it forgets in view.

use leptos::prelude::*;

use super::{
    keep::Keep,
    own_text::OwnText,
    pretrain::loss_chart,
    samples::BeforeAfter,
    settings::{TrainingControl, TrainingNumber},
};
use crate::{
    page::{
        language::{use_say, use_words},
        session::use_session,
    },
    words::number,
};

#[component]
pub fn FineTuneStep() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let train = Signal::derive(move || session.settings.fine_tuning());
    let added = move || {
        let text = session.run.text.get().filter(|_| session.run.fine_tuning.get())?;
        (!text.added.is_empty()).then(|| (words().fine_tune.new_symbols)(&text.added))
    };
    let control = move |number| view! { <TrainingControl number train change=move |changed| session.change_fine_tuning(changed) /> };
    view! {
        <div class="columns fine-tune-columns">
            <div class="column settings">
                <section class="card grow">
                    <h2>{say(|words| words.fine_tune.text)}</h2>
                    <p class="hint">{say(|words| words.fine_tune.explain)}</p>
                    <OwnText
                        says=|words| words.fine_tune.start
                        draft=session.texts.tuning_draft
                        take=move |taken| session.fine_tune(taken)
                        at_once=false
                    />
                    <p class="hint" role="status">{added}</p>
                </section>
                <section class="card">
                    <h2>{say(|words| words.fine_tune.settings)}</h2>
                    {[TrainingNumber::LearningRate, TrainingNumber::Batch, TrainingNumber::Context, TrainingNumber::Clip, TrainingNumber::Steps].map(control)}
                </section>
                <Keep />
            </div>
            <div class="column">
                <section class="card chart-card">
                    {loss_chart(session)}
                    <Losses />
                </section>
                <BeforeAfter />
            </div>
        </div>
    }
}

/// Both losses as figures, once there is a second text.
#[component]
fn Losses() -> impl IntoView {
    let session = use_session();
    let say = use_say();
    let loss = move |nats: f64| number::fixed(session.in_unit(nats), 3);
    view! {
        <Show when=move || session.run.fine_tuning.get()>
            <dl class="both-losses">
                <div class="is-new">
                    <dt>{say(|words| words.fine_tune.new_loss)}</dt>
                    <dd data-testid="stat-new-loss">{move || loss(session.run.figures.get().validation_loss)}</dd>
                </div>
                <div class="is-old">
                    <dt>{say(|words| words.fine_tune.old_loss)}</dt>
                    <dd data-testid="stat-old-loss">{move || loss(session.run.figures.get().old_text_loss)}</dd>
                </div>
            </dl>
        </Show>
    }
}
