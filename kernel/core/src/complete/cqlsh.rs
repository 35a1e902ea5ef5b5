//! The cases of cqlsh's own completion suite (Apache Cassandra, `test_cqlsh_completion.py`), as facts: what was typed,
//! and what may come next. They are in `cqlsh.txt`, each with what differs here and why.
//!
//! Left out of every comparison, since nothing of it is typed by choosing it: hints that stand for no text
//! (`<wholenumber>`), blanks that cqlsh adds, the `;` that ends a statement and the `.` and `[` behind a name. Nor are
//! magics compared, which cqlsh has not.

use std::collections::BTreeSet;

use super::*;
use crate::column::KeyRole;

/// The schema that cqlsh's suite runs in.
struct Suite;

const TABLES: &[(&str, &[(&str, &str)])] = &[
    ("ascii_with_special_chars", &[("k", "int"), ("val", "ascii")]),
    ("dynamic_columns", &[("somekey", "int"), ("column1", "float"), ("value", "text")]),
    ("empty_composite_table", &[("lonelykey", "float"), ("lonelycol", "text"), ("lonelyval", "int")]),
    ("empty_table", &[("lonelykey", "float"), ("lonelycol", "text")]),
    (
        "has_all_types",
        &[
            ("num", "int"),
            ("setcol", "set<int>"),
            ("mapcol", "map<int, text>"),
            ("listcol", "list<int>"),
            ("vectorcol", "vector<float, 2>"),
        ],
    ),
    (
        "songs",
        &[("title", "text"), ("band", "text"), ("info", "frozen<band_info_type>"), ("tags", "frozen<tags>")],
    ),
    ("twenty_rows_composite_table", &[("a", "text"), ("b", "text"), ("c", "text")]),
    ("twenty_rows_table", &[("a", "text"), ("b", "text")]),
    ("undefined_values_table", &[("k", "text"), ("c", "text"), ("notthere", "text")]),
    ("users", &[("login", "text"), ("name", "text"), ("addresses", "set<frozen<address>>")]),
    ("utf8_with_special_chars", &[("k", "int"), ("val", "text")]),
];

impl Names for Suite {
    fn keyspaces(&self) -> Vec<String> {
        let names = "cqlshtest system system_auth system_distributed system_schema system_traces system_views \
                     system_virtual_schema";
        names.split(' ').map(str::to_owned).collect()
    }

    fn tables(&self, keyspace: Option<&str>) -> Vec<String> {
        match keyspace {
            None | Some("cqlshtest") => TABLES.iter().map(|(name, _)| (*name).to_owned()).collect(),
            _ => Vec::new(),
        }
    }

    fn columns(&self, _: Option<&str>, table: &str) -> Vec<KnownColumn> {
        let composite =
            matches!(table, "twenty_rows_composite_table" | "empty_composite_table" | "dynamic_columns");
        let columns = TABLES.iter().find(|(name, _)| *name == table).map_or(&[][..], |(_, columns)| columns);
        let role = |place: usize| match place {
            0 => Some(KeyRole::Partition),
            1 if composite => Some(KeyRole::Clustering),
            _ => None,
        };
        let known = columns.iter().enumerate().map(|(place, (name, cql_type))| KnownColumn {
            name: (*name).to_owned(),
            cql_type: (*cql_type).to_owned(),
            role: role(place),
        });
        known.collect()
    }

    fn types(&self, keyspace: Option<&str>) -> Vec<String> {
        match keyspace {
            None | Some("cqlshtest") => {
                ["address", "band_info_type", "phone_number", "tags"].map(str::to_owned).to_vec()
            }
            _ => Vec::new(),
        }
    }

    fn functions(&self, _: Option<&str>) -> Vec<(String, String)> {
        ["fbestband", "fbestsong", "fmax", "fmin"].map(|name| (name.to_owned(), String::new())).to_vec()
    }

    fn aggregates(&self, _: Option<&str>) -> Vec<(String, String)> {
        ["aggmin", "aggmax"].map(|name| (name.to_owned(), String::new())).to_vec()
    }
}

/// A case of the suite.
#[derive(Default)]
struct Case<'a> {
    typed: &'a str,
    /// Whether cqlsh's list is only a part.
    partial: bool,
    choices: Vec<&'a str>,
    /// What is offered here beyond cqlsh's choices.
    more: Vec<&'a str>,
    /// Choices of cqlsh that are not offered here.
    fewer: Vec<&'a str>,
    /// Why.
    why: Vec<&'a str>,
}

fn cases() -> Vec<Case<'static>> {
    let mut cases: Vec<Case> = Vec::new();
    for line in include_str!("cqlsh.txt").lines() {
        let Some((mark, rest)) = line.split_once(' ') else { continue };
        if mark == ">" {
            cases.push(Case { typed: rest.trim_end_matches('|'), ..Case::default() });
        }
        let Some(case) = cases.last_mut() else { continue };
        match mark {
            "<" | "<+" => {
                case.partial = mark == "<+";
                case.choices = if rest.starts_with('<') && rest.contains(" (") {
                    Vec::new()
                } else {
                    rest.split(' ').collect()
                };
            }
            "+" | "-" => {
                let (words, why) = rest.split_once(" : ").unwrap_or((rest, ""));
                if mark == "+" { &mut case.more } else { &mut case.fewer }.extend(words.split(' '));
                case.why.push(why);
            }
            _ => {}
        }
    }
    cases
}

/// A choice or candidate by its first word, in lower case, without quotes and the mark behind a name.
fn plain(text: &str) -> Option<String> {
    let first = text.split(' ').next().unwrap_or_default();
    let hint = first.len() > 2 && first.starts_with('<') && first.ends_with('>');
    if hint || first.starts_with('%') || matches!(first, "" | ";" | "." | "[" | "?") {
        return None;
    }
    let bare = first.trim_matches(['\'', '"']).trim_end_matches("()");
    let bare = if bare.len() > 1 { bare.trim_end_matches(['(', '.']) } else { bare };
    Some(bare.to_lowercase())
}

fn set<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    texts.into_iter().filter_map(plain).collect()
}

#[test]
fn the_cases_of_cqlsh_hold_but_for_what_is_said_of_each() {
    let cases = cases();
    let mut wrong = String::new();
    let mut as_they_are = 0;
    for case in &cases {
        let found = complete(case.typed, case.typed.len(), &Suite);
        let offered = set(found.items.iter().map(|item| item.text.as_str()));
        let (mut wanted, more, fewer) = (
            set(case.choices.iter().copied()),
            set(case.more.iter().copied()),
            set(case.fewer.iter().copied()),
        );
        as_they_are += usize::from(more.is_empty() && fewer.is_empty());
        wanted.retain(|choice| !fewer.contains(choice));
        let missing: Vec<_> = wanted.difference(&offered).collect();
        let all: BTreeSet<_> = wanted.union(&more).cloned().collect();
        let beyond: Vec<_> = if case.partial { Vec::new() } else { offered.difference(&all).collect() };
        let idle: Vec<_> = more.difference(&offered).chain(fewer.intersection(&offered)).collect();
        let unexplained =
            (!more.is_empty() || !fewer.is_empty()) && case.why.iter().any(|why| why.is_empty());
        if !missing.is_empty() || !beyond.is_empty() || !idle.is_empty() || unexplained {
            wrong.push_str(&format!(
                "> {}|\n  missing: {missing:?}\n  beyond: {beyond:?}\n  idle: {idle:?}\n  unexplained: {unexplained}\n",
                case.typed
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    // A case that is left out, or excused without need, is seen here.
    assert_eq!((cases.len(), as_they_are), (331, 249));
}
