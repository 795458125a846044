//! `unroll train`

use serde_json::json;
use unroll::protocol::{Array, Evaluation, Event, ModelReport, Parcel, Progress, Request, RunState, Trouble};

use super::{arguments, files, output, session::Failure, session::Session};

/// Steps that a person's figure of the training loss is averaged over.
const AVERAGED: usize = 20;

pub fn run(arguments: &arguments::Train) -> Result<(), Failure> {
    let wish = arguments.machine.wish()?;
    let text = files::read_text(&arguments.text)?;
    let destination = arguments.save.as_deref().map(files::Destination::new).transpose()?;
    pollster::block_on(async {
        let mut session = Session::open(wish).await?;
        let request = Request::UseText(arguments.text_request());
        let text = session.ask_with(request, text, |_| Ok(())).await?;
        let mut printer = Printer { json: arguments.json, ..Printer::default() };
        let (model, train) = (arguments.model_config(), arguments.train_config());
        let build = Request::Build { text, model, train, play: true };
        session.ask(build, |event| printer.hear(&event)).await?;
        if let Some(destination) = destination {
            let save = |event: Parcel<Event>| match (event.body, event.arrays.as_slice()) {
                (Event::Saved { .. }, [Array::Bytes(bytes)]) => Ok(destination.write(bytes)?),
                _ => Ok(()),
            };
            session.ask(Request::Save, save).await?;
        }
        printer.done()
    })
}

/// Lines for a program or for a person.
#[derive(Default)]
struct Printer {
    json: bool,
    parameters: usize,
    tokens_per_step: usize,
    tokens: f64,
    seconds: f64,
    /// Of step 1 on.
    losses: Vec<f32>,
}

impl Printer {
    fn hear(&mut self, event: &Parcel<Event>) -> Result<(), Failure> {
        match &event.body {
            Event::ModelReady(report) => self.model(report),
            Event::Progress(progress) => match event.arrays.first() {
                Some(Array::Floats(losses)) => self.progress(progress, losses),
                _ => Ok(()),
            },
            Event::Evaluated(evaluation) if self.json => {
                output::line(&json!({ "step": evaluation.step, "val_loss": evaluation.loss }).to_string())
            }
            Event::Evaluated(evaluation) => self.evaluation(evaluation),
            Event::State { state: RunState::Diverged { step, base_rate, .. }, .. } => {
                Err(Trouble::Diverged { step: *step, base_rate: *base_rate }.into())
            }
            _ => Ok(()),
        }
    }

    fn model(&mut self, report: &ModelReport) -> Result<(), Failure> {
        self.parameters = report.parameters;
        self.tokens_per_step = report.train.batch * report.train.context;
        if self.json {
            return Ok(());
        }
        let symbols = report.symbols.len();
        output::line(&format!("{} parameters, {symbols} symbols", report.parameters))
    }

    /// A line that says how the model does. The loss of a step rests on one chunk, so it is averaged over the last few.
    fn evaluation(&self, evaluation: &Evaluation) -> Result<(), Failure> {
        let read = self.losses.len().min(evaluation.step as usize);
        let last = &self.losses[read.saturating_sub(AVERAGED)..read];
        let training = last.iter().sum::<f32>() / last.len().max(1) as f32;
        output::line(&format!(
            "step {:>6}   training {training:.4}   validation {:.4} nats per token   {:.0} tokens per second",
            evaluation.step,
            evaluation.loss,
            self.tokens_per_second(),
        ))
    }

    fn progress(&mut self, progress: &Progress, losses: &[f32]) -> Result<(), Failure> {
        let tokens = (losses.len() * self.tokens_per_step) as f64;
        self.tokens += tokens;
        self.seconds += tokens / progress.tokens_per_second.max(f64::MIN_POSITIVE);
        self.losses.extend(losses);
        for (step, &loss) in (progress.first_step..).zip(losses) {
            if self.json {
                output::line(&json!({ "step": step, "train_loss": loss }).to_string())?;
            }
        }
        Ok(())
    }

    fn tokens_per_second(&self) -> f64 {
        self.tokens / self.seconds.max(f64::MIN_POSITIVE)
    }

    fn done(&self) -> Result<(), Failure> {
        let speed = self.tokens_per_second();
        if self.json {
            let params = self.parameters;
            return output::line(&json!({ "done": true, "params": params, "tokens_per_second": speed }).to_string());
        }
        output::line(&format!("done   {speed:.0} tokens per second"))
    }
}
