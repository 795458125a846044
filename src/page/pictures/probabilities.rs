//! The probabilities of the next symbol, as bars.

use std::rc::Rc;

use leptos::{html::Div, prelude::*};

use crate::{
    page::plot::{Bar, Change, bars, watch_seen},
    protocol::NextSymbol,
};

/// One bar a symbol, likeliest first. `rows` rows are always taken up, so that nothing moves as they change.
#[component]
pub fn ProbabilityBars(
    #[prop(into)] probabilities: Signal<Vec<NextSymbol>>,
    #[prop(default = 5)] rows: usize,
    /// Is told whether anybody sees them.
    #[prop(optional)]
    seen: Option<RwSignal<bool>>,
) -> impl IntoView {
    let area = NodeRef::<Div>::new();
    Effect::new(move |_| {
        if let (Some(area), Some(seen)) = (area.get(), seen) {
            let changed = move |change| {
                if let Change::Seen(now) = change {
                    // `Some` hands it back when nobody is left who wants to know.
                    let _ = seen.try_set(now);
                }
            };
            watch_seen(&area, Rc::new(changed));
        }
    });
    let all =
        move || probabilities.with(|all| all.iter().map(|one| probability_bar(&one.symbol, one.probability)).collect());
    view! { <div node_ref=area>{move || bars(all(), rows)}</div> }
}

pub fn probability_bar(symbol: &str, probability: f32) -> Bar {
    let share = (1000.0 * probability.clamp(0.0, 1.0)).round() as u32;
    Bar { name: shown(symbol), share, value: percent(probability) }
}

/// A symbol so that it can be seen.
pub fn shown(symbol: &str) -> String {
    match symbol {
        " " => "␣",
        "\n" => "↵",
        "\t" => "⇥",
        _ => symbol,
    }
    .to_owned()
}

/// A probability in whole per cent, small ones not rounded away.
fn percent(probability: f32) -> String {
    let percent = 100.0 * probability;
    if percent > 0.0 && percent < 0.5 {
        "<1\u{2009}%".to_owned()
    } else {
        format!("{}\u{2009}%", percent.round() as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_probability_is_not_shown_as_none() {
        assert_eq!(percent(0.31), "31\u{2009}%");
        assert_eq!(percent(0.002), "<1\u{2009}%");
        assert_eq!(percent(0.0), "0\u{2009}%");
    }

    #[test]
    fn a_bar_is_as_long_as_the_symbol_is_probable() {
        assert_eq!(
            probability_bar(" ", 0.305),
            Bar { name: "␣".to_owned(), share: 305, value: "31\u{2009}%".to_owned() }
        );
        assert_eq!(probability_bar("a", f32::NAN).share, 0);
    }
}
