//! The settings of a notebook: names, defaults, meaning, and how their values are read.
//!
//! A [`Settings`] is plain data. `%set`, the options of `%%cql` and the shell commands change it through here.

use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::diagnostic::{Code, Diagnostic};
use crate::magic::Arguments;

/// How many replicas must answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names of the native protocol")]
pub enum Consistency {
    Any,
    One,
    Two,
    Three,
    Quorum,
    All,
    LocalQuorum,
    EachQuorum,
    Serial,
    LocalSerial,
    LocalOne,
}

impl Consistency {
    /// All levels, in the order of the native protocol.
    pub const ALL: &'static [Self] = &[
        Self::Any,
        Self::One,
        Self::Two,
        Self::Three,
        Self::Quorum,
        Self::All,
        Self::LocalQuorum,
        Self::EachQuorum,
        Self::Serial,
        Self::LocalSerial,
        Self::LocalOne,
    ];

    /// The name as CQL writes it, e.g. `LOCAL_QUORUM`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "ANY",
            Self::One => "ONE",
            Self::Two => "TWO",
            Self::Three => "THREE",
            Self::Quorum => "QUORUM",
            Self::All => "ALL",
            Self::LocalQuorum => "LOCAL_QUORUM",
            Self::EachQuorum => "EACH_QUORUM",
            Self::Serial => "SERIAL",
            Self::LocalSerial => "LOCAL_SERIAL",
            Self::LocalOne => "LOCAL_ONE",
        }
    }

    /// Whether it is one of the two serial levels.
    pub const fn is_serial(self) -> bool {
        matches!(self, Self::Serial | Self::LocalSerial)
    }
}

impl fmt::Display for Consistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

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
pub static SETTINGS: &[Setting] = &[];

impl Settings {
    /// Sets one by its name.
    ///
    /// # Errors
    /// `USAGE` with the nearest name, or with what the value may be.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), Diagnostic> {
        let _ = value;
        Err(Diagnostic::new(Code::Usage, format!("There is no setting `{name}`.")))
    }

    /// The value of one as `%set` shows and reads it.
    pub fn get(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }
}

/// What a `%%cql` line sets for its cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellSettings {
    /// The notebook's settings with the cell's own over them.
    pub settings: Settings,
    /// `--keyspace`: for unqualified names.
    pub keyspace: Option<String>,
    /// `--into`: the name for the result of the last `SELECT`.
    pub into: Option<String>,
    /// `--all`: `fetch_rows` does not count.
    pub all: bool,
    /// `--yes`: nothing is asked.
    pub yes: bool,
}

impl CellSettings {
    /// The notebook's settings and nothing else: a cell without `%%cql`.
    pub fn of(settings: &Settings) -> Self {
        Self { settings: settings.clone(), keyspace: None, into: None, all: false, yes: false }
    }

    /// The notebook's settings with the options of a `%%cql` line over them.
    ///
    /// # Errors
    /// `USAGE` for a value that its setting refuses.
    pub fn with_options(settings: &Settings, options: &Arguments) -> Result<Self, Diagnostic> {
        let _ = options;
        Ok(Self::of(settings))
    }
}
