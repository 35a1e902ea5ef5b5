//! How the values of a file are written, beyond CQL's own literals: words, dates, blobs. One rule for every kind of file.
//!
//! What could be meant in two ways is refused, and the message names the option that says which. In a file bare digits are no
//! date and no time; for a timestamp they are milliseconds only where nothing else writes so many of them.

use std::borrow::Cow;

use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;

use super::encode::{self, ValueError};
use super::given::{self, Given};
use super::{calendar, number};
use crate::column::CqlType;

/// How dates and timestamps are written where they have no usual form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeForm {
    /// In the letters of strftime: `%d.%m.%Y`.
    Pattern(String),
    /// A number of days since 1970.
    Days,
    /// A number of seconds since 1970.
    Seconds,
    /// A number of milliseconds since 1970.
    Millis,
    /// A number of microseconds since 1970.
    Micros,
    /// A number of nanoseconds since 1970.
    Nanos,
}

impl TimeForm {
    /// The form of that name (`s`, `ms`, `us`, `ns`, `days` and longer ones), or the pattern; `None` for what is neither.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "d" | "day" | "days" => Self::Days,
            "s" | "second" | "seconds" | "epoch" => Self::Seconds,
            "ms" | "milli" | "millis" | "milliseconds" => Self::Millis,
            "us" | "micro" | "micros" | "microseconds" => Self::Micros,
            "ns" | "nano" | "nanos" | "nanoseconds" => Self::Nanos,
            _ if name.contains('%') => Self::Pattern(name.to_owned()),
            _ => return None,
        })
    }

    /// What it is called in a sentence.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Pattern(pattern) => format!("`{pattern}`"),
            Self::Days => "a count of days".to_owned(),
            Self::Seconds => "a count of seconds".to_owned(),
            Self::Millis => "a count of milliseconds".to_owned(),
            Self::Micros => "a count of microseconds".to_owned(),
            Self::Nanos => "a count of nanoseconds".to_owned(),
        }
    }

    /// Nanoseconds of one unit; `None` for a pattern.
    fn unit(&self) -> Option<i128> {
        Some(match self {
            Self::Pattern(_) => return None,
            Self::Days => 86_400_000_000_000,
            Self::Seconds => 1_000_000_000,
            Self::Millis => 1_000_000,
            Self::Micros => 1_000,
            Self::Nanos => 1,
        })
    }
}

/// What text in a blob's place is, where it does not begin with `0x`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BlobForm {
    /// Base64, and refused where it could be hexadecimal digits as well.
    #[default]
    Either,
    /// Hexadecimal digits.
    Hex,
    /// Base64, whatever it looks like.
    Base64,
}

/// How the values of a file are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forms {
    /// What stands for null inside of a tuple or a user-defined type, beside `null` and nothing at all.
    pub null: Option<String>,
    /// The decimal separator, where it is no point.
    pub decimal_separator: Option<char>,
    /// The separator of thousands.
    pub thousands_separator: Option<char>,
    /// The words for true and false, which come before all others.
    pub booleans: Option<(String, String)>,
    /// How dates are written, beside the usual form.
    pub dates: Option<TimeForm>,
    /// How timestamps are written, beside the usual forms.
    pub timestamps: Option<TimeForm>,
    /// How blobs are written.
    pub blobs: BlobForm,
}

/// What was read and has to be told, though nothing was refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notes {
    /// Timestamps that were finer than the milliseconds that CQL keeps.
    pub finer: u64,
    /// Whole numbers that came as floating point beyond the size at which it holds each of them.
    pub beyond: u64,
    /// Fields in quotes that say what stands for null, and were taken for null: cqlsh's way.
    pub quoted_nulls: u64,
}

impl Notes {
    /// Counts those of another as well.
    pub fn add(&mut self, other: Self) {
        self.finer += other.finer;
        self.beyond += other.beyond;
        self.quoted_nulls += other.quoted_nulls;
    }
}

/// The milliseconds of an instant, as Cassandra makes them of one: the rest is cut, towards the past.
pub fn millis_of(nanos: i128, notes: &mut Notes) -> Option<i64> {
    notes.finer += u64::from(nanos.rem_euclid(1_000_000) != 0);
    i64::try_from(nanos.div_euclid(1_000_000)).ok()
}

/// Digits of a file that stand for a timestamp, in milliseconds.
///
/// 13 digits are a moment from 2001 to 2286, and no calendar's day or other unit is written with so many. Years before 1 and
/// from 10000 have no other form; those of up to 15 digits cannot be micro- or nanoseconds of our time.
pub fn bare_millis(millis: i64) -> Result<i64, String> {
    let is_written_so = match millis {
        1_000_000_000_000..=9_999_999_999_999 | 253_402_300_800_000..=999_999_999_999_999 => true,
        negative => negative <= -100_000_000_000,
    };
    if is_written_so {
        return Ok(millis);
    }
    Err("bare digits are no timestamp, unless they are the 13 of milliseconds; say what they are, e.g. \
         `--timestamp-format s` (or ms, us, ns, or a pattern such as %Y%m%d)"
        .to_owned())
}

impl Forms {
    /// Reads a field of a file: the value without the quotes a CQL literal would have (`it's`, `12`, `2013-01-01`);
    /// collections, tuples, vectors and user-defined types as CQL literals or as JSON.
    ///
    /// A field that stands for null is for the caller to recognise. A timestamp without an offset is in UTC.
    ///
    /// # Errors
    /// [`ValueError`] when the text is no value of the type.
    pub fn text(&self, ty: &CqlType, text: &str, notes: &mut Notes) -> Result<Vec<u8>, ValueError> {
        encode::field(ty, text, self, notes)
    }

    /// Serialises a value of another format; `None` for null.
    ///
    /// # Errors
    /// [`ValueError`] when it is no value of the type.
    pub fn given(
        &self,
        ty: &CqlType,
        given: &Given<'_>,
        notes: &mut Notes,
    ) -> Result<Option<Vec<u8>>, ValueError> {
        given::encode(ty, given, self, notes)
    }

    /// A number with the separators that CQL has.
    pub(super) fn number<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        if let Some(thousands) = self.thousands_separator.filter(|mark| text.contains(*mark)) {
            text = text.replace(thousands, "").into();
        }
        match self.decimal_separator {
            Some(mark) if mark != '.' && text.contains(mark) => text.replace(mark, ".").into(),
            _ => text,
        }
    }

    /// Whether the values are those of a `COPY`, whose options have other names: it alone names separators.
    pub(super) fn are_of_copy(&self) -> bool {
        self.decimal_separator.is_some()
    }

    /// A number that is not read, where a separator may be the reason.
    pub(super) fn number_advice(&self, word: &str, reason: String) -> String {
        let is_of_comma = word.contains(',')
            && word.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.' | b'-' | b'+'))
            && word.bytes().any(|byte| byte.is_ascii_digit());
        match is_of_comma {
            true if self.are_of_copy() => {
                format!("{reason}; `DECIMALSEP` and `THOUSANDSSEP` name other separators")
            }
            true => format!(
                "{reason}; another decimal separator is read by `COPY … FROM … WITH DECIMALSEP = ','`"
            ),
            false => reason,
        }
    }

    pub(super) fn boolean(&self, word: &str) -> Result<bool, String> {
        let is = |words: &[&str]| words.iter().any(|one| one.eq_ignore_ascii_case(word));
        if let Some((yes, no)) = &self.booleans {
            if is(&[yes]) {
                return Ok(true);
            }
            if is(&[no]) {
                return Ok(false);
            }
        }
        if is(&["true", "t", "yes", "y"]) {
            return Ok(true);
        }
        if is(&["false", "f", "no", "n"]) {
            return Ok(false);
        }
        match number::whole_digits(word, 1).as_deref() {
            Some("1") => Ok(true),
            Some("0") => Ok(false),
            _ => Err("expected true or false (or t/f, yes/no, y/n, 1/0)".to_owned()),
        }
    }

    pub(super) fn blob(&self, word: &str) -> Result<Vec<u8>, String> {
        let digits = ["0x", "0X", "\\x"].iter().find_map(|prefix| word.strip_prefix(prefix));
        if let Some(digits) = digits {
            return hex(digits).ok_or_else(|| "expected hexadecimal digits behind 0x, two a byte".to_owned());
        }
        match self.blobs {
            BlobForm::Hex => hex(word).ok_or_else(|| "expected hexadecimal digits, two a byte".to_owned()),
            BlobForm::Either if !word.is_empty() && hex(word).is_some() => {
                Err("it may be hexadecimal digits or base64; say `--blobs hex` or `--blobs base64`"
                    .to_owned())
            }
            _ if word.is_empty() => Err("expected 0x and hexadecimal digits, or base64".to_owned()),
            _ => base64(word)
                .ok_or_else(|| "expected 0x and hexadecimal digits, two a byte, or base64".to_owned()),
        }
    }

    /// Days since 1970 of a date.
    pub(super) fn date(&self, text: &str) -> Result<u32, String> {
        let from_days =
            |days: i64| u32::try_from(days + (1 << 31)).map_err(|_| "the date is out of range".to_owned());
        match &self.dates {
            Some(TimeForm::Pattern(pattern)) => {
                if let Ok(broken) = strtime::parse(pattern, text) {
                    let is_midnight =
                        broken.to_time().is_ok_and(|time| time == jiff::civil::Time::midnight());
                    if !is_midnight || is_half_a_day(&broken) {
                        return Err("it has a time of day, a date has none".to_owned());
                    }
                    let date =
                        broken.to_date().map_err(|_| format!("read by {pattern}: there is no such day"))?;
                    return from_days(calendar::days_of(date));
                }
            }
            Some(form) => {
                if let Some(nanos) = form.unit().and_then(|unit| number::scaled(text, unit)) {
                    let days = nanos.div_euclid(86_400_000_000_000);
                    if nanos.rem_euclid(86_400_000_000_000) != 0 {
                        return Err("it has a time of day, a date has none".to_owned());
                    }
                    return i64::try_from(days)
                        .map_err(|_| "the date is out of range".to_owned())
                        .and_then(from_days);
                }
            }
            None => {}
        }
        if is_digits(text) && self.are_of_copy() {
            return Err("bare digits are no date; `COPY` reads dates as 2013-01-01, and `%import FILE INTO TABLE --date-format %Y%m%d` others".to_owned());
        }
        if let (true, Some(form)) = (is_digits(text), &self.dates) {
            return Err(format!("it is no date as {} says", form.shown()));
        }
        if is_digits(text) {
            return Err(
                "bare digits are no date; say what they are, e.g. `--date-format %Y%m%d` (or days, s, ms)"
                    .to_owned(),
            );
        }
        let refused = match calendar::parse_date(text) {
            Ok(days) => return Ok(days),
            Err(refused) => refused,
        };
        // What pandas and spreadsheets make of a date: a timestamp at midnight.
        match calendar::parse_timestamp(text) {
            Ok((millis, false)) if millis.rem_euclid(86_400_000) == 0 => from_days(millis / 86_400_000),
            Ok(_) => Err("it has a time of day, a date has none".to_owned()),
            // The form is the usual one: no option makes a day of it.
            Err(_) if calendar::is_dashed(text) => Err("there is no such day".to_owned()),
            Err(_) if refused.contains("e.g.") && self.are_of_copy() => {
                Err(format!("{refused}; `%import FILE INTO TABLE --date-format %d.%m.%Y` reads another form"))
            }
            Err(_) if refused.contains("e.g.") => match &self.dates {
                Some(form) => Err(format!("it is no date as {} says; {refused}", form.shown())),
                None => Err(format!("{refused}; another form is named by `--date-format`, e.g. %d.%m.%Y")),
            },
            Err(_) => Err(refused),
        }
    }

    pub(super) fn time(text: &str) -> Result<i64, String> {
        if is_digits(text) {
            return Err("bare digits are no time; expected e.g. 05:15:00.123456789".to_owned());
        }
        calendar::parse_time(text)
    }

    /// Milliseconds since 1970 of a timestamp.
    pub(super) fn timestamp(&self, text: &str, notes: &mut Notes) -> Result<i64, String> {
        const RANGE: &str = "the time does not fit 64 bits of milliseconds";
        let nanos = match &self.timestamps {
            Some(TimeForm::Pattern(pattern)) => patterned(pattern, text).transpose()?,
            Some(form) => form.unit().and_then(|unit| number::scaled(text, unit)),
            None => None,
        };
        if let Some(nanos) = nanos {
            return millis_of(nanos, notes).ok_or_else(|| RANGE.to_owned());
        }
        // A column that went through floating point: `1621048277000.0`.
        if let Some(digits) = number::whole_digits(text, 20) {
            let millis = bare_millis(digits.parse().map_err(|_| RANGE.to_owned())?);
            return millis.map_err(|reason| match &self.timestamps {
                _ if self.are_of_copy() => {
                    "bare digits are no timestamp, unless they are the 13 of milliseconds; \
                     `DATETIMEFORMAT` names the form, e.g. '%Y%m%d', or a unit: 's'"
                        .to_owned()
                }
                Some(form) => format!("it is no timestamp as {} says", form.shown()),
                None => reason,
            });
        }
        match calendar::parse_timestamp(text) {
            Ok((millis, finer)) => {
                notes.finer += u64::from(finer);
                Ok(millis)
            }
            Err(_) if calendar::is_dashed(text) => Err("there is no such day".to_owned()),
            Err(reason) if reason.contains("e.g.") => {
                let option = if self.are_of_copy() { "DATETIMEFORMAT" } else { "--timestamp-format" };
                Err(match &self.timestamps {
                    Some(form) => format!("it is no timestamp as {} says; {reason}", form.shown()),
                    None => format!("{reason}; another form is named by `{option}`, e.g. %d.%m.%Y"),
                })
            }
            Err(reason) => Err(reason),
        }
    }
}

/// Nanoseconds since 1970 of a text in that pattern: in the zone or at the offset that it names, UTC where it names none; midnight
/// where the pattern has nothing of a time. `None` for a text that is not so written.
fn patterned(pattern: &str, text: &str) -> Option<Result<i128, String>> {
    let broken = strtime::parse(pattern, text.trim()).ok()?;
    let is_placed = broken.offset().is_some() || broken.iana_time_zone().is_some();
    let instant = if is_placed {
        broken.to_zoned().map(|zoned| zoned.timestamp())
    } else if broken.timestamp().is_some() {
        broken.to_timestamp()
    } else {
        // A time that is not whole is an error here, and no midnight.
        broken.to_datetime().and_then(|clock| clock.to_zoned(TimeZone::UTC)).map(|zoned| zoned.timestamp())
    };
    Some(match instant {
        Ok(_) if is_half_a_day(&broken) => Err(format!("{pattern} says am or pm, and no hour")),
        Ok(instant) => Ok(instant.as_nanosecond()),
        Err(_) => Err(format!("read by {pattern}: there is no such day or time, or it is not whole")),
    })
}

/// Whether all that is known of the time is am or pm.
fn is_half_a_day(broken: &BrokenDownTime) -> bool {
    broken.meridiem().is_some() && broken.hour().is_none() && broken.timestamp().is_none()
}

fn is_digits(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The bytes of hexadecimal digits, two a byte.
pub(super) fn hex(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let nibble = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    digits.as_bytes().chunks_exact(2).map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?)).collect()
}

/// The bytes of base64 in its standard letters, with all of its padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let letters = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - letters.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in letters.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for &letter in group {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'a'..=b'z' => letter - b'a' + 26,
                b'0'..=b'9' => letter - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        bits <<= 6 * (4 - group.len());
        let whole = &bits.to_be_bytes()[1..];
        // What padding leaves over is zero, or the text was cut.
        if group.len() < 2 || whole[group.len() - 1..].iter().any(|byte| *byte != 0) && group.len() < 4 {
            return None;
        }
        bytes.extend_from_slice(&whole[..group.len() - 1]);
    }
    Some(bytes)
}
