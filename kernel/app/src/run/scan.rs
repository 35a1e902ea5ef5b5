//! The full-scan notice: a `SELECT` that does not name its partitions is told before it hurts.
//!
//! Decided here:
//! - A read that the server may have to finish before it answers (an aggregate, a grouping, `ALLOW FILTERING`, all rows
//!   asked for) is told of before it is sent, in an output of its own.
//! - Rows without a condition come page by page and end at `fetch_rows`: that is told in the footer, and while it lasts.
//! - Nothing is said of a `LIMIT` that is no more than `fetch_rows`, of a range of tokens, of what an index answers
//!   (without one the server refuses), and of the server's own small tables.

use cqlbook_cluster::{SchemaSnapshot, Table};
use cqlbook_core::cell::{Relation, Select, Statement, StatementKind};
use cqlbook_core::column::KeyRole;
use cqlbook_core::cql::keywords::quote_name;

/// A read of a whole table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scan {
    /// It may read all of the table before the first row comes.
    pub(super) unbounded: bool,
    /// What is said.
    pub(super) notice: String,
}

/// What is to be said of `statement`; `None` where it names its partitions, or reads little.
///
/// `keyspace` is the one in use; `most` is how many rows are fetched at most, `None` for all.
pub(super) fn of(
    statement: &Statement,
    keyspace: Option<&str>,
    schema: &SchemaSnapshot,
    most: Option<usize>,
) -> Option<Scan> {
    let StatementKind::Select(select) = &statement.kind else { return None };
    let (written, name) = statement.table()?;
    let keyspace = written.or(keyspace)?;
    if is_of_server(keyspace) {
        return None;
    }
    let table = schema.table(keyspace, name)?;
    if names_partitions(select, table) || by_index(select) {
        return None;
    }
    let collects = select.aggregates || select.grouped;
    let small = select.limit.zip(most).is_some_and(|(limit, most)| limit <= most as u64);
    if small && !collects && !select.allow_filtering {
        return None;
    }
    let unbounded = collects || select.allow_filtering || (most.is_none() && !small);
    let key: Vec<_> = table.with_role(KeyRole::Partition).map(|column| quote_name(&column.name)).collect();
    let (name, key) = (quote_name(name), key.join(", "));
    let missing = if select.filtered { "`WHERE` does not name" } else { "no `WHERE` names" };
    let notice = if unbounded {
        format!(
            "Full scan: every partition of `{name}` is read, because {missing} its whole partition key ({key}). Stop ends it."
        )
    } else {
        format!("Full scan: {missing} the partition key ({key}) of `{name}`.")
    };
    Some(Scan { unbounded, notice })
}

/// Whether the conditions say which partitions are read: each column of the partition key is fixed, or its token is bounded.
fn names_partitions(select: &Select, table: &Table) -> bool {
    let asked = |column: &str, relations: &[Relation]| {
        select.restrictions.iter().any(|one| one.column == column && relations.contains(&one.relation))
    };
    let mut key = table.with_role(KeyRole::Partition);
    let fixed = [Relation::Equal, Relation::In];
    key.all(|column| asked(&column.name, &fixed) || asked(&column.name, &[Relation::Token]))
}

/// Whether an index must answer it: there is a condition that the key does not serve, and filtering is not allowed.
fn by_index(select: &Select) -> bool {
    select.by_similarity || (select.filtered && !select.allow_filtering)
}

/// Whether a keyspace holds the server's own tables.
fn is_of_server(keyspace: &str) -> bool {
    keyspace == "system" || keyspace.starts_with("system_")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use cqlbook_cluster::Keyspace;
    use cqlbook_core::column::{Column, CqlType};
    use insta::assert_snapshot;

    use super::*;

    fn schema() -> SchemaSnapshot {
        let column = |name: &str, role| Column { name: name.to_owned(), cql_type: CqlType::Int, role };
        let table = Table {
            columns: vec![
                column("day", Some(KeyRole::Partition)),
                column("Hour", Some(KeyRole::Partition)),
                column("id", Some(KeyRole::Clustering)),
                column("v", None),
            ],
            base: None,
        };
        let keyspace = Keyspace { tables: BTreeMap::from([("t".to_owned(), table)]), ..Keyspace::default() };
        SchemaSnapshot { keyspaces: BTreeMap::from([("ks".to_owned(), Arc::new(keyspace))]), has_all: true }
    }

    fn said(cql: &str, most: Option<usize>) -> String {
        let scan = of(&Statement::new(cql), Some("ks"), &schema(), most);
        scan.map_or("-".to_owned(), |scan| {
            format!("{}: {}", if scan.unbounded { "before" } else { "footer" }, scan.notice)
        })
    }

    #[test]
    fn what_may_read_everything_is_told_before() {
        assert_snapshot!(said("SELECT count(*) FROM t", Some(10_000)), @r#"before: Full scan: every partition of `t` is read, because no `WHERE` names its whole partition key (day, "Hour"). Stop ends it."#);
        assert_snapshot!(said("SELECT * FROM ks.t WHERE day = 1 AND v = 2 LIMIT 5 ALLOW FILTERING", Some(10_000)), @r#"before: Full scan: every partition of `t` is read, because `WHERE` does not name its whole partition key (day, "Hour"). Stop ends it."#);
        for cql in ["SELECT day, max(v) FROM t GROUP BY day", "SELECT count(*) FROM t LIMIT 1"] {
            assert!(said(cql, Some(10_000)).starts_with("before"), "{cql}");
        }
        assert!(said("SELECT * FROM t", None).starts_with("before"), "all rows are asked for");
    }

    #[test]
    fn what_ends_by_itself_is_told_in_the_footer() {
        assert_snapshot!(said("SELECT * FROM t", Some(10_000)), @r#"footer: Full scan: no `WHERE` names the partition key (day, "Hour") of `t`."#);
        assert!(said("SELECT * FROM t LIMIT 20000", Some(10_000)).starts_with("footer"));
        assert!(said("SELECT DISTINCT day FROM t PER PARTITION LIMIT 1", Some(10_000)).starts_with("footer"));
    }

    #[test]
    fn nothing_is_said_of_what_reads_little() {
        for cql in [
            "SELECT * FROM t LIMIT 10",
            "SELECT * FROM t WHERE day = 1 AND \"Hour\" IN (1, 2)",
            "SELECT count(*) FROM t WHERE day = 1 AND \"Hour\" = 2 AND v = 3 ALLOW FILTERING",
            "SELECT * FROM t WHERE token(day, \"Hour\") > 5",
            "SELECT * FROM t WHERE v = 1",
            "SELECT * FROM t ORDER BY v ANN OF [1, 2] LIMIT 5",
            "SELECT * FROM unknown",
            "SELECT * FROM system_schema.tables",
            "INSERT INTO t (day) VALUES (1)",
        ] {
            assert_eq!(said(cql, Some(10_000)), "-", "{cql}");
        }
    }
}
