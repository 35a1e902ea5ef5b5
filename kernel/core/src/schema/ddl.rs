//! The CQL that makes each part of a schema, laid out as Cassandra's own `DESCRIBE` lays it out.
//!
//! Names and literals are quoted here and nowhere else, so that what is printed can be executed. Parts that are written as the server
//! stores them (a view's condition, a mask's arguments) may end a statement early; what is no one statement with them is a
//! comment ([`checked`]).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{
    Aggregate, Column, Function, Index, Keyspace, Mask, OptionValue, Signature, Table, Trigger, View, parts,
};
use crate::column::{CqlType, KeyRole, UdtType};
use crate::cql::comment::{block_comment, line_comment};
use crate::cql::keywords;

/// The options of a table in the order of the server's `DESCRIBE`; others follow by name.
const OPTIONS: [&str; 19] = [
    "additional_write_policy",
    "allow_auto_snapshot",
    "bloom_filter_fp_chance",
    "caching",
    "cdc",
    "comment",
    "compaction",
    "compression",
    "memtable",
    "crc_check_chance",
    "default_time_to_live",
    "extensions",
    "gc_grace_seconds",
    "incremental_backups",
    "max_index_interval",
    "memtable_flush_period_in_ms",
    "min_index_interval",
    "read_repair",
    "speculative_retry",
];

/// What stands before a statement that is none.
const NOT_ONE: &str = "Look at this before you run it: a part of it, written as it is stored, has a `;`, a comment or an open quote.";

/// A statement; what is more than one, or less, is a comment, so that nobody runs what a schema's owner wrote into a part of it.
pub fn checked(cql: String) -> String {
    if parts::is_statement(&cql) { cql } else { line_comment("", &format!("{NOT_ONE}\n{cql}")) }
}

/// A name as CQL must write it: quoted where it is not in lower case or is a reserved word.
pub fn name(name: &str) -> String {
    keywords::quote_name(name)
}

/// A text as a CQL literal.
pub fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `keyspace.name`.
pub fn qualified(keyspace: &str, of: &str) -> String {
    format!("{}.{}", name(keyspace), name(of))
}

/// `keyspace.name` of a user-defined type, which may be called like a type of the language's own.
pub fn qualified_type(keyspace: &str, of: &str) -> String {
    format!("{}.{}", name(keyspace), keywords::quote_type_name(of))
}

/// A map of texts, `class` first where `class_first` says so.
pub fn map(map: &BTreeMap<String, String>, class_first: bool) -> String {
    let (first, rest): (Vec<_>, Vec<_>) = map.iter().partition(|(key, _)| class_first && *key == "class");
    let pairs = first.into_iter().chain(rest).map(|(key, value)| format!("{}: {}", text(key), text(value)));
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
}

impl OptionValue {
    /// The value as CQL writes it.
    pub fn cql(&self) -> String {
        match self {
            Self::Text(value) => text(value),
            Self::Number(value) => value.clone(),
            Self::Flag(value) => value.to_string(),
            Self::Map(value) => map(value, false),
            Self::Bytes(value) => {
                let pairs = value.iter().map(|(key, bytes)| format!("{}: {bytes}", text(key)));
                format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// `replication = {…}  AND durable_writes = …`, as it stands behind `WITH`.
pub fn keyspace_properties(keyspace: &Keyspace) -> String {
    format!(
        "replication = {}  AND durable_writes = {}",
        map(&keyspace.replication, true),
        keyspace.durable_writes
    )
}

/// `CREATE KEYSPACE`.
pub fn keyspace(keyspace: &Keyspace) -> String {
    format!("CREATE KEYSPACE {} WITH {};", name(&keyspace.name), keyspace_properties(keyspace))
}

/// `CREATE TYPE`.
pub fn user_type(keyspace: &str, udt: &UdtType) -> String {
    let fields = udt.fields.iter().map(|(field, ty)| format!("    {} {ty}", name(field)));
    format!(
        "CREATE TYPE {} (\n{}\n);",
        qualified_type(keyspace, &udt.name),
        fields.collect::<Vec<_>>().join(",\n")
    )
}

/// A mask as it stands behind `MASKED WITH`.
pub fn mask(mask: &Mask) -> String {
    let keyspace = mask.keyspace.as_deref().unwrap_or("system");
    let arguments = mask.arguments.iter().map(|argument| argument.as_deref().unwrap_or("null"));
    format!("{}({})", qualified(keyspace, &mask.function), arguments.collect::<Vec<_>>().join(", "))
}

/// A column's definition, e.g. `name text static`.
pub fn column(column: &Column) -> String {
    let mut text = format!("{} {}", name(&column.name), column.cql_type);
    if column.role == Some(KeyRole::Static) {
        text.push_str(" static");
    }
    if let Some(masked) = &column.mask {
        let _ = write!(text, " MASKED WITH {}", mask(masked));
    }
    text
}

/// Columns in the order of a `CREATE TABLE`: keys, static ones, and values of one cell before those of many.
fn in_create_order(table: &Table) -> Vec<&Column> {
    let rank = |column: &Column| match column.role {
        Some(KeyRole::Partition) => 0,
        Some(KeyRole::Clustering) => 1,
        Some(KeyRole::Static) => 2 + u8::from(has_many_cells(&column.cql_type)),
        None => 4 + u8::from(has_many_cells(&column.cql_type)),
    };
    let mut columns: Vec<_> = table.columns.iter().collect();
    columns.sort_by_key(|column| rank(column));
    columns
}

/// Whether each element of a value is stored as a cell of its own.
pub fn has_many_cells(cql_type: &CqlType) -> bool {
    matches!(cql_type, CqlType::List(_) | CqlType::Set(_) | CqlType::Map(..) | CqlType::Udt(_))
}

/// A table as the statement names it that made it: without the columns that `COMPACT STORAGE` adds.
fn as_made(table: &Table) -> Cow<'_, Table> {
    if !table.is_compact() || table.is_of_thrift() {
        return Cow::Borrowed(table);
    }
    let shown = table.columns.iter().filter(|column| !table.hides(column)).cloned();
    let columns =
        shown.map(|column| Column { role: column.role.filter(|role| *role != KeyRole::Static), ..column });
    Cow::Owned(Table { columns: columns.collect(), ..table.clone() })
}

/// `CREATE TABLE`; with `internals` the id and dropped columns too.
pub fn table(keyspace: &str, table: &Table, internals: bool) -> String {
    let table = &*as_made(table);
    let place = qualified(keyspace, &table.name);
    let partition: Vec<_> = table.partition_key().collect();
    let single = partition.len() == 1 && table.clustering().next().is_none();
    let mut lines = Vec::new();
    for known in in_create_order(table) {
        if internals && table.dropped.contains_key(&known.name) {
            continue;
        }
        let key = if single && known.role == Some(KeyRole::Partition) { " PRIMARY KEY" } else { "" };
        lines.push(format!("{}{key}", column(known)));
    }
    let mut after = String::new();
    if internals {
        for (dropped, known) in &table.dropped {
            let shared = if known.is_static { " static" } else { "" };
            let definition = format!("{} {}", name(dropped), known.cql_type);
            lines.push(format!("{definition}{shared}"));
            let at = known.dropped_at;
            let _ = write!(after, "\nALTER TABLE {place} DROP {} USING TIMESTAMP {at};", name(dropped));
            if let Some(again) = table.column(dropped) {
                let _ = write!(after, "\n{}", checked(format!("ALTER TABLE {place} ADD {};", column(again))));
            }
        }
    }
    if !single {
        lines.push(primary_key(table));
    }
    let warning = match (table.is_of_thrift(), table.is_compact()) {
        (true, _) => line_comment("", "Made for Thrift. No statement makes it; this is what it is like."),
        (false, true) => {
            line_comment("", "From Cassandra 4 on, COMPACT STORAGE is deprecated and may be forbidden.")
        }
        (false, false) => String::new(),
    };
    let made = format!(
        "CREATE TABLE {place} (\n    {}\n) WITH {};",
        lines.join(",\n    "),
        properties(table, internals, false)
    );
    format!("{warning}{}{after}", checked(made))
}

/// A virtual table, for reference: nobody can make one.
pub fn virtual_table(keyspace: &str, known: &Table) -> String {
    let place = qualified(keyspace, &known.name);
    let mut known = Table { options: BTreeMap::new(), ..known.clone() };
    let comment = std::mem::take(&mut known.comment);
    let made = table(keyspace, &known, false);
    let body = made.strip_prefix("CREATE").unwrap_or(&made);
    let body = body.strip_suffix("comment = '';").unwrap_or(body);
    block_comment(&format!(
        "Warning: Table {place} is a virtual table and cannot be recreated with CQL.\nStructure, for reference:\nVIRTUAL{body}comment = {};",
        text(&comment)
    ))
}

/// `PRIMARY KEY (…)`.
fn primary_key(table: &Table) -> String {
    let names = |role| table.with_role(role).map(|column| name(&column.name)).collect::<Vec<_>>();
    let partition = names(KeyRole::Partition);
    let partition = match partition.as_slice() {
        [one] => one.clone(),
        several => format!("({})", several.join(", ")),
    };
    let key: Vec<_> = std::iter::once(partition).chain(names(KeyRole::Clustering)).collect();
    format!("PRIMARY KEY ({})", key.join(", "))
}

/// What stands behind `WITH`: the order of clustering columns, and the options.
fn properties(table: &Table, internals: bool, view: bool) -> String {
    let mut lines = Vec::new();
    if internals && !table.id.is_empty() {
        lines.push(format!("ID = {}", table.id));
    }
    if table.is_compact() {
        lines.push("COMPACT STORAGE".to_owned());
    }
    let order: Vec<_> = table
        .clustering()
        .map(|column| format!("{} {}", name(&column.name), if column.descending { "DESC" } else { "ASC" }))
        .collect();
    if !order.is_empty() {
        lines.push(format!("CLUSTERING ORDER BY ({})", order.join(", ")));
    }
    for option in OPTIONS {
        if option == "comment" {
            lines.push(format!("comment = {}", text(&table.comment)));
        } else if let Some(value) = table.options.get(option)
            && !(view && option == "default_time_to_live")
        {
            lines.push(format!("{option} = {}", value.cql()));
        }
    }
    let others = table.options.iter().filter(|(option, _)| !OPTIONS.contains(&option.as_str()));
    lines.extend(others.map(|(option, value)| format!("{} = {}", name(option), value.cql())));
    lines.join("\n    AND ")
}

/// `CREATE INDEX` or `CREATE CUSTOM INDEX`.
pub fn index(keyspace: &str, table: &str, index: &Index) -> String {
    let on = format!("{} ON {} ({})", name(&index.name), qualified(keyspace, table), index.target);
    let mut made = match &index.class {
        None => format!("CREATE INDEX {on}"),
        Some(class) => format!("CREATE CUSTOM INDEX {on} USING {}", text(class)),
    };
    if !index.options.is_empty() {
        let _ = write!(made, " WITH OPTIONS = {}", map(&index.options, false));
    }
    made.push(';');
    checked(made)
}

/// `CREATE TRIGGER`.
pub fn trigger(keyspace: &str, table: &str, trigger: &Trigger) -> String {
    format!(
        "CREATE TRIGGER {} ON {} USING {};",
        name(&trigger.name),
        qualified(keyspace, table),
        text(&trigger.class)
    )
}

/// `CREATE MATERIALIZED VIEW`.
pub fn view(keyspace: &str, view: &View, internals: bool) -> String {
    let selected = if view.all_columns {
        "*".to_owned()
    } else {
        view.table.columns.iter().map(|column| name(&column.name)).collect::<Vec<_>>().join(", ")
    };
    checked(format!(
        "CREATE MATERIALIZED VIEW {} AS\n    SELECT {selected}\n    FROM {}\n    WHERE {}\n    {}\n WITH {};",
        qualified(keyspace, &view.table.name),
        qualified(keyspace, &view.base),
        view.where_clause,
        primary_key(&view.table),
        properties(&view.table, internals, true)
    ))
}

/// A type as an argument or result has it: the server freezes those by itself and refuses the word.
fn unfrozen(cql_type: &CqlType) -> &CqlType {
    match cql_type {
        CqlType::Frozen(inner) => unfrozen(inner),
        other => other,
    }
}

/// `name(type, …)`, as `DROP` takes it and `DESCRIBE` lists it.
pub fn signature(of: &Signature, arguments: &[&CqlType]) -> String {
    let arguments = arguments.iter().map(|argument| unfrozen(argument).to_string());
    format!("{}({})", name(&of.name), arguments.collect::<Vec<_>>().join(", "))
}

/// `CREATE FUNCTION`.
pub fn function(keyspace: &str, signature: &Signature, function: &Function) -> String {
    let arguments =
        function.arguments.iter().map(|(argument, ty)| format!("{} {}", name(argument), unfrozen(ty)));
    let on_null = if function.called_on_null { "CALLED" } else { "RETURNS NULL" };
    let qualities: String = function.qualities.iter().map(|quality| format!("    {quality}\n")).collect();
    let body = &function.body;
    // A dollar at its end would be the first of the two that close it.
    let body = if body.contains("$$") || body.starts_with('$') || body.ends_with('$') {
        text(body)
    } else {
        format!("$${body}$$")
    };
    checked(format!(
        "CREATE FUNCTION {}({})\n    {on_null} ON NULL INPUT\n    RETURNS {}\n{qualities}    LANGUAGE {}\n    AS {body};",
        qualified(keyspace, &signature.name),
        arguments.collect::<Vec<_>>().join(", "),
        unfrozen(&function.returns),
        function.language
    ))
}

/// `CREATE AGGREGATE`.
pub fn aggregate(keyspace: &str, signature: &Signature, aggregate: &Aggregate) -> String {
    let arguments = aggregate.arguments.iter().map(|ty| unfrozen(ty).to_string());
    let mut made = format!(
        "CREATE AGGREGATE {}({})\n    SFUNC {}\n    STYPE {}",
        qualified(keyspace, &signature.name),
        arguments.collect::<Vec<_>>().join(", "),
        name(&aggregate.state_function),
        unfrozen(&aggregate.state_type)
    );
    if let Some(function) = &aggregate.final_function {
        let _ = write!(made, "\n    FINALFUNC {}", name(function));
    }
    if let Some(initial) = &aggregate.initial {
        let _ = write!(made, "\n    INITCOND {initial}");
    }
    made.push(';');
    checked(made)
}

#[cfg(test)]
mod tests;
