//! Which cells of the heatmap are in sight.

use std::ops::Range;

use crate::float::within;

/// A cell of the heatmap: a position of the text, and a row from the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    pub position: usize,
    pub row: usize,
}

/// A direction along which the cells lie: `count` cells of `size` pixels in `room` pixels, the first `offset` pixels
/// out of sight.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lane {
    count: usize,
    room: f64,
    size: f64,
    offset: f64,
}

impl Lane {
    /// A cell never grows beyond this.
    const LARGEST: f64 = 64.0;

    /// Takes a new number of cells and of pixels. As long as nobody zoomed, cells are at least `wished` pixels large, and
    /// larger when there is room for all of them.
    fn fit(&mut self, count: usize, room: f64, wished: f64, zoomed: bool) {
        self.count = count;
        self.room = room.max(1.0);
        if !zoomed {
            self.size = wished.max(self.smallest());
        }
        self.bound();
    }

    /// All cells in sight.
    fn smallest(&self) -> f64 {
        self.room / self.count.max(1) as f64
    }

    fn bound(&mut self) {
        self.size = self.size.min(Self::LARGEST).max(self.smallest());
        self.offset = within(self.offset, 0.0, (self.size * self.count as f64 - self.room).max(0.0));
    }

    fn zoom_at(&mut self, factor: f64, pixel: f64) {
        let cell = (self.offset + pixel) / self.size;
        self.size = (self.size * factor).min(Self::LARGEST).max(self.smallest());
        self.offset = cell * self.size - pixel;
        self.bound();
    }

    fn pan(&mut self, pixels: f64) {
        self.offset += pixels;
        self.bound();
    }

    fn reveal(&mut self, cell: usize) {
        let start = cell as f64 * self.size;
        self.offset = within(self.offset, (start + self.size - self.room).min(start), start);
        self.bound();
    }

    pub fn count(&self) -> usize {
        self.count
    }

    pub fn size(&self) -> f64 {
        self.size
    }

    /// The first cell in sight, in cells.
    pub fn first(&self) -> f64 {
        self.offset / self.size
    }

    /// How many cells are in sight.
    pub fn in_sight(&self) -> f64 {
        (self.room / self.size).min(self.count as f64)
    }

    /// The cells of which any part is in sight.
    pub fn touched(&self) -> Range<usize> {
        let first = (self.first() as usize).min(self.count);
        first..((self.first() + self.in_sight()).ceil() as usize).clamp(first, self.count)
    }

    pub fn hides_some(&self) -> bool {
        // In cells: less than a hundredth of one is a matter of rounding.
        self.in_sight() < self.count as f64 - 0.01
    }

    pub fn pixel_of(&self, cell: usize) -> f64 {
        cell as f64 * self.size - self.offset
    }

    pub fn cell_at(&self, pixel: f64) -> Option<usize> {
        let cell = (self.offset + pixel) / self.size;
        (pixel >= 0.0 && pixel < self.room && cell >= 0.0).then_some(cell as usize).filter(|cell| *cell < self.count)
    }
}

/// The window onto positions (left to right) and rows (top to bottom).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Window {
    pub positions: Lane,
    pub rows: Lane,
    zoomed: bool,
    column: f64,
}

impl Window {
    const ROW: f64 = 5.0;

    /// Takes the cells there are and the room there is. At a width of `column` a symbol of the text fits under its column.
    pub fn fit(&mut self, (positions, rows): (usize, usize), (width, height): (f64, f64), column: f64) {
        self.column = column;
        self.positions.fit(positions, width, column, self.zoomed);
        self.rows.fit(rows, height, Self::ROW, self.zoomed);
    }

    pub fn zoom_at(&mut self, factor: f64, x: f64, y: f64) {
        self.zoomed = true;
        self.positions.zoom_at(factor, x);
        self.rows.zoom_at(factor, y);
    }

    /// Enlarges or shrinks around the middle.
    pub fn zoom(&mut self, factor: f64) {
        self.zoom_at(factor, self.positions.room / 2.0, self.rows.room / 2.0);
    }

    pub fn pan(&mut self, x: f64, y: f64) {
        self.positions.pan(x);
        self.rows.pan(y);
    }

    /// Every cell in sight.
    pub fn show_all(&mut self) {
        self.zoomed = true;
        self.positions.size = 0.0;
        self.rows.size = 0.0;
        self.pan(0.0, 0.0);
    }

    /// As it was before anybody zoomed.
    pub fn reset(&mut self) {
        let Window { positions, rows, column, .. } = *self;
        *self = Window::default();
        self.fit((positions.count, rows.count), (positions.room, rows.room), column);
    }

    pub fn shows_all(&self) -> bool {
        !self.positions.hides_some() && !self.rows.hides_some()
    }

    pub fn cell_at(&self, x: f64, y: f64) -> Option<Cell> {
        Some(Cell { position: self.positions.cell_at(x)?, row: self.rows.cell_at(y)? })
    }

    /// Moves so that a cell is in sight.
    pub fn reveal(&mut self, cell: Cell) {
        self.positions.reveal(cell.position);
        self.rows.reveal(cell.row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window() -> Window {
        let mut window = Window::default();
        window.fit((256, 128), (660.0, 250.0), 11.0);
        window
    }

    #[test]
    fn it_begins_with_cells_that_can_be_told_apart() {
        let window = window();
        assert_eq!(window.positions.in_sight(), 60.0);
        assert_eq!(window.rows.in_sight(), 50.0);
        assert!(!window.shows_all());
    }

    #[test]
    fn a_short_text_fills_the_width() {
        let mut window = Window::default();
        window.fit((30, 16), (600.0, 240.0), 11.0);
        assert_eq!((window.positions.size(), window.rows.size()), (20.0, 15.0));
        assert!(window.shows_all());
    }

    #[test]
    fn the_cell_under_the_pointer_stays_there() {
        let mut window = window();
        window.pan(300.0, 100.0);
        let before = window.cell_at(123.0, 77.0);
        for factor in [1.3, 1.3, 0.6] {
            window.zoom_at(factor, 123.0, 77.0);
            assert_eq!(window.cell_at(123.0, 77.0), before);
        }
    }

    #[test]
    fn it_never_shows_beyond_the_edges() {
        let mut window = window();
        window.pan(1e9, 1e9);
        assert_eq!(window.cell_at(659.0, 249.0), Some(Cell { position: 255, row: 127 }));
        window.pan(-1e9, -1e9);
        assert_eq!(window.cell_at(0.0, 0.0), Some(Cell { position: 0, row: 0 }));
        window.zoom(1e-9);
        assert!(window.shows_all());
        assert_eq!(window.cell_at(-1.0, 0.0), None);
        assert_eq!(window.cell_at(660.0, 0.0), None);
    }

    #[test]
    fn cells_that_are_cut_by_an_edge_are_drawn_too() {
        let mut window = window();
        assert_eq!(window.positions.touched(), 0..60);
        window.pan(5.0, 0.0);
        assert_eq!(window.positions.touched(), 0..61);
        window.pan(1e9, 0.0);
        assert_eq!(window.positions.touched(), 196..256);
        assert_eq!(Lane::default().touched(), 0..0);
    }

    #[test]
    fn a_cell_out_of_sight_comes_into_sight() {
        let mut window = window();
        let cell = Cell { position: 200, row: 90 };
        window.reveal(cell);
        let (x, y) = (window.positions.pixel_of(200), window.rows.pixel_of(90));
        assert_eq!(window.cell_at(x + 1.0, y + 1.0), Some(cell));
        assert!(x + window.positions.size() <= 660.0 + 1e-9);
    }

    #[test]
    fn a_zoom_survives_a_new_text_of_the_same_size_and_resets() {
        let mut window = window();
        let before = window;
        window.zoom(2.0);
        let zoomed = window;
        window.fit((256, 128), (660.0, 250.0), 11.0);
        assert_eq!(window, zoomed);
        window.reset();
        assert_eq!(window, before);
    }
}
