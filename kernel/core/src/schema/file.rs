//! A snapshot's file: JSON that people can read and compare, with its version first.
//!
//! What a later version adds is not known here, so a file of a later version is refused, not half read.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    Aggregate, Column, DroppedColumn, Function, Index, IndexKind, Keyspace, KeyspaceKind, Mask, NO_FLAG,
    OptionValue, Origin, Schema, Signature, Table, Trigger, View, parts, read::Source, types,
};
use crate::column::{CqlType, KeyRole, UdtType};

/// The version of the form that is written.
pub const VERSION: u64 = 1;
/// The member that says so, and that a file is a snapshot.
const MARK: &str = "cqlbook_snapshot";

/// A schema that was saved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Its name.
    pub name: String,
    /// When it was saved, as RFC 3339 has it.
    pub saved: String,
    /// The connection that it is of, as the user calls it.
    pub connection: String,
    /// The one keyspace that it holds; otherwise all that users made.
    pub keyspace: Option<String>,
    /// The schema.
    pub schema: Schema,
}

/// Why a file is no snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is nothing in it.
    #[error("It is empty.")]
    Empty,
    /// It is JSON up to an end that is none.
    #[error("It ends in line {0}, in the middle: it was cut short.")]
    CutShort(usize),
    /// It is no JSON.
    #[error("It is not JSON: {0}.")]
    NotJson(String),
    /// It is JSON of something else.
    #[error("It is not a snapshot: it does not say `{MARK}`.")]
    NotASnapshot,
    /// It was written by a later release.
    #[error("It has form {0}, and this release reads form {VERSION} and before.")]
    TooNew(u64),
    /// A part of it does not fit.
    #[error("{0} does not fit its form.")]
    Part(String),
}

impl Snapshot {
    /// The file's text.
    pub fn write(&self) -> String {
        let origin = &self.schema.origin;
        let keyspaces: Map<_, _> = self
            .schema
            .keyspaces
            .iter()
            .map(|(name, keyspace)| (name.clone(), write_keyspace(keyspace)))
            .collect();
        let value = json!({
            MARK: VERSION,
            "name": self.name,
            "saved": self.saved,
            "connection": self.connection,
            "keyspace": self.keyspace,
            "cluster": {
                "name": origin.cluster,
                "release": origin.release,
                "cql_version": origin.cql_version,
                "partitioner": origin.partitioner,
                "astra": origin.astra,
                "data_centers": origin.data_centers,
                "table_options": origin.table_options,
            },
            "unread": self.schema.unread.iter().map(|source| source.table()).collect::<Vec<_>>(),
            "notes": self.schema.notes,
            "keyspaces": keyspaces,
        });
        let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn read(text: &str) -> Result<Self, FileError> {
        // Editors on Windows put a mark of the encoding in front.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Err(FileError::Empty);
        }
        let value: Value = serde_json::from_str(text).map_err(|error| {
            if error.is_eof() {
                FileError::CutShort(error.line())
            } else {
                FileError::NotJson(error.to_string())
            }
        })?;
        match value.get(MARK).and_then(Value::as_u64) {
            None => return Err(FileError::NotASnapshot),
            Some(version) if version > VERSION => return Err(FileError::TooNew(version)),
            Some(_) => {}
        }
        let string = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let cluster = &value["cluster"];
        let centers = cluster["data_centers"].as_object().cloned().unwrap_or_default();
        let centers = centers
            .into_iter()
            .filter_map(|(name, nodes)| Some((name, usize::try_from(nodes.as_u64()?).ok()?)));
        let origin = Origin {
            cluster: string(cluster, "name"),
            release: string(cluster, "release"),
            cql_version: string(cluster, "cql_version"),
            partitioner: string(cluster, "partitioner"),
            astra: cluster["astra"].as_bool().unwrap_or_default(),
            data_centers: centers.collect(),
            table_options: strings(&cluster["table_options"]).into_iter().collect(),
        };
        let (mut keyspaces, left) = (BTreeMap::new(), &mut { types::ALL_PARTS });
        for (name, part) in members(&value, "keyspaces") {
            let mut keyspace = read_keyspace(name, part).map_err(FileError::Part)?;
            keyspace.resolve_within(left);
            keyspaces.insert(name.clone(), Arc::new(keyspace));
        }
        let notes = strings(&value["notes"]);
        // Earlier releases said it in the notes alone.
        let unread = match value.get("unread") {
            Some(named) => strings(named).iter().filter_map(|table| Source::named(table)).collect(),
            None => notes.iter().filter_map(|note| Source::named_in(note)).collect(),
        };
        let schema = Schema { origin, keyspaces, unread, notes, ..Schema::default() };
        Ok(Self {
            name: string(&value, "name"),
            saved: string(&value, "saved"),
            connection: string(&value, "connection"),
            keyspace: value["keyspace"].as_str().map(str::to_owned),
            schema,
        })
    }
}

/// The members of an object inside an object; none where it is not there.
fn members<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flatten()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn string_map(value: &Value) -> BTreeMap<String, String> {
    let pairs = value.as_object().into_iter().flatten();
    pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn write_keyspace(keyspace: &Keyspace) -> Value {
    let fields = |udt: &UdtType| {
        let fields = udt.fields.iter();
        fields.map(|(name, ty)| json!({"name": name, "type": ty.to_string()})).collect::<Vec<_>>()
    };
    let functions = keyspace.functions.iter().map(|(signature, function)| {
        let arguments = function.arguments.iter().zip(&signature.arguments);
        let arguments: Vec<_> = arguments.map(|((name, _), ty)| json!({"name": name, "type": ty})).collect();
        json!({
            "name": signature.name, "arguments": arguments, "returns": function.returns.to_string(),
            "language": function.language, "body": function.body,
            "called_on_null": function.called_on_null, "qualities": function.qualities,
        })
    });
    let aggregates = keyspace.aggregates.iter().map(|(signature, aggregate)| {
        json!({
            "name": signature.name, "arguments": signature.arguments, "returns": aggregate.returns.to_string(),
            "state_function": aggregate.state_function, "state_type": aggregate.state_type.to_string(),
            "final_function": aggregate.final_function, "initial": aggregate.initial,
        })
    });
    let views = keyspace.views.iter().map(|(name, view)| {
        let view = json!({
            "base": view.base, "all_columns": view.all_columns, "where": view.where_clause,
            "table": write_table(&view.table),
        });
        (name.clone(), view)
    });
    json!({
        "kind": match keyspace.kind {
            KeyspaceKind::User => "user",
            KeyspaceKind::System => "system",
            KeyspaceKind::Virtual => "virtual",
        },
        "replication": keyspace.replication,
        "durable_writes": keyspace.durable_writes,
        "types": keyspace.types.iter().map(|(name, udt)| (name.clone(), json!(fields(udt)))).collect::<Map<_, _>>(),
        "functions": functions.collect::<Vec<_>>(),
        "aggregates": aggregates.collect::<Vec<_>>(),
        "tables": keyspace.tables.iter().map(|(name, table)| (name.clone(), write_table(table))).collect::<Map<_, _>>(),
        "views": views.collect::<Map<_, _>>(),
    })
}

fn write_table(table: &Table) -> Value {
    let columns = table.columns.iter().map(|column| {
        let mut value = json!({"name": column.name, "type": column.cql_type.to_string()});
        let role = match column.role {
            Some(KeyRole::Partition) => Some("partition"),
            Some(KeyRole::Clustering) => Some("clustering"),
            Some(KeyRole::Static) => Some("static"),
            None => None,
        };
        if let Some(role) = role {
            value["role"] = json!(role);
        }
        if column.descending {
            value["descending"] = json!(true);
        }
        if let Some(mask) = &column.mask {
            value["mask"] =
                json!({"keyspace": mask.keyspace, "function": mask.function, "arguments": mask.arguments});
        }
        value
    });
    let options = table.options.iter().map(|(name, value)| {
        let value = match value {
            OptionValue::Text(text) => json!(text),
            OptionValue::Flag(flag) => json!(flag),
            OptionValue::Map(map) => json!(map),
            OptionValue::Number(number) => json!({"number": number}),
            OptionValue::Bytes(bytes) => json!({"bytes": bytes}),
        };
        (name.clone(), value)
    });
    let indexes = table.indexes.iter().map(|(name, index)| {
        let index = json!({"class": index.class, "target": index.target, "options": index.options});
        (name.clone(), index)
    });
    let dropped = table.dropped.iter().map(|(name, dropped)| {
        let value = json!({
            "type": dropped.cql_type.to_string(), "static": dropped.is_static, "at": dropped.dropped_at,
        });
        (name.clone(), value)
    });
    let triggers = table.triggers.iter().map(|(name, trigger)| (name.clone(), json!(trigger.class)));
    json!({
        "columns": columns.collect::<Vec<_>>(),
        "comment": table.comment,
        "indexes": indexes.collect::<Map<_, _>>(),
        "triggers": triggers.collect::<Map<_, _>>(),
        "options": options.collect::<Map<_, _>>(),
        "flags": table.flags,
        "id": table.id,
        "dropped": dropped.collect::<Map<_, _>>(),
    })
}

/// A part of a file inside a part, for the words of an error.
type Part<T> = Result<T, String>;

fn text(value: &Value, key: &str, within: &str) -> Part<String> {
    value[key].as_str().map(str::to_owned).ok_or_else(|| format!("`{key}` of {within}"))
}

/// A part that goes into statements as it stands: only what is of its own kind.
fn part(text: &str, is_one: fn(&str) -> bool, key: &str, within: &str) -> Part<String> {
    if is_one(text) { Ok(text.to_owned()) } else { Err(format!("`{key}` of {within}")) }
}

fn is_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn read_type(value: &Value, key: &str, keyspace: &str, within: &str) -> Part<CqlType> {
    text(value, key, within).map(|text| types::parse(&text, keyspace))
}

fn read_keyspace(name: &str, value: &Value) -> Part<Keyspace> {
    let within = format!("the keyspace {name}");
    let mut keyspace = Keyspace {
        name: name.to_owned(),
        kind: match value["kind"].as_str() {
            Some("system") => KeyspaceKind::System,
            Some("virtual") => KeyspaceKind::Virtual,
            _ => KeyspaceKind::User,
        },
        replication: string_map(&value["replication"]),
        durable_writes: value["durable_writes"].as_bool().unwrap_or(true),
        ..Keyspace::default()
    };
    for (udt, fields) in members(value, "types") {
        let within = format!("the type {name}.{udt}");
        let fields = fields.as_array().ok_or_else(|| within.clone())?;
        let fields = fields
            .iter()
            .map(|field| Ok((text(field, "name", &within)?, read_type(field, "type", name, &within)?)));
        let fields = fields.collect::<Part<Vec<_>>>()?;
        let definition = UdtType { keyspace: name.to_owned(), name: udt.clone(), fields };
        keyspace.types.insert(udt.clone(), definition);
    }
    for function in value["functions"].as_array().into_iter().flatten() {
        let (signature, function) = read_function(name, function)?;
        keyspace.functions.insert(signature, function);
    }
    for aggregate in value["aggregates"].as_array().into_iter().flatten() {
        let within = format!("an aggregate of {within}");
        let arguments = strings(&aggregate["arguments"]);
        let read = Aggregate {
            arguments: arguments.iter().map(|text| types::parse(text, name)).collect(),
            returns: read_type(aggregate, "returns", name, &within)?,
            state_function: text(aggregate, "state_function", &within)?,
            state_type: read_type(aggregate, "state_type", name, &within)?,
            final_function: aggregate["final_function"].as_str().map(str::to_owned),
            initial: match aggregate["initial"].as_str() {
                Some(initial) => Some(part(initial, parts::is_part, "initial", &within)?),
                None => None,
            },
        };
        let signature = Signature { name: text(aggregate, "name", &within)?, arguments };
        keyspace.aggregates.insert(signature, read);
    }
    for (table, value) in members(value, "tables") {
        let mut read = read_table(name, table, value)?;
        // Earlier releases wrote nothing where the server said that no flag holds. What has an id was read from the server.
        if read.flags.is_empty() && !read.id.is_empty() {
            read.flags.insert(NO_FLAG.to_owned());
        }
        keyspace.tables.insert(table.clone(), read);
    }
    for (view, value) in members(value, "views") {
        let within = format!("the view {name}.{view}");
        let read = View {
            base: text(value, "base", &within)?,
            all_columns: value["all_columns"].as_bool().unwrap_or_default(),
            where_clause: part(&text(value, "where", &within)?, parts::is_part, "where", &within)?,
            table: read_table(name, view, &value["table"])?,
        };
        keyspace.views.insert(view.clone(), read);
    }
    Ok(keyspace)
}

fn read_function(keyspace: &str, value: &Value) -> Part<(Signature, Function)> {
    let within = format!("a function of the keyspace {keyspace}");
    let list = value["arguments"].as_array().ok_or_else(|| within.clone())?;
    let names = list.iter().map(|argument| text(argument, "name", &within)).collect::<Part<Vec<_>>>()?;
    let kinds = list.iter().map(|argument| text(argument, "type", &within)).collect::<Part<Vec<_>>>()?;
    let arguments = names.into_iter().zip(kinds.iter().map(|text| types::parse(text, keyspace))).collect();
    let function = Function {
        arguments,
        returns: read_type(value, "returns", keyspace, &within)?,
        language: part(&text(value, "language", &within)?, parts::is_words, "language", &within)?,
        body: text(value, "body", &within)?,
        called_on_null: value["called_on_null"].as_bool().unwrap_or_default(),
        qualities: strings(&value["qualities"])
            .iter()
            .map(|quality| part(quality, parts::is_words, "qualities", &within))
            .collect::<Part<_>>()?,
    };
    Ok((Signature { name: text(value, "name", &within)?, arguments: kinds }, function))
}

fn read_table(keyspace: &str, name: &str, value: &Value) -> Part<Table> {
    let within = format!("the table {keyspace}.{name}");
    let mut table = Table {
        name: name.to_owned(),
        comment: value["comment"].as_str().unwrap_or_default().to_owned(),
        flags: strings(&value["flags"]).into_iter().collect(),
        id: match value["id"].as_str().unwrap_or_default() {
            "" => String::new(),
            id => part(id, is_id, "id", &within)?,
        },
        ..Table::default()
    };
    for column in value["columns"].as_array().ok_or_else(|| within.clone())? {
        table.columns.push(read_column(keyspace, column, &within)?);
    }
    for (option, value) in members(value, "options") {
        let known = match value {
            Value::Bool(flag) => OptionValue::Flag(*flag),
            Value::Object(map) if map.len() == 1 && map.contains_key("number") => {
                let number = text(value, "number", &within)?;
                OptionValue::Number(part(&number, parts::is_number, option, &within)?)
            }
            Value::Object(map) if map.len() == 1 && map.get("bytes").is_some_and(Value::is_object) => {
                let bytes = string_map(&value["bytes"]);
                for blob in bytes.values() {
                    part(blob, parts::is_blob, option, &within)?;
                }
                OptionValue::Bytes(bytes)
            }
            Value::Object(_) => OptionValue::Map(string_map(value)),
            Value::String(text) => OptionValue::Text(text.clone()),
            _ => return Err(format!("The option `{option}` of {within}")),
        };
        part(option, parts::is_option, option, &within)?;
        table.options.insert(option.clone(), known);
    }
    for (index, value) in members(value, "indexes") {
        let class = value["class"].as_str().map(str::to_owned);
        let read = Index {
            name: index.clone(),
            kind: IndexKind::of(class.as_deref()),
            class,
            target: match text(value, "target", &within)? {
                target if target.is_empty() => target,
                target => part(&target, parts::is_target, "target", &within)?,
            },
            options: string_map(&value["options"]),
        };
        table.indexes.insert(index.clone(), read);
    }
    for (name, class) in string_map(&value["triggers"]) {
        table.triggers.insert(name.clone(), Trigger { name, class });
    }
    for (column, value) in members(value, "dropped") {
        let read = DroppedColumn {
            cql_type: read_type(value, "type", keyspace, &within)?,
            is_static: value["static"].as_bool().unwrap_or_default(),
            dropped_at: value["at"].as_i64().unwrap_or_default(),
        };
        table.dropped.insert(column.clone(), read);
    }
    Ok(table)
}

fn read_column(keyspace: &str, value: &Value, within: &str) -> Part<Column> {
    let name = text(value, "name", &format!("a column of {within}"))?;
    let within = format!("the column {name} of {within}");
    let mask = value.get("mask").map(|mask| {
        let arguments = mask["arguments"].as_array().cloned().unwrap_or_default();
        let arguments = arguments.iter().map(|argument| {
            let argument = argument.as_str();
            argument.map(|text| part(text, parts::is_part, "arguments", &within)).transpose()
        });
        Ok::<_, String>(Mask {
            keyspace: mask["keyspace"].as_str().map(str::to_owned),
            function: text(mask, "function", &within)?,
            arguments: arguments.collect::<Part<_>>()?,
        })
    });
    Ok(Column {
        cql_type: read_type(value, "type", keyspace, &within)?,
        role: match value["role"].as_str() {
            Some("partition") => Some(KeyRole::Partition),
            Some("clustering") => Some(KeyRole::Clustering),
            Some("static") => Some(KeyRole::Static),
            None => None,
            Some(_) => return Err(format!("`role` of {within}")),
        },
        descending: value["descending"].as_bool().unwrap_or_default(),
        mask: mask.transpose()?,
        name,
    })
}

#[cfg(test)]
mod tests;
