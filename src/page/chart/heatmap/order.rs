//! In which order units are shown.

/// Units, slowest first: by their mean absolute change from one position to the next. `states` is
/// [positions, units], row by row.
pub fn slowest_first(states: &[f32], units: usize) -> Vec<u32> {
    let mut change = vec![0.0f32; units];
    for (before, after) in states.chunks_exact(units.max(1)).zip(states.chunks_exact(units.max(1)).skip(1)) {
        for ((change, before), after) in change.iter_mut().zip(before).zip(after) {
            *change += (after - before).abs();
        }
    }
    let mut order: Vec<u32> = (0..units as u32).collect();
    order.sort_by(|&a, &b| change[a as usize].total_cmp(&change[b as usize]));
    order
}

/// Whether an order found at step `sorted_at` is worth finding again. Rows that change places are hard to follow, so
/// this happens only as often as the number of steps doubles.
pub fn is_stale(sorted_at: u64, step: u64) -> bool {
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
