//! The figures as bars, one group a size.

use leptos::prelude::*;

use super::{figure, names, ways};
use crate::{
    page::{
        language::{use_say, use_words},
        session::{SIZES, use_session},
    },
    protocol::{DeviceKind, Library},
    words::number,
};

/// Powers of ten from end to end: always the same, so that nothing moves as figures come.
const LOW: i32 = 1;
const HIGH: i32 = 7;

/// How far to the right a figure stands, in per cent.
fn place(speed: f64) -> f64 {
    let part = (speed.log10() - f64::from(LOW)) / f64::from(HIGH - LOW);
    // A slow way still has a bar to be seen.
    100.0 * part.clamp(0.01, 1.0)
}

#[component]
pub fn Bars() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let class = |(library, device)| {
        let device = if device == DeviceKind::WebGpu { "is-gpu" } else { "is-cpu" };
        format!("speed-bar {device}{}", if library == Library::Burn { " is-burn" } else { "" })
    };
    let legend = move || {
        let report = session.speed.get()?;
        let entry = |way| {
            let (device, library) = names(way);
            view! { <span><i class=class(way)></i>{format!("{device} · {library}")}</span> }
        };
        Some(ways(&report).into_iter().map(entry).collect_view())
    };
    let group = move |size| {
        let bars = move || {
            let report = session.speed.get()?;
            let bar = |way| {
                let speed = figure(&report, size, way).and_then(|figure| figure.tokens_per_second);
                let width = format!("{:.1}%", speed.map_or(0.0, place));
                view! { <i class=class(way) style:width=width></i> }
            };
            Some(ways(&report).into_iter().map(bar).collect_view())
        };
        view! {
            <span class="hint">{move || (words().speed.hidden)(size.hidden)}</span>
            <div class="speed-bars">{bars}</div>
        }
    };
    let tick = |power: i32| {
        let speed = 10f64.powi(power);
        view! { <span style:left=format!("{:.1}%", place(speed))>{number::grouped(speed as u64)}</span> }
    };
    view! {
        <div class="speed-chart" data-testid="speed-chart" role="img" aria-label=say(|words| words.speed.picture)>
            <div class="speed-legend hint">{legend}</div>
            {SIZES.map(group).collect_view()}
            <span class="hint">{say(|words| words.transport.speed)}</span>
            <div class="speed-ticks hint">{(LOW..=HIGH).step_by(2).map(tick).collect_view()}</div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_power_of_ten_is_as_wide_as_the_other_and_nothing_runs_out() {
        assert_eq!((place(1e7), place(1e4)), (100.0, 50.0));
        assert_eq!((place(1e9), place(0.1)), (100.0, 1.0));
    }
}
