//! What is to be fetched: a statement page by page, or a whole table by ranges of its ring.

use cqlbook_cluster::{Cell, QueryError, RequestOptions, TokenRange};
use cqlbook_core::cell::Statement;
use cqlbook_core::column::{CqlType, KeyRole};
use cqlbook_core::cql::scan;

use crate::notebook::Open;
use crate::run::fetch::Sent;

/// Ranges that the ring is cut into at least: enough for all nodes to be busy to the end, and for a share to mean something.
const RANGES: u32 = 64;
/// Keyspaces that each node has its own of, or that are no tables at all: their ring says nothing.
const OF_THE_NODE: [&str; 4] = ["system", "system_schema", "system_views", "system_virtual_schema"];

/// A part of the work: its statement and how much of the ring it is.
pub(crate) struct Piece {
    pub(super) sent: Sent,
    pub(super) width: u64,
}

/// All of it.
pub(crate) struct Work {
    pub(super) pieces: Vec<Piece>,
    /// Whether the pieces are ranges of a ring.
    pub(crate) is_ring: bool,
    /// Rows asked for at a time at most.
    pub(super) page_size: u32,
}

impl Work {
    /// One statement, page by page.
    pub(crate) fn paged(sent: Sent, page_size: u32) -> Self {
        Self { pieces: vec![Piece { sent, width: 0 }], is_ring: false, page_size }
    }
}

/// The work that a `SELECT` is. `sent` makes the statement as it is sent where it is not split.
///
/// `only` are the tokens that are wanted, where that is not all.
///
/// # Errors
/// [`QueryError`] where the statement for a range cannot be prepared.
pub(crate) async fn work(
    open: &Open,
    statement: &Statement,
    sent: Sent,
    options: &RequestOptions,
    only: TokenRange,
) -> Result<Work, QueryError> {
    let page_size = options.page_size;
    let Some(cql) = range_statement(open, statement) else { return Ok(Work::paged(sent, page_size)) };
    let prepared = open.connection.prepare(&cql).await?;
    // Other partitioners have tokens of other types, which the ring's numbers are none of.
    if !prepared.bind_columns().iter().all(|column| column.cql_type == CqlType::Bigint) {
        return Ok(Work::paged(sent, page_size));
    }
    let token = |token: i64| Cell::Bytes(token.to_be_bytes().to_vec().into());
    let ranges = open.connection.token_ranges(RANGES);
    let pieces = ranges.into_iter().filter_map(|range| range.within(only)).map(|range| Piece {
        sent: Sent::Prepared(
            prepared.clone(),
            [token(range.start), token(range.end)].into(),
            options.clone(),
        ),
        width: range.width(),
    });
    Ok(Work { pieces: pieces.collect(), is_ring: true, page_size })
}

/// The statement for a range, where the whole is the sum of its ranges.
fn range_statement(open: &Open, statement: &Statement) -> Option<String> {
    let (keyspace, table) = statement.table()?;
    let keyspace = keyspace.map(str::to_owned).or_else(|| open.connection.keyspace())?;
    if OF_THE_NODE.contains(&keyspace.as_str()) {
        return None;
    }
    let schema = open.connection.schema();
    let key: Vec<&str> = schema
        .table(&keyspace, table)?
        .with_role(KeyRole::Partition)
        .map(|column| column.name.as_str())
        .collect();
    scan::of_token_range(statement, &key)
}
