//! The settings of a notebook: names, defaults, meaning, and how their values are read.
//!
//! A [`Settings`] is plain data. `%set`, the options of `%%cql` and the shell commands change it through here.

use std::time::Duration;

use jiff::tz::{Offset, TimeZone};

use crate::consistency::Consistency;
use crate::diagnostic::{Code, Diagnostic};
use crate::magic::Arguments;
use crate::nearest::nearest;

/// The settings of a notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Consistency of reads and writes.
    pub consistency: Consistency,
    /// Consistency of the condition of a conditional write; always one of the serial levels.
    pub serial_consistency: Consistency,
    /// Rows a `SELECT` brings into the kernel at most.
    pub fetch_rows: usize,
    /// Rows drawn.
    pub display_rows: usize,
    /// Rows asked of the server at a time; never zero.
    pub page_size: i32,
    /// For one page or statement; never zero.
    pub timeout: Duration,
    /// For showing timestamps.
    pub timezone: TimeZone,
    /// Trace every statement.
    pub trace: bool,
    /// Only reads are sent.
    pub read_only: bool,
    /// `DROP`, `TRUNCATE` and a `DELETE` of a whole partition ask first.
    pub confirm: bool,
    /// A cell stops at its first error.
    pub stop_on_error: bool,
    /// `EXPAND ON`: rows are drawn one column a line. Not in the table of settings.
    pub expand: bool,
    /// `PAGING OFF` asks for all rows at once. Not in the table of settings.
    pub paging: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            consistency: Consistency::LocalQuorum,
            serial_consistency: Consistency::LocalSerial,
            fetch_rows: 10_000,
            display_rows: 50,
            page_size: 5_000,
            timeout: Duration::from_secs(30),
            timezone: TimeZone::UTC,
            trace: false,
            read_only: false,
            confirm: true,
            stop_on_error: true,
            expand: false,
            paging: true,
        }
    }
}

/// A row of the table of settings.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What its value looks like, e.g. `LEVEL`, `ROWS`, `on|off`.
    pub value: &'static str,
    /// What it means, in one or two sentences.
    pub meaning: &'static str,
}

/// The settings in the order of `%set`.
pub static SETTINGS: &[Setting] = &[
    Setting {
        name: "consistency",
        value: "LEVEL",
        meaning: "How many replicas must answer. Astra refuses writes at ANY, ONE and LOCAL_ONE.",
    },
    Setting {
        name: "serial_consistency",
        value: "SERIAL|LOCAL_SERIAL",
        meaning: "Consistency of the condition of a conditional write.",
    },
    Setting {
        name: "fetch_rows",
        value: "ROWS",
        meaning: "Rows a SELECT brings into the kernel at most. `%%cql --all` lifts it for one cell.",
    },
    Setting { name: "display_rows", value: "ROWS", meaning: "Rows drawn." },
    Setting { name: "page_size", value: "ROWS", meaning: "Rows asked of the server at a time." },
    Setting {
        name: "timeout",
        value: "DURATION",
        meaning: "For one page or statement, e.g. 500ms, 30s, 2m.",
    },
    Setting {
        name: "timezone",
        value: "ZONE",
        meaning: "For showing timestamps, e.g. UTC, Europe/Berlin, +02:00.",
    },
    Setting { name: "trace", value: "on|off", meaning: "Traces every statement." },
    Setting { name: "read_only", value: "on|off", meaning: "Only reads are sent." },
    Setting {
        name: "confirm",
        value: "on|off",
        meaning: "DROP, TRUNCATE and a DELETE of a whole partition ask first.",
    },
    Setting { name: "stop_on_error", value: "on|off", meaning: "A cell stops at its first error." },
];

/// The setting of that name.
pub fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// The words a setting's value may be, for completion; empty where it is no word of a list.
pub fn values(name: &str) -> Vec<&'static str> {
    let levels = |serial_only: bool| {
        let levels = Consistency::ALL.iter().filter(move |level| !serial_only || level.is_serial());
        levels.map(|level| level.name()).collect()
    };
    match (name, find(name)) {
        ("consistency", _) => levels(false),
        ("serial_consistency", _) => levels(true),
        (_, Some(Setting { value: "on|off", .. })) => vec!["on", "off"],
        _ => Vec::new(),
    }
}

impl Settings {
    /// Sets one by its name; `-` in a name stands for `_`.
    ///
    /// # Errors
    /// `USAGE` with the nearest name, or with what the value may be. Nothing is changed then.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), Diagnostic> {
        let name = name.to_ascii_lowercase().replace('-', "_");
        match name.as_str() {
            "consistency" => self.consistency = value.parse()?,
            "serial_consistency" => {
                let level: Consistency = value.parse()?;
                if !level.is_serial() {
                    return Err(refused(&name, "SERIAL or LOCAL_SERIAL"));
                }
                self.serial_consistency = level;
            }
            // None at all would be no result: the first row is always asked for.
            "fetch_rows" => {
                self.fetch_rows = Some(rows(&name, value)?)
                    .filter(|rows| *rows > 0)
                    .ok_or_else(|| refused(&name, "a number of rows from 1 on"))?;
            }
            "display_rows" => self.display_rows = rows(&name, value)?,
            "page_size" => {
                self.page_size = i32::try_from(rows(&name, value)?)
                    .ok()
                    .filter(|rows| *rows > 0)
                    .ok_or_else(|| refused(&name, "a number of rows from 1 to 2147483647"))?;
            }
            "timeout" => {
                self.timeout = duration(value)
                    .ok_or_else(|| refused(&name, "a number with `ms`, `s`, `m` or `h`, such as `30s`"))?;
            }
            "timezone" => {
                self.timezone = zone(value).ok_or_else(|| {
                    refused(&name, "a time zone such as `UTC`, `Europe/Berlin` or `+02:00`")
                })?;
            }
            "trace" => self.trace = switch(&name, value)?,
            "read_only" => self.read_only = switch(&name, value)?,
            "confirm" => self.confirm = switch(&name, value)?,
            "stop_on_error" => self.stop_on_error = switch(&name, value)?,
            _ => {
                if let Some(told) = crate::cql::lookalike::refusal(&name, Code::Usage) {
                    let hints =
                        told.hints.iter().map(|hint| hint.replace("At the marked place t", "T")).collect();
                    return Err(Diagnostic { span: None, hints, ..told });
                }
                let diagnostic = Diagnostic::new(Code::Usage, format!("There is no setting `{name}`."));
                let names = SETTINGS.iter().map(|setting| setting.name);
                let diagnostic = match nearest(&name, names) {
                    Some(near) => diagnostic.with_hint(format!("Did you mean `%set {near}`?")),
                    None => diagnostic,
                };
                return Err(diagnostic.with_hint("`%set` lists the settings."));
            }
        }
        Ok(())
    }

    /// The value of one as `%set` shows and reads it.
    pub fn get(&self, name: &str) -> Option<String> {
        let switch = |on: bool| if on { "on" } else { "off" }.to_owned();
        Some(match name {
            "consistency" => self.consistency.to_string(),
            "serial_consistency" => self.serial_consistency.to_string(),
            "fetch_rows" => self.fetch_rows.to_string(),
            "display_rows" => self.display_rows.to_string(),
            "page_size" => self.page_size.to_string(),
            "timeout" => duration_text(self.timeout),
            "timezone" => zone_text(&self.timezone),
            "trace" => switch(self.trace),
            "read_only" => switch(self.read_only),
            "confirm" => switch(self.confirm),
            "stop_on_error" => switch(self.stop_on_error),
            _ => return None,
        })
    }
}

/// A value that its setting refuses.
fn refused(name: &str, takes: &str) -> Diagnostic {
    Diagnostic::new(Code::Usage, format!("`{name}` takes {takes}."))
}

fn rows(name: &str, value: &str) -> Result<usize, Diagnostic> {
    value.replace('_', "").parse().map_err(|_| refused(name, "a number of rows"))
}

fn switch(name: &str, value: &str) -> Result<bool, Diagnostic> {
    match value.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" => Ok(true),
        "off" | "false" | "no" => Ok(false),
        _ => Err(refused(name, "`on` or `off`")),
    }
}

/// Reads `500ms`, `30s`, `2m`, `1.5h`; more than nothing, at most a week.
fn duration(text: &str) -> Option<Duration> {
    const WEEK: f64 = 7.0 * 24.0 * 3600.0;
    let text = text.trim();
    let digits = text.find(|character: char| !character.is_ascii_digit() && character != '.')?;
    let (number, unit) = text.split_at(digits);
    let seconds = match unit.trim_start().to_ascii_lowercase().as_str() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let total = number.parse::<f64>().ok()? * seconds;
    // Rounded to milliseconds, the finest unit that can be written.
    let duration = (total <= WEEK).then(|| Duration::from_secs_f64((total * 1000.0).round() / 1000.0))?;
    (!duration.is_zero()).then_some(duration)
}

/// Writes a duration in its largest whole unit.
fn duration_text(duration: Duration) -> String {
    match (duration.as_secs(), duration.subsec_millis()) {
        (seconds, millis @ 1..) => format!("{}ms", seconds * 1000 + u64::from(millis)),
        (seconds, 0) if seconds > 0 && seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        (seconds, 0) if seconds > 0 && seconds % 60 == 0 => format!("{}m", seconds / 60),
        (seconds, 0) => format!("{seconds}s"),
    }
}

/// Reads a zone's name or a fixed offset.
fn zone(text: &str) -> Option<TimeZone> {
    if text.eq_ignore_ascii_case("utc") || text.eq_ignore_ascii_case("z") {
        return Some(TimeZone::UTC);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return TimeZone::get(text).ok(),
    };
    let (hours, minutes) = text[1..].split_once(':').unwrap_or((&text[1..], "0"));
    let part = |text: &str, most: i32| {
        let digits = !text.is_empty() && text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten().filter(|number: &i32| *number <= most)
    };
    let seconds = (part(hours, 18)? * 60 + part(minutes, 59)?) * 60;
    Offset::from_seconds(sign * seconds).ok().map(|offset| offset.to_time_zone())
}

/// Writes a zone as [`zone`] reads it.
fn zone_text(zone: &TimeZone) -> String {
    match (zone.iana_name(), zone.to_fixed_offset()) {
        (Some(name), _) => name.to_owned(),
        (None, Ok(offset)) if offset.seconds() != 0 => {
            let minutes = offset.seconds().abs() / 60;
            let sign = if offset.is_negative() { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
        }
        _ => "UTC".to_owned(),
    }
}

/// What a `%%cql` line sets for its cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellSettings {
    /// The notebook's settings with the cell's own over them.
    pub settings: Settings,
    /// `--keyspace`: for unqualified names.
    pub keyspace: Option<String>,
    /// `--into`: the name for the result of the cell's last statement that has rows and no `name <<` of its own.
    pub into: Option<String>,
    /// `--all`: `fetch_rows` does not count.
    pub all: bool,
    /// `--yes`: nothing is asked.
    pub yes: bool,
    /// `--repeat`: how often a read is run, to see how its durations spread.
    pub repeat: Option<usize>,
}

impl CellSettings {
    /// The notebook's settings and nothing else: a cell without `%%cql`.
    pub fn of(settings: &Settings) -> Self {
        Self { settings: settings.clone(), keyspace: None, into: None, all: false, yes: false, repeat: None }
    }

    /// The notebook's settings with the options of a `%%cql` line over them.
    ///
    /// # Errors
    /// `USAGE` for a value that its setting refuses.
    pub fn with_options(settings: &Settings, options: &Arguments) -> Result<Self, Diagnostic> {
        let mut cell = Self::of(settings);
        for setting in SETTINGS {
            let option = setting.name.replace('_', "-");
            if let Some(value) = options.value(&option) {
                cell.settings.set(setting.name, value)?;
            } else if options.flag(&option) {
                cell.settings.set(setting.name, "on")?;
            }
        }
        cell.keyspace = options.value("keyspace").map(str::to_owned);
        cell.into = options.value("into").map(str::to_owned);
        cell.all = options.flag("all");
        cell.yes = options.flag("yes");
        cell.repeat = options.count("repeat");
        Ok(cell)
    }
}

#[cfg(test)]
mod tests;
