//! `%schema`: the schema as a tree that folds, a keyspace, and a table's page with the queries that its keys allow.
//!
//! Pure: a model in, an outline out. Sizes and rows are the caller's to ask for.

mod name;
mod page;
mod queries;
mod sample;
mod tree;

pub use name::{Found, Unknown, find};
pub use page::{Size, page, served};
pub use tree::{keyspace, tree};

use crate::column::KeyRole;
use crate::cql::keywords::quote_name;
use crate::schema::{Column, Table};

/// The primary key as CQL writes it, e.g. `((day), dep)`.
fn key(table: &Table) -> String {
    let names = |role| table.with_role(role).map(|column| quote_name(&column.name)).collect::<Vec<_>>();
    let partition = names(KeyRole::Partition);
    let partition = match partition.as_slice() {
        [one] => one.clone(),
        several => format!("({})", several.join(", ")),
    };
    let all: Vec<_> = std::iter::once(partition).chain(names(KeyRole::Clustering)).collect();
    format!("({})", all.join(", "))
}

/// What a column is in its table, in words; empty for one without a role.
fn role(column: &Column) -> &'static str {
    match column.role {
        Some(KeyRole::Partition) => "partition key",
        Some(KeyRole::Clustering) if column.descending => "clustering ↓",
        Some(KeyRole::Clustering) => "clustering ↑",
        Some(KeyRole::Static) => "static",
        None => "",
    }
}

/// `3 tables`, `1 table`.
fn counted(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{} {many}", crate::render::count(number as u64)),
    }
}

#[cfg(test)]
mod tests;
