//! `duration`: months, days and nanoseconds, as Cassandra writes and reads them.
//!
//! Source of the forms: CQL reference, "Working with durations"; all three parts have one sign.

use crate::vint;

const UNITS: [(&str, i64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// A serialised duration as `1y2mo3d4h5m6s7ms8us9ns`, zero as `0s`; `None` for bytes that are none.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let (months, rest) = vint::read_signed(bytes)?;
    let (days, rest) = vint::read_signed(rest)?;
    let (nanos, rest) = vint::read_signed(rest)?;
    let (months, days) = (i32::try_from(months).ok()?, i32::try_from(days).ok()?);
    let negative = months < 0 || days < 0 || nanos < 0;
    if !rest.is_empty() || (negative && (months > 0 || days > 0 || nanos > 0)) {
        return None;
    }
    let mut out = String::new();
    let mut part = |amount: u64, unit: &str| {
        if amount > 0 {
            out.push_str(&amount.to_string());
            out.push_str(unit);
        }
    };
    let months = u64::from(months.unsigned_abs());
    part(months / 12, "y");
    part(months % 12, "mo");
    part(u64::from(days.unsigned_abs()), "d");
    let mut left = nanos.unsigned_abs();
    for (unit, size) in UNITS {
        part(left / size as u64, unit);
        left %= size as u64;
    }
    if out.is_empty() {
        out.push_str("0s");
    }
    Some(if negative { format!("-{out}") } else { out })
}

/// A duration's serialised form from `1y2mo3w4d5h6m7s8ms9us10ns` or ISO 8601 (`P1Y2M3DT4H5M6S`, `P4W`, `P0001-02-03T04:05:06`).
pub(super) fn parse(text: &str) -> Result<Vec<u8>, String> {
    const EXPECTED: &str = "expected a duration, e.g. 1y2mo3d4h5m6s7ms8us9ns";
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let parts = match unsigned.strip_prefix(['P', 'p']) {
        Some(iso) if iso.contains('-') => calendar_form(iso),
        Some(iso) => iso_form(iso),
        None => short_form(unsigned),
    }
    .ok_or(EXPECTED)?;
    let sign = if negative { -1 } else { 1 };
    let [months, days, nanos] = parts.map(|part| part * sign);
    let fits = i32::try_from(months).is_ok() && i32::try_from(days).is_ok();
    let nanos = i64::try_from(nanos).ok().filter(|_| fits).ok_or("the duration is too long")?;
    let mut bytes = Vec::new();
    vint::write_signed(months as i64, &mut bytes);
    vint::write_signed(days as i64, &mut bytes);
    vint::write_signed(nanos, &mut bytes);
    Ok(bytes)
}

/// What a unit adds: months, days and nanoseconds of one of it.
type Unit = (&'static str, [i128; 3]);

const SHORT: [Unit; 11] = [
    ("y", [12, 0, 0]),
    ("mo", [1, 0, 0]),
    ("w", [0, 7, 0]),
    ("d", [0, 1, 0]),
    ("h", [0, 0, 3_600_000_000_000]),
    ("m", [0, 0, 60_000_000_000]),
    ("s", [0, 0, 1_000_000_000]),
    ("ms", [0, 0, 1_000_000]),
    ("us", [0, 0, 1_000]),
    ("µs", [0, 0, 1_000]),
    ("ns", [0, 0, 1]),
];
const ISO_DATE: [Unit; 4] = [("y", [12, 0, 0]), ("m", [1, 0, 0]), ("w", [0, 7, 0]), ("d", [0, 1, 0])];
const ISO_TIME: [Unit; 3] =
    [("h", [0, 0, 3_600_000_000_000]), ("m", [0, 0, 60_000_000_000]), ("s", [0, 0, 1_000_000_000])];

fn short_form(text: &str) -> Option<[i128; 3]> {
    amounts(text, &SHORT).filter(|_| !text.is_empty())
}

fn iso_form(text: &str) -> Option<[i128; 3]> {
    let (date, time) = match text.split_once(['T', 't']) {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None if text.is_empty() => return None,
        None => (text, ""),
    };
    add(amounts(date, &ISO_DATE)?, amounts(time, &ISO_TIME)?)
}

/// `YYYY-MM-DDThh:mm:ss`, as ISO 8601's alternative form has it.
fn calendar_form(text: &str) -> Option<[i128; 3]> {
    let (date, time) = text.split_once(['T', 't'])?;
    let number = |field: &str, length: usize| {
        (field.len() == length && field.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| field.parse::<i128>().ok())
            .flatten()
    };
    let [year, month, day] = <[&str; 3]>::try_from(date.split('-').collect::<Vec<_>>()).ok()?;
    let [hour, minute, second] = <[&str; 3]>::try_from(time.split(':').collect::<Vec<_>>()).ok()?;
    let seconds = number(hour, 2)? * 3600 + number(minute, 2)? * 60 + number(second, 2)?;
    Some([number(year, 4)? * 12 + number(month, 2)?, number(day, 2)?, seconds * 1_000_000_000])
}

/// Amounts with units, each unit once and in the order of `units`.
fn amounts(mut text: &str, units: &[Unit]) -> Option<[i128; 3]> {
    let (mut total, mut next) = ([0; 3], 0);
    while !text.is_empty() {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        // No number of more than 20 digits can fit; so nothing here overflows 128 bits.
        if digits == 0 || digits > 20 {
            return None;
        }
        let amount: i128 = text[..digits].parse().ok()?;
        let rest = &text[digits..];
        let length = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let name = rest[..length].to_lowercase();
        let at = next + units[next..].iter().position(|(unit, _)| *unit == name)?;
        // `us` and `µs` are one unit.
        next = if name == "us" { at + 2 } else { at + 1 };
        total = add(total, units[at].1.map(|size| size * amount))?;
        text = &rest[length..];
    }
    Some(total)
}

fn add(left: [i128; 3], right: [i128; 3]) -> Option<[i128; 3]> {
    Some([left[0].checked_add(right[0])?, left[1].checked_add(right[1])?, left[2].checked_add(right[2])?])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn again(input: &str) -> String {
        text(&parse(input).unwrap()).unwrap()
    }

    #[test]
    fn forms_of_one_duration() {
        assert_eq!(again("1y2mo3d4h5m6s7ms8us9ns"), "1y2mo3d4h5m6s7ms8us9ns");
        assert_eq!(again("P1Y2M3DT4H5M6S"), "1y2mo3d4h5m6s");
        assert_eq!(again("P0001-02-03T04:05:06"), "1y2mo3d4h5m6s");
        assert_eq!(again("P2W"), "14d");
        assert_eq!(again("-90m"), "-1h30m");
        assert_eq!(again("14MO1W"), "1y2mo7d");
        assert_eq!(again("5µs"), "5us");
        assert_eq!(again("0ns"), "0s");
        assert_eq!(again("-9223372036854775808ns"), "-2562047h47m16s854ms775us808ns");
    }

    #[test]
    fn what_is_no_duration() {
        for wrong in [
            "",
            "-",
            "1",
            "y",
            "1d1y",
            "1d1d",
            "1us1µs",
            "P",
            "PT",
            "P1YT",
            "1.5h",
            "99999999999y",
            "9223372036854775808ns",
            "é",
            "1é",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn mixed_signs_are_none() {
        let mut bytes = Vec::new();
        for part in [1, -1, 0] {
            vint::write_signed(part, &mut bytes);
        }
        assert_eq!(text(&bytes), None);
    }

    proptest! {
        #[test]
        fn every_duration_comes_back(months in 0..=i32::MAX, days in 0..=i32::MAX, nanos in 0..=i64::MAX, negative: bool) {
            let sign = if negative { -1 } else { 1 };
            let mut bytes = Vec::new();
            for part in [i64::from(months) * sign, i64::from(days) * sign, nanos * sign] {
                vint::write_signed(part, &mut bytes);
            }
            prop_assert_eq!(parse(&text(&bytes).unwrap()), Ok(bytes));
        }

        #[test]
        fn anything_is_read_without_panic(bytes: Vec<u8>, input: String, shaped in "-?P?[0-9YMDTHSmous.-]{0,40}") {
            let _ = (text(&bytes), parse(&input), parse(&shaped));
        }
    }
}
