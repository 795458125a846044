//! Numbers as a reader wants them, the same in every language.

use crate::float;

/// A whole number with its thousands apart: 1,115,394.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A measured figure in three figures, its thousands apart: 34,200.
pub fn measured(value: f64) -> String {
    let mut unit = 1.0;
    while value.abs() / unit >= 1000.0 {
        unit *= 10.0;
    }
    grouped(((value / unit).round() * unit) as u64)
}

/// A setting's value in the fewest figures, as it can be typed: 0.8, 2e-3, 150000.
pub fn setting(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.01 { float::exponential(value) } else { float::shortest(value) }
}

/// The same within a sentence, where whole thousands stand apart: 150,000.
pub fn bound(value: f64) -> String {
    if value >= 1000.0 && value.fract() == 0.0 { grouped(value as u64) } else { setting(value) }
}

/// A figure with as many decimals as asked for; a dash when there is none.
pub fn fixed(value: f64, decimals: usize) -> String {
    if value.is_finite() { float::fixed(value, decimals) } else { "–".to_owned() }
}

/// A share between 0 and 1 as CSS has it: `12.50%`.
pub fn percent(share: f64) -> String {
    float::fixed(100.0 * share, 2) + "%"
}

/// Bytes in the largest unit that leaves a figure before the point.
pub fn bytes(value: u64) -> String {
    const UNITS: [&str; 4] = ["B", "KB", "MB", "GB"];
    let mut amount = value as f64;
    let mut unit = 0;
    while amount >= 1000.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    let decimals = usize::from(unit > 0 && amount < 100.0);
    format!("{} {}", float::fixed(amount, decimals), UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_115_394), "1,115,394");
    }

    #[test]
    fn what_was_measured_has_three_figures() {
        assert_eq!(measured(34_217.3), "34,200");
        assert_eq!(measured(1_234_567.0), "1,230,000");
        assert_eq!(measured(87.6), "88");
        assert_eq!(measured(0.2), "0");
        assert_eq!(measured(999.6), "1,000");
    }

    #[test]
    fn small_settings_are_written_with_an_exponent() {
        assert_eq!(setting(2e-3), "2e-3");
        assert_eq!(setting(1.5e-4), "1.5e-4");
        assert_eq!(setting(0.8), "0.8");
        assert_eq!(setting(1.0), "1");
        assert_eq!(setting(0.0), "0");
    }

    #[test]
    fn a_large_count_is_digits_in_its_field_and_has_its_thousands_apart_in_a_sentence() {
        assert_eq!((setting(150_000.0), bound(150_000.0)), ("150000".to_owned(), "150,000".to_owned()));
        assert_eq!((setting(1e9), bound(1e9)), ("1000000000".to_owned(), "1,000,000,000".to_owned()));
        assert_eq!((bound(1e-7), bound(0.9), bound(8.0)), ("1e-7".to_owned(), "0.9".to_owned(), "8".to_owned()));
    }

    #[test]
    fn a_missing_figure_is_a_dash() {
        assert_eq!(fixed(f64::NAN, 3), "–");
        assert_eq!(fixed(1.8706, 3), "1.871");
    }

    #[test]
    fn bytes_keep_a_figure_before_the_point() {
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(20 << 20), "20.0 MB");
        assert_eq!(bytes(1_115_394), "1.1 MB");
        assert_eq!(bytes(3 << 30), "3.0 GB");
    }
}
