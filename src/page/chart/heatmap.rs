//! The hidden state as the network reads a text: text × unit.

mod order;
mod view;

use std::sync::Arc;

use leptos::prelude::*;

use crate::protocol::{Array, HiddenReport, Odd};

/// What `Event::Hidden` brought.
#[derive(Clone, Debug, PartialEq)]
pub struct HiddenFrame {
    pub report: HiddenReport,
    /// [positions, units], row by row.
    states: Vec<f32>,
    /// [positions, odds_count], likeliest first.
    odds: Vec<f32>,
    /// Which symbols these are, same shape.
    odd_ids: Vec<u32>,
}

impl HiddenFrame {
    /// `None` when the arrays are not those that the report promises.
    pub fn new(report: HiddenReport, arrays: Vec<Array>) -> Option<Self> {
        let Ok([Array::Floats(states), Array::Floats(odds), Array::Ids(odd_ids)]) = <[Array; 3]>::try_from(arrays)
        else {
            return None;
        };
        let positions = report.symbols.len();
        let odds_len = positions.checked_mul(report.odds_count)?;
        let fits =
            states.len() == positions.checked_mul(report.units)? && odds.len() == odds_len && odd_ids.len() == odds_len;
        fits.then_some(HiddenFrame { report, states, odds, odd_ids })
    }

    /// The likeliest symbols after `position`. `vocabulary`: how to show each symbol, by id.
    pub fn odds_after(&self, position: usize, vocabulary: &[String]) -> Vec<Odd> {
        let count = self.report.odds_count;
        let range = position * count..(position + 1) * count;
        let (Some(odds), Some(ids)) = (self.odds.get(range.clone()), self.odd_ids.get(range)) else {
            return Vec::new();
        };
        let symbol = |id: u32| vocabulary.get(id as usize).cloned().unwrap_or_default();
        odds.iter().zip(ids).map(|(&probability, &id)| Odd { symbol: symbol(id), probability }).collect()
    }
}

/// Text × unit of one layer, with what the network expects next under the cursor.
#[component]
pub fn HiddenHeatmap(
    #[prop(into)] frame: Signal<Option<Arc<HiddenFrame>>>,
    /// How to show each symbol the model knows, by id (`ModelReport::symbols`).
    #[prop(into)]
    vocabulary: Signal<Arc<Vec<String>>>,
    /// The layer to show, from 0: the page asks the engine for it with `Request::Watch`.
    layer: RwSignal<usize>,
    /// Layers of the present model.
    #[prop(into)]
    layers: Signal<usize>,
) -> impl IntoView {
    let _ = (frame, vocabulary, layer, layers);
    view! { <canvas data-testid="hidden-heatmap"></canvas> }
}
