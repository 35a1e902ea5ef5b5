//! `ALLOW FILTERING`: which key the table has, what of it is missing, and which index would serve, as lines to copy.

use cqlbook_cluster::Table;
use cqlbook_core::cell::{Relation, Restriction, Select, StatementKind};
use cqlbook_core::column::{CqlType, KeyRole};
use cqlbook_core::cql::keywords::quote_name;
use cqlbook_core::diagnostic::Diagnostic;

use super::query::Context;

/// Adds to the server's refusal what leads on.
pub(super) fn advise(diagnostic: Diagnostic, context: &Context<'_>) -> Diagnostic {
    let known = context
        .table()
        .and_then(|(keyspace, table)| Some((keyspace?, table, context.schema.table(keyspace?, table)?)));
    let (Some((keyspace, name, table)), StatementKind::Select(select)) = (known, &context.statement.kind)
    else {
        return diagnostic
            .with_cause("The conditions do not name the whole partition key, so the server would have to read and discard rows.")
            .with_hint("Name the whole partition key with `=` or `IN`, or make an index on the column.");
    };
    let named = |column: &str| {
        let fixed = [Relation::Equal, Relation::In];
        select.restrictions.iter().any(|one| one.column == column && fixed.contains(&one.relation))
    };
    let missing: Vec<String> = table
        .with_role(KeyRole::Partition)
        .filter(|column| !named(&column.name))
        .map(|column| format!("`{}`", quote_name(&column.name)))
        .collect();
    let keys = keys(name, table);
    let diagnostic = if missing.is_empty() {
        diagnostic
            .with_cause("The partition is named, and the other conditions are served by neither its order nor an index.")
            .with_hint(keys)
            .with_hint("Within one partition `ALLOW FILTERING` reads no more than that partition.")
    } else {
        let partly = missing.len() < table.with_role(KeyRole::Partition).count();
        let name_it = if partly {
            format!("{keys} Name {} too, with `=` or `IN`.", missing.join(" and "))
        } else {
            format!("{keys} Name the whole partition key with `=` or `IN`.")
        };
        diagnostic
            .with_cause("The conditions do not name the whole partition key, so the server would have to read and discard rows.")
            .with_hint(name_it)
    };
    let written = match context.statement.table() {
        Some((Some(keyspace), name)) => format!("{}.{}", quote_name(keyspace), quote_name(name)),
        _ => quote_name(name),
    };
    let indexed = |target: &str| {
        let model = context.model.table(keyspace, name);
        model.is_some_and(|table| table.indexes.values().any(|index| index.target == target))
    };
    let targets = targets(select, table, &named).into_iter().filter(|target| !indexed(target));
    targets.fold(diagnostic, |diagnostic, target| {
        diagnostic.with_hint(format!("Or make an index: `CREATE INDEX ON {written} ({target}) USING 'sai'`"))
    })
}

/// The table's key, in a sentence.
fn keys(name: &str, table: &Table) -> String {
    let list =
        |role| table.with_role(role).map(|column| quote_name(&column.name)).collect::<Vec<_>>().join(", ");
    let (partition, clustering) = (list(KeyRole::Partition), list(KeyRole::Clustering));
    if clustering.is_empty() {
        format!("`{name}` has the partition key ({partition}) and no clustering columns.")
    } else {
        format!("`{name}` has the partition key ({partition}) and the clustering columns ({clustering}).")
    }
}

/// What an index has to be on to serve each condition that the key does not, as CQL writes it.
fn targets(select: &Select, table: &Table, named: &dyn Fn(&str) -> bool) -> Vec<String> {
    let whole = table.with_role(KeyRole::Partition).all(|column| named(&column.name));
    let single = table.with_role(KeyRole::Partition).count() == 1;
    let mut targets = Vec::new();
    for restriction in &select.restrictions {
        let Some(column) = table.column(&restriction.column) else { continue };
        // The key serves its own columns; a part of a partition key can be indexed, a whole one cannot.
        if column.role == Some(KeyRole::Partition) && (whole || single) {
            continue;
        }
        if let Some(target) = target(restriction, &column.cql_type)
            && !targets.contains(&target)
        {
            targets.push(target);
        }
    }
    targets
}

/// What serves one condition on a column of that type; `None` where no storage-attached index does.
fn target(restriction: &Restriction, cql_type: &CqlType) -> Option<String> {
    let name = quote_name(&restriction.column);
    match (restriction.relation, cql_type) {
        (Relation::Equal, CqlType::Frozen(inner)) if is_collection(inner) => Some(format!("FULL({name})")),
        (Relation::Contains, CqlType::List(_) | CqlType::Set(_)) => Some(name),
        (Relation::Contains, CqlType::Map(..)) => Some(format!("VALUES({name})")),
        (Relation::ContainsKey, CqlType::Map(..)) => Some(format!("KEYS({name})")),
        (Relation::Element, CqlType::Map(..)) => Some(format!("ENTRIES({name})")),
        (Relation::Equal | Relation::In, cql_type) if is_plain(cql_type) => Some(name),
        (Relation::Range, cql_type) if is_plain(cql_type) && is_ordered(cql_type) => Some(name),
        _ => None,
    }
}

fn is_collection(cql_type: &CqlType) -> bool {
    matches!(cql_type, CqlType::List(_) | CqlType::Set(_) | CqlType::Map(..))
}

/// Whether values of the type can be indexed as they are.
fn is_plain(cql_type: &CqlType) -> bool {
    let odd = matches!(
        cql_type,
        CqlType::Blob | CqlType::Counter | CqlType::Duration | CqlType::Custom(_) | CqlType::Vector(..)
    );
    !odd && !is_collection(cql_type) && !matches!(cql_type, CqlType::Tuple(_) | CqlType::Udt(_))
}

/// Whether such an index answers `<` and `>`: not for texts.
fn is_ordered(cql_type: &CqlType) -> bool {
    !matches!(cql_type, CqlType::Text | CqlType::Ascii | CqlType::Boolean | CqlType::Frozen(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_fits_its_condition() {
        let of = |relation, cql_type: &CqlType| {
            target(&Restriction { column: "Tags".to_owned(), relation }, cql_type).unwrap_or("-".to_owned())
        };
        let text = || Box::new(CqlType::Text);
        let map = CqlType::Map(text(), text());
        let found = [
            of(Relation::Equal, &CqlType::Int),
            of(Relation::Range, &CqlType::Timestamp),
            of(Relation::Range, &CqlType::Text),
            of(Relation::Contains, &CqlType::Set(text())),
            of(Relation::Contains, &map),
            of(Relation::ContainsKey, &map),
            of(Relation::Element, &map),
            of(Relation::Equal, &CqlType::Frozen(Box::new(map.clone()))),
            of(Relation::Like, &CqlType::Text),
            of(Relation::Equal, &CqlType::Duration),
        ];
        insta::assert_snapshot!(found.join(" "), @r#""Tags" "Tags" - "Tags" VALUES("Tags") KEYS("Tags") ENTRIES("Tags") FULL("Tags") - -"#);
    }
}
