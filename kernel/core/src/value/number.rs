//! `float`, `double`, `varint` and `decimal` as exact text and back.

use std::borrow::Cow;
use std::fmt::{Display, LowerExp};

use num_bigint::BigInt;

/// A `varint` of more bytes than this is shown in hex: its decimal digits would take time that grows with their square.
pub(super) const VARINT_MAX: usize = 32 * 1024;
/// More decimal digits than this are not read, for the same reason.
const DIGITS_MAX: usize = 100_000;

/// The shortest text that reads back the same: plain digits from 0.0001 up to 10^16, an exponent (`1.5e-7`) beyond.
pub(super) fn float<F: Display + LowerExp + Copy + Into<f64>>(value: F) -> String {
    let wide: f64 = value.into();
    if wide.is_nan() {
        return "NaN".to_owned();
    }
    if wide.is_infinite() {
        return if wide > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let exponent: i32 = scientific.rsplit_once('e').and_then(|(_, digits)| digits.parse().ok()).unwrap_or(0);
    if (-4..16).contains(&exponent) { value.to_string() } else { scientific }
}

/// The decimal digits of a `varint`; `None` for no bytes or more than [`VARINT_MAX`].
pub(super) fn varint(bytes: &[u8]) -> Option<String> {
    let &first = bytes.first()?;
    if bytes.len() > VARINT_MAX {
        return None;
    }
    if bytes.len() > 16 {
        return Some(BigInt::from_signed_bytes_be(bytes).to_string());
    }
    let start = if first & 0x80 == 0 { 0 } else { -1_i128 };
    Some(bytes.iter().fold(start, |value, &byte| value << 8 | i128::from(byte)).to_string())
}

/// A `decimal` as Java's `BigDecimal.toString` writes it, so with its scale: `10.00`, `1E-14`, `1.5E+1000000000`.
pub(super) fn decimal(bytes: &[u8]) -> Option<String> {
    let (scale, unscaled) = bytes.split_first_chunk::<4>()?;
    let scale = i64::from(i32::from_be_bytes(*scale));
    let signed = varint(unscaled)?;
    let (sign, digits) = match signed.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", signed.as_str()),
    };
    let adjusted = digits.len() as i64 - 1 - scale;
    if scale >= 0 && adjusted >= -6 {
        // Here the scale is at most six more than the digits: the padding is short.
        let padded = format!("{digits:0>width$}", width = scale as usize + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale as usize);
        return Some(if fraction.is_empty() { signed } else { format!("{sign}{whole}.{fraction}") });
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    Some(format!("{sign}{first}{point}{rest}E{adjusted:+}"))
}

/// A number's sign, its digits without the point, and how many of them are behind it (less where there is an exponent).
fn parts(text: &str) -> Option<(bool, String, i64)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (negative, unsigned) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || digits.len() > DIGITS_MAX || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((negative, digits, (fraction.len() as i64).checked_sub(exponent)?))
}

/// The plain digits of a number that is exactly whole, however it is written: `7`, `7.0`, `1000.`, `1e3`, `-120e-1`. `None` for
/// every other text, and for more than `most` digits.
pub(super) fn whole_digits(text: &str, most: usize) -> Option<Cow<'_, str>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.is_empty() && unsigned.len() <= most && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.into());
    }
    let (negative, digits, scale) = parts(text)?;
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some("0".into());
    }
    let digits = match usize::try_from(scale) {
        Ok(behind) => {
            let (whole, fraction) = digits.split_at(digits.len().checked_sub(behind)?);
            if whole.is_empty() || fraction.bytes().any(|byte| byte != b'0') {
                return None;
            }
            whole.to_owned()
        }
        Err(_) => {
            let zeros = usize::try_from(scale.checked_neg()?).ok().filter(|zeros| *zeros <= most)?;
            format!("{digits}{}", "0".repeat(zeros))
        }
    };
    (digits.len() <= most).then(|| if negative { format!("-{digits}").into() } else { digits.into() })
}

/// A number times `unit`, without what is left behind the point; `None` for a text that is no number, or too large a one.
pub(super) fn scaled(text: &str, unit: i128) -> Option<i128> {
    let (negative, digits, scale) = parts(text)?;
    let number = digits.parse::<i128>().ok()?.checked_mul(unit)?;
    let number = if negative { -number } else { number };
    let factor = 10_i128.checked_pow(u32::try_from(scale.checked_abs()?).ok()?)?;
    if scale < 0 { number.checked_mul(factor) } else { Some(number.div_euclid(factor)) }
}

/// Reads a whole number of any size.
pub(super) fn parse_varint(text: &str) -> Result<Vec<u8>, String> {
    match whole_digits(text, DIGITS_MAX) {
        Some(digits) => plain_varint(&digits),
        None => plain_varint(text),
    }
}

fn plain_varint(text: &str) -> Result<Vec<u8>, String> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("expected a whole number".to_owned());
    }
    if digits.len() > DIGITS_MAX {
        return Err(format!("more than {DIGITS_MAX} digits"));
    }
    let number: BigInt = text.parse().map_err(|_| "expected a whole number".to_owned())?;
    Ok(number.to_signed_bytes_be())
}

/// Reads a decimal number with its scale: `10.00` keeps both zeros.
pub(super) fn parse_decimal(text: &str) -> Result<Vec<u8>, String> {
    const EXPECTED: &str = "expected a decimal number, e.g. 12.50 or 1E-14";
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.parse::<i64>().ok().filter(|size| size.abs() < 1 << 40).ok_or(EXPECTED)?)
        }
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(EXPECTED.to_owned());
    }
    let unscaled = plain_varint(&format!("{whole}{fraction}"))
        .map_err(|reason| if reason.starts_with("more") { reason } else { EXPECTED.to_owned() })?;
    let scale = i32::try_from(fraction.len() as i64 - exponent)
        .map_err(|_| "the exponent does not fit 32 bits".to_owned())?;
    let mut bytes = scale.to_be_bytes().to_vec();
    bytes.extend_from_slice(&unscaled);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn floats_are_shortest() {
        assert_eq!(float(0.1_f32), "0.1");
        assert_eq!(float(0.1_f64 + 0.2), "0.30000000000000004");
        assert_eq!(float(1.0_f64), "1");
        assert_eq!(float(-0.0_f64), "-0");
        assert_eq!(float(1e15_f64), "1000000000000000");
        assert_eq!(float(1e16_f64), "1e16");
        assert_eq!(float(0.0001_f64), "0.0001");
        assert_eq!(float(1.5e-5_f64), "1.5e-5");
        assert_eq!(float(f64::MAX), "1.7976931348623157e308");
        assert_eq!(float(f32::MIN_POSITIVE), "1.1754944e-38");
        assert_eq!([f32::NAN, f32::INFINITY, f32::NEG_INFINITY].map(float), ["NaN", "Infinity", "-Infinity"]);
    }

    #[test]
    fn decimals_keep_their_scale() {
        for text in [
            "0",
            "0.0",
            "10.0000000000000",
            "19952.11882",
            "1E-14",
            "-1.5E+1000000000",
            "0.000001",
            "1.0E-7",
            "0E+3",
            "-0.5",
        ] {
            assert_eq!(decimal(&parse_decimal(text).unwrap()).unwrap(), text);
        }
        assert_eq!(decimal(&parse_decimal(".5").unwrap()).unwrap(), "0.5");
        assert_eq!(decimal(&parse_decimal("1e2").unwrap()).unwrap(), "1E+2");
        let huge = [i32::MAX.to_be_bytes().as_slice(), &[1]].concat();
        assert_eq!(decimal(&huge).unwrap(), "1E-2147483647");
    }

    #[test]
    fn what_is_no_number() {
        for wrong in [
            "",
            "-",
            "+",
            ".",
            "e1",
            "1e",
            "1.2.3",
            "1.-2",
            "--1",
            "1_0",
            "0x1",
            "é",
            "1e99999999999999999999",
            "1E3000000000",
        ] {
            assert!(parse_decimal(wrong).is_err(), "{wrong}");
        }
        assert!(parse_varint("1_0").is_err());
        assert!(parse_varint(&"9".repeat(DIGITS_MAX + 1)).is_err());
    }

    #[test]
    fn a_number_that_is_exactly_whole_is_whole_however_it_is_written() {
        for (text, digits) in [
            ("7", "7"),
            ("+7", "+7"),
            ("-7.0", "-7"),
            ("1000.", "1000"),
            ("1e3", "1000"),
            ("1E+3", "1000"),
            ("-120e-1", "-12"),
            ("1.5e1", "15"),
            ("0.0", "0"),
            ("-0.000e9", "0"),
            ("0e99999999999", "0"),
            (".0", "0"),
            ("12345678901234567890", "12345678901234567890"),
        ] {
            assert_eq!(whole_digits(text, 20).as_deref(), Some(digits), "{text}");
        }
        for wrong in [
            "",
            ".",
            "-",
            "7.5",
            "1e-1",
            "0.001e2",
            "1e21",
            "1e999999999999",
            "1_0",
            "0x10",
            "1e",
            "٣",
            "--1",
        ] {
            assert_eq!(whole_digits(wrong, 20), None, "{wrong}");
        }
        assert_eq!(scaled("1621048277.25", 1_000_000_000), Some(1_621_048_277_250_000_000));
        assert_eq!(scaled("-1.5e0", 1_000), Some(-1_500));
        assert_eq!([scaled("x", 1), scaled("", 1), scaled("1e40", 1), scaled("1e-99", 1)], [None; 4]);
    }

    proptest! {
        /// A decimal number is whole where nothing but zeros are behind its point.
        #[test]
        fn whole_is_what_a_decimal_says(unscaled: i64, scale in -5..25_i64) {
            let text = format!("{unscaled}E{}", -scale);
            let exact = if scale <= 0 {
                i128::from(unscaled).checked_mul(10_i128.pow(-scale as u32))
            } else {
                let factor = 10_i128.pow(scale as u32);
                (i128::from(unscaled) % factor == 0).then(|| i128::from(unscaled) / factor)
            };
            let expected = exact.map(|number| number.to_string());
            prop_assert_eq!(whole_digits(&text, 40).map(Cow::into_owned), expected);
        }

        #[test]
        fn doubles_come_back(bits: u64) {
            let value = f64::from_bits(bits);
            let back: f64 = float(value).parse().unwrap();
            prop_assert!(back.to_bits() == bits || value.is_nan());
        }

        #[test]
        fn floats_come_back(bits: u32) {
            let value = f32::from_bits(bits);
            let back: f32 = float(value).parse().unwrap();
            prop_assert!(back.to_bits() == bits || value.is_nan());
        }

        #[test]
        fn varints_come_back(bytes in prop::collection::vec(any::<u8>(), 1..40)) {
            let text = varint(&bytes).unwrap();
            prop_assert_eq!(varint(&parse_varint(&text).unwrap()).unwrap(), text.clone());
            prop_assert_eq!(BigInt::from_signed_bytes_be(&bytes).to_string(), text);
        }

        #[test]
        fn decimals_come_back(scale: i32, unscaled: i128) {
            let bytes = [scale.to_be_bytes().as_slice(), &BigInt::from(unscaled).to_signed_bytes_be()].concat();
            prop_assert_eq!(parse_decimal(&decimal(&bytes).unwrap()), Ok(bytes));
        }

        #[test]
        fn any_text_is_read_without_panic(text: String, shaped in "[-+0-9.eE]{0,30}") {
            for text in [text, shaped] {
                let _ = (parse_varint(&text), parse_decimal(&text));
            }
        }
    }
}
