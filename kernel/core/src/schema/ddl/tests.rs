//! What somebody wrote into a part of a schema runs nowhere as a statement of its own.

use super::*;
use crate::schema::diff::{Sides, script};
use crate::schema::{IndexKind, Schema, types};

const CLAUSES: [&str; 4] = [
    // As Cassandra 5.0.9 keeps `c = 'x'' ; DROP KEYSPACE prod; --'`: without doubling the quotes again.
    "k IS NOT NULL AND c = 'x' ; DROP KEYSPACE prod; --'",
    "k IS NOT NULL; DROP TABLE base; --",
    "k IS NOT NULL /* ",
    "k IS NOT NULL AND c = '",
];

fn column(name: &str, role: Option<KeyRole>) -> Column {
    Column { name: name.to_owned(), cql_type: CqlType::Text, role, descending: false, mask: None }
}

fn base() -> Table {
    let columns = vec![column("k", Some(KeyRole::Partition)), column("v", None)];
    Table { name: "base".to_owned(), columns, ..Table::default() }
}

fn over(where_clause: &str) -> View {
    let table = Table { name: "mv".to_owned(), ..base() };
    View { base: "base".to_owned(), all_columns: true, where_clause: where_clause.to_owned(), table }
}

fn java(body: &str) -> String {
    let signature = Signature { name: "f".to_owned(), arguments: Vec::new() };
    let function = Function {
        arguments: Vec::new(),
        returns: CqlType::Int,
        language: "java".to_owned(),
        body: body.to_owned(),
        called_on_null: false,
        qualities: Vec::new(),
    };
    super::function("ks", &signature, &function)
}

/// All lines are comments.
fn is_comment(cql: &str) -> bool {
    cql.lines().all(|line| line.starts_with("-- "))
}

#[test]
fn a_condition_that_ends_early_makes_a_comment() {
    assert!(view("ks", &over("k IS NOT NULL AND c = 'a;b'"), false).starts_with("CREATE MATERIALIZED VIEW"));
    for clause in CLAUSES {
        let cql = view("ks", &over(clause), false);
        assert!(is_comment(&cql) && cql.contains("Look at this before you run it"), "{cql}");
    }
}

#[test]
fn so_do_an_index_a_mask_an_option_and_an_aggregate() {
    let index = Index {
        name: "i".to_owned(),
        kind: IndexKind::of(None),
        class: None,
        target: "v); DROP TABLE base; --".to_owned(),
        options: BTreeMap::new(),
    };
    let mut masked = base();
    masked.columns[1].mask = Some(Mask {
        keyspace: None,
        function: "mask_replace".to_owned(),
        arguments: vec![Some("''); DROP TABLE base; --".to_owned())],
    });
    let mut set = base();
    let number = OptionValue::Number("1; DROP KEYSPACE prod; --".to_owned());
    set.options.insert("gc_grace_seconds".to_owned(), number);
    let sum = Aggregate {
        arguments: vec![CqlType::Int],
        returns: CqlType::Int,
        state_function: "f".to_owned(),
        state_type: CqlType::Int,
        final_function: None,
        initial: Some("0; DROP TABLE base; --".to_owned()),
    };
    let signature = Signature { name: "sum".to_owned(), arguments: vec!["int".to_owned()] };
    for cql in [
        super::index("ks", "base", &index),
        table("ks", &masked, false),
        table("ks", &set, false),
        table("ks", &set, true),
        aggregate("ks", &signature, &sum),
    ] {
        assert!(is_comment(&cql), "{cql}");
    }
}

#[test]
fn a_body_ends_where_it_ends() {
    assert!(java("return 1;").contains("AS $$return 1;$$;"));
    assert!(java("return '$1';").contains("AS $$return '$1';$$;"));
    for body in ["return 1; //$", "$x", "a $$ b", "$"] {
        let cql = java(body);
        assert!(cql.contains(&format!("AS '{body}';")) && !is_comment(&cql), "{cql}");
    }
}

#[test]
fn a_script_has_no_statement_that_a_part_brought_along() {
    let of = |tables: Vec<Table>, views: Vec<View>| {
        let keyspace = Keyspace {
            name: "ks".to_owned(),
            tables: tables.into_iter().map(|table| (table.name.clone(), table)).collect(),
            views: views.into_iter().map(|view| (view.table.name.clone(), view)).collect(),
            ..Keyspace::default()
        };
        Schema { keyspaces: BTreeMap::from([("ks".to_owned(), keyspace.into())]), ..Schema::default() }
    };
    let mut set = base();
    let number = OptionValue::Number("1; DROP KEYSPACE prod; --".to_owned());
    set.options.insert("gc_grace_seconds".to_owned(), number);
    let mut plain = base();
    plain.options.insert("gc_grace_seconds".to_owned(), OptionValue::Number("2".to_owned()));
    let olds = [of(Vec::new(), Vec::new()), of(vec![plain], Vec::new())];
    let new = of(vec![set], CLAUSES.iter().map(|clause| over(clause)).collect());
    for old in &olds {
        let steps = script::steps(old, &new, &Sides { keyspace: None });
        assert!(!steps.is_empty());
        for allowed in [false, true] {
            let text = script::text(&steps, "", allowed);
            let live: Vec<_> = text.lines().filter(|line| !line.starts_with("--")).collect();
            assert!(!live.join("\n").contains("DROP"), "{text}");
        }
    }
}

#[test]
fn a_types_name_is_a_name() {
    let known = types::parse("\"x; DROP KEYSPACE prod\"", "ks");
    assert_eq!(known.to_string(), "\"x; DROP KEYSPACE prod\"");
    let odd = types::parse("int; DROP KEYSPACE prod; --", "ks");
    assert_eq!(odd.to_string(), "'int; DROP KEYSPACE prod; --'");
}
