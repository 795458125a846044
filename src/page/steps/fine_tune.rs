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
    protocol::{Schedule, TrainConfig},
    words::number,
};

/// A tenth of the usual rate, so that less is forgotten, and evaluated more often, because it is soon over.
fn gentle(train: &TrainConfig) -> TrainConfig {
    TrainConfig {
        learning_rate: 5e-4,
        batch: train.batch.min(16),
        schedule: Schedule::Constant,
        steps: Some(1000),
        eval_every: 25,
        sample_every: Some(50),
        ..train.clone()
    }
}

#[component]
pub fn FineTuneStep() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let train = RwSignal::new(session.settings.with_untracked(|settings| gentle(&settings.train)));
    let added = move || {
        let text = session.second_text.get()?;
        (!text.added.is_empty()).then(|| (words().fine_tune.new_symbols)(&text.added))
    };
    let control = move |number| view! { <TrainingControl number train change=move |changed| train.set(changed) /> };
    view! {
        <div class="columns fine-tune-columns">
            <div class="column settings">
                <section class="card grow">
                    <h2>{say(|words| words.fine_tune.text)}</h2>
                    <p class="hint">{say(|words| words.fine_tune.explain)}</p>
                    <OwnText
                        says=|words| words.fine_tune.start
                        take=move |(name, bytes)| session.fine_tune(name, bytes, train.get_untracked())
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
        <Show when=move || session.second_text.with(Option::is_some)>
            <dl class="both-losses">
                <div class="is-new">
                    <dt>{say(|words| words.fine_tune.new_loss)}</dt>
                    <dd data-testid="stat-new-loss">{move || loss(session.figures.get().validation_loss)}</dd>
                </div>
                <div class="is-old">
                    <dt>{say(|words| words.fine_tune.old_loss)}</dt>
                    <dd data-testid="stat-old-loss">{move || loss(session.figures.get().old_text_loss)}</dd>
                </div>
            </dl>
        </Show>
    }
}
