//! How the model is trained. Learning rate and clip act on the next step, the rest counts from the next start.

use leptos::prelude::*;

use crate::{
    page::{
        control::{Choice, NumberControl, Says, Stops},
        language::use_say,
        session::use_session,
    },
    protocol::{Limits, Range, Schedule, TrainConfig},
};

const RATES: Stops =
    Stops::At(&[1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1.0]);
const BATCHES: Stops = Stops::At(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]);
const CONTEXTS: Stops = Stops::At(&[1.0, 4.0, 8.0, 16.0, 32.0, 64.0, 96.0, 128.0, 192.0, 256.0, 384.0, 512.0]);
const CLIPS: Stops = Stops::At(&[0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 100.0]);
const STEPS: Stops = Stops::At(&[0.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0, 32000.0, 64000.0]);
const WHOLE: Range = Range { low: 0.0, high: 1e9 };
const SEEDS: Range = Range { low: 0.0, high: 4_294_967_295.0 };

/// A number of the training's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainingNumber {
    LearningRate,
    Batch,
    Context,
    Clip,
    WeightDecay,
    Steps,
}

impl TrainingNumber {
    fn says(self) -> Says {
        match self {
            TrainingNumber::LearningRate => |words| words.training.learning_rate,
            TrainingNumber::Batch => |words| words.training.batch,
            TrainingNumber::Context => |words| words.training.context,
            TrainingNumber::Clip => |words| words.training.clip,
            TrainingNumber::WeightDecay => |words| words.training.weight_decay,
            TrainingNumber::Steps => |words| words.training.steps,
        }
    }

    fn limits(self) -> (&'static str, Range, Stops) {
        match self {
            TrainingNumber::LearningRate => ("lr", Limits::LEARNING_RATE, RATES),
            TrainingNumber::Batch => ("batch", Limits::BATCH, BATCHES),
            TrainingNumber::Context => ("context", Limits::CONTEXT, CONTEXTS),
            TrainingNumber::Clip => ("clip", Limits::CLIP, CLIPS),
            TrainingNumber::WeightDecay => {
                let stops = Stops::At(&[0.0, 1e-4, 1e-3, 0.01, 0.05, 0.1, 0.2, 0.5]);
                ("weight-decay", Limits::WEIGHT_DECAY, stops)
            }
            TrainingNumber::Steps => ("steps", WHOLE, STEPS),
        }
    }

    const fn is_whole(self) -> bool {
        matches!(self, TrainingNumber::Batch | TrainingNumber::Context | TrainingNumber::Steps)
    }

    fn read(self, train: &TrainConfig) -> f64 {
        match self {
            TrainingNumber::LearningRate => train.learning_rate,
            TrainingNumber::Batch => train.batch as f64,
            TrainingNumber::Context => train.context as f64,
            TrainingNumber::Clip => train.clip,
            TrainingNumber::WeightDecay => train.weight_decay,
            TrainingNumber::Steps => train.steps.unwrap_or_default() as f64,
        }
    }

    fn write(self, train: &mut TrainConfig, value: f64) {
        match self {
            TrainingNumber::LearningRate => train.learning_rate = value,
            TrainingNumber::Batch => train.batch = value as usize,
            TrainingNumber::Context => train.context = value as usize,
            TrainingNumber::Clip => train.clip = value,
            TrainingNumber::WeightDecay => train.weight_decay = value,
            TrainingNumber::Steps => train.steps = (value >= 1.0).then_some(value as u64),
        }
    }
}

/// One number of `train`.
#[component]
pub fn TrainingControl(
    number: TrainingNumber,
    #[prop(into)] train: Signal<TrainConfig>,
    #[prop(into)] change: Callback<TrainConfig>,
) -> impl IntoView {
    let (id, range, stops) = number.limits();
    let set = move |value| {
        let mut changed = train.get_untracked();
        number.write(&mut changed, value);
        change.run(changed);
    };
    view! {
        <NumberControl
            says=number.says()
            id
            range
            stops
            whole=number.is_whole()
            value=Signal::derive(move || train.with(|train| number.read(train)))
            set
        />
    }
}

#[component]
pub fn TrainingCard() -> impl IntoView {
    let session = use_session();
    let say = use_say();
    let settings = session.settings.pretraining;
    let train = Signal::derive(move || settings.with(|settings| settings.train.clone()));
    let change = Callback::new(move |changed: TrainConfig| {
        session.change_pretraining(changed);
    });
    let control = move |number| view! { <TrainingControl number train change /> };
    let seed = Signal::derive(move || settings.with(|settings| settings.model.seed as f64));
    let set_seed = move |value: f64| {
        settings.update(|settings| {
            settings.model.seed = value as u64;
            settings.train.seed = value as u64;
        })
    };
    view! {
        <section class="card">
            <h2>{say(|words| words.training.title)}</h2>
            {[TrainingNumber::LearningRate, TrainingNumber::Clip].map(control)}
            <p class="hint">{say(|words| words.training.live)}</p>
            {[TrainingNumber::Batch, TrainingNumber::Context, TrainingNumber::Steps].map(control)}
            <details class="more">
                <summary>{say(|words| words.model.more)}</summary>
                <ScheduleChoice />
                {control(TrainingNumber::WeightDecay)}
                <NumberControl
                    says=|words| words.training.seed
                    id="seed"
                    range=SEEDS
                    stops=Stops::Even { low: 1.0, step: 1.0, count: 9 }
                    whole=true
                    value=seed
                    set=set_seed
                />
            </details>
        </section>
    }
}

/// Warm-up takes a twentieth of the run, a cosine falls to its end.
#[component]
fn ScheduleChoice() -> impl IntoView {
    let settings = use_session().settings.pretraining;
    let schedule = Signal::derive(move || match settings.with(|settings| settings.train.schedule) {
        Schedule::Constant => "constant",
        Schedule::Warmup { .. } => "warmup",
        Schedule::Cosine { .. } => "cosine",
    });
    let set = move |name: &'static str| {
        settings.update(|settings| {
            let total = settings.train.steps.unwrap_or(4000);
            let warmup = (total / 20).max(1);
            settings.train.schedule = match name {
                "warmup" => Schedule::Warmup { steps: warmup },
                "cosine" => Schedule::Cosine { warmup, total },
                _ => Schedule::Constant,
            };
        })
    };
    view! {
        <Choice
            says=|words| words.training.schedule
            id="schedule"
            options=vec![
                ("constant", |words| words.training.constant),
                ("warmup", |words| words.training.warmup),
                ("cosine", |words| words.training.cosine),
            ]
            value=schedule
            set=set
        />
    }
}
