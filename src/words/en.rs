use super::number::{bytes, grouped, setting as figure};
use crate::protocol::{Setting, Trouble};

pub fn setting(setting: Setting) -> &'static str {
    match setting {
        Setting::Layers => "Layers",
        Setting::Hidden => "Hidden units",
        Setting::Dropout => "Dropout",
        Setting::ForgetBias => "Forget bias",
        Setting::Batch => "Batch",
        Setting::Context => "Context",
        Setting::LearningRate => "Learning rate",
        Setting::Clip => "Clip norm",
        Setting::WeightDecay => "Weight decay",
        Setting::EvalEvery => "Steps between evaluations",
        Setting::Split => "Training part",
        Setting::Temperature => "Temperature",
        Setting::Length => "Length",
        Setting::Threads => "Threads",
    }
}

pub fn trouble(trouble: &Trouble) -> String {
    match trouble {
        Trouble::TextEmpty => "The text is empty: paste or choose one with something in it.".to_owned(),
        Trouble::TextTooShort { tokens, needed, batch, context } => format!(
            "The text is too short: it has {} tokens, and batch {batch} with context {context} needs at least {}. \
             Use a longer text, a smaller batch or a shorter context.",
            grouped(*tokens as u64),
            grouped(*needed as u64),
        ),
        Trouble::TextTooLarge { bytes: size, limit } => {
            format!("The text is too large: {} where at most {} fit. Use a part of it.", bytes(*size), bytes(*limit))
        }
        Trouble::NotText { kind } => {
            format!("This is not a text but {kind}. Use a plain text file in UTF-8.")
        }
        Trouble::InvalidUtf8 { offset } => format!(
            "The text is not valid UTF-8, first at byte {}. Save it as UTF-8 in an editor and try again.",
            grouped(*offset as u64)
        ),
        Trouble::NulByte { offset } => format!(
            "The text holds a NUL at byte {}, so it is probably not a text. Use a plain text file in UTF-8.",
            grouped(*offset as u64)
        ),
        Trouble::TooManySymbols { symbols, limit } => format!(
            "The text has {} different symbols and at most {} can be learned. Use the byte vocabulary for it.",
            grouped(*symbols as u64),
            grouped(*limit as u64)
        ),
        Trouble::NoText => "There is no text yet: choose one first.".to_owned(),
        Trouble::OutOfRange { setting: which, value, low, high } => {
            format!("{} cannot be {value}: choose a value from {} to {}.", setting(*which), figure(*low), figure(*high))
        }
        Trouble::TooLargeForDevice { needed_bytes, available_bytes } => format!(
            "These settings need {} and the device has {}. Choose fewer hidden units, layers, a smaller batch or a \
             shorter context.",
            bytes(*needed_bytes),
            bytes(*available_bytes)
        ),
        Trouble::NoModel => "There is no model yet: build one first.".to_owned(),
        Trouble::NotAModel { reason } => {
            format!("This file is not a model that can be loaded ({reason}). Use a safetensors file saved here.")
        }
        Trouble::UnknownSymbols { symbols } => format!(
            "The model has never seen {}, so it was left out. Only symbols of the text it learned can be used.",
            listed(symbols)
        ),
        Trouble::Diverged { step, learning_rate } => format!(
            "The run diverged at step {} at learning rate {}. The last good weights are kept: go on from them at a \
             lower rate.",
            grouped(*step),
            figure(*learning_rate)
        ),
        Trouble::NothingToRecover => {
            "There are no good weights to go back to: start over, with a lower learning rate.".to_owned()
        }
        Trouble::NoWebGpu { reason } => format!("WebGPU cannot be used here ({reason}), so the CPU is used instead."),
        Trouble::NoTimestampQuery => {
            "This graphics adapter lacks timestamp-query, which the engine needs, so the CPU is used instead."
                .to_owned()
        }
        Trouble::DeviceLost { reason } => {
            format!("The graphics device was lost ({reason}). Start the engine again; text and settings are kept.")
        }
        Trouble::OutOfMemory => {
            "The device has run out of memory. Start the engine again with fewer hidden units, a smaller batch or a \
             shorter context."
                .to_owned()
        }
        Trouble::WorkerDied { reason } => {
            format!("The engine stopped unexpectedly ({reason}). Start it again; text and settings are kept.")
        }
        Trouble::EngineFailedToLoad { reason } => {
            format!("The engine could not be loaded ({reason}). Check the connection and start it again.")
        }
        Trouble::CannotRead { name, reason } => {
            format!("{name} could not be read ({reason}). Check the name and whether it may be opened.")
        }
        Trouble::CannotWrite { name, reason } => {
            format!("{name} could not be written ({reason}). Check the folder and the free space.")
        }
    }
}

/// The first few symbols, quoted.
fn listed(symbols: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut text = symbols.iter().take(SHOWN).map(|s| format!("“{s}”")).collect::<Vec<_>>().join(", ");
    if symbols.len() > SHOWN {
        text.push_str(&format!(" and {} more symbols", grouped((symbols.len() - SHOWN) as u64)));
    }
    text
}
