//! The values a slider stops at.

#[derive(Clone, Copy, Debug)]
pub enum Stops {
    /// These, rising.
    At(&'static [f64]),
    /// From `low` on, `count` steps of `step`.
    Even { low: f64, step: f64, count: usize },
}

impl Stops {
    pub fn last(self) -> usize {
        match self {
            Stops::At(values) => values.len().saturating_sub(1),
            Stops::Even { count, .. } => count,
        }
    }

    pub fn value(self, index: usize) -> f64 {
        match self {
            Stops::At(values) => values.get(index).or(values.last()).copied().unwrap_or_default(),
            Stops::Even { low, step, .. } => even(low, step, index as f64),
        }
    }

    /// The stop nearest to `value`.
    pub fn nearest(self, value: f64) -> usize {
        let distance = |index: &usize| (self.value(*index) - value).abs();
        (0..=self.last()).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or_default()
    }

    /// The first stop above `value`. Beyond the last, even stops go on, and others double.
    pub fn above(self, value: f64) -> f64 {
        match self {
            Stops::At(values) => values.iter().copied().find(|stop| *stop > value).unwrap_or(2.0 * value),
            Stops::Even { low, step, .. } => even(low, step, ((value - low) / step + NEAR).floor() + 1.0),
        }
    }

    /// The first stop below `value`. Below the lowest, even stops go on, and others halve.
    pub fn below(self, value: f64) -> f64 {
        match self {
            Stops::At(values) => values.iter().rev().copied().find(|stop| *stop < value).unwrap_or(0.5 * value),
            Stops::Even { low, step, .. } => even(low, step, ((value - low) / step - NEAR).ceil() - 1.0),
        }
    }
}

/// Parts of a step by which a value may miss its stop and still be taken for it.
const NEAR: f64 = 1e-6;

/// Rounded, so that no 0.30000000000000004 is shown.
fn even(low: f64, step: f64, index: f64) -> f64 {
    ((low + step * index) * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_value_moves_the_slider_to_the_nearest_stop() {
        let stops = Stops::At(&[8.0, 16.0, 32.0, 64.0]);
        assert_eq!(stops.nearest(30.0), 2);
        assert_eq!(stops.nearest(1e9), 3);
        assert_eq!(stops.value(99), 64.0);
    }

    #[test]
    fn even_stops_have_short_values() {
        let stops = Stops::Even { low: 0.0, step: 0.1, count: 20 };
        assert_eq!(stops.value(3), 0.3);
        assert_eq!(stops.nearest(0.8), 8);
        assert_eq!(stops.last(), 20);
    }

    #[test]
    fn an_arrow_key_goes_to_the_next_stop_and_on_beyond_the_last() {
        let rates = Stops::At(&[1e-3, 2e-3, 3e-3]);
        assert_eq!((rates.above(2e-3), rates.below(2e-3)), (3e-3, 1e-3));
        assert_eq!((rates.above(2.5e-3), rates.below(2.5e-3)), (3e-3, 2e-3));
        assert_eq!((rates.above(3e-3), rates.below(1e-3)), (6e-3, 5e-4));
        let even = Stops::Even { low: 0.0, step: 0.1, count: 20 };
        assert_eq!((even.above(0.3), even.below(0.3)), (0.4, 0.2));
        assert_eq!((even.above(0.83), even.below(0.83)), (0.9, 0.8));
        assert_eq!((even.above(2.0), even.below(7.0)), (2.1, 6.9));
    }
}
