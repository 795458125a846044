//! Charts and heatmaps on canvas.
//!
//! Colours come from CSS custom properties of the page, read where a canvas stands and read again when the theme changes
//! (see `palette`): `--paper --card --ink --muted --hairline --accent --train --valid --old-text --heat-low --heat-mid
//! --heat-high --run-1 … --run-8 --font --mono`.
//!
//! What is drawn is worked out in plain functions (`scale`, `label`, `colour`, `export`, `loss/view`, `heatmap/order`,
//! `heatmap/view`) that know no browser and are tested natively; the rest puts it on a canvas.

mod colour;
mod download;
mod export;
mod frame;
mod heatmap;
mod label;
mod loss;
mod odds;
mod palette;
mod references;
mod scale;
mod surface;
mod unit;

pub use heatmap::{HiddenFrame, HiddenHeatmap};
pub use loss::LossChart;
pub use odds::{OddsBars, shown};
pub use references::References;
pub use unit::LossUnit;
