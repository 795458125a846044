//! A picture as a file that stands by itself: white ground, title, names.

use leptos::prelude::*;

use super::{
    Plot,
    colour::Colour,
    palette::Palette,
    surface::{Size, Surface, detached_canvas},
};
use crate::page::download;

const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 720.0;
const MARGIN: f64 = 32.0;
const HEAD: f64 = 84.0;
const LEGEND_ROW: f64 = 20.0;

/// Saves it as PNG.
pub fn save(plot: &dyn Plot) {
    untrack(|| draw(plot));
}

fn draw(plot: &dyn Plot) -> Option<()> {
    let canvas = detached_canvas()?;
    let size = Size { width: WIDTH, height: HEIGHT, columns: 2 * WIDTH as u32, rows: 2 * HEIGHT as u32 };
    let surface = Surface::of(&canvas, size)?;
    let page = document().body().and_then(|body| window().get_computed_style(&body).ok().flatten());
    let font = page.and_then(|style| style.get_property_value("font-family").ok()).filter(|font| !font.is_empty());
    let light = Palette::light();
    let palette = Palette { font: font.unwrap_or(light.font.clone()), ..light };
    surface.fill(palette.card, 1.0);
    surface.context.fill_rect(0.0, 0.0, WIDTH, HEIGHT);
    surface.align("left", "alphabetic");
    surface.fill(palette.ink, 1.0);
    surface.font("600", 19.0, &palette.font);
    surface.text_within(&plot.title(), MARGIN, 42.0, WIDTH - 2.0 * MARGIN);
    let rows = legend(&surface, plot.legend(&palette), &palette);
    let head = HEAD + LEGEND_ROW * (rows - 1.0);
    let below = surface.part(MARGIN, head, WIDTH - 2.0 * MARGIN, HEIGHT - head - MARGIN)?;
    plot.draw(&below, &palette, true);
    download::save_png(&canvas, [plot.file_name(), ".png"].concat());
    Some(())
}

/// Names, with a stroke of their colour where they have one; as many rows as they need, which it returns.
fn legend(surface: &Surface, entries: Vec<(Option<Colour>, String)>, palette: &Palette) -> f64 {
    surface.font("", 13.0, &palette.font);
    let (mut x, mut y, mut rows) = (MARGIN, 66.0, 1.0);
    for (colour, name) in entries {
        let indent = if colour.is_some() { 22.0 } else { 0.0 };
        let width = surface.width_of(&name) + indent + 24.0;
        if x + width > WIDTH - MARGIN && x > MARGIN {
            (x, y, rows) = (MARGIN, y + LEGEND_ROW, rows + 1.0);
        }
        if let Some(colour) = colour {
            surface.fill(colour, 1.0);
            surface.context.fill_rect(x, y - 6.0, 16.0, 3.0);
        }
        surface.fill(palette.muted, 1.0);
        surface.text(&name, x + indent, y);
        x += width;
    }
    rows
}
