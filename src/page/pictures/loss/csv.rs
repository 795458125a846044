//! The points of runs as comma-separated values.

use crate::page::{
    history::{Evaluated, Histories, RunHistory},
    plot::{push_number, push_quoted},
};

const HEADER: &str =
    "run,settings,step,training_loss,gradient_norm,learning_rate,tokens_per_second,validation_loss,old_text_loss\n";
/// Rows of a part: a few milliseconds' work.
const PART: usize = 4096;

/// Every point that is kept of every run, losses in nats a token; a run's name goes with each of its rows. It comes part
/// by part, since a million points are a hundred megabytes.
pub struct CsvRows {
    /// Runs that are left, last first, each by its id and with the beginning of its rows.
    runs: Vec<(u32, String)>,
    header: bool,
    /// Where the next part begins.
    step: u64,
}

impl CsvRows {
    pub fn new(runs: &[(&RunHistory, String)]) -> Self {
        let numbered = runs.iter().enumerate().map(|(index, (run, label))| {
            let mut start = (index + 1).to_string();
            start.push(',');
            push_quoted(&mut start, label);
            (run.id, start)
        });
        CsvRows { runs: numbered.rev().collect(), header: true, step: 0 }
    }

    /// The next part; the runs may have gone on since the last one, and one that was forgotten meanwhile ends.
    pub fn next(&mut self, histories: &Histories) -> Option<String> {
        let mut text = String::new();
        if std::mem::take(&mut self.header) {
            text.push_str(HEADER);
        }
        while let Some((id, start)) = self.runs.last() {
            let run = histories.earlier().iter().chain(histories.present()).find(|run| run.id == *id);
            let next = run.and_then(|run| push_rows(&mut text, run, start, self.step));
            match next {
                Some(step) => {
                    self.step = step;
                    return Some(text);
                }
                None => {
                    self.runs.pop();
                    self.step = 0;
                    if !text.is_empty() {
                        return Some(text);
                    }
                }
            }
        }
        (!text.is_empty()).then_some(text)
    }
}

/// Writes a part of a run's rows from `step` on, and says where the next begins, if there is one.
fn push_rows(text: &mut String, run: &RunHistory, start: &str, step: u64) -> Option<u64> {
    let from = |points: &[Evaluated]| points.partition_point(|point| point.step < step);
    let mut validation = run.validation[from(&run.validation)..].iter().peekable();
    let mut old_text = run.old_text[from(&run.old_text)..].iter().peekable();
    let mut trained = run.loss.index_range(step as f64, f64::INFINITY).start;
    for row in 0.. {
        let step_of = |point: Option<&&Evaluated>| point.map(|point| point.step);
        let next_trained = (trained < run.loss.len()).then(|| run.loss.step_of(trained));
        let step = [next_trained, step_of(validation.peek()), step_of(old_text.peek())].into_iter().flatten().min()?;
        if row == PART {
            return Some(step);
        }
        text.push_str(start);
        text.push(',');
        text.push_str(&step.to_string());
        let here = next_trained == Some(step);
        for series in [&run.loss, &run.gradient_norm, &run.learning_rate, &run.speed] {
            let value = series.values().get(trained).filter(|_| here);
            text.push(',');
            push_number(text, value.map_or(f64::NAN, |&value| f64::from(value)));
        }
        for points in [&mut validation, &mut old_text] {
            let loss = points.next_if(|point| point.step == step).map_or(f64::NAN, |point| point.loss);
            text.push(',');
            push_number(text, loss);
        }
        text.push('\n');
        trained += usize::from(here);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        page::history::RunSettings,
        protocol::{Array, EvaluatedOn, Evaluation, ModelConfig, Progress, TrainConfig},
    };

    fn settings() -> RunSettings {
        RunSettings {
            source: None,
            model: ModelConfig::default(),
            train: TrainConfig::default(),
            parameters: 1,
            characters_per_token: 1.0,
            fine_tuning: false,
        }
    }

    fn all(histories: &Histories, label: &str) -> Vec<String> {
        let runs: Vec<_> = histories.shown().map(|run| (run, label.to_owned())).collect();
        let mut rows = CsvRows::new(&runs);
        std::iter::from_fn(|| rows.next(histories)).collect()
    }

    #[test]
    fn every_point_is_a_row_and_what_is_unknown_is_left_empty() {
        let mut histories = Histories::default();
        histories.begin(settings());
        let evaluation = |step, loss| Evaluation { run: 1, step, on: EvaluatedOn::Validation, loss, tokens: 1 };
        histories.evaluated(&evaluation(0, 4.5));
        let progress = Progress { run: 1, first_step: 1, step: 2, epoch: 0.0, tokens_per_second: 9.0 };
        histories.progress(&progress, &[Array::Floats(vec![4.0, 3.5]), Array::Floats(vec![0.5, f32::NAN])]);
        histories.evaluated(&evaluation(2, 3.25));
        let text = all(&histories, "LSTM, \"mine\"").concat();
        let mut lines = text.lines();
        assert!(lines.next().is_some_and(|header| header.split(',').count() == 9));
        assert_eq!(lines.next(), Some("1,\"LSTM, \"\"mine\"\"\",0,,,,,4.5,"));
        assert_eq!(lines.next(), Some("1,\"LSTM, \"\"mine\"\"\",1,4,0.5,,9,,"));
        assert_eq!(lines.next(), Some("1,\"LSTM, \"\"mine\"\"\",2,3.5,,,9,3.25,"));
        assert_eq!(lines.next(), None);
    }

    #[test]
    fn a_long_run_comes_in_parts_that_together_hold_every_step_once() {
        let mut histories = Histories::default();
        let train = |histories: &mut Histories, steps: usize| {
            let progress = Progress { run: 1, first_step: 1, step: steps as u64, epoch: 0.0, tokens_per_second: 9.0 };
            histories.progress(&progress, &[Array::Floats(vec![1.5; steps])]);
        };
        histories.begin(settings());
        train(&mut histories, 3);
        histories.begin(settings());
        train(&mut histories, 2 * PART + 5);
        let parts = all(&histories, "run");
        assert_eq!(parts.len(), 4);
        let text = parts.concat();
        let step = |line: &str| line.split(',').nth(2).map(str::to_owned);
        let steps: Vec<_> = text.lines().skip(1).filter_map(step).collect();
        let wanted = (1..=3).chain(1..=2 * PART + 5).map(|step| step.to_string());
        assert!(steps.into_iter().eq(wanted));
    }

    #[test]
    fn without_a_run_there_is_the_header_alone() {
        assert_eq!(all(&Histories::default(), ""), [HEADER]);
    }
}
