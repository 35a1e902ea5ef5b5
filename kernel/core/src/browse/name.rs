//! What `%schema` was asked for: a keyspace or a table, by a name as a user writes it.

use crate::cql::keywords::{quote_name, unquote_name};
use crate::cql::lexer::{TokenKind, lex};
use crate::nearest::nearest;
use crate::schema::{Keyspace, Schema, Table};

/// What a name is the name of.
#[derive(Debug, Clone, Copy)]
pub enum Found<'a> {
    /// A keyspace.
    Keyspace(&'a Keyspace),
    /// A table or materialized view of a keyspace.
    Table(&'a Keyspace, &'a Table),
}

/// A name that nothing has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} `{name}`")]
pub struct Unknown {
    /// `keyspace` or `table`.
    pub what: &'static str,
    /// The name as CQL writes it.
    pub name: String,
    /// What was probably meant, as it would be typed.
    pub near: Option<String>,
}

/// Finds a keyspace, a table of it, or a table of the current keyspace.
///
/// # Errors
/// [`Unknown`] with the nearest name.
pub fn find<'a>(schema: &'a Schema, current: Option<&str>, written: &str) -> Result<Found<'a>, Unknown> {
    let parts = parts(written);
    let keyspaces = || schema.keyspaces.keys().map(String::as_str);
    match parts.as_slice() {
        [keyspace, table] => {
            let Some(found) = pick(keyspace, |name| schema.keyspace(name)) else {
                let near = nearest(&unquote_name(keyspace), keyspaces());
                let near = near.map(|near| format!("{}.{table}", quote_name(near)));
                return Err(Unknown { what: "keyspace", name: keyspace.clone(), near });
            };
            table_of(schema, found, table).ok_or_else(|| {
                let near = nearest_table(found, table);
                let of = |name: &str| format!("{}.{}", quote_name(&found.name), quote_name(name));
                Unknown { what: "table", name: format!("{keyspace}.{table}"), near: near.map(of) }
            })
        }
        [name] => {
            if let Some(found) = pick(name, |name| schema.keyspace(name)) {
                return Ok(Found::Keyspace(found));
            }
            let here = current.and_then(|current| schema.keyspace(current));
            if let Some(found) = here.and_then(|keyspace| table_of(schema, keyspace, name)) {
                return Ok(found);
            }
            let near = here.and_then(|keyspace| nearest_table(keyspace, name));
            let near = near.or_else(|| nearest(&unquote_name(name), keyspaces())).map(quote_name);
            Err(Unknown { what: "keyspace or table", name: name.clone(), near })
        }
        _ => Err(Unknown { what: "keyspace or table", name: written.to_owned(), near: None }),
    }
}

/// The names of a written name that dots separate.
fn parts(written: &str) -> Vec<String> {
    let tokens = lex(written).into_iter().filter(|token| !token.kind.is_trivia());
    let (mut parts, mut part) = (Vec::new(), String::new());
    for token in tokens {
        let text = token.span.of(written);
        if text == "." && token.kind == TokenKind::Operator {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push_str(text);
        }
    }
    parts.push(part);
    parts
}

/// What has the name as CQL reads it, or as it is written: `Shop` finds `"Shop"` where there is no `shop`.
fn pick<'a, T: ?Sized>(written: &str, find: impl Fn(&str) -> Option<&'a T>) -> Option<&'a T> {
    find(&unquote_name(written)).or_else(|| find(written))
}

fn table_of<'a>(schema: &'a Schema, keyspace: &'a Keyspace, written: &str) -> Option<Found<'a>> {
    pick(written, |name| schema.table(&keyspace.name, name)).map(|table| Found::Table(keyspace, table))
}

fn nearest_table<'a>(keyspace: &'a Keyspace, written: &str) -> Option<&'a str> {
    let names = keyspace.tables.keys().chain(keyspace.views.keys());
    nearest(&unquote_name(written), names.map(String::as_str))
}
