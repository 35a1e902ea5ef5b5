//! The schema read from the server's own tables: what is asked for, and what the answers make.
//!
//! Every table is asked for whole, so that what a release added to it is kept as it came and what it lacks is not missed.

mod cells;
mod room;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::cells::Row;
use self::room::Room;
pub use self::source::Source;
use super::options::{default_of, is_of_old_and_off};
use super::{
    Aggregate, Column, DroppedColumn, Function, Grant, Index, IndexKind, Keyspace, KeyspaceKind, Mask,
    NO_FLAG, Role, Signature, Table, Trigger, View, ddl, types,
};
use crate::column::{CqlType, KeyRole, UdtType};
use crate::page::Page;

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
    /// Tables and views of which some column could not be read.
    broken: BTreeSet<Place>,
    table_options: BTreeSet<String>,
    /// Sources that were not read to their end.
    lacking: BTreeSet<Source>,
    /// Those, and sources of which a row could not be read.
    unread: BTreeSet<Source>,
    notes: Vec<String>,
    left_out: usize,
    room: Room,
}

/// What the answers made.
#[derive(Debug)]
pub struct Read {
    /// The keyspaces. What of them is not known for certain is left out: a table of which a column or the key is not known
    /// would be taken for one without it.
    pub keyspaces: BTreeMap<String, Arc<Keyspace>>,
    /// The sources of what is left out.
    pub unread: BTreeSet<Source>,
    /// What is left out, each in a sentence.
    pub notes: Vec<String>,
    /// Whether answers contradict each other: the schema was changed between them.
    pub torn: bool,
}

impl Reader {
    /// Whether there is room for a page that has just come. What there is no room for is not to be kept: see [`Reader::lacks`].
    pub fn admits(&mut self, source: Source, page: &dyn Page) -> bool {
        self.room.admits(source, page.rows(), page.size_bytes())
    }

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
                Source::Columns | Source::VirtualColumns => self.column(row, source),
                Source::Masks => self.mask(row),
                Source::Dropped => self.dropped(row),
                Source::Indexes => self.index(row),
                Source::Triggers => self.trigger(row),
                Source::Functions => self.function(row),
                Source::Aggregates => self.aggregate(row),
            };
            if taken.is_none() {
                self.left_out += 1;
                self.unread.insert(source);
            }
        });
        if !read {
            self.lacks(source, "a part of it is no page of rows");
        }
    }

    /// The options that the server's tables have, of the pages that were taken.
    pub fn table_options(&self) -> BTreeSet<String> {
        self.table_options.clone()
    }

    /// A source could not be read, or not to its end.
    pub fn lacks(&mut self, source: Source, why: &str) {
        self.lacking.insert(source);
        self.unread.insert(source);
        self.notes.push(format!("{} could not be read: {why}", source.table()));
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

    /// The type that a text is; `None` where there is no room for its parts.
    fn parse(&mut self, text: &str, keyspace: &str) -> Option<CqlType> {
        types::parse_within(text, keyspace, &mut self.room.type_parts)
    }

    fn user_type(&mut self, row: &Row<'_>) -> Option<()> {
        let (keyspace, name) = (row.text("keyspace_name")?, row.text("type_name")?);
        let fields = row.texts("field_names")?.into_iter().zip(row.texts("field_types")?);
        let mut typed = |(field, text): (String, String)| Some((field, self.parse(&text, &keyspace)?));
        let fields = fields.map(&mut typed).collect::<Option<_>>()?;
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

    fn column(&mut self, row: &Row<'_>, source: Source) -> Option<()> {
        let Some(place) = row.text("keyspace_name").zip(row.text("table_name")) else {
            // It may be of any table.
            self.lacking.insert(source);
            return None;
        };
        let Some((order, column)) = self.placed(row, &place.0) else {
            self.broken.insert(place);
            return None;
        };
        self.columns.entry(place).or_default().insert(order, column);
        Some(())
    }

    /// A column and its place in its table.
    fn placed(&mut self, row: &Row<'_>, keyspace: &str) -> Option<(Order, Column)> {
        let name = row.text("column_name")?;
        let (order, role) = match row.text("kind")?.as_str() {
            "partition_key" => (0, Some(KeyRole::Partition)),
            "clustering" => (1, Some(KeyRole::Clustering)),
            "static" => (2, Some(KeyRole::Static)),
            _ => (3, None),
        };
        let position = row.text("position")?.parse().ok()?;
        let column = Column {
            name: name.clone(),
            cql_type: self.parse(&row.text("type")?, keyspace)?,
            role,
            descending: row.text("clustering_order").is_some_and(|order| order.eq_ignore_ascii_case("desc")),
            mask: None,
        };
        Some(((order, position, name), column))
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
            cql_type: self.parse(&row.text("type")?, &place.0)?,
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
        let typed = |(name, text): (String, &String)| Some((name, self.parse(text, &keyspace)?));
        let arguments = names.into_iter().zip(&kinds).map(typed).collect::<Option<_>>()?;
        let flag = |name: &str, word: &str| row.flag(name).unwrap_or(false).then(|| word.to_owned());
        let mut qualities: Vec<_> = flag("deterministic", "DETERMINISTIC")
            .into_iter()
            .chain(flag("monotonic", "MONOTONIC"))
            .collect();
        let on = row.texts("monotonic_on").unwrap_or_default();
        qualities.extend(on.first().map(|argument| format!("MONOTONIC ON {}", ddl::name(argument))));
        let function = Function {
            arguments,
            returns: self.parse(&row.text("return_type")?, &keyspace)?,
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
            arguments: kinds.iter().map(|text| self.parse(text, &keyspace)).collect::<Option<_>>()?,
            returns: self.parse(&row.text("return_type")?, &keyspace)?,
            state_function: row.text("state_func")?,
            state_type: self.parse(&row.text("state_type")?, &keyspace)?,
            final_function: row.text("final_func"),
            initial: row.text("initcond"),
        };
        self.open(&keyspace).aggregates.insert(Signature { name, arguments: kinds }, aggregate);
        Some(())
    }

    /// Puts together what was read.
    pub fn finish(mut self) -> Read {
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
        let (mut torn, mut without) = (false, 0);
        for (place, mut table) in std::mem::take(&mut self.tables) {
            table.columns = of(&place);
            if self.is_whole(&place, &table, &mut torn) {
                self.open(&place.0).tables.insert(place.1, table);
            } else {
                without += 1;
            }
        }
        for (place, mut view) in std::mem::take(&mut self.views) {
            view.table.columns = of(&place);
            if self.is_whole(&place, &view.table, &mut torn) {
                self.open(&place.0).views.insert(place.1, view);
            } else {
                without += 1;
            }
        }
        // Where `tables` may not be read, the columns still tell which there are.
        for (place, columns) in columns {
            let table =
                Table { name: place.1.clone(), columns: columns.into_values().collect(), ..Table::default() };
            if self.unread.contains(&Source::Tables) && self.is_whole(&place, &table, &mut torn) {
                self.open(&place.0).tables.insert(place.1, table);
            }
        }
        if without > 0 {
            self.notes
                .push(format!("The columns of {without} tables could not be read, and they are left out."));
        }
        let left = &mut { types::ALL_PARTS };
        let keyspaces = self.keyspaces.into_iter().map(|(name, mut keyspace)| {
            keyspace.resolve_within(left);
            (name, Arc::new(keyspace))
        });
        Read { keyspaces: keyspaces.collect(), unread: self.unread, notes: self.notes, torn }
    }

    /// Whether all columns of a table are known; what is not is of a source that was not read.
    fn is_whole(&mut self, place: &Place, table: &Table, torn: &mut bool) -> bool {
        let source = match self.open(&place.0).kind {
            KeyspaceKind::Virtual => Source::VirtualColumns,
            _ => Source::Columns,
        };
        let has_key = table.partition_key().next().is_some();
        let is_read = !self.lacking.contains(&source) && !self.broken.contains(place);
        if has_key && is_read {
            return true;
        }
        self.unread.insert(source);
        // Rows that are not there, of a source that was read: the table was made or dropped meanwhile.
        *torn |= is_read;
        false
    }
}

impl Keyspace {
    /// Gives all user-defined types in it the fields that its types have.
    pub fn resolve(&mut self) {
        self.resolve_within(&mut { types::ALL_PARTS });
    }

    /// The same for as long as `left` of a schema's parts lasts.
    pub(super) fn resolve_within(&mut self, left: &mut usize) {
        let mut known = std::mem::take(&mut self.types);
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
