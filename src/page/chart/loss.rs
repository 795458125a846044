//! The chart of losses over steps.

mod trace;
mod view;

use leptos::prelude::*;

use super::{LossUnit, References};
use crate::page::history::Histories;

/// Training, validation and old-text loss of the present run, earlier runs under it, and the losses they are measured
/// against.
#[component]
pub fn LossChart(
    histories: RwSignal<Histories>,
    #[prop(into)] references: Signal<References>,
    /// Where the present run ends by itself.
    #[prop(into)]
    total_steps: Signal<Option<u64>>,
    /// Shared with the other figures of the page.
    unit: RwSignal<LossUnit>,
) -> impl IntoView {
    let _ = (histories, references, total_steps, unit);
    view! { <canvas data-testid="loss-chart"></canvas> }
}
