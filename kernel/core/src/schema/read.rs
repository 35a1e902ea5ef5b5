//! The schema read from the server's own tables: what is asked for, and what the answers make.
//!
//! Every table is asked for whole, so that what a release added to it is kept as it came and what it lacks is not missed.

mod cells;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::cells::Row;
use super::options::{default_of, is_of_old_and_off};
use super::{
    Aggregate, Column, DroppedColumn, Function, Grant, Index, IndexKind, Keyspace, KeyspaceKind, Mask,
    NO_FLAG, Role, Signature, Table, Trigger, View, ddl, types,
};
use crate::column::{KeyRole, UdtType};
use crate::page::Page;

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
    /// Whether a note on what could not be read is of one of them, and so of objects of the schema.
    pub fn is_named_in(note: &str) -> bool {
        Self::ALL.iter().any(|source| note.starts_with(source.table()))
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
                format!("SELECT * FROM {} WHERE keyspace_name = '{}'", self.table(), name.replace('\'', "''"))
            }
        }
    }
}

/// Columns of `tables` and `views` that are no options of a table.
const NO_OPTIONS: [&str; 10] = [
    "keyspace_name",
    "table_name",
    "view_name",
    "base_table_id",
    "base_table_name",
    "where_clause",
    "include_all_columns",
    "id",
    "flags",
    "comment",
];

/// A name in a keyspace.
type Place = (String, String);

/// A column's place in its table: its role's order, its position in the key, its name.
type Order = (u8, i32, String);

/// Collects the answers.
#[derive(Debug, Default)]
pub struct Reader {
    keyspaces: BTreeMap<String, Keyspace>,
    tables: BTreeMap<Place, Table>,
    views: BTreeMap<Place, View>,
    columns: BTreeMap<Place, BTreeMap<Order, Column>>,
    masks: BTreeMap<Place, BTreeMap<String, Mask>>,
    table_options: BTreeSet<String>,
    notes: Vec<String>,
    left_out: usize,
}

impl Reader {
    /// Takes one page of a source. A row that cannot be read is left out, and counted in the notes.
    pub fn take(&mut self, source: Source, page: &dyn Page) {
        if source == Source::Tables {
            let names = page.columns().iter().map(|column| &column.name);
            self.table_options.extend(names.filter(|name| !NO_OPTIONS.contains(&name.as_str())).cloned());
        }
        let read = cells::visit(page, |row| {
            let taken = match source {
                Source::Keyspaces => self.keyspace(row, KeyspaceKind::User),
                Source::VirtualKeyspaces => self.keyspace(row, KeyspaceKind::Virtual),
                Source::Types => self.user_type(row),
                Source::Tables | Source::VirtualTables => self.table(row),
                Source::Views => self.view(row),
                Source::Columns | Source::VirtualColumns => self.column(row),
                Source::Masks => self.mask(row),
                Source::Dropped => self.dropped(row),
                Source::Indexes => self.index(row),
                Source::Triggers => self.trigger(row),
                Source::Functions => self.function(row),
                Source::Aggregates => self.aggregate(row),
            };
            if taken.is_none() {
                self.left_out += 1;
            }
        });
        if !read {
            self.note(format!("A part of {} could not be read.", source.table()));
        }
    }

    /// The options that the server's tables have, of the pages that were taken.
    pub fn table_options(&self) -> BTreeSet<String> {
        self.table_options.clone()
    }

    /// Says what is missing.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    fn keyspace(&mut self, row: &Row<'_>, kind: KeyspaceKind) -> Option<()> {
        let name = row.text("keyspace_name")?;
        let keyspace = self.open(&name);
        keyspace.kind = match kind {
            KeyspaceKind::User => KeyspaceKind::of(&name),
            kind => kind,
        };
        keyspace.durable_writes = row.flag("durable_writes").unwrap_or(true);
        keyspace.replication = row.map("replication").unwrap_or_default();
        // The server has the class with its package, and takes and prints it without.
        if let Some(class) = keyspace.replication.get_mut("class")
            && let Some(short) = class.strip_prefix("org.apache.cassandra.locator.")
        {
            *class = short.to_owned();
        }
        Some(())
    }

    /// The keyspace of that name, made where it is not known yet.
    fn open(&mut self, name: &str) -> &mut Keyspace {
        self.keyspaces.entry(name.to_owned()).or_insert_with(|| Keyspace {
            name: name.to_owned(),
            kind: KeyspaceKind::of(name),
            durable_writes: true,
            ..Keyspace::default()
        })
    }

    fn user_type(&mut self, row: &Row<'_>) -> Option<()> {
        let (keyspace, name) = (row.text("keyspace_name")?, row.text("type_name")?);
        let fields = row.texts("field_names")?.into_iter().zip(row.texts("field_types")?);
        let fields = fields.map(|(field, text)| (field, types::parse(&text, &keyspace))).collect();
        let definition = UdtType { keyspace: keyspace.clone(), name: name.clone(), fields };
        self.open(&keyspace).types.insert(name, definition);
        Some(())
    }

    fn table(&mut self, row: &Row<'_>) -> Option<()> {
        let (keyspace, name) = (row.text("keyspace_name")?, row.text("table_name")?);
        let table = properties(row, name.clone());
        self.tables.insert((keyspace, name), table);
        Some(())
    }

    fn view(&mut self, row: &Row<'_>) -> Option<()> {
        let (keyspace, name) = (row.text("keyspace_name")?, row.text("view_name")?);
        let view = View {
            base: row.text("base_table_name")?,
            all_columns: row.flag("include_all_columns")?,
            where_clause: row.text("where_clause")?,
            table: properties(row, name.clone()),
        };
        self.views.insert((keyspace, name), view);
        Some(())
    }

    fn column(&mut self, row: &Row<'_>) -> Option<()> {
        let (keyspace, name) = (row.text("keyspace_name")?, row.text("column_name")?);
        let (order, role) = match row.text("kind")?.as_str() {
            "partition_key" => (0, Some(KeyRole::Partition)),
            "clustering" => (1, Some(KeyRole::Clustering)),
            "static" => (2, Some(KeyRole::Static)),
            _ => (3, None),
        };
        let position = row.text("position")?.parse().ok()?;
        let column = Column {
            name: name.clone(),
            cql_type: types::parse(&row.text("type")?, &keyspace),
            role,
            descending: row.text("clustering_order").is_some_and(|order| order.eq_ignore_ascii_case("desc")),
            mask: None,
        };
        let place = (keyspace, row.text("table_name")?);
        self.columns.entry(place).or_default().insert((order, position, name), column);
        Some(())
    }

    fn mask(&mut self, row: &Row<'_>) -> Option<()> {
        let keyspace = row.text("function_keyspace").filter(|keyspace| keyspace != "system");
        let values = row.texts("function_argument_values").unwrap_or_default();
        let nulls = row.texts("function_argument_nulls").unwrap_or_default();
        let kinds = row.texts("function_argument_types").unwrap_or_default();
        let nulls =
            nulls.iter().map(|null| null.eq_ignore_ascii_case("true")).chain(std::iter::repeat(false));
        let kinds = kinds.into_iter().map(Some).chain(std::iter::repeat(None));
        let arguments = values.into_iter().zip(nulls).zip(kinds).map(|((value, null), kind)| {
            // The server stores the value, not the literal: a quote at its beginning is the value's own.
            let literal = match kind.as_deref() {
                Some("text" | "varchar" | "ascii" | "date" | "time" | "timestamp" | "inet") => {
                    ddl::text(&value)
                }
                _ => value,
            };
            (!null).then_some(literal)
        });
        let mask = Mask { keyspace, function: row.text("function_name")?, arguments: arguments.collect() };
        let place = (row.text("keyspace_name")?, row.text("table_name")?);
        self.masks.entry(place).or_default().insert(row.text("column_name")?, mask);
        Some(())
    }

    fn dropped(&mut self, row: &Row<'_>) -> Option<()> {
        let place = (row.text("keyspace_name")?, row.text("table_name")?);
        let dropped = DroppedColumn {
            cql_type: types::parse(&row.text("type")?, &place.0),
            is_static: row.text("kind").is_some_and(|kind| kind == "static"),
            dropped_at: row.timestamp("dropped_time")?.checked_mul(1000)?,
        };
        self.tables.get_mut(&place)?.dropped.insert(row.text("column_name")?, dropped);
        Some(())
    }

    fn index(&mut self, row: &Row<'_>) -> Option<()> {
        let place = (row.text("keyspace_name")?, row.text("table_name")?);
        let name = row.text("index_name")?;
        let mut options = row.map("options")?;
        let class = options.remove("class_name");
        let target = options.remove("target").unwrap_or_default();
        let kind = IndexKind::of(class.as_deref());
        let index = Index { name: name.clone(), kind, class, target, options };
        self.tables.get_mut(&place)?.indexes.insert(name, index);
        Some(())
    }

    fn trigger(&mut self, row: &Row<'_>) -> Option<()> {
        let place = (row.text("keyspace_name")?, row.text("table_name")?);
        let name = row.text("trigger_name")?;
        let class = row.map("options")?.remove("class")?;
        self.tables.get_mut(&place)?.triggers.insert(name.clone(), Trigger { name, class });
        Some(())
    }

    fn function(&mut self, row: &Row<'_>) -> Option<()> {
        let (keyspace, name) = (row.text("keyspace_name")?, row.text("function_name")?);
        let kinds = row.texts("argument_types")?;
        let names = row.texts("argument_names")?;
        let arguments =
            names.into_iter().zip(kinds.iter().map(|text| types::parse(text, &keyspace))).collect();
        let flag = |name: &str, word: &str| row.flag(name).unwrap_or(false).then(|| word.to_owned());
        let mut qualities: Vec<_> = flag("deterministic", "DETERMINISTIC")
            .into_iter()
            .chain(flag("monotonic", "MONOTONIC"))
            .collect();
        let on = row.texts("monotonic_on").unwrap_or_default();
        qualities.extend(on.first().map(|argument| format!("MONOTONIC ON {}", ddl::name(argument))));
        let function = Function {
            arguments,
            returns: types::parse(&row.text("return_type")?, &keyspace),
            language: row.text("language")?,
            body: row.text("body")?,
            called_on_null: row.flag("called_on_null_input")?,
            qualities,
        };
        let signature = Signature { name, arguments: kinds };
        self.open(&keyspace).functions.insert(signature, function);
        Some(())
    }

    fn aggregate(&mut self, row: &Row<'_>) -> Option<()> {
        let (keyspace, name) = (row.text("keyspace_name")?, row.text("aggregate_name")?);
        let kinds = row.texts("argument_types")?;
        let aggregate = Aggregate {
            arguments: kinds.iter().map(|text| types::parse(text, &keyspace)).collect(),
            returns: types::parse(&row.text("return_type")?, &keyspace),
            state_function: row.text("state_func")?,
            state_type: types::parse(&row.text("state_type")?, &keyspace),
            final_function: row.text("final_func"),
            initial: row.text("initcond"),
        };
        self.open(&keyspace).aggregates.insert(Signature { name, arguments: kinds }, aggregate);
        Some(())
    }

    /// The keyspaces that were read, and what is missing of them.
    pub fn finish(mut self) -> (BTreeMap<String, Arc<Keyspace>>, Vec<String>) {
        if self.left_out > 0 {
            self.notes.push(format!("{} rows of the schema could not be read.", self.left_out));
        }
        let mut columns = std::mem::take(&mut self.columns);
        let mut masks = std::mem::take(&mut self.masks);
        let mut of = |place: &Place| {
            let mut masks = masks.remove(place).unwrap_or_default();
            let columns = columns.remove(place).unwrap_or_default().into_values();
            columns.map(|column| Column { mask: masks.remove(&column.name), ..column }).collect::<Vec<_>>()
        };
        for (place, mut table) in std::mem::take(&mut self.tables) {
            table.columns = of(&place);
            self.open(&place.0).tables.insert(place.1, table);
        }
        for (place, mut view) in std::mem::take(&mut self.views) {
            view.table.columns = of(&place);
            self.open(&place.0).views.insert(place.1, view);
        }
        // Where `tables` may not be read, the columns still tell which there are.
        for (place, columns) in columns {
            let table =
                Table { name: place.1.clone(), columns: columns.into_values().collect(), ..Table::default() };
            self.open(&place.0).tables.insert(place.1, table);
        }
        let keyspaces = self.keyspaces.into_iter().map(|(name, mut keyspace)| {
            keyspace.resolve();
            (name, Arc::new(keyspace))
        });
        (keyspaces.collect(), self.notes)
    }
}

impl Keyspace {
    /// Gives all user-defined types in it the fields that its types have.
    pub fn resolve(&mut self) {
        let mut known = std::mem::take(&mut self.types);
        let left = &mut { types::ALL_PARTS };
        types::resolve_all(&mut known, left);
        let tables = self.tables.values_mut().chain(self.views.values_mut().map(|view| &mut view.table));
        for table in tables {
            table.columns.iter_mut().for_each(|column| types::resolve(&mut column.cql_type, &known, left));
            table.dropped.values_mut().for_each(|column| types::resolve(&mut column.cql_type, &known, left));
        }
        for function in self.functions.values_mut() {
            function.arguments.iter_mut().for_each(|(_, argument)| types::resolve(argument, &known, left));
            types::resolve(&mut function.returns, &known, left);
        }
        for aggregate in self.aggregates.values_mut() {
            aggregate.arguments.iter_mut().for_each(|argument| types::resolve(argument, &known, left));
            types::resolve(&mut aggregate.returns, &known, left);
            types::resolve(&mut aggregate.state_type, &known, left);
        }
        self.types = known;
    }
}

/// What a row of `tables` or `views` says of a table but its columns.
fn properties(row: &Row<'_>, name: String) -> Table {
    let mut options = BTreeMap::new();
    for (option, ty) in row.columns().filter(|(name, _)| !NO_OPTIONS.contains(name)) {
        let value = row.option(option, ty).or_else(|| default_of(option));
        if let Some(value) = value.filter(|value| !is_of_old_and_off(option, value)) {
            options.insert(option.to_owned(), value);
        }
    }
    let mut flags: BTreeSet<_> = row.texts("flags").unwrap_or_default().into_iter().collect();
    if flags.is_empty() && row.columns().any(|(column, _)| column == "flags") {
        flags.insert(NO_FLAG.to_owned());
    }
    Table {
        name,
        options,
        flags,
        comment: row.text("comment").unwrap_or_default(),
        id: row.text("id").unwrap_or_default(),
        ..Table::default()
    }
}

/// Hands out the texts of one column of an answer.
pub fn texts(page: &dyn Page, column: &str, mut each: impl FnMut(String)) {
    cells::visit(page, |row| row.text(column).into_iter().for_each(&mut each));
}

/// The roles of an answer to `LIST ROLES`.
pub fn roles(page: &dyn Page, roles: &mut BTreeMap<String, Role>) {
    cells::visit(page, |row| {
        if let Some(name) = row.text("role") {
            let role = Role {
                login: row.flag("login").unwrap_or(false),
                superuser: row.flag("super").unwrap_or(false),
            };
            roles.insert(name, role);
        }
    });
}

/// The permissions of an answer to `LIST ALL PERMISSIONS`.
pub fn grants(page: &dyn Page, grants: &mut BTreeSet<Grant>) {
    cells::visit(page, |row| {
        let grant = (|| {
            Some(Grant {
                role: row.text("role")?,
                resource: row.text("resource")?,
                permission: row.text("permission")?,
            })
        })();
        grants.extend(grant);
    });
}

#[cfg(test)]
mod tests;
