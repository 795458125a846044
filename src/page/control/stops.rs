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
            // Rounded, so that no 0.30000000000000004 is shown.
            Stops::Even { low, step, .. } => ((low + step * index as f64) * 1e6).round() / 1e6,
        }
    }

    /// The stop nearest to `value`.
    pub fn nearest(self, value: f64) -> usize {
        let distance = |index: &usize| (self.value(*index) - value).abs();
        (0..=self.last()).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or_default()
    }
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
}
