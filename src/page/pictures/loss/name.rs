//! What a run is called among others.

use crate::{
    page::history::{RunHistory, RunSettings},
    protocol::Init,
    words::{Chart, Words, number},
};

/// A run's name among others: its network, and every setting in which it differs from any of them.
pub fn run_label(run: &RunSettings, others: &[&RunSettings], all_words: &Words) -> String {
    let words = &all_words.chart;
    let mut parts = vec![network(run)];
    let mut add = |differs: &dyn Fn(&RunSettings) -> bool, part: String| {
        if others.iter().any(|other| differs(other)) {
            parts.push(part);
        }
    };
    let value = number::setting;
    let (model, train) = (&run.model, &run.train);
    add(&|other| other.source != run.source, run.text(all_words));
    add(&|other| other.fine_tuning != run.fine_tuning, kind(run, words));
    add(&|other| other.train.learning_rate != train.learning_rate, named(words.rate, value(train.learning_rate)));
    add(&|other| other.train.schedule != train.schedule, (words.schedule)(train.schedule).to_owned());
    add(&|other| other.train.batch != train.batch, named(words.batch, train.batch.to_string()));
    add(&|other| other.train.context != train.context, named(words.context, train.context.to_string()));
    add(&|other| other.train.clip != train.clip, named(words.clip, value(train.clip)));
    add(&|other| other.train.weight_decay != train.weight_decay, named(words.decay, value(train.weight_decay)));
    add(&|other| other.model.dropout != model.dropout, named(words.dropout, value(rounded(model.dropout))));
    add(&|other| other.model.forget_bias != model.forget_bias, named(words.forget, value(rounded(model.forget_bias))));
    add(&|other| other.model.tie_weights != model.tie_weights, tied(run, words));
    add(&|other| other.model.init != model.init, init(model.init, all_words).to_owned());
    add(&|other| other.model.seed != model.seed, named(words.seed, model.seed.to_string()));
    parts.join(" · ")
}

/// Every shown run with its name among the others.
pub fn run_labels(runs: &[&RunHistory], words: &Words) -> Vec<String> {
    let all: Vec<&RunSettings> = runs.iter().map(|run| &run.settings).collect();
    all.iter().map(|run| run_label(run, &all, words)).collect()
}

fn network(run: &RunSettings) -> String {
    format!("{} {}×{}", run.model.cell.name().to_ascii_uppercase(), run.model.layers, run.model.hidden)
}

fn kind(run: &RunSettings, words: &Chart) -> String {
    if run.fine_tuning { words.fine_tuned } else { words.from_scratch }.to_owned()
}

fn init(init: Init, words: &Words) -> &'static str {
    match init {
        Init::Pytorch => words.model.init_pytorch,
        Init::Orthogonal => words.model.init_orthogonal,
    }
}

fn tied(run: &RunSettings, words: &Chart) -> String {
    if run.model.tie_weights { words.tied } else { words.untied }.to_owned()
}

fn named(name: &str, value: String) -> String {
    format!("{name} {value}")
}

/// A setting that was kept in single precision, without the digits that precision invents.
fn rounded(value: f32) -> f64 {
    (f64::from(value) * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        protocol::{ModelConfig, Source, TrainConfig},
        words::Language,
    };

    fn run() -> RunSettings {
        RunSettings {
            source: Some(Source::Corpus { id: "shakespeare".to_owned() }),
            model: ModelConfig::default(),
            train: TrainConfig::default(),
            parameters: 108_225,
            characters_per_token: 1.0,
            fine_tuning: false,
        }
    }

    #[test]
    fn a_run_is_named_by_its_network_and_by_what_sets_it_apart() {
        let words = Language::English.words();
        let mut other = run();
        assert_eq!(run_label(&run(), &[&other], words), "LSTM 1×128");
        other.train.learning_rate = 5e-4;
        other.model.dropout = 0.1;
        assert_eq!(run_label(&other, &[&run()], words), "LSTM 1×128 · rate 5e-4 · dropout 0.1");
        assert_eq!(run_label(&run(), &[&other], words), "LSTM 1×128 · rate 2e-3 · dropout 0");
        other.source = Some(Source::Own { name: "Sonnets".to_owned() });
        assert!(run_label(&other, &[&run()], words).starts_with("LSTM 1×128 · Sonnets · rate 5e-4"));
    }
}
