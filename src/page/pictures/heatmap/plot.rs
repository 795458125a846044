//! The heatmap as a plot: what it draws from, and what is done to it.

use std::sync::Arc;

use leptos::prelude::*;

use super::{
    HeatmapView, csv,
    frame::HiddenFrame,
    paint::{column_for, paint, room},
    tiles::Tiles,
    view::{Cell, Window},
};
use crate::{
    page::{
        language::use_language,
        pictures::{probabilities::probability_bar, shown, use_views},
        plot::{Bar, Colour, Drag, Note, Palette, Plot, Point, Selection, Surface, Table, use_selection},
    },
    words::{Heatmap, Language, number},
};

/// Likeliest symbols of a row of the table.
const LIKELIEST: usize = 3;
/// Rows of the table.
const ROWS: usize = 200;

#[derive(Clone, Copy)]
pub struct HeatmapPlot {
    pub frame: Signal<Option<Arc<HiddenFrame>>>,
    vocabulary: Signal<Arc<Vec<String>>>,
    pub view: HeatmapView,
    language: RwSignal<Language>,
    selection: Selection,
    tiles: StoredValue<Tiles, LocalStorage>,
}

impl HeatmapPlot {
    /// Called by a component.
    pub fn new(frame: Signal<Option<Arc<HiddenFrame>>>, vocabulary: Signal<Arc<Vec<String>>>) -> Self {
        HeatmapPlot {
            frame,
            vocabulary,
            view: use_views().heatmap,
            language: use_language(),
            selection: use_selection(),
            tiles: StoredValue::new_local(Tiles::default()),
        }
    }

    fn words(self) -> &'static Heatmap {
        &self.language.get().words().heatmap
    }

    /// The frame, if it has any positions.
    pub fn drawn(self) -> Option<Arc<HiddenFrame>> {
        self.frame.get().filter(|frame| frame.positions() > 0)
    }

    /// The window, for the cells and the room that there are now.
    fn fitted(self, frame: &HiddenFrame, surface: &Surface) -> Window {
        let mut window = self.view.window.get();
        let cells = (frame.positions(), frame.report.units);
        window.fit(cells, room(surface.width, surface.height), column_for(frame));
        window
    }

    /// The selected cell, if the frame has it.
    fn cell(self, frame: &HiddenFrame) -> Option<Cell> {
        let position = self.selection.position.get().filter(|position| *position < frame.positions())?;
        let unit = self.selection.unit.get()?;
        Some(Cell { position, row: self.view.order.with(|order| order.row_of(unit))? })
    }

    fn select(self, cell: Option<Cell>) {
        let Selection { position, unit, .. } = self.selection;
        let chosen = cell.and_then(|cell| {
            let unit = self.view.order.with_untracked(|order| order.units.get(cell.row).copied())?;
            Some((cell.position, unit as usize))
        });
        if (position.get_untracked(), unit.get_untracked()) != chosen.unzip() {
            position.set(chosen.map(|chosen| chosen.0));
            unit.set(chosen.map(|chosen| chosen.1));
        }
    }

    fn likeliest(self, frame: &HiddenFrame, position: usize) -> Vec<Bar> {
        let likeliest = self.vocabulary.with(|vocabulary| frame.likeliest_after(position, vocabulary));
        likeliest.iter().map(|(symbol, probability)| probability_bar(symbol, *probability)).collect()
    }
}

impl Plot for HeatmapPlot {
    fn id(&self) -> &'static str {
        "hidden-heatmap"
    }

    fn title(&self) -> String {
        self.words().title.to_owned()
    }

    fn hint(&self) -> &'static str {
        self.words().keys
    }

    fn file_name(&self) -> &'static str {
        "unroll-hidden"
    }

    fn nothing(&self) -> Option<String> {
        let words = self.words();
        self.frame.with(|frame| match frame {
            Some(frame) if frame.positions() > 0 => None,
            Some(frame) if !frame.report.unknown.is_empty() => Some(words.nothing_known.to_owned()),
            _ => Some(words.empty.to_owned()),
        })
    }

    fn described(&self) -> String {
        let Some(frame) = self.drawn() else { return self.nothing().unwrap_or_default() };
        let report = &frame.report;
        (self.words().described)(report.layer + 1, frame.positions(), report.units, report.step)
    }

    fn track(&self) {
        self.frame.track();
        self.selection.position.track();
        self.selection.unit.track();
        self.view.window.track();
        self.view.slowest_first.track();
    }

    fn draw(&self, surface: &Surface, palette: &Palette, for_file: bool) {
        let Some(frame) = self.drawn() else { return };
        let window = self.fitted(&frame, surface);
        if !for_file && window != self.view.window.get() {
            self.view.window.set(window);
        }
        let renewed = self.view.order.with(|order| order.renewed(&frame, self.view.slowest_first.get()));
        if let Some(order) = renewed {
            self.view.order.set(order);
        }
        let cell = self.cell(&frame).filter(|_| !for_file);
        self.view.order.with(|order| {
            if for_file {
                let mut tiles = Tiles::default();
                tiles.show(&frame, order, &palette.heat);
                paint(surface, &mut tiles, &frame, order, &window, cell, palette);
            } else {
                self.tiles.update_value(|tiles| {
                    tiles.show(&frame, order, &palette.heat);
                    paint(surface, tiles, &frame, order, &window, cell, palette);
                });
            }
        });
    }

    fn legend(&self, palette: &Palette) -> Vec<(Option<Colour>, String)> {
        let end = |value: f32, name: &str| {
            let [red, green, blue, _] = palette.heat.pixel(value);
            (Some(Colour { red, green, blue }), name.to_owned())
        };
        vec![(None, self.described()), end(-1.0, "−1"), end(1.0, "+1")]
    }

    fn note(&self) -> Option<Note> {
        let words = self.words();
        let frame = self.drawn()?;
        let cell = self.cell(&frame)?;
        let unit = self.selection.unit.get()?;
        let value = frame.state(cell.position, unit)?;
        let window = self.view.window.get();
        let (columns, rows) = (&window.positions, &window.rows);
        Some(Note {
            left: columns.pixel_of(cell.position),
            right: columns.pixel_of(cell.position + 1),
            middle: rows.pixel_of(cell.row) + rows.size() / 2.0,
            symbol: frame.report.symbols.get(cell.position).map(|symbol| shown(symbol)),
            title: [&(words.unit)(unit + 1), ", ", &(words.position)(cell.position + 1)].concat(),
            value: signed(value),
            rows: Vec::new(),
            caption: words.next,
            bars: self.likeliest(&frame, cell.position),
        })
    }

    /// What the selected unit is at every symbol, and what the network expects after it.
    fn table(&self) -> Table {
        let words = self.words();
        let Some(frame) = self.drawn() else { return Table::default() };
        let unit = self.selection.unit.get().filter(|unit| *unit < frame.report.units);
        let unit = unit.or_else(|| self.view.order.with(|order| order.units.first().map(|&unit| unit as usize)));
        let unit = unit.unwrap_or_default();
        let head = vec![words.symbol.to_owned(), (words.unit)(unit + 1), words.next.to_owned()];
        let row = |(position, symbol): (usize, &String)| {
            let next = self.likeliest(&frame, position);
            let next: Vec<String> =
                next.iter().take(LIKELIEST).map(|bar| [&bar.name, " ", &bar.value].concat()).collect();
            vec![shown(symbol), frame.state(position, unit).map(signed).unwrap_or_default(), next.join("  ")]
        };
        Table { head, rows: frame.report.symbols.iter().enumerate().take(ROWS).map(row).collect() }
    }

    fn csv(&self) -> Box<dyn FnMut() -> Option<String>> {
        let frame = self.frame.get();
        let mut next = 0;
        Box::new(move || {
            let (text, end) = csv::part(frame.as_ref()?, next)?;
            next = end;
            Some(text)
        })
    }

    fn point(&self, at: Option<Point>) {
        self.select(at.and_then(|at| self.view.window.get_untracked().cell_at(at.x, at.y)));
    }

    fn move_cursor(&self, right: i32, down: i32, far: bool) {
        let Some(frame) = untrack(|| self.drawn()) else { return };
        let window = self.view.window.get_untracked();
        let cell = match untrack(|| self.cell(&frame)) {
            None => {
                Cell { position: window.positions.first().ceil() as usize, row: window.rows.first().ceil() as usize }
            }
            Some(Cell { position, row }) => {
                let by = |step: i32| if far { step as isize * (1 << 24) } else { step as isize };
                Cell {
                    position: position.saturating_add_signed(by(right)).min(frame.positions() - 1),
                    row: row.saturating_add_signed(by(down)).min(frame.report.units - 1),
                }
            }
        };
        self.view.window.update(|window| window.reveal(cell));
        self.select(Some(cell));
    }

    /// Moves the window with the pointer.
    fn drag(&self, drag: Option<Drag>) {
        if let Some(Drag { by, done: false, .. }) = drag {
            self.select(None);
            self.pan(Point { x: -by.x, y: -by.y });
        }
    }

    fn zoom(&self, factor: f64, at: Option<Point>) {
        self.view.window.update(|window| match at {
            Some(at) => window.zoom_at(factor, at.x, at.y),
            None => window.zoom(factor),
        });
    }

    fn pan(&self, by: Point) {
        self.view.window.update(|window| window.pan(by.x, by.y));
    }

    fn show_all(&self) {
        self.view.window.update(Window::reset);
    }

    fn hides_some(&self) -> bool {
        self.view.window.with(|window| !window.shows_all())
    }
}

/// A state with its sign, a true minus, two decimals.
fn signed(value: f32) -> String {
    let size = number::fixed(f64::from(value.abs()), 2);
    let sign = if size == "0.00" {
        " "
    } else if value < 0.0 {
        "−"
    } else {
        "+"
    };
    [sign, &size].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_written_with_its_sign_and_zero_without() {
        assert_eq!(signed(0.834), "+0.83");
        assert_eq!(signed(-0.5), "−0.50");
        assert_eq!(signed(-0.001), " 0.00");
    }
}
