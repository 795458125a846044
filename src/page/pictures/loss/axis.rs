//! The axes of the loss chart: where a step or a loss is drawn, and which ticks it gets.

use super::LossUnit;
use crate::page::plot::{Span, ticks};

/// A round number of steps that leaves room behind `last`, never beyond `total`: the axis grows in leaps, seldom.
pub fn steps_end(last: u64, total: Option<u64>) -> f64 {
    let wished = (last as f64 * 1.02).max(100.0);
    let power = 10f64.powf(wished.log10().floor());
    let round = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|end| *end >= wished);
    let round = round.unwrap_or(wished);
    total.map_or(round, |total| if total >= last { round.min(total.max(1) as f64) } else { round })
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
