//! Axes: where a step or a loss is drawn, which ticks it gets, and when a range moves.

use super::LossUnit;

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

/// A round number of steps that leaves room behind `last`, never beyond `total`: the axis grows in leaps, seldom.
pub fn steps_end(last: u64, total: Option<u64>) -> f64 {
    let wished = (last as f64 * 1.02).max(100.0);
    let power = 10f64.powf(wished.log10().floor());
    let round = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|end| *end >= wished);
    let round = round.unwrap_or(wished);
    total.map_or(round, |total| if total >= last { round.min(total.max(1) as f64) } else { round })
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

/// Heights and values of the ticks of an axis of losses. Perplexity has a logarithmic axis.
pub fn loss_ticks(unit: LossUnit, heights: Span, count: usize) -> Vec<(f64, f64)> {
    if unit != LossUnit::Perplexity {
        return ticks(heights, count).into_iter().map(|value| (value, value)).collect();
    }
    let values = Span::new(heights.low.exp(), heights.high.exp());
    let ladders: [&[f64]; 3] = [&[1.0], &[1.0, 2.0, 5.0], &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0]];
    let decades = values.low.log10().floor() as i32..=values.high.log10().ceil() as i32;
    let ladder = |factors: &[f64]| -> Vec<f64> {
        let all = decades.clone().flat_map(|decade| factors.iter().map(move |factor| factor * 10f64.powi(decade)));
        all.filter(|value| values.contains(*value)).collect()
    };
    let fine = ladders.into_iter().map(ladder).find(|found| found.len() + 1 >= count.min(5));
    let chosen = fine.unwrap_or_else(|| ticks(values, count));
    chosen.into_iter().map(|value| (value.ln(), value)).collect()
}

/// Steps, from left to right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepAxis {
    pub log: bool,
    pub steps: Span,
    /// Pixels.
    pub left: f64,
    pub right: f64,
}

impl StepAxis {
    /// Logarithmic steps are drawn at ln(1 + step), so that step 0 has a place.
    pub fn warp(log: bool, step: f64) -> f64 {
        if log { step.max(0.0).ln_1p() } else { step }
    }

    pub fn unwarp(log: bool, place: f64) -> f64 {
        if log { place.exp_m1() } else { place }
    }

    pub fn x(&self, step: f64) -> f64 {
        let place = |step| Self::warp(self.log, step);
        let part = (place(step) - place(self.steps.low)) / (place(self.steps.high) - place(self.steps.low));
        self.left + part * (self.right - self.left)
    }

    pub fn step_at(&self, x: f64) -> f64 {
        let place = |step| Self::warp(self.log, step);
        let part = (x - self.left) / (self.right - self.left);
        Self::unwarp(self.log, place(self.steps.low) + part * (place(self.steps.high) - place(self.steps.low)))
    }

    /// About `count` round steps.
    pub fn ticks(&self, count: usize) -> Vec<f64> {
        if !self.log {
            let mut ticks = ticks(self.steps, count);
            // There are no half steps.
            ticks.retain(|tick| tick.fract() == 0.0);
            return ticks;
        }
        let wide = (1.0 + self.steps.high) / (1.0 + self.steps.low) > 30.0;
        if !wide {
            return ticks(self.steps, count);
        }
        let decades = (0..10).map(|power| 10f64.powi(power));
        std::iter::once(0.0).chain(decades).filter(|step| self.steps.contains(*step)).collect()
    }
}

/// Pixels from the top for a value, the range's high end at `top`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeightAxis {
    pub heights: Span,
    pub top: f64,
    pub bottom: f64,
}

impl HeightAxis {
    pub fn y(&self, height: f64) -> f64 {
        self.bottom - (height - self.heights.low) / self.heights.length() * (self.bottom - self.top)
    }
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
    fn the_step_axis_grows_in_leaps_up_to_the_end_of_the_run() {
        assert_eq!(steps_end(0, None), 100.0);
        assert_eq!(steps_end(97, None), 100.0);
        assert_eq!(steps_end(130, None), 200.0);
        assert_eq!(steps_end(499, None), 1000.0);
        assert_eq!(steps_end(3000, Some(4000)), 4000.0);
        assert_eq!(steps_end(130, Some(4000)), 200.0);
        assert_eq!(steps_end(4000, Some(4000)), 4000.0);
        assert_eq!(steps_end(4001, Some(4000)), 5000.0);
        assert_eq!(steps_end(3, Some(10)), 10.0);
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

    #[test]
    fn steps_and_pixels_agree_on_both_scales() {
        for log in [false, true] {
            let axis = StepAxis { log, steps: Span::new(0.0, 4000.0), left: 40.0, right: 640.0 };
            assert_eq!(axis.x(0.0), 40.0);
            assert!((axis.x(4000.0) - 640.0).abs() < 1e-9);
            assert!((axis.step_at(axis.x(1234.0)) - 1234.0).abs() < 1e-6);
        }
    }

    #[test]
    fn logarithmic_steps_show_decades_and_zoomed_ones_round_steps() {
        let axis = |low, high| StepAxis { log: true, steps: Span::new(low, high), left: 0.0, right: 1.0 };
        assert_eq!(axis(0.0, 4000.0).ticks(6), [0.0, 1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(axis(1000.0, 2000.0).ticks(4), [1000.0, 1250.0, 1500.0, 1750.0, 2000.0]);
    }

    #[test]
    fn no_tick_stands_between_two_steps() {
        let axis = StepAxis { log: false, steps: Span::new(10.0, 14.0), left: 0.0, right: 1.0 };
        assert_eq!(axis.ticks(8), [10.0, 11.0, 12.0, 13.0, 14.0]);
    }

    #[test]
    fn perplexity_has_a_logarithmic_axis_with_round_values() {
        let values = |low: f64, high: f64| -> Vec<f64> {
            loss_ticks(LossUnit::Perplexity, Span::new(low.ln(), high.ln()), 6).into_iter().map(|tick| tick.1).collect()
        };
        assert_eq!(values(4.0, 70.0), [5.0, 10.0, 20.0, 50.0]);
        assert_eq!(values(5.5, 7.0), [5.5, 5.75, 6.0, 6.25, 6.5, 6.75, 7.0]);
    }

    #[test]
    fn the_best_is_at_the_foot() {
        let axis = HeightAxis { heights: Span::new(1.0, 3.0), top: 10.0, bottom: 210.0 };
        assert_eq!((axis.y(1.0), axis.y(3.0), axis.y(2.0)), (210.0, 10.0, 110.0));
    }
}
