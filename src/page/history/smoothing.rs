//! The smoothed line of a noisy figure: an exponential moving average whose start is not pulled towards zero.

/// An exponential moving average, debiased as Adam's moments are (Kingma & Ba 2015, §3): sₜ / (1 − βᵗ).
#[derive(Clone, Debug, Default)]
pub struct Smoothing {
    sum: f64,
    weight: f64,
}

impl Smoothing {
    /// How much of the past is kept from one step to the next.
    const BETA: f64 = 0.92;
    /// Values that still matter: β to this power is below 10⁻⁶.
    pub const MEMORY: usize = 200;

    /// The average after one more value. A value that is no number is passed over.
    pub fn next(&mut self, value: f32) -> f32 {
        if value.is_finite() {
            self.sum = Self::BETA * self.sum + (1.0 - Self::BETA) * f64::from(value);
            self.weight = Self::BETA * self.weight + (1.0 - Self::BETA);
        }
        (self.sum / self.weight) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_is_its_own_average() {
        assert!((Smoothing::default().next(4.2) - 4.2).abs() < 1e-6);
    }

    #[test]
    fn a_constant_stays_what_it_is_and_gaps_change_nothing() {
        let mut smoothing = Smoothing::default();
        for value in [2.0, 2.0, f32::NAN, 2.0] {
            assert!((smoothing.next(value) - 2.0).abs() < 1e-6);
        }
    }

    #[test]
    fn noise_is_calmed() {
        let mut smoothing = Smoothing::default();
        let last: Vec<f32> = (0..500).map(|step| smoothing.next(if step % 2 == 0 { 1.0 } else { 3.0 })).collect();
        assert!(last[400..].iter().all(|value| (value - 2.0).abs() < 0.05));
    }
}
