//! The odds of the next symbol, as bars.

use leptos::prelude::*;

use crate::protocol::NextSymbol;

/// One bar a symbol, likeliest first. `rows` rows are always taken up, so that nothing moves as the odds change.
#[component]
pub fn OddsBars(#[prop(into)] odds: Signal<Vec<NextSymbol>>, #[prop(default = 5)] rows: usize) -> impl IntoView {
    let row = move |index: usize| {
        let odd = move || odds.with(|odds| odds.get(index).cloned());
        let symbol = move || odd().map(|odd| shown(&odd.symbol)).unwrap_or_default();
        let width = move || format!("{:.1}%", 100.0 * odd().map_or(0.0, |odd| odd.probability.clamp(0.0, 1.0)));
        let percent = move || odd().map(|odd| percent(odd.probability)).unwrap_or_default();
        view! {
            <li class="odd" class:is-empty=move || odd().is_none()>
                <span class="odd-symbol">{symbol}</span>
                <span class="odd-track"><span class="odd-bar" style:width=width></span></span>
                <span class="odd-percent">{percent}</span>
            </li>
        }
    };
    view! { <ol class="odds">{(0..rows).map(row).collect_view()}</ol> }
}

/// A symbol so that it can be seen.
pub fn shown(symbol: &str) -> String {
    match symbol {
        " " => "␣".to_owned(),
        "\n" => "↵".to_owned(),
        "\t" => "⇥".to_owned(),
        _ => symbol.to_owned(),
    }
}

/// A probability in whole per cent, small ones not rounded away.
fn percent(probability: f32) -> String {
    let percent = 100.0 * probability;
    if percent > 0.0 && percent < 0.5 { "<1\u{2009}%".to_owned() } else { format!("{percent:.0}\u{2009}%") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_chance_is_not_shown_as_none() {
        assert_eq!(percent(0.31), "31\u{2009}%");
        assert_eq!(percent(0.002), "<1\u{2009}%");
        assert_eq!(percent(0.0), "0\u{2009}%");
    }
}
