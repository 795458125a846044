//! The hidden state as the network reads a text: text × unit.

mod frame;
mod order;
mod paint;
mod view;

use std::sync::Arc;

use leptos::{html::Canvas, prelude::*};
use web_sys::{HtmlCanvasElement, KeyboardEvent, PointerEvent, WheelEvent};

pub use self::frame::HiddenFrame;
use self::view::{Cell, Window};
use super::{
    frame::{Frame, slowly},
    odds::{OddsBars, shown},
    palette::Palette,
    surface::{Change, Surface, detached_canvas, watch},
};
use crate::{
    page::language::{use_language, use_words},
    protocol::NextSymbol,
    words::Language,
};

/// The size of the note at the cursor, as the style sheet has it, and its distance from the cell.
const NOTE: (f64, f64) = (204.0, 178.0);
const NOTE_DISTANCE: f64 = 12.0;
/// A press that moves less than this is no drag.
const LEAST_DRAG: f64 = 3.0;

/// The order of the rows, and for which frame it was found.
#[derive(Clone, Debug, Default)]
struct Order {
    units: Vec<u32>,
    slowest_first: bool,
    layer: usize,
    sorted_at: u64,
    generation: u64,
}

/// The frame as a picture, one pixel a cell, and of which frame, order and theme.
struct Image {
    canvas: HtmlCanvasElement,
    shows: Option<(Arc<HiddenFrame>, u64, u64)>,
}

/// Pointers that are down, and where each is.
#[derive(Clone, Debug, Default)]
struct Pointers {
    down: Vec<(i32, f64, f64)>,
    moved: f64,
}

#[derive(Clone, Copy)]
struct State {
    frame: Signal<Option<Arc<HiddenFrame>>>,
    vocabulary: Signal<Arc<Vec<String>>>,
    language: RwSignal<Language>,
    slowest_first: RwSignal<bool>,
    window: RwSignal<Window>,
    cursor: RwSignal<Option<Cell>>,
    canvas: NodeRef<Canvas>,
    order: RwSignal<Order>,
    image: StoredValue<Option<Image>, LocalStorage>,
    palette: StoredValue<Option<Palette>>,
    /// Counts the themes.
    theme: StoredValue<u64>,
    pointers: StoredValue<Pointers>,
}

impl State {
    fn draw(self) {
        let Some((canvas, frame)) = self.canvas.get_untracked().zip(self.frame.get_untracked()) else { return };
        let Some(surface) = Surface::of(&canvas) else { return };
        let palette = self.palette.get_value().unwrap_or_else(|| Palette::read(&canvas));
        let window = self.fitted(&frame, &surface);
        self.sort(&frame);
        self.image.update_value(|image| {
            if image.is_none() {
                *image = detached_canvas().map(|canvas| Image { canvas, shows: None });
            }
            let Some(image) = image else { return };
            self.order.with_untracked(|order| {
                let wanted = (frame.clone(), order.generation, self.theme.get_value());
                let shown = image.shows.as_ref().is_some_and(|shown| {
                    Arc::ptr_eq(&shown.0, &wanted.0) && (shown.1, shown.2) == (wanted.1, wanted.2)
                });
                if !shown && paint::fill_image(&image.canvas, &frame, &order.units, &palette).is_some() {
                    image.shows = Some(wanted);
                }
            });
            paint::paint(&surface, &image.canvas, &frame, &window, self.cell(&frame), &palette);
        });
        self.palette.set_value(Some(palette));
    }

    /// The window, for the cells and the room that there are now.
    fn fitted(self, frame: &HiddenFrame, surface: &Surface) -> Window {
        let before = self.window.get_untracked();
        let mut window = before;
        let cells = (frame.positions(), frame.report.units);
        window.fit(cells, paint::room(surface.width, surface.height), paint::column_for(frame));
        if window != before {
            self.window.set(window);
        }
        window
    }

    fn sort(self, frame: &HiddenFrame) {
        let wished = self.slowest_first.get_untracked();
        let report = &frame.report;
        let same = self.order.with_untracked(|order| {
            order.units.len() == report.units
                && order.slowest_first == wished
                && order.layer == report.layer
                && !(wished && order::is_stale(order.sorted_at, report.step))
        });
        if same {
            return;
        }
        let units = match wished {
            true => order::slowest_first(frame.states(), report.units),
            false => (0..report.units as u32).collect(),
        };
        self.order.update(|order| {
            *order = Order {
                units,
                slowest_first: wished,
                layer: report.layer,
                sorted_at: report.step,
                generation: order.generation + 1,
            };
        });
    }

    /// The cell under the cursor, if the frame has it.
    fn cell(self, frame: &HiddenFrame) -> Option<Cell> {
        self.cursor.get().filter(|cell| cell.position < frame.positions() && cell.row < frame.report.units)
    }

    fn press(self, event: &PointerEvent) {
        if event.button() != 0 {
            return;
        }
        if let Some(canvas) = self.canvas.get_untracked() {
            // Without the capture a drag only ends at the edge of the heatmap.
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        self.pointers.update_value(|pointers| {
            if pointers.down.is_empty() {
                pointers.moved = 0.0;
            }
            pointers.down.push((event.pointer_id(), x, y));
        });
        self.cursor.set(self.window.get_untracked().cell_at(x, y));
    }

    /// One pointer moves the window, two enlarge or shrink it, none moves the cursor.
    fn hover(self, event: &PointerEvent) {
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        let Pointers { down, moved } = self.pointers.get_value();
        let Some(&(_, before_x, before_y)) = down.iter().find(|pointer| pointer.0 == event.pointer_id()) else {
            self.cursor.set(self.window.get_untracked().cell_at(x, y));
            return;
        };
        let (by_x, by_y) = (x - before_x, y - before_y);
        let moved = moved + by_x.abs() + by_y.abs();
        let other = down.iter().find(|pointer| pointer.0 != event.pointer_id());
        if let Some(&(_, other_x, other_y)) = other {
            let distance = |x: f64, y: f64| (x - other_x).hypot(y - other_y).max(1.0);
            let factor = distance(x, y) / distance(before_x, before_y);
            self.window.update(|window| window.zoom_at(factor, (x + other_x) / 2.0, (y + other_y) / 2.0));
        } else if moved >= LEAST_DRAG {
            self.cursor.set(None);
            self.window.update(|window| window.pan(-by_x, -by_y));
        }
        self.pointers.update_value(|pointers| {
            pointers.moved = moved;
            for pointer in pointers.down.iter_mut().filter(|pointer| pointer.0 == event.pointer_id()) {
                *pointer = (pointer.0, x, y);
            }
        });
    }

    fn release(self, event: &PointerEvent) {
        self.pointers.update_value(|pointers| pointers.down.retain(|pointer| pointer.0 != event.pointer_id()));
    }

    /// A finger that is lifted leaves the cursor where it was.
    fn leave(self, event: &PointerEvent) {
        if event.pointer_type() == "mouse" {
            self.cursor.set(None);
        }
    }

    fn wheel(self, event: &WheelEvent) {
        let window = self.window.get_untracked();
        let sideways = event.shift_key() || event.delta_x().abs() > event.delta_y().abs();
        // Nothing to enlarge, or all of it in sight already: let the page scroll.
        let nothing_left = event.delta_y() > 0.0 && window.shows_all();
        if self.frame.with_untracked(Option::is_none) || nothing_left {
            return;
        }
        event.prevent_default();
        // Firefox counts lines.
        let scale = if event.delta_mode() == WheelEvent::DOM_DELTA_LINE { 30.0 } else { 1.0 };
        if sideways {
            self.window.update(|window| window.pan(scale * (event.delta_x() + event.delta_y()), 0.0));
            return;
        }
        let factor = (-(scale * event.delta_y()).clamp(-240.0, 240.0) * 0.002).exp();
        self.window.update(|window| window.zoom_at(factor, event.offset_x().into(), event.offset_y().into()));
        self.cursor.set(self.window.get_untracked().cell_at(event.offset_x().into(), event.offset_y().into()));
    }

    fn key(self, event: &KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        match event.key().as_str() {
            "+" | "=" => self.window.update(|window| window.zoom(1.5)),
            "-" | "_" | "−" => self.window.update(|window| window.zoom(1.0 / 1.5)),
            "0" => self.window.update(Window::reset),
            "Escape" if self.cursor.get_untracked().is_some() => self.cursor.set(None),
            "ArrowLeft" => self.move_cursor(-1, 0),
            "ArrowRight" => self.move_cursor(1, 0),
            "ArrowUp" => self.move_cursor(0, -1),
            "ArrowDown" => self.move_cursor(0, 1),
            "Home" => self.move_cursor(isize::MIN / 2, 0),
            "End" => self.move_cursor(isize::MAX / 2, 0),
            _ => return,
        }
        event.prevent_default();
    }

    fn move_cursor(self, positions: isize, rows: isize) {
        let Some(frame) = self.frame.get_untracked() else { return };
        let window = self.window.get_untracked();
        let start =
            || Cell { position: window.positions.first().ceil() as usize, row: window.rows.first().ceil() as usize };
        let cell = match self.cursor.get_untracked() {
            None => start(),
            Some(Cell { position, row }) => Cell {
                position: position.saturating_add_signed(positions).min(frame.positions() - 1),
                row: row.saturating_add_signed(rows).min(frame.report.units - 1),
            },
        };
        self.window.update(|window| window.reveal(cell));
        self.cursor.set(Some(cell));
    }

    fn described(self) -> String {
        let words = &self.language.get().words().heatmap;
        let frame = self.frame.get();
        let mut text = frame.as_ref().map_or_else(
            || words.empty.to_owned(),
            |frame| {
                let report = &frame.report;
                (words.described)(report.layer + 1, frame.positions(), report.units, report.step)
            },
        );
        if let Some(note) = frame.and_then(|frame| self.note(&frame)) {
            text.push_str(&format!(" {}, {}, {}: {}.", note.symbol, note.position, note.unit, note.value));
        }
        text
    }

    /// What stands in the cell under the cursor.
    fn note(self, frame: &HiddenFrame) -> Option<Note> {
        let words = &self.language.get().words().heatmap;
        let cell = self.cell(frame)?;
        let unit = *self.order.with(|order| order.units.get(cell.row).copied()).as_ref()? as usize;
        let value = frame.state(cell.position, unit)?;
        Some(Note {
            symbol: shown(frame.report.symbols.get(cell.position)?),
            position: (words.position)(cell.position + 1),
            unit: (words.unit)(unit + 1),
            value: signed(value),
            odds: self.vocabulary.with(|vocabulary| frame.odds_after(cell.position, vocabulary)),
            place: self.note_place(cell),
        })
    }

    /// Beside the cell, on the side that has room.
    fn note_place(self, cell: Cell) -> (f64, f64) {
        let Some(canvas) = self.canvas.get_untracked() else { return (0.0, 0.0) };
        let (width, height) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
        let Window { positions, rows, .. } = self.window.get();
        let (start, end) = (positions.pixel_of(cell.position), positions.pixel_of(cell.position + 1));
        let right = end + NOTE_DISTANCE;
        let left = if right + NOTE.0 <= width { right } else { start - NOTE_DISTANCE - NOTE.0 };
        let top = rows.pixel_of(cell.row) - NOTE.1 / 2.0;
        (left.clamp(0.0, (width - NOTE.0).max(0.0)), top.min(height - NOTE.1).max(0.0))
    }
}

/// What is said about a cell, and where.
#[derive(Clone, Debug, PartialEq)]
struct Note {
    symbol: String,
    position: String,
    unit: String,
    value: String,
    odds: Vec<NextSymbol>,
    place: (f64, f64),
}

/// Text × unit of one layer, with what the network expects next under the cursor. Fills the box it is put in.
#[component]
pub fn HiddenHeatmap(
    #[prop(into)] frame: Signal<Option<Arc<HiddenFrame>>>,
    /// How to show each symbol the model knows, by id (`ModelReport::symbols`).
    #[prop(into)]
    vocabulary: Signal<Arc<Vec<String>>>,
    /// The layer to show, from 0: the page asks the engine for it with `Topic::Hidden`.
    layer: RwSignal<usize>,
    /// Layers of the present model.
    #[prop(into)]
    layers: Signal<usize>,
) -> impl IntoView {
    let words = use_words();
    let state = State {
        frame,
        vocabulary,
        language: use_language(),
        slowest_first: RwSignal::new(true),
        window: RwSignal::new(Window::default()),
        cursor: RwSignal::new(None),
        canvas: NodeRef::new(),
        order: RwSignal::new(Order::default()),
        image: StoredValue::new_local(None),
        palette: StoredValue::new(None),
        theme: StoredValue::new(0),
        pointers: StoredValue::new(Pointers::default()),
    };
    let request = Frame::new(move || untrack(|| state.draw()));
    Effect::new(move |_| {
        state.frame.track();
        state.slowest_first.track();
        state.window.track();
        state.cursor.track();
        request.request();
    });
    Effect::new(move |_| {
        if let Some(canvas) = state.canvas.get() {
            watch(&canvas, move |change| {
                if change == Change::Theme {
                    state.palette.set_value(None);
                    state.theme.update_value(|theme| *theme += 1);
                }
                request.request();
            });
        }
    });
    let described = slowly(move || state.described());
    let note = Memo::new(move |_| state.frame.get().and_then(|frame| state.note(&frame)));

    view! {
        <div class="chart">
            <Head state layer layers />
            <div class="chart-area">
                <canvas
                    class="chart-canvas is-heatmap"
                    data-testid="hidden-heatmap"
                    node_ref=state.canvas
                    role="img"
                    tabindex="0"
                    aria-label=described
                    aria-description=move || words().heatmap.keys
                    on:pointerdown=move |event| state.press(&event)
                    on:pointermove=move |event| state.hover(&event)
                    on:pointerup=move |event| state.release(&event)
                    on:pointercancel=move |event| state.release(&event)
                    on:pointerleave=move |event| state.leave(&event)
                    on:blur=move |_| state.cursor.set(None)
                    on:dblclick=move |_| state.window.update(Window::reset)
                    on:wheel=move |event| state.wheel(&event)
                    on:keydown=move |event| state.key(&event)
                ></canvas>
                <Show when=move || state.frame.with(Option::is_none)>
                    <p class="chart-empty">{move || words().heatmap.empty}</p>
                </Show>
                <Show when=move || note.with(Option::is_some)>
                    <NoteCard note />
                </Show>
            </div>
        </div>
    }
}

/// Title, what is in sight, layer, order, zoom, colours.
#[component]
fn Head(state: State, layer: RwSignal<usize>, layers: Signal<usize>) -> impl IntoView {
    let words = use_words();
    let in_sight = move || {
        let units = state.frame.with(|frame| frame.as_ref().map(|frame| frame.report.units))?;
        let rows = state.window.with(|window| window.rows.in_sight().round() as usize);
        Some((words().heatmap.in_sight)(rows.min(units), units))
    };
    let layer_button = move |index: usize| {
        view! {
            <button
                type="button"
                aria-pressed=move || (layer.get() == index).to_string()
                on:click=move |_| layer.set(index)
            >
                {index + 1}
            </button>
        }
    };
    let show_all = move || {
        state.window.update(|window| if window.shows_all() { window.reset() } else { window.show_all() });
    };
    view! {
        <header class="chart-head">
            <h2 title=move || words().heatmap.keys>{move || words().heatmap.title}</h2>
            <Show when=move || { layers.get() > 1 }>
                <div
                    class="chart-switch"
                    role="group"
                    aria-label=move || words().heatmap.layer.label
                    title=move || words().heatmap.layer.help
                >
                    <span class="chart-note">{move || words().heatmap.layer.label}</span>
                    {move || (0..layers.get()).map(layer_button).collect_view()}
                </div>
            </Show>
            <p class="chart-note is-pushed">{in_sight}</p>
            <div class="chart-tabs">
                <button
                    type="button"
                    aria-pressed=move || state.slowest_first.get().to_string()
                    title=move || words().heatmap.order.help
                    on:click=move |_| state.slowest_first.update(|slowest_first| *slowest_first = !*slowest_first)
                >
                    {move || words().heatmap.slowest_first}
                </button>
            </div>
            <div class="chart-scale" role="img" aria-label=move || words().heatmap.scale>
                <span class="is-low">"−1"</span>
                <span class="chart-scale-bar"></span>
                <span class="is-high">"+1"</span>
            </div>
            <div class="chart-zoom">
                <button
                    type="button"
                    aria-label=move || words().heatmap.zoom_out
                    title=move || words().heatmap.zoom_out
                    on:click=move |_| state.window.update(|window| window.zoom(1.0 / 1.5))
                >
                    "−"
                </button>
                <button
                    type="button"
                    aria-label=move || words().heatmap.zoom_in
                    title=move || words().heatmap.zoom_in
                    on:click=move |_| state.window.update(|window| window.zoom(1.5))
                >
                    "+"
                </button>
                <button
                    type="button"
                    aria-label=move || words().heatmap.show_all
                    title=move || words().heatmap.show_all
                    on:click=move |_| show_all()
                >
                    "⤢"
                </button>
            </div>
        </header>
    }
}

/// Character, unit and value, and what comes next.
#[component]
fn NoteCard(note: Memo<Option<Note>>) -> impl IntoView {
    let words = use_words();
    let text = move |part: fn(&Note) -> &String| move || note.with(|note| note.as_ref().map(|note| part(note).clone()));
    let left = move || note.with(|note| format!("{:.0}px", note.as_ref().map_or(0.0, |note| note.place.0)));
    let top = move || note.with(|note| format!("{:.0}px", note.as_ref().map_or(0.0, |note| note.place.1)));
    let odds =
        Signal::derive(move || note.with(|note| note.as_ref().map(|note| note.odds.clone()).unwrap_or_default()));
    view! {
        <div class="chart-hover" style:left=left style:top=top aria-hidden="true">
            <p class="chart-hover-cell">
                <span class="odd-symbol">{text(|note| &note.symbol)}</span>
                <span class="chart-note">{text(|note| &note.unit)}</span>
                <strong>{text(|note| &note.value)}</strong>
            </p>
            <p class="chart-note">{move || words().heatmap.next}</p>
            <OddsBars odds />
        </div>
    }
}

/// A state with its sign, a true minus, two decimals.
fn signed(value: f32) -> String {
    let size = format!("{:.2}", value.abs());
    let sign = if size == "0.00" {
        " "
    } else if value < 0.0 {
        "−"
    } else {
        "+"
    };
    format!("{sign}{size}")
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
