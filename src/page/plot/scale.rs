//! Ranges of an axis: which ticks they get, and when they move.

/// A closed range of an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    pub low: f64,
    pub high: f64,
}

impl Span {
    /// Holds nothing; grows with [`Span::include`].
    pub const EMPTY: Span = Span { low: f64::INFINITY, high: f64::NEG_INFINITY };

    pub fn new(low: f64, high: f64) -> Self {
        Span { low, high }
    }

    pub fn include(&mut self, value: f64) {
        if value.is_finite() {
            self.low = self.low.min(value);
            self.high = self.high.max(value);
        }
    }

    pub fn length(self) -> f64 {
        self.high - self.low
    }

    pub fn is_empty(self) -> bool {
        self.low > self.high
    }

    pub fn contains(self, value: f64) -> bool {
        value >= self.low && value <= self.high
    }
}

/// The smallest of 1, 2, 2.5 or 5 times a power of ten that is at least `rough`.
pub fn nice_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0].into_iter().find(|factor| factor * power >= rough * (1.0 - 1e-9)).unwrap_or(10.0);
    factor * power
}

/// About `count` round values within the range.
pub fn ticks(span: Span, count: usize) -> Vec<f64> {
    if span.is_empty() || span.length() <= 0.0 || !span.length().is_finite() {
        return Vec::new();
    }
    let step = nice_step(span.length() / count.max(1) as f64);
    let first = (span.low / step - 1e-6).ceil() as i64;
    let last = (span.high / step + 1e-6).floor() as i64;
    (first..=last).map(|index| index as f64 * step).collect()
}

/// As many decimals as tell neighbouring ticks apart.
pub fn decimals(ticks: &[f64]) -> usize {
    let exact = |decimals: i32| {
        let scale = 10f64.powi(decimals);
        ticks.iter().all(|tick| ((tick * scale).round() / scale - tick).abs() <= 1e-9 * tick.abs().max(1e-9))
    };
    (0..6).find(|&decimals| exact(decimals)).unwrap_or(6) as usize
}

/// The range to draw, given the range that was drawn and the one that has to fit: it stays as long as the data fit and
/// fill half of it, and else leaps to a round one.
pub fn settle(drawn: Option<Span>, needed: Span) -> Span {
    if let Some(drawn) = drawn {
        let fits = needed.low >= drawn.low && needed.high <= drawn.high;
        if fits && needed.length() >= 0.5 * drawn.length() {
            return drawn;
        }
    }
    let length = needed.length().max(0.02);
    let step = nice_step(length / 8.0);
    let low = ((needed.low - 0.02 * length) / step).floor() * step;
    let high = ((needed.high + 0.02 * length) / step).ceil() * step;
    Span::new(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(Span::new(1.5, 4.2), 6), [1.5, 2.0, 2.5, 3.0, 3.5, 4.0]);
        assert_eq!(ticks(Span::new(0.0, 4000.0), 4), [0.0, 1000.0, 2000.0, 3000.0, 4000.0]);
        assert_eq!(ticks(Span::new(0.0, 1.0), 4), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert!(ticks(Span::EMPTY, 4).is_empty());
        assert!(ticks(Span::new(2.0, 2.0), 4).is_empty());
    }

    #[test]
    fn tick_labels_have_the_decimals_they_need() {
        assert_eq!(decimals(&[0.0, 1.0]), 0);
        assert_eq!(decimals(&[1.5, 2.0]), 1);
        assert_eq!(decimals(&[0.25, 0.5]), 2);
    }

    #[test]
    fn a_range_stays_until_the_data_leave_it_or_fill_too_little_of_it() {
        let drawn = settle(None, Span::new(1.7, 4.2));
        assert!(drawn.low <= 1.7 && drawn.high >= 4.2);
        assert_eq!(settle(Some(drawn), Span::new(1.65, 4.1)), drawn);
        assert!(settle(Some(drawn), Span::new(1.0, 4.1)).low <= 1.0);
        assert!(settle(Some(drawn), Span::new(1.7, 2.0)).high < 2.5);
    }

    #[test]
    fn a_single_value_still_has_a_range() {
        let span = settle(None, Span::new(2.0, 2.0));
        assert!(span.low < 2.0 && span.high > 2.0);
    }
}
