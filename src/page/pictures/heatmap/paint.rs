//! Puts the hidden state on a canvas, its text under it.

use super::{
    frame::HiddenFrame,
    order::Order,
    tiles::{Tiles, in_sight},
    view::{Cell, Lane, Window},
};
use crate::page::{
    pictures::shown,
    plot::{Palette, Surface},
};

/// Room for the text under the cells, and for the bar beside them that shows which rows are in sight.
const TEXT: f64 = 22.0;
const BAR: f64 = 7.0;
/// Narrower columns have no room for a symbol.
const LEAST_COLUMN: f64 = 6.0;
const COLUMN: f64 = 11.0;
/// Chinese characters, and bytes that are written with two digits; signs for blanks are no wider than letters.
const WIDE_COLUMN: f64 = 16.0;

/// The room for cells on a canvas of this size.
pub fn room(width: f64, height: f64) -> (f64, f64) {
    ((width - BAR).max(1.0), (height - TEXT).max(1.0))
}

/// The width at which every symbol of the text fits under its column.
pub fn column_for(frame: &HiddenFrame) -> f64 {
    let broad = |symbol: char| symbol >= '\u{1100}' && !('\u{2000}'..'\u{2e80}').contains(&symbol);
    let wide = |symbol: &String| symbol.chars().count() > 1 || symbol.chars().any(broad);
    if frame.report.symbols.iter().any(wide) { WIDE_COLUMN } else { COLUMN }
}

/// Draws what is in sight of the cells, the text, and the cursor.
pub fn paint(
    surface: &Surface,
    tiles: &mut Tiles,
    frame: &HiddenFrame,
    order: &Order,
    window: &Window,
    cursor: Option<Cell>,
    palette: &Palette,
) {
    cells(surface, tiles, order, window);
    text(surface, frame, &window.positions, cursor, palette);
    bars(surface, window, palette);
    if let Some(cell) = cursor {
        outline(surface, window, cell, palette);
    }
}

fn cells(surface: &Surface, tiles: &mut Tiles, order: &Order, window: &Window) {
    let (columns, rows) = (&window.positions, &window.rows);
    let (width, height) = room(surface.width, surface.height);
    // Where several cells share a pixel their mean says more than one of them.
    let crowded = columns.size().min(rows.size()) < 1.0;
    let context = &surface.context;
    context.save();
    context.begin_path();
    context.rect(0.0, 0.0, width, height);
    context.clip();
    context.set_image_smoothing_enabled(crowded);
    let rows_in_sight = rows.touched();
    for tile in in_sight(columns.first(), columns.in_sight(), columns.count()) {
        let Some((canvas, positions)) = tiles.get(tile, order) else { continue };
        let in_sight = columns.touched();
        // Mean colours must not depend on where the window ends.
        let (across, down) = match crowded {
            true => (positions.clone(), 0..rows.count()),
            false => (positions.start.max(in_sight.start)..positions.end.min(in_sight.end), rows_in_sight.clone()),
        };
        if across.is_empty() || down.is_empty() {
            continue;
        }
        // On edges between pixels, so that neither tiles nor cells have seams.
        let (left, top) = surface.snap(columns.pixel_of(across.start), rows.pixel_of(down.start));
        let (right, bottom) = surface.snap(columns.pixel_of(across.end), rows.pixel_of(down.end));
        // It refuses only an image without pixels.
        let _ = context.draw_image_with_html_canvas_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
            canvas,
            (across.start - positions.start) as f64,
            down.start as f64,
            across.len() as f64,
            down.len() as f64,
            left,
            top,
            right - left,
            bottom - top,
        );
    }
    context.restore();
}

fn text(surface: &Surface, frame: &HiddenFrame, columns: &Lane, cursor: Option<Cell>, palette: &Palette) {
    let size = columns.size();
    if size < LEAST_COLUMN {
        return;
    }
    let wide = column_for(frame) > COLUMN;
    let letters = if wide { (size - 1.0).min(14.0) } else { (1.2 * size).min(13.5) };
    surface.align("center", "middle");
    surface.font("", letters, &palette.mono);
    let (room, _) = room(surface.width, surface.height);
    for position in columns.touched() {
        let middle = columns.pixel_of(position) + size / 2.0;
        let Some(symbol) = frame.report.symbols.get(position).filter(|_| (0.0..=room).contains(&middle)) else {
            continue;
        };
        let under_cursor = cursor.is_some_and(|cell| cell.position == position);
        let symbol = if matches!(symbol.as_str(), " " | "␣") { "·".to_owned() } else { shown(symbol) };
        let blank = matches!(symbol.as_str(), "·" | "↵" | "⇥");
        let (colour, opacity) = match (under_cursor, blank) {
            (true, _) => (palette.accent, 1.0),
            (false, true) => (palette.muted, 0.55),
            (false, false) => (palette.ink, 0.78),
        };
        surface.fill(colour, opacity);
        surface.text_within(&symbol, middle, surface.height - TEXT / 2.0 + 2.0, size);
    }
}

/// Which part is in sight, beside and below the cells.
fn bars(surface: &Surface, window: &Window, palette: &Palette) {
    let (width, height) = room(surface.width, surface.height);
    surface.fill(palette.muted, 0.45);
    let part = |lane: &Lane, room: f64| {
        let all = lane.count() as f64;
        (lane.first() / all * room, (lane.in_sight() / all * room).max(8.0))
    };
    if window.rows.hides_some() {
        let (top, length) = part(&window.rows, height);
        surface.context.fill_rect(width + BAR - 3.0, top, 3.0, length);
    }
    if window.positions.hides_some() {
        let (left, length) = part(&window.positions, width);
        surface.context.fill_rect(left, surface.height - 2.0, length, 2.0);
    }
}

fn outline(surface: &Surface, window: &Window, cell: Cell, palette: &Palette) {
    let (width, height) = room(surface.width, surface.height);
    let (columns, rows) = (&window.positions, &window.rows);
    let (left, top) = surface.snap(columns.pixel_of(cell.position), rows.pixel_of(cell.row));
    let (right, bottom) = surface.snap(columns.pixel_of(cell.position + 1), rows.pixel_of(cell.row + 1));
    let context = &surface.context;
    surface.clipped(-2.0, -2.0, width + 4.0, height + 4.0, &|| {
        surface.stroke(palette.ink, 0.35, 1.0);
        context.stroke_rect(left - 0.5, -2.0, right - left + 1.0, height + 4.0);
        surface.stroke(palette.card, 1.0, 4.0);
        context.stroke_rect(left, top, right - left, bottom - top);
        surface.stroke(palette.ink, 1.0, 2.0);
        context.stroke_rect(left, top, right - left, bottom - top);
    });
}
