//! Consistency levels: how many replicas must answer.

use std::fmt;
use std::str::FromStr;

use crate::diagnostic::{Code, Diagnostic};
use crate::nearest::nearest;

/// A consistency level of reads and writes (protocol v4, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Consistency {
    /// Any node, a hint is enough (writes only; Astra refuses it).
    Any,
    /// One replica.
    One,
    /// Two replicas.
    Two,
    /// Three replicas.
    Three,
    /// A majority of all replicas.
    Quorum,
    /// All replicas.
    All,
    /// A majority of the local data centre's replicas: the default.
    LocalQuorum,
    /// A majority in each data centre.
    EachQuorum,
    /// Linearizable reads over all data centres.
    Serial,
    /// Linearizable reads within the local data centre.
    LocalSerial,
    /// One replica of the local data centre.
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

impl FromStr for Consistency {
    type Err = Diagnostic;

    /// Reads a level's name, in any case.
    fn from_str(text: &str) -> Result<Self, Diagnostic> {
        let found = Self::ALL.iter().find(|level| level.name().eq_ignore_ascii_case(text));
        found.copied().ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|level| level.name()).collect();
            let diagnostic = Diagnostic::new(Code::Usage, "There is no such consistency level.");
            let diagnostic = match nearest(text, names.iter().copied()) {
                Some(level) => diagnostic.with_hint(format!("Did you mean `{level}`?")),
                None => diagnostic,
            };
            diagnostic.with_hint(format!("The levels are {}.", names.join(", ")))
        })
    }
}

impl fmt::Display for Consistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
