//! Addresses of version 4 in the sixteen bytes of version 6, whose text does not bring them back: counted, to be told.

use std::ops::ControlFlow;
use std::sync::Arc;

use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::page::{MalformedPage, Page};
use cqlbook_core::value::{each_single, is_mapped};

use super::Format;
use super::writer::values;
use crate::convert::thawed;

/// Counts them in what is written.
#[derive(Debug)]
pub(super) struct Mapped {
    /// The places of columns that can have some, and their types.
    columns: Vec<(usize, CqlType)>,
    count: u64,
}

impl Mapped {
    /// For rows of these columns. Statements keep their bytes, and what is for reading is not read back.
    pub(super) fn new(columns: &Arc<[Column]>, format: Format) -> Self {
        let is_read_back = match format {
            Format::Csv | Format::Json | Format::JsonLines | Format::Parquet | Format::Arrow => true,
            Format::Cql | Format::Markdown | Format::Html | Format::Xlsx => false,
        };
        let columns =
            columns.iter().enumerate().filter(|(_, column)| is_read_back && holds_inet(&column.cql_type));
        Self { columns: columns.map(|(place, column)| (place, column.cql_type.clone())).collect(), count: 0 }
    }

    /// Looks at the rows of a page.
    pub(super) fn look(&mut self, page: &dyn Page) -> Result<(), MalformedPage> {
        if self.columns.is_empty() {
            return Ok(());
        }
        let Self { columns, count } = self;
        page.visit(0, &mut |cells| {
            for (place, ty) in columns.iter() {
                let Some(Some(bytes)) = cells.get(*place) else { continue };
                // What is no value of its type has a note of its own.
                let _ = each_single(bytes, ty, &mut |ty, single| {
                    *count += u64::from(*ty == CqlType::Inet && is_mapped(single));
                });
            }
            ControlFlow::Continue(())
        })
    }

    /// What the user is told of them.
    pub(super) fn note(&self) -> Option<String> {
        (self.count > 0).then(|| {
            format!(
                "{} of inet will come back as 4 bytes: as text, an IPv4 address in 16 bytes (::ffff:10.0.0.1) is the plain one to Cassandra and to %import. CQL keeps them.",
                values(self.count)
            )
        })
    }
}

fn holds_inet(ty: &CqlType) -> bool {
    match thawed(ty) {
        CqlType::Inet => true,
        CqlType::List(item) | CqlType::Set(item) | CqlType::Vector(item, _) => holds_inet(item),
        CqlType::Map(key, value) => holds_inet(key) || holds_inet(value),
        CqlType::Tuple(types) => types.iter().any(holds_inet),
        CqlType::Udt(udt) => udt.fields.iter().any(|(_, ty)| holds_inet(ty)),
        _ => false,
    }
}
