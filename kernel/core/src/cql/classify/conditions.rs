//! What the clauses of a statement restrict: the columns of a `WHERE`, a `LIMIT`, the `DELETE`s of a batch.

use std::collections::HashSet;

use super::{Delete, Reader, StatementKind, TableName, deeper};
use crate::cql::lexer::TokenKind;

/// What a `WHERE` asks of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// The column, unquoted.
    pub column: String,
    /// How it is compared.
    pub relation: Relation,
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// `=`.
    Equal,
    /// `IN`.
    In,
    /// `<`, `<=`, `>`, `>=`, `BETWEEN`.
    Range,
    /// `CONTAINS`.
    Contains,
    /// `CONTAINS KEY`.
    ContainsKey,
    /// An element of a collection is compared: `m['k'] = v`.
    Element,
    /// `LIKE`.
    Like,
    /// `token(column) …`.
    Token,
    /// Anything else, such as `!=` and `NOT IN`.
    Other,
}

impl Reader<'_> {
    /// The number behind the `LIMIT` that is not `PER PARTITION`'s.
    pub(super) fn limit(&self, mut from: usize) -> Option<u64> {
        loop {
            let at = self.outside(from, &["LIMIT"])?;
            if !self.is(at.checked_sub(1)?, "PARTITION") {
                return self.text(at + 1).parse().ok();
            }
            from = at + 1;
        }
    }

    /// Where the conditions of a `SELECT` end. `GROUP` and `PER` are no reserved words: a column may be called so.
    pub(super) fn conditions_end(&self, from: usize) -> usize {
        let mut depth = 0_usize;
        let end = (from..self.len()).find(|&at| {
            depth = deeper(depth, self, at);
            let begins = self.is_any(at, &["ORDER", "LIMIT", "ALLOW"])
                || (self.is(at, "GROUP") && self.is(at + 1, "BY"))
                || (self.is(at, "PER") && self.is(at + 1, "PARTITION"));
            depth == 0 && begins
        });
        end.unwrap_or(self.len())
    }

    /// The `DELETE`s inside a batch or a transaction. The words that begin a write are reserved, so that one that stands
    /// bare begins one.
    pub(super) fn inner_deletes(&self) -> Vec<(Delete, Option<TableName>)> {
        let begins = |at: usize| self.is_any(at, &["INSERT", "UPDATE", "DELETE", "APPLY", "COMMIT"]);
        let ends = |at: &usize| begins(*at) || self.token_kind(*at) == Some(TokenKind::Semicolon);
        let starts: Vec<usize> = (1..self.len()).filter(ends).chain([self.len()]).collect();
        let spans = starts.windows(2).filter(|pair| self.is(pair[0], "DELETE"));
        let inner = spans.filter_map(|pair| self.tokens.get(pair[0]..pair[1]));
        inner
            .filter_map(|tokens| match (Reader { source: self.source, tokens }).delete() {
                (StatementKind::Delete(delete), table) => Some((delete, table)),
                _ => None,
            })
            .collect()
    }

    /// What the relations from `at` up to `end` ask of columns.
    pub(super) fn restricted(&self, mut at: usize, end: usize) -> Vec<Restriction> {
        let mut found: Vec<Restriction> = Vec::new();
        while at < end {
            let token = self.is(at, "TOKEN") && self.mark(at + 1, "(");
            let list = at + usize::from(token);
            let mut columns = Vec::new();
            if self.mark(list, "(") {
                at = list + 1;
                while at < end && !self.mark(at, ")") {
                    columns.extend(self.name(at));
                    at += 1;
                }
            } else {
                columns.extend(self.name(at));
            }
            at += 1;
            let relation = if token { Relation::Token } else { self.relation(at) };
            found.extend(columns.into_iter().map(|column| Restriction { column, relation }));
            let mut between = false;
            let mut depth = 0_usize;
            while at < end {
                depth = deeper(depth, self, at);
                let and = depth == 0 && self.is(at, "AND");
                let ends = and && !between;
                // The first AND behind a BETWEEN is its own.
                between = self.is(at, "BETWEEN") || (between && !and);
                at += 1;
                if ends {
                    break;
                }
            }
        }
        found
    }

    /// The relation whose operator stands at `at`.
    fn relation(&self, at: usize) -> Relation {
        match self.text(at).to_ascii_uppercase().as_str() {
            "=" => Relation::Equal,
            "IN" => Relation::In,
            "<" | "<=" | ">" | ">=" | "BETWEEN" => Relation::Range,
            "CONTAINS" if self.is(at + 1, "KEY") => Relation::ContainsKey,
            "CONTAINS" => Relation::Contains,
            "LIKE" => Relation::Like,
            "[" => Relation::Element,
            _ => Relation::Other,
        }
    }
}

/// The columns that are restricted, each once.
pub(super) fn columns(restrictions: &[Restriction]) -> Vec<String> {
    let mut seen = HashSet::new();
    let columns = restrictions.iter().map(|restriction| &restriction.column);
    columns.filter(|column| seen.insert(*column)).cloned().collect()
}
