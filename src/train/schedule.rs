//! How the learning rate moves with the step.

use crate::protocol::Schedule;

/// What the learning rate is multiplied by at `step`, from 1.
pub fn factor(schedule: Schedule, step: u64) -> f64 {
    match schedule {
        Schedule::Constant => 1.0,
        Schedule::Warmup { steps } => rising(step, steps),
        Schedule::Cosine { warmup, total } => {
            let falling = total.saturating_sub(warmup).max(1) as f64;
            let done = (step.saturating_sub(warmup) as f64 / falling).min(1.0);
            // Half a cosine from 1 to a tenth.
            rising(step, warmup) * (0.55 + 0.45 * (std::f64::consts::PI * done).cos())
        }
    }
}

fn rising(step: u64, steps: u64) -> f64 {
    if step >= steps { 1.0 } else { step as f64 / steps as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(schedule: Schedule, step: u64, expected: f64) {
        assert!(
            (factor(schedule, step) - expected).abs() < 1e-12,
            "{schedule:?} at {step}: {}",
            factor(schedule, step)
        );
    }

    #[test]
    fn constant_stays_at_the_rate_that_was_set() {
        close(Schedule::Constant, 1, 1.0);
        close(Schedule::Constant, 1_000_000, 1.0);
    }

    #[test]
    fn warmup_rises_in_a_line_and_stays() {
        let schedule = Schedule::Warmup { steps: 10 };
        close(schedule, 1, 0.1);
        close(schedule, 5, 0.5);
        close(schedule, 10, 1.0);
        close(schedule, 99, 1.0);
        close(Schedule::Warmup { steps: 0 }, 1, 1.0);
    }

    #[test]
    fn cosine_falls_to_a_tenth_at_its_end_and_stays_there() {
        let schedule = Schedule::Cosine { warmup: 10, total: 110 };
        close(schedule, 5, 0.5);
        close(schedule, 10, 1.0);
        close(schedule, 60, 0.55);
        close(schedule, 110, 0.1);
        close(schedule, 5000, 0.1);
        close(Schedule::Cosine { warmup: 5, total: 5 }, 6, 0.1);
    }
}
