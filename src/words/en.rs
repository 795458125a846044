//! English.

use super::number::{bound, bytes, fixed, grouped, setting};
use super::{
    Ask, Chart, Control, Device, FineTune, Header, Heatmap, Inside, Keep, Model, Notice, Number, Plot, Refusal,
    Samples, Speed, Text, Training, Transport, UseIt, Words,
};
use crate::protocol::{DeviceKind, DeviceReason, DeviceReport, GeneratedText, Schedule, Setting, Task, Trouble};

pub static WORDS: Words = Words {
    header: Header {
        title: "Unroll: a laboratory for recurrent networks",
        steps: "Steps",
        step: ["Text", "Pretrain", "Look inside", "Fine-tune", "Use it"],
        language: "Language: switch to Chinese",
        theme: ["Theme: as the system", "Theme: light", "Theme: dark"],
    },
    device: Device {
        title: "Device",
        webgpu: "WebGPU",
        cpu: "CPU",
        opening: "Opening",
        none: "No engine",
        why: device,
        choose: Control {
            label: "Compute on",
            help: "Changing the device starts the engine again; the run goes on there from where it stands.",
        },
        auto: "Automatic",
        loading: "Loading the engine",
    },
    speed: Speed {
        title: "Speed of this machine",
        explain: |batch, context| {
            format!(
                "Characters a second that an LSTM of one layer learns (65 symbols, batch {batch}, context {context}), with \
                 Unroll's own operators and with those of burn, the library below. Training waits; nothing is sent \
                 anywhere."
            )
        },
        open: "Measure this machine",
        run: "Measure",
        stop: "Stop",
        copy: "Copy as text",
        copied: "Copied",
        progress: |done, planned| format!("{done} of {planned}"),
        failed: |reason| format!("It could not be measured ({reason}). Try again."),
        missing: "The program that measures is not on this site, or is still being built. Try again in a few minutes.",
        picture: "The figures of the table as bars, on a logarithmic scale",
        hidden: |units| format!("{units} hidden units"),
        at_context: |context| format!("context {context}"),
        no_figure: "It failed, or was not ready within seconds.",
        file_name: "unroll-speed.txt",
    },
    transport: Transport {
        title: "Training",
        play: Control { label: "Play", help: "Train until paused; the space bar does the same." },
        pause: Control { label: "Pause", help: "Pause the training; the space bar does the same." },
        step_once: Control { label: "One step", help: "Take one training step, then pause." },
        reset: Control { label: "Reset", help: "Back to step 0 with a new model of the chosen settings." },
        progress: "Progress of the run",
        step_of: |total| match total {
            Some(total) => format!("step of {}", grouped(total)),
            None => "step".to_owned(),
        },
        epoch: "epoch",
        training: "training",
        validation: "validation",
        gradient_norm: "gradient norm",
        speed: "characters / s",
        device: "device",
    },
    notice: Notice {
        dismiss: "Dismiss",
        page_stopped: "The page has stopped because of an error of its own. Reload it; the settings are kept.",
        reload: "Reload",
        start_again: "Start the engine again",
        go_on: "Go on training",
        recover: |rate| format!("Go on at {}", setting(rate)),
        fit: "Fit batch and context to the text",
        use_bytes: "Use the byte vocabulary",
        saved: |name| format!("The model is saved as {name}."),
        loaded: "The model is loaded. Press play to train it further, or ask it for text.",
        loaded_without_text: "The model is loaded, and the present text has other symbols than it knows. Ask it for text, or \
                              teach it a text of yours in step 4.",
        loaded_kept: "The text is taken, and the loaded model is kept. Start over draws a new model for the text; step 4 \
                      teaches the loaded one.",
        passed_over: |symbols| {
            format!("The model has never seen {}, so it was left out of the prompt.", listed(symbols))
        },
        newer: |names| {
            format!(
                "The model is loaded without {}, which this version does not know: a newer one saved it. Reload the page \
                 to have the newest.",
                listed(names)
            )
        },
    },
    text: Text {
        corpora: "Texts to learn from",
        generated: "Made by rule, with a known best loss",
        corpus: |id| {
            Some(match id {
                "shakespeare" => ("Shakespeare, the plays", "Blank verse and stage names, the usual first text."),
                "tang" => ("Tang poems", "Chinese verse of the 7th to 10th century."),
                "song" => ("Song poems", "Chinese lyrics to set tunes, 10th to 13th century."),
                "shijing" => ("Book of Songs", "诗经, the oldest Chinese poems, four characters a line."),
                "names" => ("First names", "English given names, one a line: quick to learn."),
                "udhr" => ("Human rights", "The Universal Declaration in 22 languages."),
                _ => return None,
            })
        },
        made: |text| match text {
            GeneratedText::Brackets => ("Nested brackets", "Every bracket closes in order: needs a stack."),
            GeneratedText::Counting => ("aⁿbⁿ", "As many b as a: needs a counter."),
            GeneratedText::Sorting => ("Sorting", "Letters, then the same letters in order."),
            GeneratedText::Copy => ("Copy", "Symbols said again after a delay: needs memory."),
            GeneratedText::Addition => ("Addition", "Sums of two numbers: needs a carry."),
        },
        own: "Your own text",
        own_name: "Your text",
        paste: Control { label: "Paste a text", help: "Any language and any symbols; it stays in this browser." },
        paste_here: "Paste or type a text here: a few thousand characters or more.",
        file: Control {
            label: "Choose a file",
            help: "A plain text file in UTF-8, up to 20 MB; it stays in this browser.",
        },
        drop: "or drop a text file here",
        remove_file: "Remove the file",
        use_text: Control {
            label: "Use this text",
            help: "Read the text, draw a new model for it and start training.",
        },
        reading: "Reading the text",
        read_as: "How it is read",
        vocabulary: Control {
            label: "Symbols",
            help: "Characters are Unicode characters; bytes are those of UTF-8, so nothing is ever unknown.",
        },
        characters: "Characters",
        bytes: "Bytes",
        split: Control {
            label: "Training part",
            help: "The part of the text, from its start, that is learned; the rest is for validation.",
        },
        report: "The text",
        size: |characters, symbols| format!("{} characters · {} symbols", grouped(characters), grouped(symbols)),
        next: |name| format!("From the next start: {name}"),
        parts: |percent| {
            format!("{} % for training, {} % for validation", fixed(percent, 0), fixed(100.0 - percent, 0))
        },
        part_train: |tokens| format!("{} for training", grouped(tokens)),
        part_validation: |tokens| format!("{} for validation", grouped(tokens)),
        alphabet: "Alphabet",
        more_symbols: |count| format!("and {} more", grouped(count)),
        occurs: |symbol, count| format!("{symbol} occurs {} times", grouped(count)),
        baselines: "Losses to beat",
        baselines_help: "What models that only count reach on the validation part: an n-gram sees the n − 1 symbols before.",
        n_gram: |order| format!("{order}-gram"),
        uniform: "uniform",
        best_possible: "best possible",
        nats: "nats a token",
        counting: "Counting n-grams",
        preview: "How it begins",
        change: "change",
        train_on_it: "Watch it learn",
    },
    number: Number {
        refused: |why, label, typed, whole, range| {
            let wrong = match why {
                Refusal::Empty => format!("{label} is empty"),
                Refusal::NotANumber => format!("{label}: “{typed}” is not a number"),
                Refusal::NotWhole | Refusal::OutOfRange => format!("{label} cannot be {typed}"),
            };
            let kind = if whole { "whole number" } else { "number" };
            format!("{wrong}; write a {kind} from {} to {}.", bound(range.low), bound(range.high))
        },
    },
    model: Model {
        title: "Model",
        parameters: |count| format!("{} parameters", grouped(count)),
        cell: Control {
            label: "Cell",
            help: "RNN: one tanh layer. GRU: two gates. LSTM: three gates and a cell state.",
        },
        layers: Control { label: "Layers", help: "Recurrent layers on top of each other, 1 to 4." },
        hidden: Control {
            label: "Hidden units",
            help: "Numbers that each layer remembers from symbol to symbol, 8 to 1024.",
        },
        forget_bias: Control {
            label: "Forget bias",
            help: "Added to the forget gate's bias at the start, so that an LSTM remembers longer; 1 is usual.",
        },
        dropout: Control {
            label: "Dropout",
            help: "Part of the values between layers dropped while training; needs two layers.",
        },
        tie_weights: Control {
            label: "Tie weights",
            help: "One table serves for reading symbols and for writing them.",
        },
        init: Control {
            label: "First weights",
            help: "Uniform as PyTorch draws them, or orthogonal recurrent weights with zero biases.",
        },
        init_pytorch: "Uniform",
        init_orthogonal: "Orthogonal",
        more: "More",
        start_over: Control {
            label: "Start over with these settings",
            help: "Draw a new model of these settings and train it from step 0; the present run stays on the chart.",
        },
        changed: "Changed settings count from the next start.",
    },
    training: Training {
        title: "Training",
        learning_rate: Control {
            label: "Learning rate",
            help: "How far a step moves the weights; changes at once, even while it runs.",
        },
        batch: Control { label: "Batch", help: "Places of the text that are read side by side, 1 to 256." },
        context: Control {
            label: "Context",
            help: "Symbols a step reads, and how far back gradients reach, 1 to 512.",
        },
        clip: Control {
            label: "Clip norm",
            help: "The longest gradient that is let through; changes at once, even while it runs.",
        },
        weight_decay: Control { label: "Weight decay", help: "Pulls every weight towards zero; 0 is off." },
        schedule: Control { label: "Schedule", help: "How the learning rate moves over the run." },
        constant: "Constant",
        warmup: "Warm-up",
        cosine: "Cosine",
        steps: Control { label: "Steps", help: "Where the run ends by itself; 0 trains until you pause." },
        seed: Control { label: "Seed", help: "The same seed and settings repeat a CPU run exactly." },
        live: "Learning rate and clip can change while it runs.",
    },
    plot: Plot {
        table: Control { label: "Table", help: "Show the figures in place of the picture." },
        png: Control { label: "PNG", help: "Save the picture." },
        csv: Control { label: "CSV", help: "Save every figure behind the picture as a table." },
        link: Control { label: "Link", help: "Copy an address that opens with what is selected here." },
    },
    chart: Chart {
        title: "Loss",
        training: "training",
        smoothed: "training, smoothed",
        validation: "validation",
        old_text: "old text",
        unit: "Unit of the loss",
        units: ["nats", "bits", "perplexity"],
        units_in_full: ["nats a token", "bits a character", "perplexity"],
        log_steps: Control { label: "log steps", help: "Draw the first steps wider than the later ones." },
        all_steps: Control { label: "all steps", help: "Show all steps again (0, or double-click the chart)." },
        figure: Control {
            label: "Below the loss",
            help: "Which figure to draw below the loss; the same again for none.",
        },
        gradient_norm: "gradient norm",
        learning_rate: "learning rate",
        speed: "characters / s",
        at_step: |step| format!("step {}", grouped(step)),
        uniform: "uniform",
        n_gram: |order| format!("{order}-gram"),
        best_possible: "best possible",
        earlier_runs: "Earlier runs",
        toggle_run: |run| format!("Show or hide the run {run}"),
        forget_run: |run| format!("Remove the run {run} from the chart"),
        step: "step",
        empty: "The curve appears with the first step.",
        described: |step, unit, training, validation| {
            let validation = validation.map(|loss| format!(", validation loss {loss}")).unwrap_or_default();
            format!("Loss over steps. At step {}: training loss {training}{validation} ({unit}).", grouped(step))
        },
        keys: "Drag to choose a range of steps, double-click for all. Ctrl or ⌘ with the wheel zooms; once the chart is \
               clicked the wheel alone does. Keys: ← → move the cursor, with Shift the chart, + − zoom, 0 shows all.",
        rate: "rate",
        batch: "batch",
        context: "context",
        clip: "clip",
        decay: "decay",
        dropout: "dropout",
        forget: "forget bias",
        seed: "seed",
        tied: "tied",
        untied: "untied",
        fine_tuned: "fine-tuned",
        from_scratch: "from scratch",
        schedule: |schedule| match schedule {
            Schedule::Constant => "constant",
            Schedule::Warmup { .. } => "warmup",
            Schedule::Cosine { .. } => "cosine",
        },
    },
    heatmap: Heatmap {
        title: "Hidden state, reading",
        layer: Control { label: "Layer", help: "Which layer's hidden state to show; 1 reads the text." },
        order: Control { label: "Units", help: "Slowest first, or as the network numbers them, from the top." },
        slowest_first: "slowest first",
        in_sight: |rows, units| {
            if rows == units { format!("{units} units") } else { format!("{rows} of {units} units") }
        },
        zoom_in: "Enlarge",
        zoom_out: "Shrink",
        show_all: "Show everything, or as at first",
        unit: |number| format!("unit {number}"),
        position: |number| format!("position {number}"),
        next: "comes next",
        scale: "Colours, from −1 to +1",
        symbol: "symbol",
        empty: "The hidden state appears here as the network reads.",
        nothing_known: "The model knows none of these symbols. Type some that stand in the text it learned.",
        described: |layer, positions, units, step| {
            format!(
                "Hidden state of layer {layer} after {} steps, {positions} characters by {units} units.",
                grouped(step)
            )
        },
        keys: "Drag to move. Ctrl or ⌘ with the wheel zooms; once the picture is clicked the wheel alone does. Keys: arrows \
               move the cursor, with Shift the picture, + − zoom, 0 as at first.",
    },
    samples: Samples {
        title: "Sample",
        at_step: |step| format!("step {}", grouped(step)),
        none: "The model writes here every hundred steps.",
        before: "Before",
        after: "After",
        none_before: "What the model writes before it meets your text.",
        none_after: "What it writes as it learns your text.",
    },
    ask: Ask {
        title: "Ask the model",
        prompt: Control { label: "Prompt", help: "The model reads this and goes on writing." },
        prompt_here: "The beginning of a text",
        write: Control { label: "Write", help: "Continue the prompt with the model as it is now." },
        stop: Control { label: "Stop", help: "Stop writing." },
        again: Control { label: "Again", help: "Write once more, with another seed." },
        temperature: Control {
            label: "Temperature",
            help: "Below 1 the model keeps to what is likely, above 1 it dares more; 0 always takes the likeliest.",
        },
        length: Control { label: "Length", help: "How many symbols to write." },
        top_k: Control { label: "Top-k", help: "Draw only from the k likeliest symbols; 0 draws from all." },
        next: "Likeliest next",
        speed: |speed| format!("{} characters / s", grouped(speed.max(0.0).round() as u64)),
        nothing_yet: "What the model writes appears here.",
    },
    inside: Inside {
        read: Control {
            label: "Text to read",
            help: "The model reads this from the zero state, again and again as it learns.",
        },
        read_here: "Empty: the start of the validation part",
        explain: "Each column is a symbol that the model reads, each row one of its units. Blue is −1, red is +1. A unit that \
                  keeps its colour over many symbols remembers something; point at a cell to see which symbol, unit and value \
                  it is, and what the model expects next.",
        next_title: "Reading",
        later: "Gates, gradients through time and a search for units that mean something are still to come.",
    },
    fine_tune: FineTune {
        text: "Your text",
        explain: "The present model goes on training on another text. Both losses are drawn, so that you see what it learns \
                  and what it forgets.",
        settings: "Fine-tuning",
        start: Control { label: "Fine-tune on this text", help: "Go on training the present model on this text." },
        new_symbols: |symbols| format!("New to the model: {}", listed(symbols)),
        old_loss: "old text",
        new_loss: "new text",
    },
    use_it: UseIt {
        title: "Write with the model",
        later: "Features for classical models, classification, tagging, translation and dialogue are still to come.",
    },
    keep: Keep {
        title: "Keep the model",
        explain: "A safetensors file with weights, vocabulary and settings; the weights are named as PyTorch names them.",
        save: Control { label: "Save", help: "Download the present model as a safetensors file." },
        load: Control { label: "Load a file", help: "Take a model from a safetensors file that was saved here." },
        present: |step, parameters| format!("{} parameters at step {}", grouped(parameters), grouped(step)),
    },
    task: |task| match task {
        Task::OpeningDevice => "Opening the device",
        Task::ReadingText => "Reading the text",
        Task::Baselines => "Counting n-grams",
        Task::MeasuringDevices => "Trying out WebGPU and the CPU",
        Task::Compiling => "Compiling for WebGPU",
        Task::BuildingModel => "Building the model",
        Task::Evaluating => "Evaluating",
    },
};

fn device(report: &DeviceReport) -> String {
    let what = match report.kind {
        DeviceKind::WebGpu => format!("Training runs on the graphics processor ({}).", report.name),
        DeviceKind::Cpu => format!("Training runs on the processor ({}).", report.name),
    };
    let why = match &report.reason {
        DeviceReason::Chosen => "You asked for it.".to_owned(),
        DeviceReason::Suitable => "The browser offers WebGPU with everything that is needed.".to_owned(),
        DeviceReason::Measured => "It learns this model faster than the other device.".to_owned(),
        DeviceReason::SlowStart => "WebGPU takes too long to get ready for this model.".to_owned(),
        DeviceReason::OnlyFit => "This model does not fit the other device.".to_owned(),
        DeviceReason::NoWebGpu => "This browser has no WebGPU.".to_owned(),
        DeviceReason::NoAdapter => "The browser has WebGPU but no graphics adapter for it.".to_owned(),
        DeviceReason::SoftwareAdapter => {
            "The only WebGPU adapter here is a program on the processor, most likely slower than our own.".to_owned()
        }
        DeviceReason::NoTimestampQuery => {
            "The graphics adapter lacks timestamp-query, which the engine needs.".to_owned()
        }
        DeviceReason::Failed(words) => format!("WebGPU failed: {words}."),
    };
    format!("{what} {why}")
}

fn name(setting: Setting) -> &'static str {
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
        Setting::EvalTokens => "Validation tokens per evaluation",
        Setting::Split => "Training part",
        Setting::Temperature => "Temperature",
        Setting::Length => "Length",
        Setting::Threads => "Threads",
        Setting::Steps => "Steps",
        Setting::Seed => "Seed",
        Setting::TopK => "Top-k",
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
            format!("{} cannot be {value}: choose a value from {} to {}.", name(*which), bound(*low), bound(*high))
        }
        Trouble::TooLargeForDevice { needed_bytes, available_bytes } => format!(
            "These settings need {} and the device has {}. Choose fewer hidden units, layers, a smaller batch or a \
             shorter context.",
            bytes(*needed_bytes),
            bytes(*available_bytes)
        ),
        Trouble::TextReplaced => "Another text was taken meanwhile: build the model again.".to_owned(),
        Trouble::NoModel => "There is no model yet: build one first.".to_owned(),
        Trouble::NotAModel { reason } => {
            format!("This file is not a model that can be loaded ({reason}). Use a safetensors file saved here.")
        }
        Trouble::OtherSymbols => {
            "The model was trained on other symbols than the present text has. Choose the text that it \
                                  learned to train it further, or fine-tune it on this one."
                .to_owned()
        }
        Trouble::UnknownSymbols { symbols } => format!(
            "The model has never seen {}, so it was left out. Only symbols of the text it learned can be used.",
            listed(symbols)
        ),
        Trouble::Diverged { step, base_rate } => format!(
            "The run diverged at step {} at learning rate {}. The last good weights are kept: go on from them at a \
             lower rate.",
            grouped(*step),
            setting(*base_rate)
        ),
        Trouble::NothingToRecover => {
            "There are no good weights to go back to: start over, with a lower learning rate.".to_owned()
        }
        Trouble::ModelReplaced => {
            "This was ended, because another model took the place of the one it was asked of: ask again.".to_owned()
        }
        Trouble::NoFiniteLoss { step } => format!(
            "The loss of this model is no finite number: its weights have grown too large by step {}. Train again at a \
             lower learning rate.",
            grouped(*step)
        ),
        Trouble::NoWebGpu { reason } => format!("WebGPU cannot be used here ({reason}), so the CPU is used instead."),
        Trouble::NoTimestampQuery => {
            "This graphics adapter lacks timestamp-query, which the engine needs, so the CPU is used instead."
                .to_owned()
        }
        Trouble::DeviceLost { reason } => {
            format!("The graphics device was lost ({reason}). The model is kept: go on with it on the CPU.")
        }
        Trouble::OutOfMemory => {
            "The device has run out of memory. Start the engine again with fewer hidden units, a smaller batch or a \
             shorter context."
                .to_owned()
        }
        Trouble::WorkerDied { reason } => {
            format!("The engine stopped unexpectedly ({reason}). Start it again; text and settings are kept.")
        }
        Trouble::UnreadableMessage { reason } => {
            format!("Page and engine do not understand each other ({reason}). Reload the page to have both anew.")
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
        text.push_str(&format!(" and {} more", grouped((symbols.len() - SHOWN) as u64)));
    }
    text
}
