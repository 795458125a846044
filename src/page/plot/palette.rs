//! The theme's colours and fonts, as the page's style sheet defines them: light, dark, or the system's forced colours.

use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::{CanvasRenderingContext2d, Element};

use super::colour::{Colour, Diverging};
use crate::page::history::EARLIER_RUNS;

/// What canvases draw with. Each colour's name is that of its custom property.
#[derive(Clone, Debug, PartialEq)]
pub struct Palette {
    pub card: Colour,
    pub ink: Colour,
    pub muted: Colour,
    pub hairline: Colour,
    pub accent: Colour,
    pub train: Colour,
    pub valid: Colour,
    pub old_text: Colour,
    /// `--run-1` and so on.
    pub runs: [Colour; EARLIER_RUNS],
    /// `--heat-low`, `--heat-mid`, `--heat-high`.
    pub heat: Diverging,
    /// The font family that the canvas inherits.
    pub font: String,
    /// `--mono`
    pub mono: String,
}

impl Palette {
    /// The light theme, for pictures that leave the page and where a style sheet says nothing.
    pub fn light() -> Self {
        Palette {
            card: Colour::hex(0xffffff),
            ink: Colour::hex(0x1c2127),
            muted: Colour::hex(0x646b73),
            hairline: Colour::hex(0xe5e2db),
            accent: Colour::hex(0x0b6e75),
            train: Colour::hex(0x2b6cb0),
            valid: Colour::hex(0xc8641b),
            old_text: Colour::hex(0x8a56a8),
            runs: [0x2f8f5b, 0xb5457c, 0x8b7a1e, 0x4c9bb8, 0x9a5b3c, 0x6b6fb5, 0x6f8f3a, 0x8c8c8c].map(Colour::hex),
            heat: Diverging::new(Colour::hex(0x2166ac), Colour::hex(0xfaf9f6), Colour::hex(0xb2182b)),
            font: "system-ui, sans-serif".to_owned(),
            mono: "ui-monospace, monospace".to_owned(),
        }
    }

    /// The theme where `element` stands. `context`: of any canvas; it is what reads the colours, in whichever of CSS's
    /// ways they are written, the system's own names among them.
    pub fn read(element: &Element, context: &CanvasRenderingContext2d) -> Self {
        let light = Palette::light();
        let Ok(Some(style)) = window().get_computed_style(element) else { return light };
        let property = |name: &str| style.get_property_value(name).unwrap_or_default().trim().to_owned();
        context.save();
        let colour = |name: &str, default: Colour| {
            // What is no colour leaves the fill as it was.
            context.set_fill_style_str(&default.css(1.0));
            context.set_fill_style_str(&property(name));
            let read = js_sys::Reflect::get(context, &JsValue::from_str("fillStyle")).ok();
            read.and_then(|read| read.as_string()).and_then(|read| Colour::parse(&read)).unwrap_or(default)
        };
        let text = |name: &str, default: &String| {
            Some(property(name)).filter(|text| !text.is_empty()).unwrap_or(default.clone())
        };
        let card = colour("--card", light.card);
        let palette = Palette {
            card,
            ink: colour("--ink", light.ink),
            muted: colour("--muted", light.muted),
            hairline: colour("--hairline", light.hairline),
            accent: colour("--accent", light.accent),
            train: colour("--train", light.train),
            valid: colour("--valid", light.valid),
            old_text: colour("--old-text", light.old_text),
            runs: std::array::from_fn(|index| colour(&format!("--run-{}", index + 1), light.runs[index])),
            heat: Diverging::new(
                colour("--heat-low", Colour::hex(0x2166ac)),
                colour("--heat-mid", card),
                colour("--heat-high", Colour::hex(0xb2182b)),
            ),
            font: text("font-family", &light.font),
            mono: text("--mono", &light.mono),
        };
        context.restore();
        palette
    }

    /// The colour of an earlier run.
    pub fn run(&self, place: usize) -> Colour {
        self.runs.get(place).copied().unwrap_or(self.muted)
    }
}
