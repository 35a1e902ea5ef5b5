//! What a CQL statement is, as far as its text alone tells.
//!
//! No schema is consulted: where the text leaves a doubt, the careful answer is given.

use super::lexer::{Token, TokenKind};
use super::repeat::Repeat;
use crate::cell::Statement;
use crate::text::Span;

mod conditions;

pub use conditions::{Relation, Restriction};

/// A table's name as a statement gives it, unquoted (bare names in lower case).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableName {
    /// The keyspace, where it is written.
    pub keyspace: Option<String>,
    /// The table (or view, type, index: whatever the statement names).
    pub name: String,
}

impl TableName {
    /// The keyspace, where it is written, and the table.
    pub fn parts(&self) -> (Option<&str>, &str) {
        (self.keyspace.as_deref(), &self.name)
    }
}

/// What kind of statement it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementKind {
    /// `SELECT`.
    Select(Select),
    /// `INSERT`.
    Insert,
    /// `UPDATE`.
    Update,
    /// `DELETE`.
    Delete(Delete),
    /// `BEGIN … BATCH … APPLY BATCH`.
    Batch(BatchKind),
    /// Accord's `BEGIN TRANSACTION … COMMIT TRANSACTION`.
    Transaction,
    /// `TRUNCATE`.
    Truncate,
    /// `USE`, with the keyspace, unquoted.
    Use(String),
    /// `CREATE`.
    Create(Object),
    /// `ALTER`.
    Alter(Object),
    /// `DROP`.
    Drop(Object),
    /// `GRANT`.
    Grant,
    /// `REVOKE`.
    Revoke,
    /// `LIST`.
    List,
    /// `DESCRIBE`, where it is sent to the server (`name << DESCRIBE …`).
    Describe,
    /// Anything else.
    Other,
    /// No token at all.
    Empty,
}

/// What the text of a `SELECT` tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Select {
    /// `SELECT JSON`.
    pub json: bool,
    /// `SELECT DISTINCT`.
    pub distinct: bool,
    /// It has a `WHERE`.
    pub filtered: bool,
    /// It has a `LIMIT` or `PER PARTITION LIMIT`.
    pub limited: bool,
    /// It has a `GROUP BY`.
    pub grouped: bool,
    /// It has an `ORDER BY`.
    pub ordered: bool,
    /// It has `ALLOW FILTERING`.
    pub allow_filtering: bool,
    /// It calls a function in its select list, which may be an aggregate (`count(*)`).
    pub calls_functions: bool,
    /// It calls `count`, `sum`, `avg`, `min` or `max`: rows are read until the last, whatever its `LIMIT` says.
    pub aggregates: bool,
    /// The number behind `LIMIT`, where one is written.
    pub limit: Option<u64>,
    /// It is ordered by similarity (`ANN OF`), which an index answers.
    pub by_similarity: bool,
    /// What `WHERE` asks of columns, in order.
    pub restrictions: Vec<Restriction>,
}

/// What the text of a `DELETE` tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delete {
    /// Columns or elements are named before `FROM`: only they go, not rows.
    pub names_columns: bool,
    /// The columns that `WHERE` restricts, unquoted, in order, each once.
    pub where_columns: Vec<String>,
    /// It has an `IF`.
    pub conditional: bool,
}

impl Delete {
    /// Whether it removes whole partitions of a table with this partition key: rows go, and nothing but the
    /// partition key restricts which.
    pub fn is_whole_partition<S: AsRef<str>>(&self, partition_key: &[S]) -> bool {
        !self.names_columns
            && self.where_columns.iter().all(|column| partition_key.iter().any(|key| key.as_ref() == column))
    }
}

/// The kinds of batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchKind {
    /// All or nothing.
    Logged,
    /// Sent together only.
    Unlogged,
    /// Of counters.
    Counter,
}

/// What a schema statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its name, where one is written. A keyspace or role has it in `name`, without a keyspace.
    pub name: Option<TableName>,
}

/// Kinds of things that are created, altered and dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A keyspace.
    Keyspace,
    /// A table.
    Table,
    /// A user-defined type.
    Type,
    /// An index of any kind.
    Index,
    /// A materialized view.
    MaterializedView,
    /// A user-defined function.
    Function,
    /// A user-defined aggregate.
    Aggregate,
    /// A trigger.
    Trigger,
    /// A role.
    Role,
    /// A user (an old word for role).
    User,
    /// Something else.
    Other,
}

/// What else classification found, for the methods of [`Statement`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) table: Option<TableName>,
    pub(crate) repeat: Repeat,
    /// The `DELETE`s of a batch or a transaction, with their tables.
    pub(crate) inner_deletes: Vec<(Delete, Option<TableName>)>,
}

/// The statement of these tokens, which are no trivia.
pub(crate) fn statement(source: &str, tokens: &[Token], span: Span, into: Option<String>) -> Statement {
    let (binds, positional_binds) = super::binds::find(source, tokens);
    let reader = Reader { source, tokens };
    let (kind, table) = reader.kind();
    let has_binds = !binds.is_empty() || !positional_binds.is_empty();
    let repeat = Repeat::of(&kind, &reader, has_binds);
    let inner_deletes = match kind {
        StatementKind::Batch(_) | StatementKind::Transaction => reader.inner_deletes(),
        _ => Vec::new(),
    };
    let facts = Facts { table, repeat, inner_deletes };
    Statement { text: span.of(source).to_owned(), span, into, kind, binds, positional_binds, facts }
}

/// A statement's tokens, without trivia, by place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    source: &'a str,
    tokens: &'a [Token],
}

impl<'a> Reader<'a> {
    /// How many tokens there are.
    pub(crate) const fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The token's kind.
    pub(crate) fn token_kind(&self, at: usize) -> Option<TokenKind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    /// The token's text, empty behind the last.
    pub(crate) fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.span.of(self.source))
    }

    /// Whether the token is that keyword.
    pub(crate) fn is(&self, at: usize, keyword: &str) -> bool {
        self.token_kind(at) == Some(TokenKind::Word) && self.text(at).eq_ignore_ascii_case(keyword)
    }

    /// Whether the token is one of these keywords.
    pub(crate) fn is_any(&self, at: usize, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.is(at, keyword))
    }

    /// Whether the token is that mark.
    pub(crate) fn mark(&self, at: usize, mark: &str) -> bool {
        self.token_kind(at) == Some(TokenKind::Operator) && self.text(at) == mark
    }

    /// The place behind the keywords that stand at `at` in this order, or `at`.
    fn after(&self, at: usize, keywords: &[&str]) -> usize {
        let all = keywords.iter().enumerate().all(|(place, keyword)| self.is(at + place, keyword));
        if all { at + keywords.len() } else { at }
    }

    /// The name at a place, unquoted. Roles may be named by a string.
    fn name(&self, at: usize) -> Option<String> {
        match self.token_kind(at)? {
            TokenKind::Word => Some(self.text(at).to_ascii_lowercase()),
            TokenKind::QuotedName => Some(undouble(self.text(at), '"')),
            TokenKind::String if !self.text(at).starts_with('$') => Some(undouble(self.text(at), '\'')),
            _ => None,
        }
    }

    /// The name with or without its keyspace that starts at a place, and the place behind it.
    pub(crate) fn table_name(&self, at: usize) -> Option<(TableName, usize)> {
        let first = self.name(at)?;
        match self.name(at + 2).filter(|_| self.mark(at + 1, ".")) {
            Some(name) => Some((TableName { keyspace: Some(first), name }, at + 3)),
            None => Some((TableName { keyspace: None, name: first }, at + 1)),
        }
    }

    /// The first of the keywords outside parentheses, brackets and braces, from `from` on.
    fn outside(&self, from: usize, keywords: &[&str]) -> Option<usize> {
        let mut depth = 0_usize;
        (from..self.len()).find(|&at| {
            depth = deeper(depth, self, at);
            depth == 0 && self.is_any(at, keywords)
        })
    }

    fn table_at(&self, at: usize) -> Option<TableName> {
        self.table_name(at).map(|(table, _)| table)
    }

    fn kind(&self) -> (StatementKind, Option<TableName>) {
        let first = self.text(0).to_ascii_uppercase();
        if self.token_kind(0) != Some(TokenKind::Word) {
            return (if self.len() == 0 { StatementKind::Empty } else { StatementKind::Other }, None);
        }
        match first.as_str() {
            "SELECT" => self.select(),
            "INSERT" => (StatementKind::Insert, self.table_at(self.after(1, &["INTO"]))),
            "UPDATE" => (StatementKind::Update, self.table_at(1)),
            "DELETE" => self.delete(),
            "BEGIN" => (self.block(), None),
            "TRUNCATE" => {
                let at = 1 + usize::from(self.is_any(1, &["TABLE", "COLUMNFAMILY"]));
                (StatementKind::Truncate, self.table_at(at))
            }
            "USE" => (StatementKind::Use(self.name(1).unwrap_or_default()), None),
            "CREATE" => {
                let at = self.after(1, &["OR", "REPLACE"]);
                let (object, table) = self.object(at);
                (StatementKind::Create(object), table)
            }
            "ALTER" => {
                let (object, table) = self.object(1);
                (StatementKind::Alter(object), table)
            }
            "DROP" => {
                let (object, table) = self.object(1);
                (StatementKind::Drop(object), table)
            }
            "GRANT" => (StatementKind::Grant, None),
            "REVOKE" => (StatementKind::Revoke, None),
            "LIST" => (StatementKind::List, None),
            "DESCRIBE" | "DESC" => (StatementKind::Describe, None),
            _ => (StatementKind::Other, None),
        }
    }

    fn select(&self) -> (StatementKind, Option<TableName>) {
        let modifier = |at: usize, keyword: &str| {
            let next_is_selector = self.mark(at + 1, "*")
                || self.mark(at + 1, "(")
                || !matches!(
                    self.token_kind(at + 1),
                    None | Some(TokenKind::Operator | TokenKind::Semicolon)
                );
            self.is(at, keyword) && next_is_selector && !self.is_any(at + 1, &["FROM", "AS"])
        };
        let json = modifier(1, "JSON");
        let distinct = modifier(1 + usize::from(json), "DISTINCT");
        let from = self.outside(1, &["FROM"]).unwrap_or(self.len());
        let names = |at: usize| matches!(self.token_kind(at), Some(TokenKind::Word | TokenKind::QuotedName));
        let listed = 1 + usize::from(json) + usize::from(distinct)..from;
        let calls = |at: &usize| names(*at) && self.mark(at + 1, "(");
        let has = |keyword: &str| self.outside(from, &[keyword]).is_some();
        let clause = self.outside(from, &["WHERE"]);
        let restrictions =
            clause.map_or_else(Vec::new, |at| self.restricted(at + 1, self.conditions_end(at + 1)));
        let select = Select {
            json,
            distinct,
            filtered: clause.is_some(),
            limited: has("LIMIT"),
            grouped: has("GROUP"),
            ordered: has("ORDER"),
            allow_filtering: has("FILTERING"),
            calls_functions: listed.clone().any(|at| calls(&at)),
            aggregates: listed.filter(calls).any(|at| self.is_any(at, AGGREGATES)),
            limit: self.limit(from),
            by_similarity: has("ANN"),
            restrictions,
        };
        (StatementKind::Select(select), self.table_at(from + 1))
    }

    fn delete(&self) -> (StatementKind, Option<TableName>) {
        let from = self.outside(1, &["FROM"]).unwrap_or(self.len());
        let clause = self.outside(from, &["WHERE"]).map_or(self.len(), |at| at + 1);
        let condition = self.outside(from, &["IF"]);
        let delete = Delete {
            names_columns: from > 1,
            where_columns: conditions::columns(&self.restricted(clause, condition.unwrap_or(self.len()))),
            conditional: condition.is_some(),
        };
        (StatementKind::Delete(delete), self.table_at(from + 1))
    }

    fn block(&self) -> StatementKind {
        match () {
            () if self.is(1, "TRANSACTION") => StatementKind::Transaction,
            () if self.is(1, "UNLOGGED") => StatementKind::Batch(BatchKind::Unlogged),
            () if self.is(1, "COUNTER") => StatementKind::Batch(BatchKind::Counter),
            () if self.is_any(1, &["BATCH", "LOGGED"]) => StatementKind::Batch(BatchKind::Logged),
            () => StatementKind::Other,
        }
    }

    /// What a schema statement is about, and its table.
    fn object(&self, at: usize) -> (Object, Option<TableName>) {
        let at = self.after(at, &["CUSTOM"]);
        let (kind, words) = match self.text(at).to_ascii_uppercase().as_str() {
            "KEYSPACE" | "SCHEMA" => (ObjectKind::Keyspace, 1),
            "TABLE" | "COLUMNFAMILY" => (ObjectKind::Table, 1),
            "TYPE" => (ObjectKind::Type, 1),
            "INDEX" => (ObjectKind::Index, 1),
            "MATERIALIZED" if self.is(at + 1, "VIEW") => (ObjectKind::MaterializedView, 2),
            "FUNCTION" => (ObjectKind::Function, 1),
            "AGGREGATE" => (ObjectKind::Aggregate, 1),
            "TRIGGER" => (ObjectKind::Trigger, 1),
            "ROLE" => (ObjectKind::Role, 1),
            "USER" => (ObjectKind::User, 1),
            _ => return (Object { kind: ObjectKind::Other, name: None }, None),
        };
        let at = self.after(self.after(at + words, &["IF", "NOT", "EXISTS"]), &["IF", "EXISTS"]);
        let nameless_index = kind == ObjectKind::Index && self.is(at, "ON");
        let named = (!nameless_index).then(|| self.table_name(at)).flatten();
        let behind = named.as_ref().map_or(at, |(_, behind)| *behind);
        let name = named.map(|(name, _)| name);
        let table = match kind {
            ObjectKind::Table => name.clone(),
            ObjectKind::Index | ObjectKind::Trigger if self.is(behind, "ON") => self.table_at(behind + 1),
            _ => None,
        };
        (Object { kind, name }, table)
    }
}

/// The functions that make one row of many.
const AGGREGATES: &[&str] = &["count", "sum", "avg", "min", "max"];

/// The depth of parentheses, brackets and braces behind the token at `at`, from that before it.
fn deeper(depth: usize, reader: &Reader<'_>, at: usize) -> usize {
    if reader.token_kind(at) != Some(TokenKind::Operator) {
        return depth;
    }
    match reader.text(at) {
        "(" | "[" | "{" => depth + 1,
        ")" | "]" | "}" => depth.saturating_sub(1),
        _ => depth,
    }
}

/// What stands between quotes, doubled ones undone.
pub(crate) fn undouble(text: &str, quote: char) -> String {
    let inner = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)).unwrap_or(text);
    inner.replace(&format!("{quote}{quote}"), &quote.to_string())
}

#[cfg(test)]
mod tests;
