//! The page: leptos components, charts and heatmaps on canvas. Holds no tensor.

pub mod chart;
pub mod history;
pub mod language;
