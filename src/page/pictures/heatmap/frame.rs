//! What the network's hidden state was at every position of a text.

use std::ops::Range;

use crate::protocol::{Array, HiddenReport};

/// What `Event::Hidden` brought.
#[derive(Clone, Debug, PartialEq)]
pub struct HiddenFrame {
    pub report: HiddenReport,
    /// [positions, units], row by row.
    states: Vec<f32>,
    /// [positions, `likeliest`], likeliest first.
    probabilities: Vec<f32>,
    /// Which symbols these are of, same shape.
    likeliest: Vec<u32>,
}

impl HiddenFrame {
    /// `None` when the arrays are not those that the report promises. A text without a symbol that the model knows has
    /// no positions.
    pub fn new(report: HiddenReport, arrays: Vec<Array>) -> Option<Self> {
        let Ok([Array::Floats(states), Array::Floats(probabilities), Array::Ids(likeliest)]) =
            <[Array; 3]>::try_from(arrays)
        else {
            return None;
        };
        let positions = report.symbols.len();
        let all = positions.checked_mul(report.likeliest)?;
        let fits = (positions == 0 || report.units > 0)
            && states.len() == positions.checked_mul(report.units)?
            && [probabilities.len(), likeliest.len()] == [all; 2];
        fits.then_some(HiddenFrame { report, states, probabilities, likeliest })
    }

    pub fn positions(&self) -> usize {
        self.report.symbols.len()
    }

    /// [positions, units], row by row.
    pub fn states(&self) -> &[f32] {
        &self.states
    }

    pub fn state(&self, position: usize, unit: usize) -> Option<f32> {
        self.states.get(position * self.report.units + unit).copied()
    }

    /// The likeliest symbols after `position`, with their probabilities. `vocabulary`: how to show each symbol, by id.
    pub fn likeliest_after(&self, position: usize, vocabulary: &[String]) -> Vec<(String, f32)> {
        let count = self.report.likeliest;
        let range = position * count..(position + 1) * count;
        let (Some(probabilities), Some(ids)) = (self.probabilities.get(range.clone()), self.likeliest.get(range))
        else {
            return Vec::new();
        };
        let symbol = |id: u32| vocabulary.get(id as usize).cloned().unwrap_or_default();
        probabilities.iter().zip(ids).map(|(&probability, &id)| (symbol(id), probability)).collect()
    }

    /// One pixel a cell, as an `ImageData` holds them: these positions from left to right, units in `order` from the top.
    pub fn pixels(&self, positions: Range<usize>, order: &[u32], colour: &dyn Fn(f32) -> [u8; 4]) -> Vec<[u8; 4]> {
        let units = self.report.units;
        let states = &self.states[positions.start * units..positions.end * units];
        let mut pixels = vec![[0; 4]; positions.len() * order.len()];
        for (row, &unit) in pixels.chunks_exact_mut(positions.len().max(1)).zip(order) {
            let column = states.iter().skip(unit as usize).step_by(units);
            for (pixel, &state) in row.iter_mut().zip(column) {
                *pixel = colour(state);
            }
        }
        pixels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(symbols: &[&str], units: usize) -> HiddenReport {
        HiddenReport {
            run: 1,
            step: 1,
            layer: 0,
            layers: 1,
            units,
            symbols: symbols.iter().map(|&symbol| symbol.to_owned()).collect(),
            likeliest: 1,
            unknown: Vec::new(),
        }
    }

    fn arrays(states: &[f32]) -> Vec<Array> {
        vec![Array::Floats(states.to_vec()), Array::Floats(vec![0.5, 0.25]), Array::Ids(vec![1, 9])]
    }

    #[test]
    fn arrays_of_another_shape_are_refused() {
        assert!(HiddenFrame::new(report(&["a", "b"], 2), arrays(&[0.0; 4])).is_some());
        assert!(HiddenFrame::new(report(&["a", "b"], 3), arrays(&[0.0; 4])).is_none());
        assert!(HiddenFrame::new(report(&["a"], 4), arrays(&[0.0; 4])).is_none());
        assert!(HiddenFrame::new(report(&["a", "b"], 2), vec![Array::Floats(vec![0.0; 4])]).is_none());
        assert!(HiddenFrame::new(report(&[], 2), vec![]).is_none());
    }

    #[test]
    fn a_text_of_unknown_symbols_only_is_a_frame_without_positions() {
        let none = vec![Array::Floats(vec![]), Array::Floats(vec![]), Array::Ids(vec![])];
        let report = HiddenReport { unknown: vec!["é".to_owned()], ..report(&[], 0) };
        let frame = HiddenFrame::new(report, none).expect("the shapes agree");
        assert_eq!(frame.positions(), 0);
        assert!(frame.likeliest_after(0, &[]).is_empty());
    }

    #[test]
    fn what_comes_next_is_named_by_the_vocabulary_and_an_unknown_id_is_no_crash() {
        let frame = HiddenFrame::new(report(&["a", "b"], 2), arrays(&[0.0; 4])).expect("the shapes agree");
        let vocabulary = ["a".to_owned(), "b".to_owned()];
        assert_eq!(frame.likeliest_after(0, &vocabulary), [("b".to_owned(), 0.5)]);
        assert_eq!(frame.likeliest_after(1, &vocabulary), [(String::new(), 0.25)]);
        assert!(frame.likeliest_after(2, &vocabulary).is_empty());
    }

    #[test]
    fn a_unit_is_a_row_and_a_position_a_column() {
        let frame = HiddenFrame::new(report(&["a", "b"], 2), arrays(&[0.1, 0.2, 0.3, 0.4])).expect("the shapes agree");
        let colour = |state: f32| [(state * 10.0).round() as u8, 0, 0, 255];
        let reds = |positions, order: &[u32]| {
            frame.pixels(positions, order, &colour).iter().map(|pixel| pixel[0]).collect::<Vec<_>>()
        };
        assert_eq!(reds(0..2, &[0, 1]), [1, 3, 2, 4]);
        assert_eq!(reds(0..2, &[1, 0]), [2, 4, 1, 3]);
        assert_eq!(reds(1..2, &[0, 1]), [3, 4], "a part of the text");
    }
}
