//! The pictures of the page, each a plot of the kit: the losses of runs, the hidden state as the network reads, the
//! probabilities of the next symbol.
//!
//! What is drawn is worked out in plain functions that know no browser and are tested natively.

mod heatmap;
mod loss;
mod probabilities;

use leptos::prelude::*;

pub use heatmap::{HiddenFrame, HiddenHeatmap};
pub use loss::{LossChart, LossUnit, References};
pub use probabilities::{ProbabilityBars, shown};

/// What the user did to each picture, kept while another step is open.
#[derive(Clone, Copy, Default)]
pub struct Views {
    loss: loss::LossView,
    heatmap: heatmap::HeatmapView,
}

fn use_views() -> Views {
    expect_context::<Views>()
}
