//! Where the parts of the loss chart are.

use super::axis::{HeightAxis, StepAxis};
use crate::page::plot::Span;

/// Where things are, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    pub width: f64,
    pub height: f64,
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    /// Top and bottom of what is drawn below the loss, where there is room for it.
    pub below: Option<(f64, f64)>,
}

impl Layout {
    /// The least margin of the labels on the left.
    const LEFT: f64 = 40.0;
    const STEP_LABELS: f64 = 24.0;
    const BELOW: f64 = 52.0;
    const BELOW_TITLE: f64 = 20.0;
    /// Between a label and the lines.
    pub const GAP: f64 = 10.0;

    /// Rows first: which labels there are, and so how wide, depends on them.
    pub fn new(width: f64, height: f64, below: bool) -> Self {
        let below = below && height >= 220.0;
        let room = if below { Self::BELOW + Self::BELOW_TITLE + 4.0 } else { 0.0 };
        let bottom = (height - Self::STEP_LABELS - room).max(20.0);
        let below = below.then_some((height - Self::BELOW - 4.0, height - 4.0));
        Layout { width, height, left: Self::LEFT, right: width.max(Self::LEFT + 20.0), top: 10.0, bottom, below }
    }

    /// Leaves room for the widest label on either side, in steps, so that the lines seldom move; but never so much that
    /// the lines have none. What a label on the right lacks then, `room_right` says.
    pub fn with_labels(self, left: f64, right: f64) -> Self {
        let stepped = |length: f64| (length / 8.0).ceil() * 8.0;
        let left = stepped(left + Self::GAP + 2.0).max(Self::LEFT);
        let right = stepped(right + Self::GAP + 2.0).min(0.4 * self.width);
        Layout { left, right: (self.width - right).max(left + 20.0), ..self }
    }

    /// For a label at the end of a line.
    pub fn room_right(&self) -> f64 {
        self.width - self.right - Self::GAP
    }

    /// Too narrow for the values of the reference lines.
    pub fn is_narrow(&self) -> bool {
        self.width < 520.0
    }

    pub fn step_axis(&self, log: bool, steps: Span) -> StepAxis {
        StepAxis { log, steps, left: self.left, right: self.right }
    }

    pub fn height_axis(&self, heights: Span) -> HeightAxis {
        HeightAxis { heights, top: self.top, bottom: self.bottom }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_chart_leaves_out_what_is_drawn_below() {
        assert!(Layout::new(700.0, 180.0, true).below.is_none());
        let layout = Layout::new(700.0, 320.0, true);
        assert!(layout.below.is_some_and(|(top, _)| top > layout.bottom + 20.0));
    }

    #[test]
    fn the_widest_label_has_room_on_both_sides() {
        let layout = Layout::new(326.0, 320.0, true).with_labels(43.0, 61.0);
        assert!(layout.left - Layout::GAP >= 43.0, "{layout:?}");
        assert!(layout.room_right() >= 61.0, "{layout:?}");
        let short = Layout::new(326.0, 320.0, true).with_labels(12.0, 0.0);
        assert_eq!(short.left, Layout::LEFT);
    }

    #[test]
    fn long_labels_leave_the_lines_more_than_half() {
        let layout = Layout::new(300.0, 320.0, true).with_labels(30.0, 500.0);
        assert!(layout.right - layout.left >= 0.4 * 300.0);
    }
}
