//! Axes: where they begin and end, their ticks, and how amounts and times are written on them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::values::DAY;

/// A step of 1, 2 or 5 times a power of ten, the least that takes at most `most` steps for `span`.
pub(crate) fn nice_step(span: f64, most: usize) -> f64 {
    // The distance of two numbers may be more than a number holds.
    let rough = span.min(f64::MAX) / most.max(1) as f64;
    if !(rough.is_finite() && rough > 0.0) {
        return 1.0;
    }
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|step| step * power >= rough * (1.0 - 1e-9));
    step.unwrap_or(10.0) * power
}

/// The range of an axis of numbers, widened to whole steps; with `from_zero` it includes zero.
pub(crate) fn number_range(least: f64, greatest: f64, from_zero: bool) -> (f64, f64) {
    let (mut low, mut high) = (least.min(greatest), least.max(greatest));
    // An axis that nearly reaches zero reaches it, so that lengths can be compared.
    if from_zero || (low > 0.0 && low < 0.5 * high) {
        low = low.min(0.0);
    }
    if from_zero || (high < 0.0 && high > 0.5 * low) {
        high = high.max(0.0);
    }
    if low == high {
        let half = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
        (low, high) = (low - half, high + half);
    }
    let step = nice_step(high - low, 8);
    let range = ((low / step).floor() * step, (high / step).ceil() * step);
    if range.0.is_finite() && range.1.is_finite() { range } else { (low, high) }
}

/// The ticks of an axis of numbers.
pub(crate) fn number_ticks(low: f64, high: f64) -> Vec<f64> {
    let step = nice_step(high - low, 6);
    let first = (low / step).ceil();
    let count = ((high - low) / step + 1e-6).floor().clamp(0.0, 20.0) as usize;
    (0..=count)
        .map(|index| (first + index as f64) * step)
        .filter(|tick| *tick <= high + step * 1e-6)
        .collect()
}

/// How the numbers of an axis are written; the same in the frontend's chart and in the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberForm {
    /// As they are: `2013`, `0.25`.
    Bare,
    /// With a comma between thousands.
    Grouped,
    /// With an exponent.
    Exponent,
}

impl NumberForm {
    /// The form for an axis between two numbers.
    pub(crate) fn of(low: f64, high: f64) -> Self {
        let most = low.abs().max(high.abs());
        if most >= 1e12 || (most > 0.0 && most < 1e-3) {
            Self::Exponent
        } else if most >= 10_000.0 {
            Self::Grouped
        } else {
            Self::Bare
        }
    }

    /// The form in the words of d3-format.
    pub(crate) const fn d3(self) -> &'static str {
        match self {
            Self::Bare => ".6~f",
            Self::Grouped => ",.6~f",
            Self::Exponent => ".4~e",
        }
    }

    /// The number in this form.
    pub(crate) fn write(self, value: f64) -> String {
        match self {
            Self::Exponent => format!("{:e}", rounded(value, 5)),
            Self::Bare => trimmed(value, 6),
            Self::Grouped => self.apart(trimmed(value, 6)),
        }
    }

    /// Digits with commas between thousands, where this form has them.
    fn apart(self, text: String) -> String {
        match self {
            Self::Bare | Self::Exponent => text,
            Self::Grouped => {
                let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
                let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
                let whole = whole.parse().map_or_else(|_| whole.to_owned(), cqlbook_core::render::count);
                format!("{sign}{whole}{fraction}")
            }
        }
    }
}

/// A number for reading: about four digits that count, without an exponent where it can be.
pub(crate) fn short(value: f64) -> String {
    let value = rounded(value, 4);
    NumberForm::of(0.0, value).write(if value.abs() >= 10_000.0 { value.round() } else { value })
}

/// A number with all the digits that it is known by, fifteen at most: `24,833`, `12.6394123`, `1e-9`.
pub(crate) fn exact(value: f64) -> String {
    let value = rounded(value, 15);
    if value != 0.0 && !(1e-6..1e15).contains(&value.abs()) {
        return format!("{value:e}");
    }
    let form = if value.abs() >= 10_000.0 { NumberForm::Grouped } else { NumberForm::Bare };
    form.apart(value.to_string())
}

/// The number rounded to so many digits that count. Whole numbers keep all of theirs.
pub(crate) fn rounded(value: f64, digits: i32) -> f64 {
    if value == 0.0 || !value.is_finite() || (value.fract() == 0.0 && value.abs() < 1e15) {
        return value;
    }
    let places = digits - 1 - value.abs().log10().floor() as i32;
    if !(0..=300).contains(&places) {
        return if places < 0 { value.round() } else { value };
    }
    let power = 10_f64.powi(places);
    (value * power).round() / power
}

fn trimmed(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A stretch of the calendar, from one tick or bin to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stretch {
    /// So many milliseconds, counted from midnight.
    Millis(i64),
    /// Weeks from Monday to Monday.
    Weeks,
    /// So many months, counted from January.
    Months(i32),
    /// So many years.
    Years(i32),
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// The stretches that a reader knows, the shortest first.
const STRETCHES: &[Stretch] = &[
    Stretch::Millis(1),
    Stretch::Millis(10),
    Stretch::Millis(100),
    Stretch::Millis(SECOND),
    Stretch::Millis(5 * SECOND),
    Stretch::Millis(15 * SECOND),
    Stretch::Millis(30 * SECOND),
    Stretch::Millis(MINUTE),
    Stretch::Millis(5 * MINUTE),
    Stretch::Millis(15 * MINUTE),
    Stretch::Millis(30 * MINUTE),
    Stretch::Millis(HOUR),
    Stretch::Millis(3 * HOUR),
    Stretch::Millis(6 * HOUR),
    Stretch::Millis(12 * HOUR),
    Stretch::Millis(24 * HOUR),
    Stretch::Weeks,
    Stretch::Months(1),
    Stretch::Months(3),
    Stretch::Years(1),
    Stretch::Years(2),
    Stretch::Years(5),
    Stretch::Years(10),
    Stretch::Years(50),
    Stretch::Years(100),
    Stretch::Years(1000),
];

impl Stretch {
    /// From midnight to midnight.
    pub(crate) const DAY: Self = Self::Millis(24 * HOUR);

    /// The shortest that takes at most `most` of itself for `span` milliseconds.
    pub(crate) fn fit(span: f64, most: usize) -> Self {
        let fits = |stretch: &&Self| span / stretch.millis() <= most as f64;
        STRETCHES.iter().find(fits).copied().unwrap_or(Self::Years(1000))
    }

    /// Its length, on the average.
    pub(crate) fn millis(self) -> f64 {
        match self {
            Self::Millis(millis) => millis as f64,
            Self::Weeks => 7.0 * DAY,
            Self::Months(months) => f64::from(months) * 30.44 * DAY,
            Self::Years(years) => f64::from(years) * 365.25 * DAY,
        }
    }

    /// Where the stretch begins that the moment is in, by the clock of `zone`. An hour and less have a length of their own;
    /// days and what is made of them begin when the clock says so.
    pub(crate) fn floor(self, millis: f64, zone: &TimeZone) -> f64 {
        let local = millis + offset(millis, zone);
        let floor = self.floor_of_clock(local);
        if self.is_fixed() { floor - (local - millis) } else { instant(floor, zone).min(millis) }
    }

    /// Where the next one begins after one that begins at `millis`.
    pub(crate) fn next(self, millis: f64, zone: &TimeZone) -> f64 {
        if self.is_fixed() {
            return millis + self.millis();
        }
        let next = self.floor_of_clock(self.next_of_clock(millis + offset(millis, zone)));
        let next = instant(next, zone);
        if next > millis { next } else { millis + self.millis() }
    }

    /// Whether every one is as long as the other, whatever a zone's clock does.
    const fn is_fixed(self) -> bool {
        matches!(self, Self::Millis(length) if length <= HOUR)
    }

    fn floor_of_clock(self, millis: f64) -> f64 {
        match self {
            Self::Millis(length) => (millis / length as f64).floor() * length as f64,
            // 1970-01-05 was a Monday.
            Self::Weeks => ((millis / DAY - 4.0) / 7.0).floor() * 7.0 * DAY + 4.0 * DAY,
            Self::Months(_) | Self::Years(_) => {
                let Some(time) = civil(millis, &TimeZone::UTC) else { return millis };
                let (year, month) = (i32::from(time.year()), i32::from(time.month()) - 1);
                match self {
                    Self::Months(months) => at_month(year, month - month.rem_euclid(months)),
                    Self::Years(years) => at_month(year - year.rem_euclid(years), 0),
                    _ => None,
                }
                .unwrap_or(millis)
            }
        }
    }

    fn next_of_clock(self, millis: f64) -> f64 {
        let (years, months) = match self {
            Self::Millis(length) => return millis + length as f64,
            Self::Weeks => return millis + 7.0 * DAY,
            Self::Months(months) => (0, months),
            Self::Years(years) => (years, 0),
        };
        let next = civil(millis, &TimeZone::UTC)
            .and_then(|time| time.checked_add(years.years().months(months)).ok());
        next.map_or(millis + self.millis(), clock_millis)
    }

    /// The longest stretch that each of these moments (in order, all different) begins, none of them twice: a day for
    /// daily values, a month for monthly ones. `None` where they are nearer than a millisecond, or one alone.
    pub(crate) fn of_moments(moments: &[f64], zone: &TimeZone) -> Option<Self> {
        let gap = moments.windows(2).map(|pair| pair[1] - pair[0]).reduce(f64::min)?;
        // Months and years are of unequal length, and so are days where a clock is changed.
        let fits = |stretch: &&Self| stretch.millis() * 0.9 <= gap;
        let begins = |stretch: &&Self| moments.iter().all(|&moment| stretch.floor(moment, zone) == moment);
        STRETCHES.iter().rev().filter(fits).find(begins).copied()
    }

    /// What it is called: `day`, `15 minutes`.
    pub(crate) fn name(self) -> String {
        let (count, unit) = match self {
            Self::Millis(millis) if millis < SECOND => (millis, "millisecond"),
            Self::Millis(millis) if millis < MINUTE => (millis / SECOND, "second"),
            Self::Millis(millis) if millis < HOUR => (millis / MINUTE, "minute"),
            Self::Millis(millis) if millis < 24 * HOUR => (millis / HOUR, "hour"),
            Self::Millis(_) => (1, "day"),
            Self::Weeks => (1, "week"),
            Self::Months(3) => (1, "quarter"),
            Self::Months(months) => (i64::from(months), "month"),
            Self::Years(years) => (i64::from(years), "year"),
        };
        if count == 1 { unit.to_owned() } else { format!("{count} {unit}s") }
    }

    /// A moment as a tick of such stretches writes it.
    pub(crate) fn write(self, millis: f64, clock: bool, zone: &TimeZone) -> String {
        let Some(time) = civil(millis, zone) else { return String::new() };
        let form = match self {
            Self::Millis(step) if step < SECOND => "%H:%M:%S%.3f",
            Self::Millis(step) if step < MINUTE => "%H:%M:%S",
            // Midnight is where a day begins, and says which.
            Self::Millis(step)
                if step < 24 * HOUR && !clock && time.time().hour() == 0 && time.minute() == 0 =>
            {
                "%-d %b"
            }
            Self::Millis(step) if step < 24 * HOUR => "%H:%M",
            Self::Millis(_) if clock => "%H:%M",
            Self::Millis(_) | Self::Weeks => "%-d %b",
            Self::Months(_) if time.month() == 1 => "%Y",
            Self::Months(_) => "%b",
            Self::Years(_) => "%Y",
        };
        time.strftime(form).to_string()
    }
}

/// The ticks of an axis of times, with their labels.
pub(crate) fn time_ticks(low: f64, high: f64, clock: bool, zone: &TimeZone) -> Vec<(f64, String)> {
    let stretch = Stretch::fit(high - low, 10);
    let mut at = stretch.floor(low, zone);
    let mut ticks = Vec::new();
    while at <= high && ticks.len() < 30 {
        if at >= low {
            ticks.push((at, stretch.write(at, clock, zone)));
        }
        at = stretch.next(at, zone);
    }
    ticks
}

/// A moment in full, as far as it has something to say: `2013-02-08`, `2013-02-08 14:00`, `14:00`. In the hour that a
/// zone's clock shows twice it has its offset.
pub(crate) fn moment_in(millis: f64, clock: bool, zone: &TimeZone) -> String {
    let Some(time) = civil(millis, zone) else { return String::new() };
    let form = match (clock, time.second() == 0 && time.subsec_nanosecond() == 0) {
        (true, true) => "%H:%M",
        (true, false) => "%H:%M:%S%.f",
        (false, true) if time.hour() == 0 && time.minute() == 0 => "%Y-%m-%d",
        (false, true) => "%Y-%m-%d %H:%M",
        (false, false) => "%Y-%m-%d %H:%M:%S%.f",
    };
    let text = time.strftime(form).to_string();
    if !zone.to_ambiguous_timestamp(time).is_ambiguous() {
        return text;
    }
    let zoned = Timestamp::from_millisecond(millis as i64).map(|time| time.to_zoned(zone.clone()));
    zoned.map_or(text, |zoned| zoned.strftime("%Y-%m-%d %H:%M:%S%.f %:z").to_string())
}

/// The same of a clock without a zone.
pub(crate) fn moment_text(millis: f64, clock: bool) -> String {
    moment_in(millis, clock, &TimeZone::UTC)
}

/// What the clock of a zone shows at a moment.
fn civil(millis: f64, zone: &TimeZone) -> Option<DateTime> {
    let time = Timestamp::from_millisecond(millis as i64).ok()?;
    Some(zone.to_datetime(time))
}

/// How far the clock of a zone is ahead of UTC at a moment, in milliseconds.
fn offset(millis: f64, zone: &TimeZone) -> f64 {
    let time = Timestamp::from_millisecond(millis as i64);
    time.map_or(0.0, |time| f64::from(zone.to_offset(time).seconds()) * 1000.0)
}

/// The first moment at which the clock of a zone shows this, or what it shows instead where it leaves that out.
fn instant(clock: f64, zone: &TimeZone) -> f64 {
    let Some(time) = civil(clock, &TimeZone::UTC) else { return clock };
    zone.to_ambiguous_timestamp(time).compatible().map_or(clock, |time| time.as_millisecond() as f64)
}

/// Milliseconds of a clock since it showed the beginning of 1970.
fn clock_millis(time: DateTime) -> f64 {
    TimeZone::UTC.to_ambiguous_timestamp(time).compatible().map_or(0.0, |time| time.as_millisecond() as f64)
}

fn at_month(year: i32, month: i32) -> Option<f64> {
    let date = DateTime::new(i16::try_from(year).ok()?, i8::try_from(month + 1).ok()?, 1, 0, 0, 0, 0).ok()?;
    Some(clock_millis(date))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Milliseconds of 2013-02-08 14:23 on a zone's clock.
    const STORM: f64 = 15_744.0 * DAY + 14.0 * 3_600_000.0 + 23.0 * 60_000.0;

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!(number_range(3.0, 97.0, true), (0.0, 100.0));
        assert_eq!(number_range(-43.0, 1301.0, false), (-200.0, 1400.0));
        assert_eq!(number_range(71.0, 79.0, false), (71.0, 79.0));
        assert_eq!(number_range(5.0, 5.0, false), (4.4, 5.6000000000000005));
        assert_eq!(number_ticks(0.0, 100.0), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(number_ticks(-5.0, 5.0), [-4.0, -2.0, 0.0, 2.0, 4.0]);
    }

    #[test]
    fn numbers_on_an_axis() {
        assert_eq!(NumberForm::of(0.0, 2013.0).write(2013.0), "2013");
        assert_eq!(NumberForm::of(0.0, 340_000.0).write(336_776.0), "336,776");
        assert_eq!(NumberForm::of(-1.0, 1.0).write(-0.25), "-0.25");
        assert_eq!(NumberForm::of(0.0, 1e15).write(2.5e14), "2.5e14");
        assert_eq!(
            [12.639_41, 0.033_333, 336_776.4, 1_234.567].map(short),
            ["12.64", "0.03333", "336,776", "1235"]
        );
    }

    #[test]
    fn stretches_follow_the_calendar() {
        let floor = |stretch: Stretch| moment_text(stretch.floor(STORM, &TimeZone::UTC), false);
        assert_eq!(floor(Stretch::Millis(15 * MINUTE)), "2013-02-08 14:15");
        assert_eq!(floor(Stretch::Millis(24 * HOUR)), "2013-02-08");
        assert_eq!(floor(Stretch::Weeks), "2013-02-04");
        assert_eq!(floor(Stretch::Months(1)), "2013-02-01");
        assert_eq!(floor(Stretch::Months(3)), "2013-01-01");
        assert_eq!(floor(Stretch::Years(10)), "2010-01-01");
        let february = Stretch::Months(1).floor(STORM, &TimeZone::UTC);
        assert_eq!(moment_text(Stretch::Months(1).next(february, &TimeZone::UTC), false), "2013-03-01");
        assert_eq!(Stretch::fit(365.0 * DAY, 60).name(), "week");
        assert_eq!(Stretch::fit(DAY, 30).name(), "hour");
    }

    #[test]
    fn ticks_of_a_year_name_its_months() {
        let labels: Vec<_> = time_ticks(15_706.0 * DAY, 16_070.0 * DAY, false, &TimeZone::UTC)
            .into_iter()
            .map(|(_, label)| label)
            .collect();
        assert_eq!(labels, ["2013", "Apr", "Jul", "Oct"]);
        let day: Vec<_> =
            time_ticks(0.0, DAY, true, &TimeZone::UTC).into_iter().map(|(_, label)| label).collect();
        assert_eq!(day, ["00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "00:00"]);
    }

    #[test]
    fn the_hour_that_comes_twice_is_two_hours() {
        let zone = TimeZone::get("America/New_York").unwrap();
        // 2013-11-03 05:30 and 06:30 in UTC: half past one, twice.
        let (first, second) = (1_383_456_600_000.0, 1_383_460_200_000.0);
        assert_eq!(moment_in(first, false, &zone), "2013-11-03 01:30:00 -04:00");
        assert_eq!(moment_in(second, false, &zone), "2013-11-03 01:30:00 -05:00");
        let hour = Stretch::Millis(HOUR);
        assert_eq!(hour.floor(second, &zone) - hour.floor(first, &zone), HOUR as f64);
        // The day has 25 hours, and the next one begins at midnight.
        let day = Stretch::Millis(24 * HOUR);
        let start = day.floor(first, &zone);
        assert_eq!(
            (moment_in(start, false, &zone), day.next(start, &zone) - start),
            ("2013-11-03".to_owned(), 25.0 * HOUR as f64)
        );
        assert_eq!(day.floor(second, &zone), start);
    }

    #[test]
    fn days_of_a_zone_whose_midnight_is_left_out_begin_at_one() {
        let zone = TimeZone::get("America/Sao_Paulo").unwrap();
        let day = Stretch::Millis(24 * HOUR);
        // 2017-10-15 began at 01:00, 03:00 in UTC.
        let noon = 1_508_076_000_000.0;
        let start = day.floor(noon, &zone);
        assert_eq!(moment_in(start, false, &zone), "2017-10-15 01:00");
        assert_eq!(moment_in(day.next(start, &zone), false, &zone), "2017-10-16");
    }

    #[test]
    fn a_stretch_is_that_of_the_values() {
        let of = |days: &[f64]| {
            let moments: Vec<f64> = days.iter().map(|day| day * DAY).collect();
            Stretch::of_moments(&moments, &TimeZone::UTC).map(Stretch::name)
        };
        assert_eq!(of(&[15_706.0, 15_707.0, 15_710.0]).as_deref(), Some("day"));
        assert_eq!(of(&[15_706.0, 15_737.0, 15_765.0]).as_deref(), Some("month"));
        assert_eq!(of(&[0.0, 1.0 / 24.0]).as_deref(), Some("hour"));
        assert_eq!(of(&[15_706.0]), None);
        assert_eq!(
            [24_833.0, 1_234.567, 0.1, 1e-9, -24_833.25, 2e15].map(exact),
            ["24,833", "1234.567", "0.1", "1e-9", "-24,833.25", "2e15"]
        );
    }
}
