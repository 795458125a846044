//! The points of runs as comma-separated values.

use crate::page::history::{Evaluated, RunHistory};

const HEADER: &str =
    "run,settings,step,training_loss,gradient_norm,learning_rate,tokens_per_second,validation_loss,old_text_loss\n";

/// Every point that is kept of every run, losses in nats a token; a run's name goes with each of its rows.
///
/// In parts, one a run, so that a million points need not be one string.
pub fn csv(runs: &[(&RunHistory, String)]) -> Vec<String> {
    let parts = runs.iter().enumerate().map(|(index, (run, label))| rows(index + 1, run, label));
    std::iter::once(HEADER.to_owned()).chain(parts).collect()
}

fn rows(number: usize, run: &RunHistory, label: &str) -> String {
    let name = format!("{number},{}", quoted(label));
    let mut text = String::with_capacity(run.loss.len() * (name.len() + 48));
    let mut validation = run.validation.iter().peekable();
    let mut old_text = run.old_text.iter().peekable();
    let mut trained = 0;
    loop {
        let step_of = |point: Option<&&Evaluated>| point.map(|point| point.step);
        let next_trained = (trained < run.loss.len()).then(|| run.loss.step_of(trained));
        let Some(step) =
            [next_trained, step_of(validation.peek()), step_of(old_text.peek())].into_iter().flatten().min()
        else {
            return text;
        };
        text.push_str(&name);
        text.push(',');
        text.push_str(&step.to_string());
        let here = next_trained == Some(step);
        for series in [&run.loss, &run.gradient_norm, &run.learning_rate, &run.speed] {
            let value = series.values().get(trained).filter(|_| here);
            push_figure(&mut text, value.copied().map(f64::from), |value| (value as f32).to_string());
        }
        for points in [&mut validation, &mut old_text] {
            let loss = points.next_if(|point| point.step == step).map(|point| point.loss);
            push_figure(&mut text, loss, |value| value.to_string());
        }
        text.push('\n');
        trained += usize::from(here);
    }
}

fn push_figure(text: &mut String, value: Option<f64>, write: impl Fn(f64) -> String) {
    text.push(',');
    if let Some(value) = value.filter(|value| value.is_finite()) {
        text.push_str(&write(value));
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\"").replace(['\n', '\r'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        page::history::{Histories, RunSettings},
        protocol::{Array, EvaluatedOn, Evaluation, ModelConfig, Progress, TrainConfig},
    };

    #[test]
    fn every_point_is_a_row_and_what_is_unknown_is_left_empty() {
        let mut histories = Histories::default();
        histories.begin(RunSettings {
            text: String::new(),
            model: ModelConfig::default(),
            train: TrainConfig::default(),
            parameters: 1,
            characters_per_token: 1.0,
            fine_tuning: false,
        });
        let evaluation = |step, loss| Evaluation { run: 1, step, on: EvaluatedOn::Validation, loss, tokens: 1 };
        histories.evaluated(&evaluation(0, 4.5));
        let progress = Progress { run: 1, first_step: 1, step: 2, epoch: 0.0, tokens_per_second: 9.0 };
        histories.progress(&progress, &[Array::Floats(vec![4.0, 3.5]), Array::Floats(vec![0.5, f32::NAN])]);
        histories.evaluated(&evaluation(2, 3.25));
        let run = histories.present().expect("a run began");
        let text = csv(&[(run, "LSTM, \"mine\"".to_owned())]).concat();
        let mut lines = text.lines();
        assert!(lines.next().is_some_and(|header| header.split(',').count() == 9));
        assert_eq!(lines.next(), Some("1,\"LSTM, \"\"mine\"\"\",0,,,,,4.5,"));
        assert_eq!(lines.next(), Some("1,\"LSTM, \"\"mine\"\"\",1,4,0.5,,9,,"));
        assert_eq!(lines.next(), Some("1,\"LSTM, \"\"mine\"\"\",2,3.5,,,9,3.25,"));
        assert_eq!(lines.next(), None);
    }
}
