//! Puts the hidden state on a canvas, its text under it.

use wasm_bindgen::Clamped;
use web_sys::{HtmlCanvasElement, ImageData};

use super::{
    frame::HiddenFrame,
    view::{Cell, Lane, Window},
};
use crate::page::chart::{
    odds::shown,
    palette::Palette,
    surface::{Surface, context},
};

/// Room for the text under the cells, and for the bar beside them that shows which rows are in sight.
const TEXT: f64 = 22.0;
const BAR: f64 = 7.0;
/// Narrower columns have no room for a symbol.
const LEAST_COLUMN: f64 = 6.0;
const COLUMN: f64 = 11.0;
/// Chinese characters, and bytes that are written with two digits.
const WIDE_COLUMN: f64 = 16.0;

/// The room for cells on a canvas of this size.
pub fn room(width: f64, height: f64) -> (f64, f64) {
    ((width - BAR).max(1.0), (height - TEXT).max(1.0))
}

/// The width at which every symbol of the text fits under its column.
pub fn column_for(frame: &HiddenFrame) -> f64 {
    let wide = |symbol: &String| symbol.chars().count() > 1 || symbol.chars().any(|symbol| symbol >= '\u{1100}');
    if frame.report.symbols.iter().any(wide) { WIDE_COLUMN } else { COLUMN }
}

/// Draws the frame on `image`, one pixel a cell.
pub fn fill_image(image: &HtmlCanvasElement, frame: &HiddenFrame, order: &[u32], palette: &Palette) -> Option<()> {
    let (width, height) = (frame.positions() as u32, order.len() as u32);
    if (image.width(), image.height()) != (width, height) {
        image.set_width(width);
        image.set_height(height);
    }
    let pixels = frame.pixels(order, |state| palette.heat.pixel(state));
    let data = ImageData::new_with_u8_clamped_array_and_sh(Clamped(pixels.as_flattened()), width, height).ok()?;
    context(image)?.put_image_data(&data, 0.0, 0.0).ok()
}

/// Draws what is in sight of `image`, the text, and the cursor.
pub fn paint(
    surface: &Surface,
    image: &HtmlCanvasElement,
    frame: &HiddenFrame,
    window: &Window,
    cursor: Option<Cell>,
    palette: &Palette,
) {
    let (width, height) = room(surface.width, surface.height);
    let (columns, rows) = (&window.positions, &window.rows);
    // Where several cells share a pixel their mean says more than one of them.
    let crowded = columns.size().min(rows.size()) < 1.0;
    surface.context.set_image_smoothing_enabled(crowded);
    // It refuses only an image without pixels.
    let _ = surface.context.draw_image_with_html_canvas_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
        image,
        columns.first(),
        rows.first(),
        columns.in_sight(),
        rows.in_sight(),
        0.0,
        0.0,
        (columns.in_sight() * columns.size()).min(width),
        (rows.in_sight() * rows.size()).min(height),
    );
    text(surface, frame, columns, cursor, palette);
    bars(surface, window, palette);
    if let Some(cell) = cursor {
        outline(surface, window, cell, palette);
    }
}

fn text(surface: &Surface, frame: &HiddenFrame, columns: &Lane, cursor: Option<Cell>, palette: &Palette) {
    let Surface { context, width, height } = surface;
    let size = columns.size();
    if size < LEAST_COLUMN {
        return;
    }
    let wide = column_for(frame) > COLUMN;
    let letters = if wide { (size - 1.0).min(14.0) } else { (1.2 * size).min(13.5) };
    context.set_text_align("center");
    context.set_text_baseline("middle");
    context.set_font(&format!("{letters}px {}", palette.mono));
    let first = columns.first() as usize;
    let count = columns.in_sight().ceil() as usize + 1;
    let (room, _) = room(*width, *height);
    for (position, symbol) in frame.report.symbols.iter().enumerate().skip(first).take(count) {
        let middle = columns.pixel_of(position) + size / 2.0;
        if middle < 0.0 || middle > room {
            continue;
        }
        let under_cursor = cursor.is_some_and(|cell| cell.position == position);
        let blank = symbol.trim().is_empty();
        let (colour, opacity) = match (under_cursor, blank) {
            (true, _) => (palette.accent, 1.0),
            (false, true) => (palette.muted, 0.55),
            (false, false) => (palette.ink, 0.78),
        };
        context.set_fill_style_str(&colour.css(opacity));
        let symbol = if symbol == " " { "·".to_owned() } else { shown(symbol) };
        // Too wide a symbol is drawn narrower; nothing else can go wrong.
        let _ = context.fill_text_with_max_width(&symbol, middle, height - TEXT / 2.0 + 2.0, size.max(1.0));
    }
}

/// Which part is in sight, beside and below the cells.
fn bars(surface: &Surface, window: &Window, palette: &Palette) {
    let (width, height) = room(surface.width, surface.height);
    let Surface { context, .. } = surface;
    context.set_fill_style_str(&palette.muted.css(0.45));
    let part = |lane: &Lane, room: f64| {
        let all = lane.count() as f64;
        (lane.first() / all * room, (lane.in_sight() / all * room).max(8.0))
    };
    if window.rows.hides_some() {
        let (top, length) = part(&window.rows, height);
        context.fill_rect(width + BAR - 3.0, top, 3.0, length);
    }
    if window.positions.hides_some() {
        let (left, length) = part(&window.positions, width);
        context.fill_rect(left, surface.height - 2.0, length, 2.0);
    }
}

fn outline(surface: &Surface, window: &Window, cell: Cell, palette: &Palette) {
    let Surface { context, .. } = surface;
    let (width, height) = room(surface.width, surface.height);
    let (columns, rows) = (&window.positions, &window.rows);
    let (x, y) = (columns.pixel_of(cell.position), rows.pixel_of(cell.row));
    context.save();
    context.begin_path();
    context.rect(-2.0, -2.0, width + 4.0, height + 4.0);
    context.clip();
    context.set_line_width(1.0);
    context.set_stroke_style_str(&palette.ink.css(0.35));
    context.stroke_rect(x - 0.5, -2.0, columns.size() + 1.0, height + 4.0);
    context.set_stroke_style_str(&palette.card.css(1.0));
    context.set_line_width(4.0);
    context.stroke_rect(x, y, columns.size(), rows.size());
    context.set_stroke_style_str(&palette.ink.css(1.0));
    context.set_line_width(2.0);
    context.stroke_rect(x, y, columns.size(), rows.size());
    context.restore();
}
