//! The chart as a picture that stands by itself: white ground, title, names.

use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::{
    paint::paint,
    scene::{Layout, Ranges, Scene},
};
use crate::page::chart::{
    colour::Colour,
    palette::Palette,
    surface::{Surface, detached_canvas},
};

const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 720.0;
const MARGIN: f64 = 32.0;
const HEAD: f64 = 84.0;
const LEGEND_ROW: f64 = 20.0;

/// Draws the scene with its title and the names of its lines on a canvas of its own. `font`: the page's family.
pub fn picture(scene: &Scene, title: &str, font: &str) -> Option<HtmlCanvasElement> {
    let canvas = detached_canvas()?;
    let Surface { context, .. } = Surface::sized(&canvas, WIDTH, HEIGHT, 2.0)?;
    let palette = Palette { font: font.to_owned(), ..Palette::light() };
    context.set_fill_style_str(&palette.card.css(1.0));
    context.fill_rect(0.0, 0.0, WIDTH, HEIGHT);
    context.set_text_baseline("alphabetic");
    context.set_fill_style_str(&palette.ink.css(1.0));
    context.set_font(&format!("600 19px {}", palette.font));
    let _ = context.fill_text_with_max_width(title, MARGIN, 42.0, WIDTH - 2.0 * MARGIN);
    let rows = legend(&context, scene, &palette);
    let head = HEAD + LEGEND_ROW * (rows - 1.0);
    let layout = Layout::new(WIDTH - 2.0 * MARGIN, HEIGHT - head - MARGIN, scene.figure.is_some());
    let ranges = Ranges::default().settle(scene, scene.view.steps(scene.end));
    context.translate(MARGIN, head).ok()?;
    paint(&context, scene, &layout, ranges, &palette);
    Some(canvas)
}

/// Coloured strokes with their names; as many rows as they need, which it returns.
fn legend(context: &CanvasRenderingContext2d, scene: &Scene, palette: &Palette) -> f64 {
    let words = scene.words;
    let mut entries: Vec<(Colour, &str)> = Vec::new();
    if let Some(run) = scene.present {
        entries.push((palette.train, words.training));
        entries.push((palette.valid, words.validation));
        if !run.old_text.is_empty() {
            entries.push((palette.old_text, words.old_text));
        }
    }
    for (run, name) in &scene.earlier {
        entries.push((palette.runs.get(run.colour).copied().unwrap_or(palette.muted), name));
    }
    context.set_font(&format!("13px {}", palette.font));
    context.set_text_align("left");
    let unit = words.units_in_full[scene.unit as usize];
    let (mut x, mut y, mut rows) = (MARGIN, 66.0, 1.0);
    let mut write = |colour: Option<Colour>, name: &str| {
        let width = context.measure_text(name).map_or(0.0, |metrics| metrics.width()) + 46.0;
        if x + width > WIDTH - MARGIN && x > MARGIN {
            (x, y, rows) = (MARGIN, y + LEGEND_ROW, rows + 1.0);
        }
        if let Some(colour) = colour {
            context.set_fill_style_str(&colour.css(1.0));
            context.fill_rect(x, y - 6.0, 16.0, 3.0);
        }
        context.set_fill_style_str(&palette.muted.css(1.0));
        let indent = if colour.is_some() { 22.0 } else { 0.0 };
        let _ = context.fill_text(name, x + indent, y);
        x += width - if colour.is_some() { 0.0 } else { 22.0 };
    };
    write(None, unit);
    entries.into_iter().for_each(|(colour, name)| write(Some(colour), name));
    rows
}
