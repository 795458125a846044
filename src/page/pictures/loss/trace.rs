//! A series as the columns of pixels that draw it.

use super::axis::StepAxis;
use crate::page::history::Series;

/// What a series does within one column of pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    pub x: f64,
    pub min: f64,
    pub max: f64,
    pub mean: f64,
}

/// The columns from left to right; those without a value are left out. Few values keep their exact place.
pub fn columns(series: &Series, axis: &StepAxis) -> Vec<Column> {
    let width = (axis.right - axis.left).max(1.0) as usize;
    let within = series.index_range(axis.steps.low, axis.steps.high + 1.0);
    if within.len() <= width {
        // One value beyond each edge, so that the line does not end in mid-air.
        let from = within.start.saturating_sub(1);
        let to = (within.end + 1).min(series.len());
        let exact = |(offset, &value): (usize, &f32)| {
            let value = f64::from(value);
            let x = axis.x(series.step_of(from + offset) as f64);
            value.is_finite().then_some(Column { x, min: value, max: value, mean: value })
        };
        return series.values()[from..to].iter().enumerate().filter_map(exact).collect();
    }
    let edge = |column: usize| axis.step_at(axis.left + column as f64);
    let column = |column: usize| {
        let bucket = series.between(edge(column), edge(column + 1));
        let x = axis.left + column as f64 + 0.5;
        let mean = f64::from(bucket.mean());
        (!bucket.is_empty()).then(|| Column { x, min: f64::from(bucket.min), max: f64::from(bucket.max), mean })
    };
    (0..width).filter_map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::plot::Span;

    fn series(count: u64) -> Series {
        let mut series = Series::new(1 << 20);
        (1..=count).for_each(|step| series.push(step, if step == 77_777 { 50.0 } else { (step % 10) as f32 }));
        series
    }

    fn axis(low: f64, high: f64, log: bool) -> StepAxis {
        StepAxis { log, steps: Span::new(low, high), left: 40.0, right: 640.0 }
    }

    #[test]
    fn a_hundred_thousand_points_become_one_column_a_pixel_and_no_spike_is_lost() {
        for log in [false, true] {
            let columns = columns(&series(100_000), &axis(0.0, 100_000.0, log));
            assert!(columns.len() <= 600);
            assert_eq!(columns.iter().map(|column| column.max).fold(0.0, f64::max), 50.0);
            assert!(columns.windows(2).all(|pair| pair[0].x < pair[1].x));
        }
        let linear = columns(&series(100_000), &axis(0.0, 100_000.0, false));
        assert!(linear.iter().filter(|column| column.max < 50.0).all(|column| (column.mean - 4.5).abs() < 0.2));
    }

    #[test]
    fn few_points_stand_exactly_at_their_steps_and_reach_over_the_edges() {
        let axis = axis(10.0, 20.0, false);
        let columns = columns(&series(100), &axis);
        assert_eq!(columns.len(), 13);
        assert_eq!(columns[1], Column { x: axis.x(10.0), min: 0.0, max: 0.0, mean: 0.0 });
        assert!(columns[0].x < axis.left && columns[12].x > axis.right);
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert!(columns(&Series::new(64), &axis(0.0, 100.0, false)).is_empty());
    }
}
