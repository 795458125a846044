//! What a typed number stands for. People write `0.002`, `2e-3`, `0,002`, `1 000`, `1,000`, `０．５`.

use crate::{float, protocol::Range, words::Refusal};

/// The number that a text stands for, or why it is not taken.
///
/// Point and comma both part the decimals. Where they may as well part thousands, that is before exactly three digits, a
/// field of whole numbers takes them for that, and a field of decimals does not.
pub fn read(text: &str, whole: bool, range: Range) -> Result<f64, Refusal> {
    let text: String = text.trim().chars().map(half_width).collect();
    if text.is_empty() {
        return Err(Refusal::Empty);
    }
    let value = notation(&text, whole).and_then(|text| float::parse(&text)).ok_or(Refusal::NotANumber)?;
    if value < range.low || value > range.high {
        Err(Refusal::OutOfRange)
    } else if whole && value.fract() != 0.0 {
        Err(Refusal::NotWhole)
    } else {
        Ok(value)
    }
}

/// The ASCII character that stands for the same in a number: full-width forms, the signs of several keyboards.
fn half_width(character: char) -> char {
    let plain = match character {
        '！'..='～' => char::from_u32(u32::from(character) - 0xFEE0).unwrap_or(character),
        '。' => '.',
        '−' | '‐'..='–' => '-',
        '’' => '\'',
        other if other.is_whitespace() => ' ',
        other => other,
    };
    plain.to_ascii_lowercase()
}

/// `text` as programs write numbers: `-1234.5e-3`.
fn notation(text: &str, whole: bool) -> Option<String> {
    let (sign, unsigned) = signed(text);
    let (mantissa, exponent) = match unsigned.split_once('e') {
        Some((mantissa, exponent)) => (mantissa.trim_end(), Some(signed(exponent.trim_start()))),
        None => (unsigned, None),
    };
    let (integer, fraction) = parts(mantissa, whole && exponent.is_none())?;
    if integer.is_empty() && fraction.is_empty() {
        return None;
    }
    let exponent = match exponent {
        None => String::new(),
        Some((sign, digits)) if is_digits(digits) && !digits.is_empty() => format!("e{sign}{digits}"),
        Some(_) => return None,
    };
    Some(format!("{sign}0{integer}.{fraction}0{exponent}"))
}

fn signed(text: &str) -> (&str, &str) {
    match text.strip_prefix('-') {
        Some(rest) => ("-", rest.trim_start()),
        None => ("", text.strip_prefix('+').unwrap_or(text).trim_start()),
    }
}

/// The digits before and behind the decimal mark.
fn parts(mantissa: &str, whole: bool) -> Option<(String, &str)> {
    let Some(at) = mantissa.rfind(['.', ',']) else { return Some((without_thousands(mantissa)?, "")) };
    let mark = &mantissa[at..=at];
    let thousands = mantissa.matches(mark).count() > 1 || whole && without_thousands(mantissa).is_some();
    if thousands {
        return Some((without_thousands(mantissa)?, ""));
    }
    let fraction = &mantissa[at + 1..];
    is_digits(fraction).then_some((without_thousands(&mantissa[..at])?, fraction))
}

/// The digits of a whole number whose thousands may stand apart, all by the same mark.
fn without_thousands(text: &str) -> Option<String> {
    let Some(mark) = text.chars().find(|character| !character.is_ascii_digit()) else { return Some(text.to_owned()) };
    if !matches!(mark, ' ' | '\'' | '_' | ',' | '.') {
        return None;
    }
    let mut groups = text.split(mark);
    let first = groups.next()?;
    let leads = (1..=3).contains(&first.len()) && !first.starts_with('0');
    let follow = groups.all(|group| group.len() == 3 && is_digits(group));
    (leads && follow).then(|| text.replace(mark, ""))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: Range = Range { low: -1e9, high: 1e9 };

    fn decimal(text: &str) -> Result<f64, Refusal> {
        read(text, false, ANY)
    }

    fn count(text: &str) -> Result<f64, Refusal> {
        read(text, true, ANY)
    }

    #[test]
    fn decimals_are_read_with_point_comma_or_exponent() {
        for (text, value) in [
            ("0.5", 0.5),
            ("1e-3", 1e-3),
            ("5E-4", 5e-4),
            ("2.5e−3", 2.5e-3),
            ("1e+2", 100.0),
            ("0.0025", 0.0025),
            ("0,002", 0.002),
            (".5", 0.5),
            (",5", 0.5),
            ("1.", 1.0),
            (" 0.8\n", 0.8),
            ("-1", -1.0),
            ("− 1.5", -1.5),
            ("+3", 3.0),
            ("007", 7.0),
        ] {
            assert_eq!(decimal(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn full_width_digits_signs_and_marks_are_read() {
        for (text, value) in [
            ("０．５", 0.5),
            ("１ｅ－３", 1e-3),
            ("０，００２", 0.002),
            ("０。５", 0.5),
            ("＋２", 2.0),
            ("－２", -2.0),
            ("\u{3000}３\u{3000}", 3.0),
            ("１Ｅ－３", 1e-3),
        ] {
            assert_eq!(decimal(text), Ok(value), "{text}");
        }
        assert_eq!(count("１５０，０００"), Ok(150_000.0));
    }

    #[test]
    fn thousands_may_stand_apart() {
        for text in [
            "1234567",
            "1,234,567",
            "1.234.567",
            "1 234 567",
            "1\u{a0}234\u{202f}567",
            "1'234'567",
            "1’234’567",
            "1_234_567",
        ] {
            assert_eq!(count(text), Ok(1_234_567.0), "{text}");
            assert_eq!(decimal(text), Ok(1_234_567.0), "{text}");
        }
        for text in ["1,234.5", "1.234,5", "1 234,5", "1'234.5"] {
            assert_eq!(decimal(text), Ok(1234.5), "{text}");
        }
    }

    #[test]
    fn one_mark_before_three_digits_parts_thousands_of_a_count_and_decimals_elsewhere() {
        assert_eq!((count("150,000"), count("16.000")), (Ok(150_000.0), Ok(16_000.0)));
        assert_eq!((decimal("1,500"), decimal("1.500")), (Ok(1.5), Ok(1.5)));
        assert_eq!((count("0,002"), count("1.500e3")), (Err(Refusal::NotWhole), Ok(1500.0)));
    }

    #[test]
    fn what_is_half_typed_is_no_number() {
        for text in ["1e-", "1e", "e3", "-", ".", ",", "+", "１ｅ－"] {
            assert_eq!(decimal(text), Err(Refusal::NotANumber), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for text in [
            "fast",
            "1.2.3",
            "1,2,3",
            "12,34,567",
            "1 2",
            "0x10",
            "Infinity",
            "NaN",
            "1e5.5",
            "1e",
            "--1",
            "1,234.567.8",
            "二",
        ] {
            assert_eq!(decimal(text), Err(Refusal::NotANumber), "{text}");
        }
        assert_eq!((decimal(""), decimal(" \u{3000}")), (Err(Refusal::Empty), Err(Refusal::Empty)));
        assert_eq!((count("2.5"), count("2,5")), (Err(Refusal::NotWhole), Err(Refusal::NotWhole)));
    }

    #[test]
    fn what_is_out_of_range_is_refused_and_the_ends_are_taken() {
        let range = Range { low: 8.0, high: 1024.0 };
        assert_eq!((read("8", true, range), read("1,024", true, range)), (Ok(8.0), Ok(1024.0)));
        for text in ["7", "1025", "-8", "1e999", "0"] {
            assert_eq!(read(text, true, range), Err(Refusal::OutOfRange), "{text}");
        }
    }
}
