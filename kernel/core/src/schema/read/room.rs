//! How much of a schema is read. Nodes are strangers: what they answer is counted before it is kept. Only numbers.

use super::{Source, types};

/// How many keyspaces, types, tables, views, indexes, triggers, functions and aggregates.
const OBJECTS: usize = 50_000;
/// How many rows of columns.
const COLUMNS: usize = 1_000_000;
/// How many bytes, as they come over the wire.
const BYTES: usize = 128 << 20;

/// What there is still room for.
#[derive(Debug)]
pub(super) struct Room {
    objects: usize,
    columns: usize,
    bytes: usize,
    /// Of the types that the texts of all rows name.
    pub(super) type_parts: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { objects: OBJECTS, columns: COLUMNS, bytes: BYTES, type_parts: types::ALL_NAMED }
    }
}

impl Room {
    /// Takes the room that a page needs; false where there is less. A page of nothing takes some, so that pages end.
    pub(super) fn admits(&mut self, source: Source, rows: usize, bytes: usize) -> bool {
        let left = match source {
            Source::Columns | Source::VirtualColumns | Source::Masks | Source::Dropped => &mut self.columns,
            _ => &mut self.objects,
        };
        match (left.checked_sub(rows.max(1)), self.bytes.checked_sub(bytes)) {
            (Some(rows), Some(bytes)) => {
                (*left, self.bytes) = (rows, bytes);
                true
            }
            _ => false,
        }
    }
}
