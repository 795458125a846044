//! Numbers as files want them.

/// Writes a number in up to seven significant digits, which is all that single precision holds: `4`, `0.5`, `0.0005`,
/// `1.25e12`. What is no number is left out.
///
/// By whole numbers only: formatting of floats is a fifth of a page's program, and is needed nowhere else.
pub fn push_number(text: &mut String, value: f64) {
    if !value.is_finite() {
        return;
    }
    if value < 0.0 {
        text.push('-');
    }
    let size = value.abs();
    if size == 0.0 {
        text.push('0');
        return;
    }
    let mut exponent = size.log10().floor() as i32;
    let scaled = |exponent: i32| {
        let shift = 6 - exponent;
        // Two powers, because 10³⁰⁸ ends before the smallest number does.
        let half = shift / 2;
        (size * 10f64.powi(half) * 10f64.powi(shift - half)).round() as u64
    };
    let mut digits = scaled(exponent);
    // The logarithm of a power of ten may be rounded to either side.
    if digits >= 10_000_000 {
        exponent += 1;
        digits = scaled(exponent);
    } else if digits < 1_000_000 {
        exponent -= 1;
        digits = scaled(exponent);
    }
    let mut count = 7;
    while count > 1 && digits % 10 == 0 {
        digits /= 10;
        count -= 1;
    }
    let digits = digits.to_string();
    match exponent {
        -5..=-1 => {
            text.push_str("0.");
            (1..-exponent).for_each(|_| text.push('0'));
            text.push_str(&digits);
        }
        0..=9 => {
            let whole = exponent as usize + 1;
            if count <= whole {
                text.push_str(&digits);
                (count..whole).for_each(|_| text.push('0'));
            } else {
                text.push_str(&digits[..whole]);
                text.push('.');
                text.push_str(&digits[whole..]);
            }
        }
        _ => {
            text.push_str(&digits[..1]);
            if count > 1 {
                text.push('.');
                text.push_str(&digits[1..]);
            }
            text.push('e');
            text.push_str(&exponent.to_string());
        }
    }
}

/// A text that may hold anything as one field of a table of comma-separated values.
pub fn push_quoted(text: &mut String, field: &str) {
    text.push('"');
    text.push_str(&field.replace('"', "\"\""));
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: f64) -> String {
        let mut text = String::new();
        push_number(&mut text, value);
        text
    }

    #[test]
    fn numbers_are_as_short_as_single_precision_allows() {
        assert_eq!(written(4.0), "4");
        assert_eq!(written(-0.5), "-0.5");
        assert_eq!(written(0.0), "0");
        assert_eq!(written(f64::from(0.1f32)), "0.1");
        assert_eq!(written(5e-4), "0.0005");
        assert_eq!(written(105_609.0), "105609");
        assert_eq!(written(1000.0), "1000");
        assert_eq!(written(1_234_567.8), "1234568");
        assert_eq!(written(std::f64::consts::PI), "3.141593");
        assert_eq!(written(9.9999999), "10");
        assert_eq!(written(1.25e12), "1.25e12");
        assert_eq!(written(2e-7), "2e-7");
        assert_eq!(written(5e-324), "4.940656e-324");
        assert_eq!(written(f64::NAN), "");
        assert_eq!(written(f64::INFINITY), "");
    }

    #[test]
    fn every_written_number_is_read_back_to_seven_digits() {
        for exponent in -300..300 {
            for mantissa in [1.0, 1.000001, 2.5, 9.87654321, 9.999999] {
                let value = mantissa * 10f64.powi(exponent);
                let read: f64 = written(value).parse().expect("a number was written");
                assert!((read / value - 1.0).abs() < 6e-7, "{value} became {}", written(value));
            }
        }
    }

    #[test]
    fn quotes_and_line_ends_stay_in_their_field() {
        let mut text = String::new();
        push_quoted(&mut text, "a \"b\",\nc");
        assert_eq!(text, "\"a \"\"b\"\",\nc\"");
    }
}
