//! What a picture is drawn on: a canvas with exactly the pixels of the device that it covers, and the few strokes that
//! pictures are made of.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::{colour::Colour, palette::Palette};
use crate::words::number;

/// The box of a canvas.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    /// In CSS pixels; seldom whole.
    pub width: f64,
    pub height: f64,
    /// In pixels of the device.
    pub columns: u32,
    pub rows: u32,
}

impl Size {
    /// Whether it can be at so many pixels of the device to a CSS pixel.
    pub fn agrees_with(self, ratio: f64) -> bool {
        let near = |pixels: u32, length: f64| (f64::from(pixels) - ratio * length).abs() <= 1.0;
        near(self.columns, self.width) && near(self.rows, self.height)
    }

    /// Of a box whose edges the browser puts on whole pixels of the device: `left`, `top`, `width` and `height` in CSS
    /// pixels, `ratio` pixels of the device to each of them.
    pub fn snapped((left, top): (f64, f64), (width, height): (f64, f64), ratio: f64) -> Self {
        let pixels = |start: f64, length: f64| {
            let edge = |place: f64| (place * ratio + 0.5).floor();
            (edge(start + length) - edge(start)).max(1.0) as u32
        };
        Size { width, height, columns: pixels(left, width), rows: pixels(top, height) }
    }
}

/// What to draw on, in CSS pixels, cleared.
pub struct Surface {
    pub context: CanvasRenderingContext2d,
    pub width: f64,
    pub height: f64,
    /// Pixels of the device to a CSS pixel.
    ratio: (f64, f64),
}

impl Surface {
    /// `None` while the canvas is not shown.
    pub fn of(canvas: &HtmlCanvasElement, size: Size) -> Option<Self> {
        let Size { width, height, columns, rows } = size;
        if width < 1.0 || height < 1.0 {
            return None;
        }
        if (canvas.width(), canvas.height()) != (columns, rows) {
            canvas.set_width(columns);
            canvas.set_height(rows);
        }
        let context = canvas_context(canvas)?;
        let ratio = (f64::from(columns) / width, f64::from(rows) / height);
        context.set_transform(ratio.0, 0.0, 0.0, ratio.1, 0.0, 0.0).ok()?;
        context.clear_rect(0.0, 0.0, width, height);
        Some(Surface { context, width, height, ratio })
    }

    /// The same without what lies outside of a part of it, whose corner becomes its origin.
    pub fn part(&self, left: f64, top: f64, width: f64, height: f64) -> Option<Self> {
        let (x, y) = self.ratio;
        self.context.set_transform(x, 0.0, 0.0, y, left * x, top * y).ok()?;
        Some(Surface { context: self.context.clone(), width, height, ratio: self.ratio })
    }

    /// The nearest edges between pixels of the device.
    pub fn snap(&self, x: f64, y: f64) -> (f64, f64) {
        let (across, down) = self.ratio;
        ((x * across + 0.5).floor() / across, (y * down + 0.5).floor() / down)
    }

    /// As wide as a hairline can be drawn sharp.
    pub fn hairline(&self) -> f64 {
        self.ratio.1.floor().max(1.0) / self.ratio.1
    }

    pub fn fill(&self, colour: Colour, opacity: f64) {
        self.context.set_fill_style_str(&colour.css(opacity));
    }

    pub fn stroke(&self, colour: Colour, opacity: f64, width: f64) {
        self.context.set_stroke_style_str(&colour.css(opacity));
        self.context.set_line_width(width);
    }

    /// A sharp hairline from left to right, filled as `colour` says.
    pub fn horizontal(&self, left: f64, right: f64, y: f64, colour: Colour, opacity: f64) {
        let thick = self.hairline();
        self.fill(colour, opacity);
        self.context.fill_rect(left, self.snap(0.0, y - thick / 2.0).1, right - left, thick);
    }

    /// The same from top to bottom.
    pub fn vertical(&self, x: f64, top: f64, bottom: f64, colour: Colour, opacity: f64) {
        let thick = self.hairline();
        self.fill(colour, opacity);
        self.context.fill_rect(self.snap(x - thick / 2.0, 0.0).0, top, thick, bottom - top);
    }

    /// A line through points, as they come; what is no number is passed over.
    pub fn line(&self, points: &mut dyn Iterator<Item = (f64, f64)>) {
        self.context.begin_path();
        for (x, y) in points {
            self.context.line_to(x, y);
        }
        self.context.stroke();
    }

    pub fn dot(&self, x: f64, y: f64, radius: f64) {
        self.context.begin_path();
        // A negative radius is the only thing it refuses.
        let _ = self.context.arc(x, y, radius, 0.0, std::f64::consts::TAU);
        self.context.fill();
    }

    pub fn dashed(&self, lengths: &[f64]) {
        let lengths: js_sys::Array = lengths.iter().map(|&length| js_sys::Number::from(length)).collect();
        // Only a negative length is refused.
        let _ = self.context.set_line_dash(&lengths);
    }

    /// `family`: one of the palette's two.
    pub fn font(&self, weight: &str, size: f64, family: &str) {
        self.context.set_font(&format!("{weight} {}px {family}", number::fixed(size, 1)));
    }

    /// How text stands to its point.
    pub fn align(&self, across: &str, down: &str) {
        self.context.set_text_align(across);
        self.context.set_text_baseline(down);
    }

    pub fn text(&self, text: &str, x: f64, y: f64) {
        // Drawing text refuses nothing that we give it.
        let _ = self.context.fill_text(text, x, y);
    }

    /// The last resort of a long text: it is drawn narrower.
    pub fn text_within(&self, text: &str, x: f64, y: f64, room: f64) {
        let _ = self.context.fill_text_with_max_width(text, x, y, room.max(1.0));
    }

    pub fn width_of(&self, text: &str) -> f64 {
        self.context.measure_text(text).map_or(0.0, |metrics| metrics.width())
    }

    /// Draws within a part of it only.
    pub fn clipped(&self, left: f64, top: f64, width: f64, height: f64, draw: &dyn Fn()) {
        self.context.save();
        self.context.begin_path();
        self.context.rect(left, top, width, height);
        self.context.clip();
        self.context.set_line_join("round");
        draw();
        self.context.restore();
    }

    /// Small letters in the palette's own family.
    pub fn small(&self, palette: &Palette) {
        self.font("", 11.5, &palette.font);
    }
}

/// A canvas that is nowhere on the page.
pub fn detached_canvas() -> Option<HtmlCanvasElement> {
    document().create_element("canvas").ok()?.dyn_into().ok()
}

pub fn canvas_context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok()??.dyn_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_at_another_ratio_is_told_apart() {
        let size = Size { width: 100.4, height: 50.0, columns: 151, rows: 75 };
        assert!(size.agrees_with(1.5));
        assert!(!size.agrees_with(1.0));
        assert!(!size.agrees_with(2.0));
    }

    #[test]
    fn a_box_between_pixels_covers_whole_ones() {
        let size = |start: f64, length: f64, ratio: f64| Size::snapped((start, 0.0), (length, 10.0), ratio).columns;
        assert_eq!(size(0.0, 100.0, 1.0), 100);
        assert_eq!(size(0.0, 100.4, 1.0), 100);
        assert_eq!(size(0.3, 100.4, 1.0), 101, "from 0.3 to 100.7 is from edge 0 to edge 101");
        assert_eq!(size(10.0, 333.33, 1.5), 500);
        assert_eq!(size(0.0, 0.1, 1.0), 1, "never none");
    }
}
