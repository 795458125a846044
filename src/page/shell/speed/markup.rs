//! The figures as bars and as a table, in HTML.
//!
//! Written as text, because components for it would make the page's program a tenth larger. Only numbers and our own
//! words go in.

use super::{Way, figure, names, ways};
use crate::{
    page::session::SIZES,
    protocol::{DeviceKind, Library, SpeedFigure, SpeedReport},
    words::{Words, number},
};

/// Powers of ten from end to end: always the same, so that nothing moves as figures come.
const LOW: i32 = 1;
const HIGH: i32 = 7;
/// Those that are named, short enough for a phone.
const TICKS: [(i32, &str); 4] = [(LOW, "10"), (3, "1k"), (5, "100k"), (HIGH, "10M")];

/// Pixels of a bar with the gap below it.
const ROW: usize = 13;

/// How far to the right a figure stands, from 0 to 1.
fn position(speed: f64) -> f64 {
    let part = (speed.log10() - f64::from(LOW)) / f64::from(HIGH - LOW);
    // A slow way still has a bar to be seen.
    part.clamp(0.01, 1.0)
}

/// One group of bars a size, with the ways' names above and the scale below.
pub fn bars(report: &SpeedReport, words: &Words) -> String {
    let ways = ways(report);
    let legend = ways.iter().map(|&way| {
        let ((device, library), swatch) = (names(way), bar(way, 1.0, 0));
        format!(r#"<span><svg width="12" height="10">{swatch}</svg>{device} · {library}</span>"#)
    });
    let group = |index: usize| {
        let speed = |way| figure(report, index, way).and_then(|figure| figure.tokens_per_second);
        let bars = ways.iter().enumerate();
        let bars: String = bars.filter_map(|(row, &way)| Some(bar(way, position(speed(way)?), row))).collect();
        let (label, height) = ((words.speed.hidden)(SIZES[index].hidden), ROW * ways.len());
        format!(r#"<span>{label}</span><svg class="speed-bars" width="100%" height="{height}">{bars}</svg>"#)
    };
    let tick = |(power, name): (i32, &str)| {
        let x = 100 * (power - LOW) / (HIGH - LOW);
        let anchor = if power == LOW {
            "start"
        } else if power == HIGH {
            "end"
        } else {
            "middle"
        };
        format!(r#"<text x="{x}%" y="12" text-anchor="{anchor}">{name}</text>"#)
    };
    format!(
        r#"<div class="speed-legend">{}</div>{}<span>{}</span><svg class="speed-ticks" width="100%" height="16">{}</svg>"#,
        legend.collect::<String>(),
        (0..SIZES.len()).map(group).collect::<String>(),
        words.transport.speed,
        TICKS.map(tick).concat(),
    )
}

fn bar((library, device): Way, width: f64, row: usize) -> String {
    let device = if device == DeviceKind::WebGpu { "gpu" } else { "cpu" };
    let library = if library == Library::Burn { " is-burn" } else { "" };
    let (y, width) = (row * ROW, number::percent(width));
    format!(r#"<rect class="is-{device}{library}" width="{width}" y="{y}" height="10" rx="2"/>"#)
}

/// A row a size, a column a way of computing.
pub fn table(report: &SpeedReport, words: &Words) -> String {
    let ways = ways(report);
    let head = |&way: &Way| {
        let (device, library) = names(way);
        format!(r#"<th scope="col">{device}<small>{library}</small></th>"#)
    };
    let cell = |figure: Option<&SpeedFigure>| match figure.map(|figure| (figure, figure.tokens_per_second)) {
        None => "<td></td>".to_owned(),
        Some((_, None)) => format!(r#"<td title="{}">–</td>"#, words.speed.no_figure),
        Some((figure, Some(speed))) => {
            let speed = number::measured(speed);
            let short = (figure.context < SIZES[0].context).then(|| (words.speed.at_context)(figure.context));
            format!("<td>{speed}{}</td>", short.map(|short| format!("<small>{short}</small>")).unwrap_or_default())
        }
    };
    let row = |index: usize| {
        let cells: String = ways.iter().map(|&way| cell(figure(report, index, way))).collect();
        format!(r#"<tr><th scope="row">{}</th>{cells}</tr>"#, (words.speed.hidden)(SIZES[index].hidden))
    };
    let heads: String = ways.iter().map(head).collect();
    format!("<thead><tr><th></th>{heads}</tr></thead><tbody>{}</tbody>", (0..SIZES.len()).map(row).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    fn report() -> SpeedReport {
        let of = |library, speed, context| SpeedFigure {
            library,
            device: DeviceKind::Cpu,
            size: 0,
            context,
            tokens_per_second: speed,
        };
        let figures = vec![of(Library::Unroll, Some(61_234.0), 8), of(Library::Burn, None, 64)];
        SpeedReport { gpu: None, cpu: "SIMD128".to_owned(), figures, planned: 6, going: true }
    }

    #[test]
    fn each_power_of_ten_is_as_wide_as_the_other_and_nothing_runs_out() {
        assert_eq!((position(1e7), position(1e4)), (1.0, 0.5));
        assert_eq!((position(1e9), position(0.1)), (1.0, 0.01));
    }

    #[test]
    fn a_figure_has_a_bar_and_a_cell_and_what_has_none_a_dash() {
        let words = Language::English.words();
        let (bars, table) = (bars(&report(), words), table(&report(), words));
        // One bar, and a swatch a way.
        assert_eq!(bars.matches("<rect").count(), 1 + 2, "{bars}");
        assert!(table.contains("<td>61,200<small>context 8</small></td>"), "{table}");
        assert_eq!((table.matches("–</td>").count(), table.matches("<td></td>").count()), (1, 4), "{table}");
        assert!(!bars.contains("WebGPU") && !table.contains("WebGPU"));
    }
}
