//! Rows as CQL that writes them again: an INSERT for each, an UPDATE where the table counts.
//!
//! A column that is null is left out, which writes no tombstone and gives the same row.

use std::sync::Arc;

use cqlbook_core::column::{Column, CqlType, KeyRole};
use cqlbook_core::cql::keywords::quote_name;
use cqlbook_core::value::{self, Kind};

use super::writer::{RowFormat, WriteError, values};
use super::{Options, text};
use crate::convert::thawed;

/// Writes rows as statements.
pub(crate) struct Statements {
    columns: Vec<Target>,
    /// `INSERT INTO ks.t (` or `UPDATE ks.t SET `.
    head: String,
    is_counter: bool,
    /// Values that no literal writes.
    lost: u64,
}

struct Target {
    name: String,
    cql_type: CqlType,
    is_key: bool,
}

impl Statements {
    pub(crate) fn new(columns: &Arc<[Column]>, options: &Options) -> Result<Self, WriteError> {
        let refused = |text: String| Err(WriteError::Refused(text));
        let Some((keyspace, table)) = &options.table else {
            return refused("It is not known which table the statements are to write to. Name it: `--table keyspace.table`.".to_owned());
        };
        let name = format!("{}.{}", quote_name(keyspace), quote_name(table));
        // The protocol tells a column's name in the answer, and not which column it is: `SELECT v AS k` would write v into k.
        if let Some((column, what)) = options.derived.first() {
            return refused(format!(
                "`{column}` is `{what}` here, and not the column of {name}. Select the table's own columns under their own names, or \
                 name the table whose columns they are: `--table keyspace.table`."
            ));
        }
        if let Some(twice) = columns
            .iter()
            .enumerate()
            .find(|(place, column)| columns.iter().take(*place).any(|earlier| earlier.name == column.name))
        {
            return refused(format!(
                "The column `{}` is selected twice, and a statement writes it once.",
                twice.1.name
            ));
        }
        let known = &options.table_columns;
        let of_table = |column: &Column| known.iter().find(|known| known.name == column.name);
        if !known.is_empty() {
            let strangers: Vec<_> = columns
                .iter()
                .filter(|column| of_table(column).is_none())
                .map(|column| format!("`{}`", column.name))
                .collect();
            if !strangers.is_empty() {
                return refused(format!(
                    "{name} has no column {}. Select the table's own columns, under their own names.",
                    strangers.join(", ")
                ));
            }
            let missing: Vec<_> = known
                .iter()
                .filter(|known| is_key(known) && !columns.iter().any(|column| column.name == known.name))
                .map(|known| format!("`{}`", known.name))
                .collect();
            if !missing.is_empty() {
                return refused(format!(
                    "A part of the key of {name} was not selected: {}.",
                    missing.join(", ")
                ));
            }
        }
        let is_counter = columns.iter().any(|column| column.cql_type == CqlType::Counter);
        let targets = columns.iter().map(|column| Target {
            name: quote_name(&column.name),
            cql_type: column.cql_type.clone(),
            is_key: of_table(column).map_or_else(|| is_key(column), is_key),
        });
        let columns: Vec<_> = targets.collect();
        if is_counter && !columns.iter().any(|column| column.is_key) {
            return refused(format!("The key of {name} is not known, so its counters cannot be written."));
        }
        let head = if is_counter { format!("UPDATE {name} SET ") } else { format!("INSERT INTO {name} (") };
        Ok(Self { columns, head, is_counter, lost: 0 })
    }

    fn insert(&mut self, cells: &[Option<&[u8]>], out: &mut Vec<u8>) {
        let given = || self.columns.iter().zip(cells).filter_map(|(column, cell)| Some((column, (*cell)?)));
        out.extend_from_slice(self.head.as_bytes());
        for (place, (column, _)) in given().enumerate() {
            separate(place, ", ", out);
            out.extend_from_slice(column.name.as_bytes());
        }
        out.extend_from_slice(b") VALUES (");
        let mut lost = 0;
        for (place, (column, bytes)) in given().enumerate() {
            separate(place, ", ", out);
            lost += u64::from(!literal(bytes, &column.cql_type, out));
        }
        out.extend_from_slice(b");\n");
        self.lost += lost;
    }

    fn update(&mut self, cells: &[Option<&[u8]>], out: &mut Vec<u8>) {
        let given = |key: bool| {
            let of =
                move |(column, cell): (&'_ Target, &Option<&'_ [u8]>)| column.is_key == key && cell.is_some();
            self.columns.iter().zip(cells).filter(move |(column, cell)| of((column, cell)))
        };
        if given(false).next().is_none() {
            return;
        }
        out.extend_from_slice(self.head.as_bytes());
        let mut lost = 0;
        for (place, (column, cell)) in given(false).enumerate() {
            separate(place, ", ", out);
            out.extend_from_slice(format!("{0} = {0} + ", column.name).as_bytes());
            lost += u64::from(!literal(cell.unwrap_or_default(), &column.cql_type, out));
        }
        out.extend_from_slice(b" WHERE ");
        for (place, (column, cell)) in given(true).enumerate() {
            separate(place, " AND ", out);
            out.extend_from_slice(format!("{} = ", column.name).as_bytes());
            lost += u64::from(!literal(cell.unwrap_or_default(), &column.cql_type, out));
        }
        out.extend_from_slice(b";\n");
        self.lost += lost;
    }
}

fn is_key(column: &Column) -> bool {
    matches!(column.role, Some(KeyRole::Partition | KeyRole::Clustering))
}

fn separate(place: usize, mark: &str, out: &mut Vec<u8>) {
    if place > 0 {
        out.extend_from_slice(mark.as_bytes());
    }
}

/// Appends a value as Cassandra reads it back, byte for byte; false, and `null`, for bytes that are no value of the type.
fn literal(bytes: &[u8], ty: &CqlType, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    // The frequent ones, as they are written everywhere; whatever is unusual is left to core.
    let ty = thawed(ty);
    let usual = match ty {
        CqlType::Text | CqlType::Ascii | CqlType::Blob => true,
        CqlType::Int
        | CqlType::Bigint
        | CqlType::Counter
        | CqlType::Smallint
        | CqlType::Tinyint
        | CqlType::Double
        | CqlType::Float
        | CqlType::Boolean
        | CqlType::Uuid
        | CqlType::Timeuuid
        | CqlType::Time
        | CqlType::Timestamp => !bytes.is_empty(),
        CqlType::Inet => !bytes.is_empty() && !value::is_mapped(bytes),
        _ => false,
    };
    if !usual {
        let text = value::statement_literal(bytes, ty);
        out.extend_from_slice(text.as_deref().unwrap_or("null").as_bytes());
        return text.is_some();
    }
    let kind = text::append(bytes, ty, out);
    match (kind, ty) {
        (Kind::Malformed, _) => {
            out.truncate(start);
            out.extend_from_slice(b"null");
            return false;
        }
        // A bare number of milliseconds is a literal too.
        (_, CqlType::Timestamp) if out[start..].iter().all(|byte| byte.is_ascii_digit() || *byte == b'-') => {
        }
        (Kind::Text, _) | (_, CqlType::Time | CqlType::Timestamp | CqlType::Inet) => {
            let text = out.split_off(start);
            out.push(b'\'');
            for byte in text {
                if byte == b'\'' {
                    out.push(b'\'');
                }
                out.push(byte);
            }
            out.push(b'\'');
        }
        _ => {}
    }
    true
}

impl RowFormat for Statements {
    fn begin(&mut self, _out: &mut Vec<u8>) {}

    fn row(&mut self, cells: &[Option<&[u8]>], out: &mut Vec<u8>) -> Result<(), WriteError> {
        if self.is_counter {
            self.update(cells, out);
        } else {
            self.insert(cells, out);
        }
        Ok(())
    }

    fn end(&mut self, _out: &mut Vec<u8>) -> Vec<String> {
        match self.lost {
            0 => Vec::new(),
            lost => vec![format!("{} became null: their bytes are no value of their type.", values(lost))],
        }
    }
}
