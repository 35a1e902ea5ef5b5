//! `date`, `time` and `timestamp` as text and back, over the whole range of their serialised forms.
//!
//! Days are counted in the proleptic Gregorian calendar. jiff is asked for a zone's offset and nothing else: its
//! calendar ends at the years -9999 and 9999, a `date` reaches five million years either way.

use jiff::Timestamp;
use jiff::tz::TimeZone;

const NANOS_PER_DAY: i64 = 86_400_000_000_000;

/// The date `days` after 1970-01-01 as (year, month, day), of the Gregorian calendar also before there was one. Days in ±2^40, more
/// than any type here can hold.
#[inline]
pub fn civil(days: i64) -> (i64, u8, u8) {
    // Years that begin on 1 March put the leap day last; a cycle of 400 of them has 146,097 days.
    let shifted = days + 719_468;
    let (cycle, day_of_cycle) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_cycle =
        (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = cycle * 400 + year_of_cycle + i64::from(month <= 2);
    (year, month as u8, day as u8)
}

/// Days from 1970-01-01 to a date of jiff's.
pub(super) fn days_of(date: jiff::civil::Date) -> i64 {
    days(i64::from(date.year()), i64::from(date.month()), i64::from(date.day())).unwrap_or_default()
}

/// Days from 1970-01-01 to a date; `None` for a date that does not exist or a year beyond ten million.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(-10_000_000..=10_000_000).contains(&year) || !(1..=12).contains(&month) || day < 1 {
        return None;
    }
    let shifted_year = year - i64::from(month <= 2);
    let (cycle, year_of_cycle) = (shifted_year.div_euclid(400), shifted_year.rem_euclid(400));
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let result = cycle * 146_097 + year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100
        + day_of_year
        - 719_468;
    // A day past the end of its month comes back as another date.
    (civil(result) == (year, month as u8, day.min(31) as u8)).then_some(result)
}

/// A `date` from its serialised number, as ISO 8601 and Java write it: `2013-01-01`, `+10000-01-01`, `-0044-03-15`.
pub(super) fn date(serialised: u32) -> String {
    let (year, month, day) = civil(i64::from(serialised) - (1 << 31));
    match year {
        0..=9999 => format!("{year:04}-{month:02}-{day:02}"),
        10_000.. => format!("+{year}-{month:02}-{day:02}"),
        _ => format!("-{:04}-{month:02}-{day:02}", -year),
    }
}

/// A `date` from `2013-01-01` or from its serialised number, as Cassandra takes both.
pub(super) fn parse_date(text: &str) -> Result<u32, String> {
    const EXPECTED: &str = "expected a date, e.g. 2013-01-01";
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        return text.parse().map_err(|_| "the number of days is from 0 to 4294967295".to_owned());
    }
    let (days, rest) = read_date(text).ok_or(EXPECTED)?;
    if !rest.is_empty() {
        return Err(EXPECTED.to_owned());
    }
    u32::try_from(days + (1 << 31))
        .map_err(|_| "a date is between -5877641-06-23 and +5881580-07-11".to_owned())
}

/// Reads `[+-]YYYY-MM-DD` from the front of a text: the days since 1970 and what follows.
fn read_date(text: &str) -> Option<(i64, &str)> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (year, rest) = digits(unsigned, 4, 8)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 1, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 1, 2)?;
    Some((days(if negative { -year } else { year }, month, day)?, rest))
}

/// Whether a text has the shape of a date as CQL writes it, whatever day it names.
pub(super) fn is_dashed(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [4, 2, 2] && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// Reads all the digits at the front of a text when there are `least` to `most` of them.
fn digits(text: &str, least: usize, most: usize) -> Option<(i64, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(least..=most).contains(&length) {
        return None;
    }
    Some((text[..length].parse().ok()?, &text[length..]))
}

/// A `time` with its nanoseconds, `05:15:00.123456789`; `None` for a number outside one day.
pub(super) fn time(nanos: i64) -> Option<String> {
    if !(0..NANOS_PER_DAY).contains(&nanos) {
        return None;
    }
    let (seconds, fraction) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    Some(format!("{:02}:{:02}:{:02}.{fraction:09}", seconds / 3600, seconds / 60 % 60, seconds % 60))
}

/// A `time` from `hh:mm:ss[.fffffffff]` or from its nanoseconds.
pub(super) fn parse_time(text: &str) -> Result<i64, String> {
    const EXPECTED: &str = "expected a time, e.g. 05:15:00.123456789";
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let nanos = text.parse().unwrap_or(i64::MAX);
        return if nanos < NANOS_PER_DAY {
            Ok(nanos)
        } else {
            Err("a day has 86400000000000 nanoseconds".to_owned())
        };
    }
    let (seconds, nanos, rest) = read_time(text, true).ok_or(EXPECTED)?;
    if rest.is_empty() { Ok(seconds * 1_000_000_000 + nanos) } else { Err(EXPECTED.to_owned()) }
}

/// Reads `hh:mm[:ss[.f…]]` from the front of a text: seconds, nanoseconds and what follows.
fn read_time(text: &str, seconds_required: bool) -> Option<(i64, i64, &str)> {
    let (hour, rest) = digits(text, 1, 2)?;
    let (minute, mut rest) = digits(rest.strip_prefix(':')?, 2, 2)?;
    let (mut second, mut nanos) = (0, 0);
    if let Some(tail) = rest.strip_prefix(':') {
        (second, rest) = digits(tail, 2, 2)?;
        if let Some(tail) = rest.strip_prefix('.') {
            let (fraction, after) = digits(tail, 1, 9)?;
            nanos = fraction * 10_i64.pow(9 - (tail.len() - after.len()) as u32);
            rest = after;
        }
    } else if seconds_required {
        return None;
    }
    (hour < 24 && minute < 60 && second < 60).then_some((hour * 3600 + minute * 60 + second, nanos, rest))
}

/// A `timestamp` as cqlsh writes it, in a zone: `2013-01-01 05:15:00.000+0000`. `None` where the year there is not
/// between 1 and 9999; then the number of milliseconds is the only common way to write it.
pub(super) fn timestamp(millis: i64, zone: &TimeZone) -> Option<String> {
    // The first and the last day of jiff's calendar have no timestamps of their own; their neighbours' offset will do.
    let instant = Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    });
    let offset = i64::from(zone.to_offset(instant).seconds());
    let local = millis.checked_add(offset * 1000)?;
    let (seconds, fraction) = (local.div_euclid(1000), local.rem_euclid(1000));
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    if !(1..=9999).contains(&year) {
        return None;
    }
    let of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let (sign, ahead) = if offset < 0 { ('-', -offset) } else { ('+', offset) };
    let mut text = format!(
        "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{fraction:03}{sign}{:02}{:02}",
        ahead / 3600,
        ahead / 60 % 60
    );
    // Local mean times before about 1900 have offsets with seconds.
    if ahead % 60 != 0 {
        text.push_str(&format!("{:02}", ahead % 60));
    }
    Some(text)
}

/// Milliseconds since 1970 from a number of them or from ISO forms as Cassandra takes them; UTC where no offset is given. And
/// whether the text said it finer: Cassandra keeps whole milliseconds, cut towards the past, and so does this.
pub(super) fn parse_timestamp(text: &str) -> Result<(i64, bool), String> {
    const EXPECTED: &str =
        "expected a timestamp, e.g. 2013-01-01 05:15:00.000+0000, or milliseconds since 1970";
    let number = text.strip_suffix(" ms").unwrap_or(text);
    let unsigned = number.strip_prefix(['-', '+']).unwrap_or(number);
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        let millis = number.parse().map_err(|_| "the milliseconds do not fit 64 bits".to_owned())?;
        return Ok((millis, false));
    }
    let (days, rest) = read_date(text).ok_or(EXPECTED)?;
    let (mut seconds, mut nanos, mut rest) = (0, 0, rest);
    if let Some(clock) =
        rest.strip_prefix(['T', 't', ' ']).filter(|clock| clock.starts_with(|c: char| c.is_ascii_digit()))
    {
        (seconds, nanos, rest) = read_time(clock, false).ok_or(EXPECTED)?;
    }
    let local = days * 86_400 + seconds;
    let offset = parse_offset(rest.trim_start(), local).ok_or(EXPECTED)?;
    // At most ten million years: far inside 64 bits.
    Ok(((local - offset) * 1000 + nanos / 1_000_000, nanos % 1_000_000 != 0))
}

/// Seconds ahead of UTC: nothing, `Z`, `UTC`, `GMT`, `+01`, `+0100`, `+01:00`, `+010000` with seconds, and the name of a zone
/// (`CET`, `Europe/Berlin`), whose offset at that time of its clocks is meant; of a time that comes twice, the first.
fn parse_offset(text: &str, local: i64) -> Option<i64> {
    if text.is_empty() || ["Z", "UTC", "GMT"].iter().any(|name| text.eq_ignore_ascii_case(name)) {
        return Some(0);
    }
    let sign = match text.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        b'A'..=b'Z' | b'a'..=b'z' => return zone_offset(text, local),
        _ => return None,
    };
    let fields = text[1..].replace(':', "");
    let field =
        |at: usize| fields.get(at..at + 2).map_or(Some(0), |two| two.parse::<u8>().ok().map(i64::from));
    if ![2, 4, 6].contains(&fields.len()) || !fields.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes, seconds) = (field(0)?, field(2)?, field(4)?);
    (hours <= 18 && minutes < 60 && seconds < 60).then_some(sign * (hours * 3600 + minutes * 60 + seconds))
}

/// The offset of a named zone at a time of its clocks.
fn zone_offset(name: &str, local: i64) -> Option<i64> {
    let zone = TimeZone::get(name).ok()?;
    let (year, month, day) = civil(local.div_euclid(86_400));
    let second = local.rem_euclid(86_400);
    let date = jiff::civil::Date::new(i16::try_from(year).ok()?, month as i8, day as i8).ok()?;
    let clock = date.at((second / 3600) as i8, (second / 60 % 60) as i8, (second % 60) as i8, 0);
    // The offset that leads to the instant: of a time that never comes that is the one before, not the instant's own.
    Some(local - zone.to_ambiguous_zoned(clock).compatible().ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_ends_of_date() {
        assert_eq!(date(0), "-5877641-06-23");
        assert_eq!(date(u32::MAX), "+5881580-07-11");
        assert_eq!(date(1 << 31), "1970-01-01");
        assert_eq!(parse_date("2147483648"), Ok(1 << 31));
        for wrong in [
            "2013-02-29",
            "2013-13-01",
            "2013-00-10",
            "2013-01-32",
            "13-01-01",
            "2013-01-01x",
            "",
            "-",
            "9999999999",
        ] {
            assert!(parse_date(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_timestamp_in_its_zone() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(timestamp(1_357_017_300_123, &TimeZone::UTC).unwrap(), "2013-01-01 05:15:00.123+0000");
        assert_eq!(timestamp(1_357_017_300_123, &berlin).unwrap(), "2013-01-01 06:15:00.123+0100");
        assert_eq!(timestamp(1_372_655_700_000, &berlin).unwrap(), "2013-07-01 07:15:00.000+0200");
        assert_eq!(timestamp(-1, &TimeZone::UTC).unwrap(), "1969-12-31 23:59:59.999+0000");
        assert_eq!(timestamp(253_402_300_799_999, &TimeZone::UTC).unwrap(), "9999-12-31 23:59:59.999+0000");
        assert_eq!(timestamp(253_402_300_800_000, &TimeZone::UTC), None);
        assert_eq!(timestamp(i64::MIN, &TimeZone::UTC), None);
        assert_eq!(timestamp(i64::MAX, &berlin), None);
        // Before standard time Berlin was 53 minutes and 28 seconds ahead.
        assert_eq!(timestamp(-3_000_000_000_000, &berlin).unwrap(), "1874-12-07 19:33:28.000+005328");
    }

    #[test]
    fn timestamps_in_the_forms_cassandra_takes() {
        let five = 1_357_016_400_000;
        for (text, millis) in [
            ("2013-01-01", five - 5 * 3_600_000),
            ("2013-01-01+0100", five - 6 * 3_600_000),
            ("2013-01-01 05:00", five),
            ("2013-01-01 05:00+0000", five),
            ("2013-01-01 05:00:00 UTC", five),
            ("2013-01-01 06:00:00 +01:00", five),
            ("2013-01-01 06:00:00+01", five),
            ("2013-01-01T05:00:00.123Z", five + 123),
            ("2013-01-01T05:00:00.1", five + 100),
            ("2013-01-01 05:00:00.123000+0000", five + 123),
            ("1357016400000", five),
            ("-1", -1),
            ("253402300800000 ms", 253_402_300_800_000),
            ("2013-01-01 06:00:00 CET", five),
            ("2013-01-01T06:00:00 Europe/Berlin", five),
            ("2013-07-01 07:00:00 Europe/Berlin", five + 181 * 86_400_000),
            // The hour that comes twice is the first of both, and one that never comes is an hour later, as Java has them.
            ("2013-10-27 02:30:00 Europe/Berlin", 1_382_833_800_000),
            ("2013-03-31 02:30:00 Europe/Berlin", 1_364_693_400_000),
        ] {
            assert_eq!(parse_timestamp(text), Ok((millis, false)), "{text}");
        }
        for wrong in [
            "2013-01-01 25:00",
            "2013-01-01 Berlin",
            "2013-01-01 05:00 Nowhere/Else",
            "yesterday",
            "",
            "+",
            "2013-01-01 5",
        ] {
            assert!(parse_timestamp(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_finer_than_a_millisecond_is_cut_towards_the_past_and_said() {
        for (text, millis, finer) in [
            ("1970-01-01 00:00:00.123999", 123, true),
            ("1970-01-01T00:00:00.123000000Z", 123, false),
            ("1970-01-01T00:00:00.000000001Z", 0, true),
            ("1969-12-31 23:59:59.999500", -1, true),
        ] {
            assert_eq!(parse_timestamp(text), Ok((millis, finer)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_date_comes_back(serialised: u32) {
            prop_assert_eq!(parse_date(&date(serialised)), Ok(serialised));
        }

        #[test]
        fn every_time_comes_back(nanos in 0..NANOS_PER_DAY) {
            prop_assert_eq!(parse_time(&time(nanos).unwrap()), Ok(nanos));
        }

        #[test]
        fn every_written_timestamp_comes_back(millis in -62_135_596_800_000..253_402_300_800_000_i64, zone in 0..4_usize) {
            let zone = TimeZone::get(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"][zone]).unwrap();
            if let Some(text) = timestamp(millis, &zone) {
                prop_assert_eq!(parse_timestamp(&text), Ok((millis, false)), "{}", text);
            }
        }

        #[test]
        fn any_text_is_read_without_panic(text: String, shaped in "[-+0-9T:. Zé]{0,30}") {
            for text in [text, shaped] {
                let _ = (parse_date(&text), parse_time(&text), parse_timestamp(&text));
            }
        }
    }
}
