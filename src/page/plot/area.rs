//! A picture on the page: its canvas, what stands over it, and what is done to it.

use std::{rc::Rc, sync::Arc};

use leptos::{
    html::{Canvas, Div},
    prelude::*,
};
use web_sys::{KeyboardEvent, PointerEvent, WheelEvent};

use super::{
    colour::Colour,
    gesture::{Act, Ask, Drag, Point, Pointers, Turn, Wheel, asked},
    note::{Note, card},
    palette::Palette,
    redraw::{Redraw, slowly},
    surface::{Size, Surface},
    table::{Table, table},
    watch::{Change, counted, watch},
};

/// What makes a picture. All of it is called with the signals that it reads; what is said to read untracked must.
pub trait Plot: Send + Sync + 'static {
    /// The canvas's `data-testid`.
    fn id(&self) -> &'static str;
    fn title(&self) -> String;
    /// How it is used, in a sentence or two.
    fn hint(&self) -> &'static str;
    /// Without an ending.
    fn file_name(&self) -> &'static str;
    /// What is said in place of the picture, where there is nothing to draw.
    fn nothing(&self) -> Option<String>;
    /// The picture in a sentence, for who cannot see it.
    fn described(&self) -> String;

    /// Reads everything that is drawn, so that the calling effect runs again when it changes.
    fn track(&self);
    /// Draws it, reading untracked; for a file without cursor.
    fn draw(&self, surface: &Surface, palette: &Palette, for_file: bool);
    /// The names of what is drawn, for a picture that stands by itself. Read untracked.
    fn legend(&self, palette: &Palette) -> Vec<(Option<Colour>, String)>;

    /// What is said about what is under the cursor.
    fn note(&self) -> Option<Note>;
    /// Its figures, so many that they can be read.
    fn table(&self) -> Table;
    /// All its figures as comma-separated values, part by part until none is left. Read untracked.
    fn csv(&self) -> Box<dyn FnMut() -> Option<String>>;

    /// The pointer is here, or nowhere.
    fn point(&self, at: Option<Point>);
    /// Moves the cursor; `far` to the end.
    fn move_cursor(&self, right: i32, down: i32, far: bool);
    /// `None`: it was no drag after all.
    fn drag(&self, drag: Option<Drag>);
    /// Shows things `factor` times as large; what is at the point stays there.
    fn zoom(&self, factor: f64, at: Option<Point>);
    /// Moves what is shown by so many pixels, to the right and down.
    fn pan(&self, by: Point);
    /// As it was before anybody zoomed.
    fn show_all(&self);
    /// Whether there is something beside what is shown.
    fn hides_some(&self) -> bool;
}

/// A picture that a step shows.
#[derive(Clone, Copy)]
pub struct Shown {
    pub(super) plot: StoredValue<Arc<dyn Plot>>,
    /// Its figures stand in its place.
    pub(super) as_table: RwSignal<bool>,
    /// Somebody sees it: it is on screen, in a tab that is in front. While it is not, nothing need be computed for it.
    pub seen: RwSignal<bool>,
}

impl Shown {
    pub fn new(plot: impl Plot) -> Self {
        Shown::telling(plot, RwSignal::new(false))
    }

    /// Lets the owner of `seen` know.
    pub fn telling(plot: impl Plot, seen: RwSignal<bool>) -> Self {
        Shown { plot: StoredValue::new(Arc::new(plot)), as_table: RwSignal::new(false), seen }
    }

    pub(super) fn plot(self) -> Arc<dyn Plot> {
        self.plot.get_value()
    }
}

#[derive(Clone, Copy)]
struct State {
    shown: Shown,
    canvas: NodeRef<Canvas>,
    card: NodeRef<Div>,
    note: Memo<Option<Note>>,
    size: StoredValue<Size>,
    palette: StoredValue<Option<Palette>>,
    pointers: StoredValue<Pointers>,
}

impl State {
    fn draw(self) {
        let Some(canvas) = self.canvas.get_untracked().filter(|_| self.shown.seen.get_untracked()) else { return };
        let mut size = self.size.get_value();
        // Whatever changed the ratio of pixels without a word (a browser that imitates another screen).
        if !size.agrees_with(window().device_pixel_ratio()) {
            size = counted(&canvas);
            self.size.set_value(size);
        }
        let Some(surface) = Surface::of(&canvas, size) else { return };
        let palette = self.palette.get_value().unwrap_or_else(|| Palette::read(&canvas, &surface.context));
        self.shown.plot().draw(&surface, &palette, false);
        self.palette.set_value(Some(palette));
        self.place_card(size);
    }

    /// The card's size is known only once it is there.
    fn place_card(self, size: Size) {
        let Some(card) = self.card.get_untracked() else { return };
        let card: &web_sys::HtmlElement = &card;
        self.note.with_untracked(|note| {
            let Some(note) = note else { return };
            let (width, height) = (f64::from(card.offset_width()), f64::from(card.offset_height()));
            let (left, top) = note.place((width, height), (size.width, size.height));
            let moved = format!("translate({}px, {}px)", left as i32, top as i32);
            // A browser that refuses leaves the card in the corner.
            let _ = card.style().set_property("transform", &moved);
        });
    }

    fn changed(self, change: Change) {
        match change {
            Change::Size(size) => self.size.set_value(size),
            Change::Theme => self.palette.set_value(None),
            // `Some` hands it back when nobody is left who wants to know.
            Change::Seen(seen) => {
                let _ = self.shown.seen.try_set(seen);
            }
        }
    }

    fn act(self, act: Act) {
        let plot = self.shown.plot();
        match act {
            Act::Nothing => {}
            Act::Point(at) => plot.point(Some(at)),
            Act::Drag(drag) => plot.drag(Some(drag)),
            Act::GiveUp => plot.drag(None),
            Act::Zoom(factor, at) => plot.zoom(factor, Some(at)),
        }
    }

    fn pointer(self, event: &PointerEvent, work: fn(&mut Pointers, i32, Point) -> Act) {
        let at = Point { x: event.offset_x().into(), y: event.offset_y().into() };
        let act = self.pointers.try_update_value(|pointers| work(pointers, event.pointer_id(), at));
        self.act(act.unwrap_or(Act::Nothing));
    }

    fn press(self, event: &PointerEvent) {
        if event.button() != 0 {
            return;
        }
        if let Some(canvas) = self.canvas.get_untracked() {
            // Without the capture a drag only ends at the edge of the picture.
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        self.pointer(event, Pointers::press);
    }

    /// A finger that is lifted leaves the cursor where it was.
    fn leave(self, event: &PointerEvent) {
        if event.pointer_type() == "mouse" {
            self.shown.plot().point(None);
        }
    }

    fn wheel(self, event: &WheelEvent) {
        let plot = self.shown.plot();
        if untrack(|| plot.nothing().is_some()) {
            return;
        }
        let focused = self
            .canvas
            .get_untracked()
            .is_some_and(|canvas| document().active_element().is_some_and(|active| active.is_same_node(Some(&canvas))));
        // Firefox counts lines.
        let pixels = if event.delta_mode() == WheelEvent::DOM_DELTA_LINE { 30.0 } else { 1.0 };
        let wheel = Wheel {
            by: Point { x: pixels * event.delta_x(), y: pixels * event.delta_y() },
            at: Point { x: event.offset_x().into(), y: event.offset_y().into() },
            shift: event.shift_key(),
            modified: event.ctrl_key() || event.meta_key(),
            focused,
        };
        let more = untrack(|| plot.hides_some());
        match wheel.turn(more, more) {
            Turn::Page => return,
            Turn::Nobody => {}
            Turn::Pan(by) => plot.pan(by),
            Turn::Zoom(factor, at) => {
                plot.zoom(factor, Some(at));
                plot.point(Some(at));
            }
        }
        event.prevent_default();
    }

    fn key(self, event: &KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let plot = self.shown.plot();
        let size = self.size.get_value();
        match asked(&event.key(), event.shift_key()) {
            None => return,
            Some(Ask::Zoom(factor)) => plot.zoom(factor, None),
            Some(Ask::ShowAll) => plot.show_all(),
            // A dialog around it closes by the same key.
            Some(Ask::Leave) if self.note.with_untracked(Option::is_none) => return,
            Some(Ask::Leave) => plot.point(None),
            Some(Ask::Move { right, down, far }) => plot.move_cursor(right, down, far),
            Some(Ask::Pan { right, down }) => {
                let by = |part: i32, length: f64| f64::from(part) * length / 8.0;
                plot.pan(Point { x: by(right, size.width), y: by(down, size.height) });
            }
        }
        event.prevent_default();
    }
}

/// The picture. Fills the box it is put in.
#[component]
pub fn PlotArea(shown: Shown) -> impl IntoView {
    let plot = shown.plot;
    let state = State {
        shown,
        canvas: NodeRef::new(),
        card: NodeRef::new(),
        note: Memo::new(move |_| plot.with_value(|plot| plot.note())),
        size: StoredValue::new(Size::default()),
        palette: StoredValue::new(None),
        pointers: StoredValue::new(Pointers::default()),
    };
    let redraw = Redraw::new(Box::new(move || untrack(|| state.draw())));
    Effect::new(move |_| {
        plot.with_value(|plot| plot.track());
        state.note.track();
        shown.seen.track();
        redraw.request();
    });
    Effect::new(move |_| {
        if let Some(canvas) = state.canvas.get() {
            let changed = move |change| {
                state.changed(change);
                redraw.request();
            };
            watch(&canvas, Rc::new(changed));
        }
    });
    let described = slowly(move || {
        let mut text = plot.with_value(|plot| plot.described());
        text.push_str(&state.note.with(|note| note.as_ref().map(Note::sentence).unwrap_or_default()));
        text
    });
    let nothing = Memo::new(move |_| plot.with_value(|plot| plot.nothing()));
    let over = move || {
        if shown.as_table.get() {
            return Some(table(plot));
        }
        nothing.get().map(|nothing| view! { <p class="plot-empty">{nothing}</p> }.into_any())
    };
    let note = move || {
        let note = state.note.get().filter(|_| !shown.as_table.get())?;
        Some(view! { <div class="plot-card" node_ref=state.card aria-hidden="true">{card(note)}</div> }.into_any())
    };
    view! {
        <div class="plot-area">
            <canvas
                class="plot-canvas"
                data-testid=plot.with_value(|plot| plot.id())
                node_ref=state.canvas
                role="img"
                tabindex="0"
                aria-label=described
                aria-description=move || plot.with_value(|plot| plot.hint())
                on:pointerdown=move |event| state.press(&event)
                on:pointermove=move |event| state.pointer(&event, Pointers::hover)
                on:pointerup=move |event| state.pointer(&event, Pointers::release)
                on:pointercancel=move |event| state.pointer(&event, |pointers, id, _| pointers.cancel(id))
                on:pointerleave=move |event| state.leave(&event)
                on:blur=move |_| shown.plot().point(None)
                on:dblclick=move |_| shown.plot().show_all()
                on:wheel=move |event| state.wheel(&event)
                on:keydown=move |event| state.key(&event)
            ></canvas>
            {over}
            {note}
        </div>
    }
}
