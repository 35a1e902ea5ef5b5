//! Names that a statement nearly got right: the nearest keyspace, table, column, field, type, function or index, and the
//! quoting hint for names that differ in case.

use cqlbook_core::cell::{ObjectKind, StatementKind};
use cqlbook_core::column::UdtType;
use cqlbook_core::cql::keywords::{self, quote_name};
use cqlbook_core::schema::{Keyspace as Model, Signature};

use super::complaint::{self, Complaint, Thing};
use super::query::Context;

/// Names that are listed where none is near.
const LISTED: usize = 12;

/// The functions of Cassandra 5 that a `SELECT` or a value may call.
const FUNCTIONS: &[&str] = &[
    "abs",
    "avg",
    "blob_as_text",
    "cast",
    "collection_avg",
    "collection_count",
    "collection_max",
    "collection_min",
    "collection_sum",
    "count",
    "current_date",
    "current_time",
    "current_timestamp",
    "current_timeuuid",
    "exp",
    "from_json",
    "log",
    "log10",
    "map_keys",
    "map_values",
    "mask_default",
    "mask_hash",
    "mask_inner",
    "mask_null",
    "mask_outer",
    "mask_replace",
    "max",
    "max_timeuuid",
    "maxwritetime",
    "min",
    "min_timeuuid",
    "now",
    "round",
    "similarity_cosine",
    "similarity_dot_product",
    "similarity_euclidean",
    "sum",
    "text_as_blob",
    "to_date",
    "to_json",
    "to_timestamp",
    "to_unix_timestamp",
    "token",
    "ttl",
    "uuid",
    "writetime",
];

/// What the user may have meant, from the server's complaint about a name and the schema.
pub(crate) fn suggest(server_text: &str, context: &Context<'_>) -> Option<String> {
    let complaint = complaint::read(server_text)?;
    let name = complaint.name.as_str();
    match complaint.thing {
        Thing::Keyspace => keyspace(name, context),
        Thing::Table => table(complaint.of.as_deref(), name, context).or_else(|| elsewhere(name, context)),
        Thing::View => {
            let keyspace = context.schema.keyspaces.get(keyspace_of(&complaint, context)?)?;
            nearest(name, keyspace.views.keys()).map(|near| did_you_mean(name, near))
        }
        Thing::Column => column(name, context),
        Thing::Field => {
            let fields = &of_type(&complaint, context)?.fields;
            let names = || fields.iter().map(|(name, _)| name);
            nearest(name, names())
                .map(|near| did_you_mean(name, near))
                .or_else(|| Some(format!("The type has the fields {}.", listed(names())?)))
        }
        Thing::Type => {
            let own = types(&complaint, context);
            let native = keywords::TYPES.iter().map(|name| (*name).to_owned());
            let names: Vec<String> = own.into_iter().chain(native).collect();
            nearest(name, names.iter()).map(|near| did_you_mean(name, near))
        }
        Thing::Function => {
            let names: Vec<String> = functions(&complaint, context);
            nearest(name, names.iter()).map(|near| did_you_mean(name, near))
        }
        Thing::Index => {
            let names: Vec<String> = model(&complaint, context)
                .into_iter()
                .flat_map(|keyspace| keyspace.tables.values())
                .flat_map(|table| table.indexes.keys().cloned())
                .collect();
            nearest(name, names.iter())
                .map(|near| did_you_mean(name, near))
                .or_else(|| Some(format!("The keyspace has the indexes {}.", listed(names.iter())?)))
        }
    }
}

/// Whether the server says that something is not there.
pub(super) fn is_missing(server_text: &str) -> bool {
    ["does not exist", "doesn't exist", "unconfigured table", " not found in keyspace"]
        .iter()
        .any(|words| server_text.contains(words))
}

/// What lists the things of the kind that is not there.
pub(super) fn listing(server_text: &str) -> &'static str {
    match complaint::read(server_text).map(|complaint| complaint.thing) {
        Some(Thing::Keyspace) => {
            "`DESCRIBE KEYSPACES` lists what there is. Names that were created in quotes keep their case."
        }
        Some(Thing::Type) => {
            "`DESCRIBE TYPES` lists what there is. Names that were created in quotes keep their case."
        }
        Some(Thing::Function) => "`DESCRIBE FUNCTIONS` and `DESCRIBE AGGREGATES` list what there is.",
        _ => "`DESCRIBE TABLES` lists what there is. Names that were created in quotes keep their case.",
    }
}

/// The keyspace that the server does not have, where it complains of it as of one that the role may not touch, and what to do.
pub(crate) fn unknown_keyspace(server_text: &str, context: &Context<'_>) -> Option<(String, String)> {
    let name = complaint::keyspace_of_permission(server_text)?;
    let keyspaces = &context.schema.keyspaces;
    let is_made = matches!(&context.statement.kind, StatementKind::Create(object) if object.kind == ObjectKind::Keyspace);
    // Those of the server itself may be left out of what is known.
    let is_own = |name: &str| name.starts_with("system") || name.starts_with("data_endpoint");
    if keyspaces.is_empty() || keyspaces.contains_key(name) || is_own(name) || is_made {
        return None;
    }
    let hint = keyspace(name, context).unwrap_or_else(|| {
        "`DESCRIBE KEYSPACES` lists those there are. One that was just made is seen a moment later."
            .to_owned()
    });
    Some((name.to_owned(), hint))
}

fn keyspace(name: &str, context: &Context<'_>) -> Option<String> {
    nearest(name, context.schema.keyspaces.keys()).map(|near| did_you_mean(name, near))
}

fn table(of: Option<&str>, name: &str, context: &Context<'_>) -> Option<String> {
    let keyspace =
        of.or_else(|| context.table().and_then(|(keyspace, _)| keyspace)).or(context.keyspace.as_deref())?;
    let Some(found) = context.schema.keyspaces.get(keyspace) else {
        return self::keyspace(keyspace, context);
    };
    nearest(name, found.tables.keys().chain(found.views.keys())).map(|near| did_you_mean(name, near))
}

/// The keyspaces that have a table of that very name.
fn elsewhere(name: &str, context: &Context<'_>) -> Option<String> {
    let found: Vec<String> = context
        .schema
        .keyspaces
        .iter()
        .filter(|(_, keyspace)| keyspace.tables.contains_key(name) || keyspace.views.contains_key(name))
        .map(|(keyspace, _)| format!("`{}.{}`", quote_name(keyspace), quote_name(name)))
        .take(3)
        .collect();
    (!found.is_empty()).then(|| format!("There is {}. Name its keyspace, or `USE` it.", found.join(" and ")))
}

fn column(name: &str, context: &Context<'_>) -> Option<String> {
    let (keyspace, table) = context.table()?;
    let table = context.schema.table(keyspace?, table)?;
    let names = || table.columns.iter().map(|column| &column.name);
    nearest(name, names())
        .map(|near| did_you_mean(name, near))
        .or_else(|| Some(format!("The table has the columns {}.", listed(names())?)))
}

/// The keyspace that the complaint is about: named by it, by the statement, or in use.
fn keyspace_of<'a>(complaint: &'a Complaint, context: &'a Context<'_>) -> Option<&'a str> {
    let written = context.table().and_then(|(keyspace, _)| keyspace);
    complaint.of.as_deref().or(written).or(context.keyspace.as_deref())
}

fn model<'a>(complaint: &'a Complaint, context: &'a Context<'_>) -> Option<&'a Model> {
    context.model.keyspace(keyspace_of(complaint, context)?)
}

fn of_type<'a>(complaint: &Complaint, context: &'a Context<'_>) -> Option<&'a UdtType> {
    let keyspace = context.table().and_then(|(keyspace, _)| keyspace).or(context.keyspace.as_deref())?;
    context.schema.keyspaces.get(keyspace)?.types.get(complaint.of.as_deref()?)
}

fn types(complaint: &Complaint, context: &Context<'_>) -> Vec<String> {
    let keyspace = keyspace_of(complaint, context).and_then(|name| context.schema.keyspaces.get(name));
    keyspace.into_iter().flat_map(|keyspace| keyspace.types.keys().cloned()).collect()
}

fn functions(complaint: &Complaint, context: &Context<'_>) -> Vec<String> {
    let own = model(complaint, context).into_iter().flat_map(|keyspace| {
        let named = |signature: &Signature| signature.name.clone();
        keyspace.functions.keys().map(named).chain(keyspace.aggregates.keys().map(named)).collect::<Vec<_>>()
    });
    own.chain(FUNCTIONS.iter().map(|name| (*name).to_owned())).collect()
}

/// The built-in function that a word nearly names.
pub(super) fn function(name: &str) -> Option<&'static str> {
    cqlbook_core::nearest::nearest(name, FUNCTIONS.iter().copied()).filter(|near| *near != name)
}

fn listed<'a>(names: impl Iterator<Item = &'a String>) -> Option<String> {
    let names: Vec<String> = names.map(|name| format!("`{}`", quote_name(name))).collect();
    match names.len() {
        0 => None,
        count if count > LISTED => {
            Some(format!("{} and {} more", names[..LISTED].join(", "), count - LISTED))
        }
        _ => Some(names.join(", ")),
    }
}

fn did_you_mean(given: &str, near: &str) -> String {
    let capitals = |name: &str| name.chars().any(char::is_uppercase);
    let meant = format!("Did you mean `{}`?", quote_name(near));
    match () {
        () if !given.eq_ignore_ascii_case(near) => meant,
        () if capitals(near) => format!("{meant} Names with capitals need double quotes."),
        () => format!("{meant} In double quotes capitals count; without them they do not."),
    }
}

/// The candidate that is nearly `name`, but not `name` itself.
fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a String>) -> Option<&'a str> {
    cqlbook_core::nearest::nearest(name, candidates.map(String::as_str)).filter(|near| *near != name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_nearly_the_same() {
        let names = ["flights".to_owned(), "airports".to_owned(), "Orders".to_owned()];
        assert_eq!(nearest("flihgts", names.iter()), Some("flights"));
        assert_eq!(nearest("orders", names.iter()), Some("Orders"));
        assert_eq!(nearest("weather", names.iter()), None);
        assert_eq!(function("cuont"), Some("count"));
    }

    #[test]
    fn names_that_differ_in_case_get_the_quoting_hint() {
        assert_eq!(
            did_you_mean("orders", "Orders"),
            "Did you mean `\"Orders\"`? Names with capitals need double quotes."
        );
        assert_eq!(
            did_you_mean("Orders", "orders"),
            "Did you mean `orders`? In double quotes capitals count; without them they do not."
        );
    }
}
