//! Labels: where they stand without covering one another, and what a run is called.

use crate::{
    page::history::{RunHistory, RunSettings},
    words::{Chart, number},
};

/// Places of labels `gap` apart, as near as can be to where they belong, within [low, high] as far as there is room.
///
/// Labels that would overlap form a block around the middle of their wishes (pool adjacent violators). The order of
/// the wishes is kept.
pub fn declutter(wishes: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wishes.len()).collect();
    order.sort_by(|&a, &b| wishes[a].total_cmp(&wishes[b]));
    // A block: its labels, and the sum of the places its first label would take for each wish.
    struct Block {
        labels: usize,
        sum: f64,
    }
    let place = |block: &Block| {
        let height = (block.labels - 1) as f64 * gap;
        (block.sum / block.labels as f64).min(high - height).max(low)
    };
    let mut blocks: Vec<Block> = Vec::new();
    for &index in &order {
        blocks.push(Block { labels: 1, sum: wishes[index] });
        while let [.., above, below] = blocks.as_slice() {
            let height = above.labels as f64 * gap;
            if place(above) + height <= place(below) {
                break;
            }
            let joined = Block {
                labels: above.labels + below.labels,
                sum: above.sum + below.sum - below.labels as f64 * height,
            };
            blocks.truncate(blocks.len() - 2);
            blocks.push(joined);
        }
    }
    let mut places = vec![0.0; wishes.len()];
    let mut labels = order.into_iter();
    for block in &blocks {
        let first = place(block);
        for (row, index) in labels.by_ref().take(block.labels).enumerate() {
            places[index] = first + row as f64 * gap;
        }
    }
    places
}

/// A run's name among others: its network, and every setting in which it differs from any of them.
pub fn run_label(run: &RunSettings, others: &[&RunSettings], words: &Chart) -> String {
    let mut parts = vec![network(run)];
    let mut add = |differs: &dyn Fn(&RunSettings) -> bool, part: String| {
        if others.iter().any(|other| differs(other)) {
            parts.push(part);
        }
    };
    let value = number::setting;
    let (model, train) = (&run.model, &run.train);
    add(&|other| other.text != run.text, run.text.clone());
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
    add(&|other| other.model.init != model.init, format!("{:?}", model.init).to_lowercase());
    add(&|other| other.model.seed != model.seed, named(words.seed, model.seed.to_string()));
    parts.join(" · ")
}

/// Every shown run with its name among the others.
pub fn run_labels(runs: &[&RunHistory], words: &Chart) -> Vec<String> {
    let all: Vec<&RunSettings> = runs.iter().map(|run| &run.settings).collect();
    all.iter().map(|run| run_label(run, &all, words)).collect()
}

fn network(run: &RunSettings) -> String {
    format!("{} {}×{}", run.model.cell.name().to_uppercase(), run.model.layers, run.model.hidden)
}

fn kind(run: &RunSettings, words: &Chart) -> String {
    if run.fine_tuning { words.fine_tuned } else { words.from_scratch }.to_owned()
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
        protocol::{ModelConfig, TrainConfig},
        words::Language,
    };

    #[test]
    fn labels_with_room_stay_where_they_belong() {
        assert_eq!(declutter(&[80.0, 10.0, 40.0], 14.0, 0.0, 100.0), [80.0, 10.0, 40.0]);
    }

    #[test]
    fn labels_that_would_overlap_part_around_their_middle() {
        assert_eq!(declutter(&[50.0, 50.0], 10.0, 0.0, 100.0), [45.0, 55.0]);
        assert_eq!(declutter(&[50.0, 52.0, 51.0], 10.0, 0.0, 100.0), [41.0, 61.0, 51.0]);
    }

    #[test]
    fn labels_keep_off_the_edges_and_apart_from_a_block_that_was_pushed() {
        let places = declutter(&[0.0, 1.0, 2.0, 27.0], 10.0, 0.0, 100.0);
        assert_eq!(places, [0.0, 10.0, 20.0, 30.0]);
        let places = declutter(&[98.0, 99.0], 10.0, 0.0, 100.0);
        assert_eq!(places, [90.0, 100.0]);
    }

    fn run() -> RunSettings {
        RunSettings {
            text: "Shakespeare".to_owned(),
            model: ModelConfig::default(),
            train: TrainConfig::default(),
            parameters: 108_225,
            characters_per_token: 1.0,
            fine_tuning: false,
        }
    }

    #[test]
    fn a_run_is_named_by_its_network_and_by_what_sets_it_apart() {
        let words = &Language::English.words().chart;
        let mut other = run();
        assert_eq!(run_label(&run(), &[&other], words), "LSTM 1×128");
        other.train.learning_rate = 5e-4;
        other.model.dropout = 0.1;
        assert_eq!(run_label(&other, &[&run()], words), "LSTM 1×128 · rate 5e-4 · dropout 0.1");
        assert_eq!(run_label(&run(), &[&other], words), "LSTM 1×128 · rate 2e-3 · dropout 0");
        other.text = "Sonnets".to_owned();
        assert!(run_label(&other, &[&run()], words).starts_with("LSTM 1×128 · Sonnets · rate 5e-4"));
    }
}
