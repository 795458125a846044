//! The engine on a command line: train a model, let it write, measure it.

mod arguments;
mod eval;
mod files;
mod output;
mod sample;
mod session;
mod train;

use std::process::ExitCode;

use clap::Parser;
use unroll::words::{self, Language};

use arguments::{Arguments, Command};
use session::Failure;

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Train(arguments) => train::run(&arguments),
        Command::Sample(arguments) => sample::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read us has had enough: `unroll … | head` is no error.
        Err(Failure::PipeClosed) => ExitCode::SUCCESS,
        Err(Failure::Trouble(trouble)) => {
            eprintln!("{}", words::trouble(&trouble, Language::English));
            ExitCode::FAILURE
        }
    }
}
