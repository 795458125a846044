//! Which steps the chart shows.

use super::axis::StepAxis;
use crate::{float::within, page::plot::Span};

/// The fewest steps that fill the chart.
const FEWEST_STEPS: f64 = 4.0;

/// All steps, or a range of them, on a linear or logarithmic scale.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepView {
    pub log: bool,
    zoom: Option<Span>,
}

impl StepView {
    /// The steps to draw, where the runs end at `end`.
    pub fn steps(&self, end: f64) -> Span {
        self.zoom.unwrap_or(Span::new(0.0, end))
    }

    pub fn is_zoomed(&self) -> bool {
        self.zoom.is_some()
    }

    pub fn reset(&mut self) {
        self.zoom = None;
    }

    /// Shows what lies between two steps, in any order.
    pub fn select(&mut self, one: f64, other: f64, end: f64) {
        let wished = Span::new(one.min(other), one.max(other));
        let missing = (FEWEST_STEPS - wished.length()).max(0.0) / 2.0;
        self.show(Span::new(wished.low - missing, wished.high + missing), end);
    }

    /// Shows `factor` times as much, `step` staying where it is drawn.
    pub fn zoom_at(&mut self, factor: f64, step: f64, end: f64) {
        let place = |step| StepAxis::warp(self.log, step);
        let steps = self.steps(end);
        let fixed = place(step);
        let moved = |edge| StepAxis::unwarp(self.log, fixed + (place(edge) - fixed) * factor);
        let wished = Span::new(moved(steps.low), moved(steps.high));
        if factor < 1.0 && wished.length() < FEWEST_STEPS {
            return;
        }
        self.show(wished, end);
    }

    /// Moves by a part of what is shown.
    pub fn pan(&mut self, part: f64, end: f64) {
        let place = |step| StepAxis::warp(self.log, step);
        let steps = self.steps(end);
        let (low, high) = (place(steps.low), place(steps.high));
        let shift = within(part * (high - low), place(0.0) - low, (place(end) - high).max(0.0));
        let moved = |edge| StepAxis::unwarp(self.log, edge + shift);
        if self.is_zoomed() {
            self.show(Span::new(moved(low), moved(high)), end);
        }
    }

    fn show(&mut self, wished: Span, end: f64) {
        let steps = Span::new(wished.low.max(0.0), wished.high.min(end));
        let all = steps.low <= 0.0 && steps.high >= end;
        self.zoom = (!all && steps.length() > 0.0).then_some(steps);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_made_backwards_is_the_same() {
        let (mut one, mut other) = (StepView::default(), StepView::default());
        one.select(300.0, 100.0, 1000.0);
        other.select(100.0, 300.0, 1000.0);
        assert_eq!(one, other);
        assert_eq!(one.steps(1000.0), Span::new(100.0, 300.0));
    }

    #[test]
    fn the_step_under_the_pointer_stays_there_on_both_scales() {
        for log in [false, true] {
            let mut view = StepView { log, ..StepView::default() };
            let axis = |view: &StepView| StepAxis { log, steps: view.steps(4000.0), left: 0.0, right: 600.0 };
            let before = axis(&view).x(1000.0);
            view.zoom_at(0.5, 1000.0, 4000.0);
            assert!((axis(&view).x(1000.0) - before).abs() < 1e-6);
        }
    }

    #[test]
    fn zooming_out_ends_at_everything_and_follows_the_run_again() {
        let mut view = StepView::default();
        view.select(100.0, 200.0, 1000.0);
        for _ in 0..10 {
            view.zoom_at(2.0, 150.0, 1000.0);
        }
        assert!(!view.is_zoomed());
        assert_eq!(view.steps(2000.0), Span::new(0.0, 2000.0));
    }

    #[test]
    fn zooming_in_ends_at_a_few_steps() {
        let mut view = StepView::default();
        for _ in 0..100 {
            view.zoom_at(0.5, 500.0, 1000.0);
        }
        assert!(view.steps(1000.0).length() >= FEWEST_STEPS);
        view.select(500.0, 500.0, 1000.0);
        assert!(view.steps(1000.0).length() >= FEWEST_STEPS);
    }

    #[test]
    fn panning_stops_at_the_edges_and_keeps_the_width() {
        let mut view = StepView::default();
        view.select(100.0, 300.0, 1000.0);
        view.pan(-5.0, 1000.0);
        assert_eq!(view.steps(1000.0), Span::new(0.0, 200.0));
        view.pan(50.0, 1000.0);
        assert_eq!(view.steps(1000.0), Span::new(800.0, 1000.0));
    }
}
