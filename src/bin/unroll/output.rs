//! Standard output, whose reader may go away at any time.

use std::io::{self, Write};

use unroll::protocol::Trouble;

use super::session::Failure;

/// Prints and sends it on its way.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::PipeClosed,
        _ => Trouble::CannotWrite { name: "standard output".to_owned(), reason: error.to_string() }.into(),
    })
}

/// Prints a line.
pub fn line(text: &str) -> Result<(), Failure> {
    print(&format!("{text}\n"))
}
