//! What a CQL statement is, as far as its text alone tells.
//!
//! No schema is consulted: where the text leaves a doubt, the careful answer is given.

use crate::cell::Statement;

/// A table's name as a statement gives it, unquoted (bare names in lower case).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableName {
    /// The keyspace, where it is written.
    pub keyspace: Option<String>,
    /// The table (or view, type, index: whatever the statement names).
    pub name: String,
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
    pub(crate) idempotent: bool,
}

impl Statement {
    /// Reads one statement on its own, e.g. one of a file. Spans count from the start of `text`.
    ///
    /// The text is taken as one statement whatever it holds; a final `;` is dropped.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            span: crate::text::Span::new(0, text.len()),
            into: None,
            kind: StatementKind::Empty,
            binds: Vec::new(),
            positional_binds: Vec::new(),
            facts: Facts::default(),
        }
    }

    /// Whether it only reads: `SELECT`, `LIST`, `DESCRIBE`, and `USE`, which changes nothing in the database.
    pub fn is_read(&self) -> bool {
        use StatementKind::{Describe, Empty, List, Select, Use};
        matches!(self.kind, Select(_) | List | Describe | Use(_) | Empty)
    }

    /// Whether it creates, alters or drops a part of the schema (roles and users are none).
    pub fn is_schema_change(&self) -> bool {
        use ObjectKind::{Other, Role, User};
        use StatementKind::{Alter, Create, Drop};
        match &self.kind {
            Create(object) | Alter(object) | Drop(object) => !matches!(object.kind, Role | User | Other),
            _ => false,
        }
    }

    /// Whether it creates, alters or drops a keyspace.
    pub fn changes_keyspaces(&self) -> bool {
        use StatementKind::{Alter, Create, Drop};
        matches!(&self.kind, Create(object) | Alter(object) | Drop(object) if object.kind == ObjectKind::Keyspace)
    }

    /// Whether sending it twice does the same as sending it once. Where the text leaves a doubt, no.
    pub fn is_idempotent(&self) -> bool {
        self.facts.idempotent
    }

    /// The table it is about, as (keyspace where written, table), both unquoted: of `SELECT`, `INSERT`, `UPDATE`,
    /// `DELETE`, `TRUNCATE`, and of schema statements about a table or one of its indexes.
    pub fn table(&self) -> Option<(Option<&str>, &str)> {
        self.facts.table.as_ref().map(|table| (table.keyspace.as_deref(), table.name.as_str()))
    }

    /// Where in the cell the server means by "line `line`:`column`" of its syntax errors: lines from one,
    /// columns in UTF-16 units from zero. The span covers the token there, or is empty at the end.
    pub fn server_position(&self, line: usize, column: usize) -> crate::text::Span {
        let _ = (line, column);
        self.span
    }

    /// A line of the statement that looks like a magic (`%show …`), because the `;` before it is missing.
    pub fn swallowed_magic(&self) -> Option<crate::text::Span> {
        None
    }
}
