//! Rows of the server's tables by the names of their columns.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use jiff::tz::TimeZone;

use super::super::OptionValue;
use crate::column::{Column, CqlType};
use crate::page::Page;
use crate::value;

/// A row: its columns and cells.
pub(super) struct Row<'a> {
    columns: &'a [Column],
    cells: &'a [Option<&'a [u8]>],
}

/// Calls `visit` with each row; false where the page could not be read to its end.
pub(super) fn visit(page: &dyn Page, mut visit: impl FnMut(&Row<'_>)) -> bool {
    let columns = page.columns();
    let visited = page.visit(0, &mut |cells| {
        visit(&Row { columns, cells });
        ControlFlow::Continue(())
    });
    visited.is_ok()
}

impl Row<'_> {
    /// The columns' names and types.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, &CqlType)> {
        self.columns.iter().map(|column| (column.name.as_str(), &column.cql_type))
    }

    fn cell(&self, name: &str) -> Option<(&[u8], &CqlType)> {
        let place = self.columns.iter().position(|column| column.name == name)?;
        let cell = self.cells.get(place).copied().flatten()?;
        Some((cell, unfrozen(&self.columns.get(place)?.cql_type)))
    }

    /// A single value as text; `None` for null.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let (cell, ty) = self.cell(name)?;
        Some(text(cell, ty))
    }

    /// A boolean.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.cell(name).map(|(cell, _)| cell.first().is_some_and(|byte| *byte != 0))
    }

    /// A timestamp in milliseconds since the Unix epoch.
    pub(super) fn timestamp(&self, name: &str) -> Option<i64> {
        let (cell, _) = self.cell(name)?;
        Some(i64::from_be_bytes(cell.try_into().ok()?))
    }

    /// The elements of a list or set, as texts.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let (cell, ty) = self.cell(name)?;
        let (CqlType::List(item) | CqlType::Set(item)) = ty else { return None };
        elements(cell, 1).map(|cells| cells.into_iter().map(|cell| text(cell, item)).collect())
    }

    /// A map, as texts.
    pub(super) fn map(&self, name: &str) -> Option<BTreeMap<String, String>> {
        let (cell, ty) = self.cell(name)?;
        let CqlType::Map(key, value) = ty else { return None };
        let cells = elements(cell, 2)?;
        let pairs = cells.chunks_exact(2).map(|pair| match pair {
            [left, right] => (text(left, key), text(right, value)),
            _ => Default::default(),
        });
        Some(pairs.collect())
    }

    /// The value of a table's option.
    pub(super) fn option(&self, name: &str, ty: &CqlType) -> Option<OptionValue> {
        let (cell, _) = self.cell(name)?;
        Some(match unfrozen(ty) {
            CqlType::Boolean => OptionValue::Flag(self.flag(name)?),
            CqlType::Int | CqlType::Bigint | CqlType::Smallint | CqlType::Tinyint => {
                OptionValue::Number(text(cell, ty))
            }
            CqlType::Double | CqlType::Float => {
                let number = text(cell, ty);
                let whole = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
                OptionValue::Number(if whole { format!("{number}.0") } else { number })
            }
            CqlType::Map(_, value) if **value == CqlType::Blob => OptionValue::Bytes(self.map(name)?),
            CqlType::Map(..) => OptionValue::Map(self.map(name)?),
            ty => OptionValue::Text(text(cell, ty)),
        })
    }
}

/// The type inside `frozen`, if it is.
fn unfrozen(ty: &CqlType) -> &CqlType {
    match ty {
        CqlType::Frozen(inner) => unfrozen(inner),
        ty => ty,
    }
}

fn text(cell: &[u8], ty: &CqlType) -> String {
    value::literal(Some(cell), ty, &TimeZone::UTC).text
}

/// The elements of a serialised collection of `per` values an entry (protocol v4, section 6.2).
fn elements(mut cell: &[u8], per: usize) -> Option<Vec<&[u8]>> {
    let int = |cell: &mut &[u8]| {
        let (head, tail) = cell.split_first_chunk::<4>()?;
        *cell = tail;
        usize::try_from(i32::from_be_bytes(*head)).ok()
    };
    let entries = int(&mut cell)?.checked_mul(per)?;
    // Each element has its length before it, so a wild number ends here.
    if entries > cell.len() / 4 {
        return None;
    }
    (0..entries)
        .map(|_| {
            let length = int(&mut cell)?;
            let element = cell.get(..length)?;
            cell = cell.get(length..)?;
            Some(element)
        })
        .collect()
}
