//! The cells as pixels: small canvases side by side, each filled when it first comes into sight.
//!
//! A text of thousands of symbols is then scrolled by drawing two or three pictures that are there already, and a new
//! frame of it costs only what is in sight.

use std::{ops::Range, sync::Arc};

use wasm_bindgen::Clamped;
use web_sys::{HtmlCanvasElement, ImageData};

use super::{frame::HiddenFrame, order::Order};
use crate::page::plot::{Diverging, canvas_context, detached_canvas};

/// Positions of a tile.
const TILE: usize = 256;

#[derive(Default)]
pub struct Tiles {
    /// Of which frame, order and colours the filled ones are.
    shows: Option<(Arc<HiddenFrame>, u64, Diverging)>,
    tiles: Vec<Tile>,
}

struct Tile {
    canvas: HtmlCanvasElement,
    filled: bool,
}

impl Tiles {
    /// Takes what is shown now; what was filled for something else is filled anew when it comes into sight.
    pub fn show(&mut self, frame: &Arc<HiddenFrame>, order: &Order, heat: &Diverging) {
        let same = self.shows.as_ref().is_some_and(|(shown, generation, colours)| {
            Arc::ptr_eq(shown, frame) && *generation == order.generation && colours == heat
        });
        if same {
            return;
        }
        self.shows = Some((frame.clone(), order.generation, heat.clone()));
        self.tiles.iter_mut().for_each(|tile| tile.filled = false);
        let count = frame.positions().div_ceil(TILE);
        self.tiles.truncate(count);
        while self.tiles.len() < count {
            let Some(canvas) = detached_canvas() else { return };
            self.tiles.push(Tile { canvas, filled: false });
        }
    }

    /// A tile, filled, and its positions.
    pub fn get(&mut self, index: usize, order: &Order) -> Option<(&HtmlCanvasElement, Range<usize>)> {
        let (frame, _, heat) = self.shows.as_ref()?;
        let positions = positions_of(index, frame.positions());
        let Tile { canvas, filled } = self.tiles.get_mut(index)?;
        if !*filled {
            let (width, height) = (positions.len() as u32, order.units.len() as u32);
            if (canvas.width(), canvas.height()) != (width, height) {
                canvas.set_width(width);
                canvas.set_height(height);
            }
            let pixels = frame.pixels(positions.clone(), &order.units, &|state| heat.pixel(state));
            let pixels = Clamped(pixels.as_flattened());
            let image = ImageData::new_with_u8_clamped_array_and_sh(pixels, width, height).ok()?;
            canvas_context(canvas)?.put_image_data(&image, 0.0, 0.0).ok()?;
            *filled = true;
        }
        Some((canvas, positions))
    }
}

fn positions_of(tile: usize, all: usize) -> Range<usize> {
    (tile * TILE).min(all)..((tile + 1) * TILE).min(all)
}

/// The tiles that hold any of `count` positions from `first` on.
pub fn in_sight(first: f64, count: f64, all: usize) -> Range<usize> {
    let from = (first.max(0.0) as usize).min(all) / TILE;
    let to = ((first + count).ceil().max(0.0) as usize).min(all).div_ceil(TILE);
    from..to.max(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_every_position_once() {
        let covered: Vec<usize> = (0..3).flat_map(|tile| positions_of(tile, 600)).collect();
        assert!(covered.into_iter().eq(0..600));
        assert!(positions_of(3, 600).is_empty());
    }

    #[test]
    fn only_what_is_in_sight_is_filled() {
        assert_eq!(in_sight(0.0, 60.0, 2000), 0..1);
        assert_eq!(in_sight(250.5, 60.0, 2000), 0..2);
        assert_eq!(in_sight(256.0, 60.0, 2000), 1..2);
        assert_eq!(in_sight(1990.0, 60.0, 2000), 7..8);
        assert_eq!(in_sight(0.0, 2000.0, 2000), 0..8);
        assert_eq!(in_sight(0.0, 0.0, 0), 0..0);
    }
}
