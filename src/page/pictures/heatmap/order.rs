//! In which order units are shown.

use super::frame::HiddenFrame;
use crate::page::sort::rising;

/// Units, slowest first: by their mean absolute change from one position to the next. `states` is
/// [positions, units], row by row.
fn slowest_first(states: &[f32], units: usize) -> Vec<u32> {
    let mut change = vec![0.0f64; units];
    for (before, after) in states.chunks_exact(units.max(1)).zip(states.chunks_exact(units.max(1)).skip(1)) {
        for ((change, before), after) in change.iter_mut().zip(before).zip(after) {
            *change += f64::from((after - before).abs());
        }
    }
    rising(&change)
}

/// The order of the rows, and for which frame it was found.
#[derive(Clone, Debug, Default)]
pub struct Order {
    pub units: Vec<u32>,
    slowest_first: bool,
    layer: usize,
    sorted_at: u64,
    /// Counts the orders.
    pub generation: u64,
}

impl Order {
    /// The order for a frame, where this one will not do.
    pub fn renewed(&self, frame: &HiddenFrame, by_slowness: bool) -> Option<Order> {
        let report = &frame.report;
        let same = self.units.len() == report.units
            && self.slowest_first == by_slowness
            && self.layer == report.layer
            && !(by_slowness && is_stale(self.sorted_at, report.step));
        let units = || match by_slowness {
            true => slowest_first(frame.states(), report.units),
            false => (0..report.units as u32).collect(),
        };
        (!same).then(|| Order {
            units: units(),
            slowest_first: by_slowness,
            layer: report.layer,
            sorted_at: report.step,
            generation: self.generation + 1,
        })
    }

    /// The row of a unit.
    pub fn row_of(&self, unit: usize) -> Option<usize> {
        self.units.iter().position(|&one| one as usize == unit)
    }
}

/// Whether an order found at step `sorted_at` is worth finding again. Rows that change places are hard to follow, so
/// this happens only as often as the number of steps doubles.
fn is_stale(sorted_at: u64, step: u64) -> bool {
    step < sorted_at || step > 2 * sorted_at.max(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_hardly_moves_comes_first() {
        // Units: restless, still, slow.
        let states = [0.9, 0.5, 0.0, -0.9, 0.5, 0.1, 0.9, 0.5, 0.2];
        assert_eq!(slowest_first(&states, 3), [1, 2, 0]);
    }

    #[test]
    fn units_that_move_alike_stay_in_order_and_nothing_has_no_order() {
        assert_eq!(slowest_first(&[0.0; 6], 3), [0, 1, 2]);
        assert_eq!(slowest_first(&[0.3, 0.1], 2), [0, 1]);
        assert!(slowest_first(&[], 0).is_empty());
    }

    #[test]
    fn rows_change_places_seldom() {
        assert!(!is_stale(100, 101));
        assert!(!is_stale(100, 200));
        assert!(is_stale(100, 201));
        assert!(is_stale(100, 0), "another run");
    }
}
