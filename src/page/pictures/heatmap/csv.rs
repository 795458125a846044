//! A frame as comma-separated values: a position a row, a unit a column.

use super::frame::HiddenFrame;
use crate::page::plot::{push_number, push_quoted};

/// Numbers of a part: a few milliseconds' work.
const PART: usize = 1 << 14;

/// The part that begins at `position`, and where the next one does.
pub fn part(frame: &HiddenFrame, position: usize) -> Option<(String, usize)> {
    let units = frame.report.units;
    let all = frame.positions();
    if position > 0 && position >= all {
        return None;
    }
    let mut text = String::new();
    if position == 0 {
        text.push_str("position,symbol");
        for unit in 1..=units {
            text.push_str(",unit_");
            text.push_str(&unit.to_string());
        }
        text.push('\n');
    }
    let end = (position + (PART / units.max(1)).max(1)).min(all);
    for (row, symbol) in frame.report.symbols.iter().enumerate().take(end).skip(position) {
        text.push_str(&(row + 1).to_string());
        text.push(',');
        push_quoted(&mut text, symbol);
        for unit in 0..units {
            text.push(',');
            push_number(&mut text, frame.state(row, unit).map_or(f64::NAN, f64::from));
        }
        text.push('\n');
    }
    Some((text, end.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Array, HiddenReport};

    fn frame(symbols: Vec<String>, units: usize, states: Vec<f32>) -> HiddenFrame {
        let report =
            HiddenReport { run: 1, step: 1, layer: 0, layers: 1, units, symbols, likeliest: 0, unknown: Vec::new() };
        let arrays = vec![Array::Floats(states), Array::Floats(vec![]), Array::Ids(vec![])];
        HiddenFrame::new(report, arrays).expect("the shapes agree")
    }

    #[test]
    fn a_position_is_a_row_and_quotes_and_line_ends_are_safe() {
        let frame = frame(vec!["\"".to_owned(), "\n".to_owned()], 2, vec![0.5, -1.0, 0.25, 0.0]);
        let (text, next) = part(&frame, 0).expect("there is a part");
        assert_eq!(text, "position,symbol,unit_1,unit_2\n1,\"\"\"\",0.5,-1\n2,\"\n\",0.25,0\n");
        assert_eq!(part(&frame, next), None);
    }

    #[test]
    fn a_large_frame_comes_in_parts() {
        let frame = frame(vec!["a".to_owned(); 100], 512, vec![0.5; 51_200]);
        let mut next = 0;
        let mut text = String::new();
        let mut parts = 0;
        while let Some((part, end)) = part(&frame, next) {
            text.push_str(&part);
            next = end;
            parts += 1;
        }
        assert_eq!(parts, 4);
        assert_eq!(text.lines().count(), 101);
    }
}
