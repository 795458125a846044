//! `unroll eval`

use serde_json::json;
use unroll::protocol::{Evaluation, Event, Parcel, Request};

use super::{arguments, files, output, session::Failure, session::Session};

pub fn run(arguments: &arguments::Eval) -> Result<(), Failure> {
    let model = files::read_model(&arguments.model)?;
    let text = files::read_text(&arguments.text)?;
    pollster::block_on(async {
        let mut session = Session::open(arguments.machine.wish()?).await?;
        session.load(model).await?;
        let heard = |event: Parcel<Event>| match event.body {
            Event::Evaluated(Evaluation { loss, tokens, .. }) if arguments.json => {
                output::line(&json!({ "val_loss": loss, "tokens": tokens }).to_string())
            }
            Event::Evaluated(Evaluation { loss, .. }) => output::line(&format!("{loss:.4}")),
            _ => Ok(()),
        };
        session.ask_with(Request::EvaluateText, text, heard).await.map(drop)
    })
}
