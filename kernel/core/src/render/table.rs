//! A result's rows as a table.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{Facts, MimeBundle};
use crate::column::Column;
use crate::page::Page;

/// How a result is drawn.
#[derive(Debug, Clone)]
pub struct TableOptions {
    /// How many rows are drawn at most.
    pub display_rows: usize,
    /// The first row drawn, from zero.
    pub offset: usize,
    /// The zone timestamps are shown in.
    pub zone: TimeZone,
    /// One row under the other, as after cqlsh's `EXPAND ON`.
    pub vertical: bool,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self { display_rows: 50, offset: 0, zone: TimeZone::UTC, vertical: false }
    }
}

/// Draws rows of a result; only the drawn ones are decoded.
pub fn table(
    _columns: &[Column],
    _pages: &[Arc<dyn Page>],
    _facts: &Facts,
    _options: &TableOptions,
) -> MimeBundle {
    MimeBundle::default()
}
