//! Rows that no bound statement can carry: they are spelled out, as a statement with literals.
//!
//! Cassandra reads a list that is bound into its own values and takes an element of no bytes for null, at which it fails (seen
//! with 5.0.9: a NullPointerException). The same list as a literal, `[blobAsInt(0x), 1]`, is written as it should be.

use cqlbook_cluster::Cell;
use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::cql::keywords::quote_name;
use cqlbook_core::value::{split_element, statement_literal};

/// How a row is spelled out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spelling {
    /// `INSERT INTO ks.t`.
    pub(super) head: String,
    /// What follows the values: ` USING TTL 60`, or nothing.
    pub(super) tail: String,
}

impl Spelling {
    /// The statement of a row that has to be spelled out, with its columns in the order of its cells.
    pub(super) fn of(&self, columns: &[Column], cells: &[Cell]) -> Option<String> {
        let mut given = columns.iter().zip(cells);
        if !given
            .any(|(column, cell)| matches!(cell, Cell::Bytes(bytes) if is_fatal(&column.cql_type, bytes)))
        {
            return None;
        }
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for (column, cell) in columns.iter().zip(cells) {
            values.push(match cell {
                Cell::Unset => continue,
                Cell::Null => "null".to_owned(),
                Cell::Bytes(bytes) => statement_literal(bytes, &column.cql_type)?,
            });
            names.push(quote_name(&column.name));
        }
        Some(format!("{} ({}) VALUES ({}){}", self.head, names.join(", "), values.join(", "), self.tail))
    }
}

/// Whether the server would fail at this value, were it bound: a list with an element of no bytes, of a type that has none such
/// of its own.
fn is_fatal(ty: &CqlType, bytes: &[u8]) -> bool {
    let item = match ty {
        CqlType::Frozen(inner) => return is_fatal(inner, bytes),
        CqlType::List(item) => item,
        _ => return false,
    };
    if matches!(**item, CqlType::Text | CqlType::Ascii | CqlType::Blob | CqlType::Custom(_)) {
        return false;
    }
    let mut rest = bytes.get(4..).unwrap_or_default();
    while !rest.is_empty() {
        match split_element(rest) {
            Ok((Some([]), _)) => return true,
            Ok((_, behind)) => rest = behind,
            Err(_) => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use cqlbook_core::column::KeyRole;
    use cqlbook_core::value::from_literal;

    use super::*;

    fn list(item: CqlType) -> CqlType {
        CqlType::List(Box::new(item))
    }

    fn cell(ty: &CqlType, literal: &str) -> Cell {
        Cell::Bytes(from_literal(ty, literal).unwrap().unwrap().into())
    }

    #[test]
    fn a_list_with_a_value_of_no_bytes_is_spelled_out_and_no_other() {
        let spelling = Spelling { head: "INSERT INTO k.t".to_owned(), tail: " USING TTL 5".to_owned() };
        let column = |name: &str, cql_type, role| Column { name: name.to_owned(), cql_type, role };
        let columns = |ty: &CqlType| {
            [
                column("K", CqlType::Text, Some(KeyRole::Partition)),
                column("a", CqlType::Int, None),
                column("b", CqlType::Int, None),
                column("l", ty.clone(), None),
            ]
        };
        let spelled = |ty: CqlType, literal: &str| {
            let cells = [cell(&CqlType::Text, "'it''s'"), Cell::Unset, Cell::Null, cell(&ty, literal)];
            spelling.of(&columns(&ty), &cells)
        };
        assert_eq!(
            spelled(list(CqlType::Int), "[<empty>, 1]").as_deref(),
            Some(r#"INSERT INTO k.t ("K", b, l) VALUES ('it''s', null, [blobAsInt(0x), 1]) USING TTL 5"#)
        );
        assert!(spelled(CqlType::Frozen(Box::new(list(CqlType::Uuid))), "[<empty>]").is_some());
        for (ty, literal) in [
            (list(CqlType::Int), "[1, 2]"),
            (list(CqlType::Int), "[]"),
            (list(CqlType::Text), "['', 'a']"),
            (list(CqlType::Blob), "[0x]"),
            (CqlType::Set(Box::new(CqlType::Int)), "{<empty>}"),
        ] {
            assert_eq!(spelled(ty, literal), None, "{literal}");
        }
    }
}
