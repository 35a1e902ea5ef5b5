//! Small tables of our own: settings, kept results, the stages of a connection test.

use std::time::Duration;

use super::MimeBundle;

/// A small table with headers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List {
    /// A line above it.
    pub title: Option<String>,
    /// The columns' names; may be empty.
    pub headers: Vec<String>,
    /// The rows, each with one item a column.
    pub rows: Vec<Vec<Item>>,
    /// A sentence under it, also where there are no rows.
    pub note: Option<String>,
}

/// One cell of a [`List`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Prose.
    Text(String),
    /// A name, value or command that could be typed, drawn in a fixed-width face.
    Code(String),
    /// A number, right-aligned.
    Number(String),
}

impl Item {
    /// Prose.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A name, value or command that could be typed.
    pub fn code(text: impl Into<String>) -> Self {
        Self::Code(text.into())
    }
}

/// How a stage of a test went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageState {
    /// It passed: ✓.
    Passed,
    /// It failed: ✗.
    Failed,
    /// It was not tried: –.
    Skipped,
    /// It is going on: ….
    Running,
}

/// One stage of a test, e.g. of `%connection test`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// What is tested, e.g. `TLS`.
    pub name: String,
    /// How it went.
    pub state: StageState,
    /// What was found, or the error's first line.
    pub detail: String,
    /// How long it took.
    pub elapsed: Option<Duration>,
}

/// Draws a small table.
pub fn list(_list: &List) -> MimeBundle {
    MimeBundle::default()
}

/// Draws the stages of a test, for `display_data` and `update_display_data`.
pub fn stages(_title: &str, _stages: &[Stage]) -> MimeBundle {
    MimeBundle::default()
}
