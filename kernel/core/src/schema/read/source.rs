//! The server's tables that hold the schema: their names, and what is asked of them. Plain data; it reads nothing.

use super::super::ddl;

/// A table of the server's that holds a part of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// `system_schema.keyspaces`.
    Keyspaces,
    /// `system_schema.types`.
    Types,
    /// `system_schema.tables`.
    Tables,
    /// `system_schema.views`.
    Views,
    /// `system_schema.columns`.
    Columns,
    /// `system_schema.column_masks`, from Cassandra 5 on.
    Masks,
    /// `system_schema.dropped_columns`.
    Dropped,
    /// `system_schema.indexes`.
    Indexes,
    /// `system_schema.triggers`.
    Triggers,
    /// `system_schema.functions`.
    Functions,
    /// `system_schema.aggregates`.
    Aggregates,
    /// `system_virtual_schema.keyspaces`, from Cassandra 4 on.
    VirtualKeyspaces,
    /// `system_virtual_schema.tables`.
    VirtualTables,
    /// `system_virtual_schema.columns`.
    VirtualColumns,
}

impl Source {
    /// The one that a note on what could not be read begins with.
    pub fn named_in(note: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| note.split(' ').next() == Some(source.table()))
    }

    /// The one of that name.
    pub fn named(table: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.table() == table)
    }

    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Keyspaces,
        Self::Types,
        Self::Tables,
        Self::Views,
        Self::Columns,
        Self::Masks,
        Self::Dropped,
        Self::Indexes,
        Self::Triggers,
        Self::Functions,
        Self::Aggregates,
        Self::VirtualKeyspaces,
        Self::VirtualTables,
        Self::VirtualColumns,
    ];

    /// The table's name.
    pub const fn table(self) -> &'static str {
        match self {
            Self::Keyspaces => "system_schema.keyspaces",
            Self::Types => "system_schema.types",
            Self::Tables => "system_schema.tables",
            Self::Views => "system_schema.views",
            Self::Columns => "system_schema.columns",
            Self::Masks => "system_schema.column_masks",
            Self::Dropped => "system_schema.dropped_columns",
            Self::Indexes => "system_schema.indexes",
            Self::Triggers => "system_schema.triggers",
            Self::Functions => "system_schema.functions",
            Self::Aggregates => "system_schema.aggregates",
            Self::VirtualKeyspaces => "system_virtual_schema.keyspaces",
            Self::VirtualTables => "system_virtual_schema.tables",
            Self::VirtualColumns => "system_virtual_schema.columns",
        }
    }

    /// Whether a server may lack it without anything being missing.
    pub const fn may_lack(self) -> bool {
        matches!(self, Self::Masks | Self::VirtualKeyspaces | Self::VirtualTables | Self::VirtualColumns)
    }

    /// What reads all of it, or what it has of one keyspace.
    pub fn query(self, keyspace: Option<&str>) -> String {
        match keyspace {
            None => format!("SELECT * FROM {}", self.table()),
            Some(name) => {
                format!("SELECT * FROM {} WHERE keyspace_name = {}", self.table(), ddl::text(name))
            }
        }
    }
}
