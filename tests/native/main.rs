//! The engine from outside: asked through the protocol as the page asks it, and through the command line.

mod bench;
mod command_line;
mod devices;
mod fine_tuning;
mod identity;
mod keeping;
mod latency;
mod looking;
mod memory;
mod texts;
mod training;
mod troubles;
