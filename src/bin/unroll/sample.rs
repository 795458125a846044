//! `unroll sample`

use unroll::protocol::{Event, Generate, Parcel, Request};

use super::{arguments, files, output, session::Failure, session::Session};

pub fn run(arguments: &arguments::Sample) -> Result<(), Failure> {
    let model = files::read_model(&arguments.model)?;
    pollster::block_on(async {
        let mut session = Session::open(arguments.machine.wish()?).await?;
        session.load(model).await?;
        let generate = Generate {
            prompt: arguments.prompt.clone(),
            length: arguments.length,
            temperature: arguments.temperature,
            top_k: arguments.top_k,
            seed: arguments.seed,
        };
        let mut started = false;
        let heard = |event: Parcel<Event>| {
            let Event::Written(written) = event.body else { return Ok(()) };
            if !written.unknown.is_empty() {
                eprintln!("The model does not know {}; passed over.", written.unknown.join(" "));
            }
            if !std::mem::replace(&mut started, true) {
                output::print(&arguments.prompt)?;
            }
            output::print(&written.text)
        };
        session.ask(Request::Generate(generate), heard).await?;
        output::print("\n")
    })
}
