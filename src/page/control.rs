//! The controls that every step is made of.

mod choice;
mod file;
mod icon;
mod number;
mod stops;
mod switch;

pub use choice::Choice;
pub use file::{FilePicker, read_file};
pub use icon::{Icon, Shape};
pub use number::NumberControl;
pub use stops::Stops;
pub use switch::Switch;

use crate::words::{Control, Words};

/// Which of a language's controls this is.
pub type Says = fn(&'static Words) -> Control;
