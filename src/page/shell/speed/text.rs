//! The figures as plain text, to share.

use super::{figure, names, ways};
use crate::{
    page::session::SIZES,
    protocol::{SpeedReport, SpeedSize},
    words::{Words, number},
};

/// With this browser and today's date.
pub fn of(report: &SpeedReport, words: &Words) -> String {
    let browser = web_sys::window().and_then(|window| window.navigator().user_agent().ok()).unwrap_or_default();
    let date = String::from(js_sys::Date::new_0().to_iso_string()).chars().take(10).collect::<String>();
    written(report, words, &date, &browser)
}

fn written(report: &SpeedReport, words: &Words, date: &str, browser: &str) -> String {
    let SpeedSize { batch, context, .. } = SIZES[0];
    let mut lines = vec![format!("Unroll · {} · {date}", words.speed.title), browser.to_owned()];
    lines.extend(report.gpu.iter().map(|gpu| format!("WebGPU: {gpu}")));
    lines.push(format!("CPU: {}", report.cpu));
    let (by, within) = (words.training.batch.label, words.training.context.label);
    lines.push(format!("LSTM 1×H, {by} {batch}, {within} {context}; {}", words.transport.speed));
    for (index, size) in SIZES.iter().enumerate() {
        lines.push(format!("\n{}", (words.speed.hidden)(size.hidden)));
        for way in ways(report) {
            let Some(figure) = figure(report, index, way) else { continue };
            let (device, library) = names(way);
            let speed = figure.tokens_per_second.map_or("–".to_owned(), number::measured);
            let short =
                (figure.context < size.context).then(|| format!(" ({})", (words.speed.at_context)(figure.context)));
            lines.push(format!("  {device:<6} · {library:<13} {speed:>10}{}", short.unwrap_or_default()));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        protocol::{DeviceKind, Library, SpeedFigure},
        words::Language,
    };

    #[test]
    fn the_text_says_what_was_measured_where_and_when() {
        let of = |library, speed, context| SpeedFigure {
            library,
            device: DeviceKind::Cpu,
            size: 0,
            context,
            tokens_per_second: speed,
        };
        let figures = vec![of(Library::Unroll, Some(61_234.0), 64), of(Library::Burn, Some(812.0), 8)];
        let report = SpeedReport { gpu: None, cpu: "SIMD128".to_owned(), figures, planned: 6, going: false };
        let text = written(&report, Language::English.words(), "2026-11-24", "Firefox 150");
        for part in
            ["2026-11-24", "Firefox 150", "CPU: SIMD128", "32 hidden units", "61,200", "812 (context 8)", "nn::Lstm"]
        {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(!text.contains("WebGPU") && text.ends_with('\n'), "{text}");
    }
}
