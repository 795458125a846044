//! What is said about the thing under the cursor, and the card it stands on.

use leptos::prelude::*;

/// What a note says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Note {
    /// The thing it is about, from left to right, and its middle: the card stands beside it.
    pub left: f64,
    pub right: f64,
    pub middle: f64,
    /// A symbol of the text, where it is about one.
    pub symbol: Option<String>,
    pub title: String,
    pub value: String,
    pub rows: Vec<NoteRow>,
    /// A heading over the bars.
    pub caption: &'static str,
    pub bars: Vec<Bar>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NoteRow {
    /// The class of its colour: `is-train`, `is-run-1`.
    pub mark: &'static str,
    pub name: String,
    pub value: String,
}

/// A share of a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    pub name: String,
    /// In thousandths.
    pub share: u32,
    pub value: String,
}

impl Note {
    /// In one sentence, for who cannot see the card.
    pub fn sentence(&self) -> String {
        let mut text = String::new();
        let mut add = |part: &str| {
            if !part.is_empty() {
                text.push_str(if text.is_empty() { " " } else { ", " });
                text.push_str(part);
            }
        };
        self.symbol.iter().for_each(|symbol| add(symbol));
        add(&self.title);
        add(&self.value);
        self.rows.iter().for_each(|row| add(&[&row.name, " ", &row.value].concat()));
        text.push('.');
        text
    }

    /// Where a card of this size stands on a picture of that size: beside the thing, on the side that has room, or where
    /// neither has, above or below it.
    pub fn place(&self, (width, height): (f64, f64), room: (f64, f64)) -> (f64, f64) {
        const DISTANCE: f64 = 12.0;
        let (right, left) = (self.right + DISTANCE, self.left - DISTANCE - width);
        let beside = self.middle - height / 2.0;
        let (x, y) = if right + width <= room.0 {
            (right, beside)
        } else if left >= 0.0 {
            (left, beside)
        } else {
            let above = self.middle - 2.0 * DISTANCE - height;
            let y = if above >= 0.0 { above } else { self.middle + 2.0 * DISTANCE };
            ((self.left + self.right - width) / 2.0, y)
        };
        (x.min(room.0 - width).max(0.0), y.min(room.1 - height).max(0.0))
    }
}

/// Shares as bars: a row each, so many that nothing moves as they change.
pub fn bars(bars: Vec<Bar>, rows: usize) -> AnyView {
    let mut bars = bars.into_iter();
    let row = |_| {
        let bar = bars.next();
        let is_empty = bar.is_none();
        let Bar { name, share, value } = bar.unwrap_or(Bar { name: String::new(), share: 0, value: String::new() });
        view! {
            <li class="share-row" class:is-empty=is_empty>
                <span class="share-symbol">{name}</span>
                <span class="share-track"><span class="share-bar" style:width=tenths(share)></span></span>
                <span class="share-value">{value}</span>
            </li>
        }
        .into_any()
    };
    let rows: Vec<AnyView> = (0..rows).map(row).collect();
    view! { <ol class="shares">{rows}</ol> }.into_any()
}

/// 305 as 30.5%.
fn tenths(thousandths: u32) -> String {
    format!("{}.{}%", thousandths / 10, thousandths % 10)
}

/// What stands on the card.
pub fn card(note: Note) -> AnyView {
    let row = |NoteRow { mark, name, value }| {
        view! {
            <p class="note-row">
                <span class=["note-mark ", mark].concat()></span>
                <span class="plot-note">{name}</span>
                <strong>{value}</strong>
            </p>
        }
        .into_any()
    };
    let rows: Vec<AnyView> = note.rows.into_iter().map(row).collect();
    let count = note.bars.len();
    let shares = (count > 0).then(|| {
        view! { <p class="plot-note note-caption">{note.caption}</p> {bars(note.bars, count)} }
    });
    view! {
        <p class="note-head">
            {note.symbol.map(|symbol| view! { <span class="share-symbol">{symbol}</span> })}
            <span>{note.title}</span>
            <strong>{note.value}</strong>
        </p>
        {rows}
        {shares}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(left: f64, right: f64, middle: f64) -> Note {
        Note { left, right, middle, ..Note::default() }
    }

    #[test]
    fn the_card_stands_beside_the_thing_on_the_side_that_has_room() {
        let place = |note: Note| note.place((200.0, 100.0), (600.0, 300.0));
        assert_eq!(place(note(100.0, 110.0, 150.0)), (122.0, 100.0));
        assert_eq!(place(note(500.0, 510.0, 150.0)), (288.0, 100.0));
        assert_eq!(place(note(100.0, 110.0, 10.0)), (122.0, 0.0));
        assert_eq!(place(note(100.0, 110.0, 290.0)), (122.0, 200.0));
    }

    #[test]
    fn on_a_narrow_picture_it_stands_above_or_below_and_does_not_hide_the_thing() {
        let place = |note: Note| note.place((200.0, 100.0), (300.0, 400.0));
        assert_eq!(place(note(150.0, 160.0, 300.0)), (55.0, 176.0));
        assert_eq!(place(note(150.0, 160.0, 50.0)), (55.0, 74.0));
    }

    #[test]
    fn on_a_picture_that_is_too_small_it_begins_at_the_corner() {
        assert_eq!(note(50.0, 60.0, 20.0).place((200.0, 100.0), (150.0, 60.0)), (0.0, 0.0));
    }

    #[test]
    fn a_note_can_be_read_out() {
        let row = NoteRow { mark: "is-train", name: "training".to_owned(), value: "1.5".to_owned() };
        let note = Note { title: "step 3".to_owned(), rows: vec![row], ..Note::default() };
        assert_eq!(note.sentence(), " step 3, training 1.5.");
    }
}
