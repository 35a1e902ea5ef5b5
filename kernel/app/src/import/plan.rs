//! Which field of a file goes into which column, and by which statement. Decided before anything is written.

use cqlbook_cluster::{Cell, Table};
use cqlbook_core::column::{Column, CqlType, KeyRole};
use cqlbook_core::cql::keywords::quote_name;
use cqlbook_core::diagnostic::{Code, Diagnostic};

use super::fields::{is_key, listed};
use super::spelled::Spelling;

/// A column that a field goes into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Goal {
    /// The field's place in a row, from zero.
    pub(crate) field: usize,
    /// The column.
    pub(crate) column: Column,
}

/// How fields find their columns.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Match<'a> {
    /// By the names that the file gives them.
    Names(&'a [String]),
    /// By their order, of so many fields a row.
    Places(usize),
    /// Each row names its own: any column may be there. These are the names of the first row.
    Members(&'a [String]),
}

/// The order of a table's columns in a file that does not name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// That of `SELECT *`.
    Select,
    /// cqlsh's: the key, then all others by name, static or not.
    Cqlsh,
}

/// What is loaded, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The statement with one `?` for each goal, in order.
    pub(crate) statement: String,
    /// Fields and their columns.
    pub(crate) goals: Vec<Goal>,
    /// Fields of the file that go nowhere.
    pub(crate) skipped: Vec<String>,
    /// Counters are added to: running the statement twice counts twice.
    pub(crate) counters: bool,
    /// The goals of the clustering key. Where a row may have static columns alone they have no role: they may be missing.
    pub(super) clustering: Vec<usize>,
    /// How rows are written that cannot be bound.
    pub(super) spelling: Spelling,
    /// How rows without a clustering key are written, where the table has static columns that are loaded.
    pub(crate) statics: Option<Statics>,
}

/// How a partition's static columns are written without a row: our exports and cqlsh's have such lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statics {
    pub(crate) statement: String,
    /// The goals of its markers: the partition key, then the static columns.
    goals: Vec<usize>,
}

/// What a plan is made for.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    pub(crate) keyspace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) table: &'a Table,
    /// Only these columns are loaded; all where there are none.
    pub(crate) chosen: &'a [String],
    /// These are not, though they are in the file.
    pub(crate) left_out: &'a [String],
    /// The rows live so many seconds.
    pub(crate) ttl: Option<u32>,
}

impl Plan {
    /// Matches a file's fields with the columns of a table.
    ///
    /// # Errors
    /// `IMPORT_FAILED` when a key column has no field, or a chosen column is not in both.
    pub(crate) fn new(target: &Target<'_>, fields: Match<'_>, order: Order) -> Result<Self, Diagnostic> {
        let (goals, skipped) = match fields {
            Match::Names(titles) => by_name(target, titles)?,
            Match::Places(width) => by_place(target, width, order)?,
            Match::Members(titles) => by_member(target, titles)?,
        };
        let goals: Vec<_> =
            goals.into_iter().filter(|goal| !target.left_out.contains(&goal.column.name)).collect();
        check_key(target, &goals, fields)?;
        let counters = target.table.columns.iter().any(is_counter);
        let (statement, mut goals) =
            if counters { update(target, goals)? } else { (insert(target, &goals), goals) };
        let with = |role| {
            let goals = goals.iter().enumerate();
            goals.filter(move |(_, goal)| goal.column.role == Some(role)).map(|(place, _)| place)
        };
        let clustering: Vec<usize> = with(KeyRole::Clustering).collect();
        let mut statics = None;
        if !counters && !clustering.is_empty() && with(KeyRole::Static).next().is_some() {
            let own: Vec<usize> = with(KeyRole::Partition).chain(with(KeyRole::Static)).collect();
            let of_own: Vec<Goal> = own.iter().map(|place| goals[*place].clone()).collect();
            statics = Some(Statics { statement: insert(target, &of_own), goals: own });
            for place in &clustering {
                goals[*place].column.role = None;
            }
        }
        let spelling = Spelling { head: into(target), tail: using(target) };
        Ok(Self { statement, goals, skipped, counters, clustering, spelling, statics })
    }

    /// Takes the types that the server says the statement's markers have: what is sent is what it expects, whatever is known
    /// of the table.
    pub(crate) fn adopt(&mut self, markers: &[Column]) {
        if markers.len() == self.goals.len() {
            for (goal, marker) in self.goals.iter_mut().zip(markers) {
                goal.column.cql_type = marker.cql_type.clone();
            }
        }
    }

    /// The cells as they are sent, and whether they are of static columns alone: a line without a clustering key, and with
    /// nothing but static columns beside the partition key.
    pub(super) fn settle(&self, cells: Vec<Cell>) -> Result<(Vec<Cell>, bool), String> {
        let Some(statics) = &self.statics else { return Ok((cells, false)) };
        let is_set = |place: &usize| matches!(cells.get(*place), Some(Cell::Bytes(_)));
        let Some(missing) = self.clustering.iter().find(|place| !is_set(place)) else {
            return Ok((cells, false));
        };
        let alone = (0..cells.len()).all(|place| statics.goals.contains(&place) || !is_set(&place));
        if !alone {
            return Err(format!("{}: a part of the key is missing", self.goals[*missing].column.name));
        }
        Ok((statics.goals.iter().map(|place| cells[*place].clone()).collect(), true))
    }
}

impl Target<'_> {
    /// Whether these are names of columns: of all those chosen, or where none is, each of them.
    pub(crate) fn is_named_by(&self, titles: &[String]) -> bool {
        let called = |title: &String| column_called(self.table, title);
        if self.chosen.is_empty() {
            return titles.iter().all(|title| called(title).is_some());
        }
        self.chosen.iter().all(|name| {
            titles.iter().any(|title| called(title).is_some_and(|column| means(self.table, name, column)))
        })
    }

    /// What to say where some of these are names of columns and fields go by their places all the same: which goes where.
    pub(crate) fn told_places(&self, titles: &[String], goals: &[Goal]) -> Option<String> {
        if self.is_named_by(titles) || !titles.iter().any(|title| column_called(self.table, title).is_some())
        {
            return None;
        }
        let pair = |goal: &Goal| Some(format!("`{}` into {}", titles.get(goal.field)?, goal.column.name));
        let pairs: Vec<_> = goals.iter().filter_map(pair).collect();
        Some(format!(
            "The first line does not name the columns, though it has names of some. Fields go by their places, as cqlsh has it: {}.",
            listed(&pairs)
        ))
    }
}

/// The column that a name in a file means: as it stands, as CQL writes it, or in lower case.
pub(super) fn column_called<'a>(table: &'a Table, title: &str) -> Option<&'a Column> {
    let title = title.trim();
    let quoted = title.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    table
        .column(title)
        .or_else(|| table.column(&quoted?.replace("\"\"", "\"")))
        .or_else(|| table.column(&title.to_lowercase()))
}

fn is_counter(column: &Column) -> bool {
    column.cql_type == CqlType::Counter
}

fn failed(message: String) -> Diagnostic {
    Diagnostic::new(Code::ImportFailed, message)
}

/// Whether a line's name means the column: the column of just that name, or, where there is none, that of another case.
fn means(table: &Table, name: &str, column: &Column) -> bool {
    match column_called(table, name) {
        Some(called) => called.name == column.name,
        None => name.eq_ignore_ascii_case(&column.name),
    }
}

fn is_wanted(target: &Target<'_>, column: &Column) -> bool {
    target.chosen.is_empty() || target.chosen.iter().any(|name| means(target.table, name, column))
}

fn by_name(target: &Target<'_>, titles: &[String]) -> Result<(Vec<Goal>, Vec<String>), Diagnostic> {
    let (mut goals, mut skipped) = (Vec::<Goal>::new(), Vec::new());
    for (field, title) in titles.iter().enumerate() {
        match column_called(target.table, title).filter(|column| is_wanted(target, column)) {
            Some(column) => {
                if goals.iter().any(|goal| goal.column.name == column.name) {
                    return Err(failed(format!("The file has the column `{}` twice.", column.name))
                        .with_cause(format!("Its first line names: {}.", listed(titles))));
                }
                goals.push(Goal { field, column: column.clone() });
            }
            None => skipped.push(title.clone()),
        }
    }
    let has = |name: &str| goals.iter().any(|goal| means(target.table, name, &goal.column));
    if let Some(name) = target.chosen.iter().find(|name| !has(name)) {
        let columns: Vec<_> = target.table.columns.iter().map(|column| column.name.as_str()).collect();
        return Err(failed(format!("The column `{name}` is not in both the file and the table."))
            .with_cause(format!("The file has: {}. The table has: {}.", listed(titles), listed(&columns))));
    }
    Ok((goals, skipped))
}

fn by_place(target: &Target<'_>, width: usize, order: Order) -> Result<(Vec<Goal>, Vec<String>), Diagnostic> {
    let columns = chosen_columns(target, order)?;
    // A file without a line has no row that would not fit: cqlsh loads nothing of it, and is content.
    if columns.len() != width && !(width == 0 && order == Order::Cqlsh) {
        let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
        return Err(failed(format!(
            "The file's first line has {width} fields, for {} columns.",
            names.len()
        ))
        .with_cause(format!("The columns are: {}.", names.join(", ")))
        .with_hint("Name the file's columns in their order, in parentheses behind the table."));
    }
    let goals = columns.into_iter().enumerate();
    Ok((goals.map(|(field, column)| Goal { field, column: column.clone() }).collect(), Vec::new()))
}

/// Goals for every column that a row may name; a goal's field is its place among them.
fn by_member(target: &Target<'_>, titles: &[String]) -> Result<(Vec<Goal>, Vec<String>), Diagnostic> {
    let columns = chosen_columns(target, Order::Select)?;
    let goals = columns.into_iter().enumerate();
    let goals: Vec<_> = goals.map(|(field, column)| Goal { field, column: column.clone() }).collect();
    if !titles.is_empty() && titles.iter().all(|title| column_called(target.table, title).is_none()) {
        return Err(failed(format!(
            "The file's first row names no column of {}.{}.",
            target.keyspace, target.name
        ))
        .with_cause(format!("It names: {}.", listed(titles))));
    }
    Ok((goals, Vec::new()))
}

fn chosen_columns<'a>(target: &Target<'a>, order: Order) -> Result<Vec<&'a Column>, Diagnostic> {
    if target.chosen.is_empty() {
        return Ok(match order {
            Order::Cqlsh => in_cqlshs_order(target.table),
            Order::Select => target.table.columns.iter().collect(),
        });
    }
    let column = |name: &String| {
        column_called(target.table, name).ok_or_else(|| {
            let all: Vec<_> = target.table.columns.iter().map(|column| column.name.as_str()).collect();
            failed(format!("{}.{} has no column `{name}`.", target.keyspace, target.name))
                .with_hint(format!("It has: {}.", all.join(", ")))
        })
    };
    target.chosen.iter().map(column).collect()
}

/// A table's columns in the order that `COPY` has where neither line nor file names them, both ways: partition key, clustering
/// key, then all others by name, static or not.
pub(crate) fn in_cqlshs_order(table: &Table) -> Vec<&Column> {
    let of = |role| table.columns.iter().filter(move |column| column.role == Some(role));
    let mut others: Vec<_> = table.columns.iter().filter(|column| !is_key(column)).collect();
    others.sort_by(|left, right| left.name.cmp(&right.name));
    of(KeyRole::Partition).chain(of(KeyRole::Clustering)).chain(others).collect()
}

/// Every column of the key needs a field; of a table with static columns that alone are loaded, only the partition key.
fn check_key(target: &Target<'_>, goals: &[Goal], fields: Match<'_>) -> Result<(), Diagnostic> {
    let only_static = goals.iter().any(|goal| goal.column.role == Some(KeyRole::Static))
        && goals.iter().all(|goal| matches!(goal.column.role, Some(KeyRole::Static | KeyRole::Partition)));
    let is_needed = |column: &Column| match column.role {
        Some(KeyRole::Partition) => true,
        Some(KeyRole::Clustering) => !only_static,
        _ => false,
    };
    let needed = target.table.columns.iter().filter(|column| is_needed(column));
    let missing: Vec<_> = needed
        .filter(|column| !goals.iter().any(|goal| goal.column.name == column.name))
        .map(|column| column.name.as_str())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let Target { keyspace, name, .. } = target;
    let diagnostic =
        failed(format!("The file has no field for the key of {keyspace}.{name}: {}.", missing.join(", ")));
    Err(match fields {
        Match::Names(titles) => diagnostic
            .with_cause(format!("The file names: {}.", listed(titles)))
            .with_hint("The first line of a CSV file must name the columns, or say `--no-header` and name them behind the table."),
        _ => diagnostic.with_hint("Name the columns of the key behind the table too."),
    })
}

fn insert(target: &Target<'_>, goals: &[Goal]) -> String {
    let names: Vec<_> = goals.iter().map(|goal| quote_name(&goal.column.name)).collect();
    let markers = vec!["?"; names.len()];
    format!("{} ({}) VALUES ({}){}", into(target), names.join(", "), markers.join(", "), using(target))
}

fn into(target: &Target<'_>) -> String {
    format!("INSERT INTO {}.{}", quote_name(target.keyspace), quote_name(target.name))
}

fn using(target: &Target<'_>) -> String {
    target.ttl.map_or_else(String::new, |ttl| format!(" USING TTL {ttl}"))
}

/// Counters are added to what is there; they cannot be inserted.
fn update(target: &Target<'_>, goals: Vec<Goal>) -> Result<(String, Vec<Goal>), Diagnostic> {
    let Target { keyspace, name, .. } = target;
    if target.ttl.is_some() {
        return Err(failed(format!("{keyspace}.{name} has counters, which have no TTL.")));
    }
    let (counters, keys): (Vec<_>, Vec<_>) = goals.into_iter().partition(|goal| !is_key(&goal.column));
    if counters.is_empty() {
        return Err(failed(format!("The file has no field for a counter of {keyspace}.{name}.")));
    }
    let added =
        counters.iter().map(|goal| quote_name(&goal.column.name)).map(|name| format!("{name} = {name} + ?"));
    let found = keys.iter().map(|goal| format!("{} = ?", quote_name(&goal.column.name)));
    let statement = format!(
        "UPDATE {}.{} SET {} WHERE {}",
        quote_name(keyspace),
        quote_name(name),
        added.collect::<Vec<_>>().join(", "),
        found.collect::<Vec<_>>().join(" AND ")
    );
    Ok((statement, counters.into_iter().chain(keys).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, cql_type: CqlType, role: Option<KeyRole>) -> Column {
        Column { name: name.to_owned(), cql_type, role }
    }

    fn table() -> Table {
        Table {
            columns: vec![
                column("origin", CqlType::Text, Some(KeyRole::Partition)),
                column("day", CqlType::Date, Some(KeyRole::Clustering)),
                column("wind", CqlType::Float, Some(KeyRole::Static)),
                column("Delay", CqlType::Int, None),
            ],
            base: None,
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn plan_of(table: &Table, chosen: &[&str], fields: Match<'_>) -> Result<Plan, Diagnostic> {
        let chosen = names(chosen);
        let target = Target { keyspace: "ks", name: "t", table, chosen: &chosen, left_out: &[], ttl: None };
        Plan::new(&target, fields, Order::Cqlsh)
    }

    #[test]
    fn fields_find_their_columns_by_name() {
        let titles = names(&["day", "extra", "ORIGIN", "\"Delay\""]);
        let plan = plan_of(&table(), &[], Match::Names(&titles)).unwrap();
        assert_eq!(plan.statement, r#"INSERT INTO ks.t (day, origin, "Delay") VALUES (?, ?, ?)"#);
        assert_eq!(plan.skipped, ["extra"]);
        let titles = names(&["origin", "wind"]);
        let plan = plan_of(&table(), &[], Match::Names(&titles)).unwrap();
        assert_eq!(plan.statement, "INSERT INTO ks.t (origin, wind) VALUES (?, ?)", "a static column alone");
    }

    #[test]
    fn a_chosen_name_means_the_column_of_just_that_name() {
        let mut table = table();
        table.columns.push(column("delay", CqlType::Int, None));
        let titles = names(&["origin", "day", "delay", "Delay"]);
        for (chosen, written) in [("delay", "delay"), ("Delay", "\"Delay\""), ("DELAY", "delay")] {
            let plan = plan_of(&table, &["origin", "day", chosen], Match::Names(&titles)).unwrap();
            let expected = format!("INSERT INTO ks.t (origin, day, {written}) VALUES (?, ?, ?)");
            assert_eq!(plan.statement, expected, "{chosen}");
        }
        // Where there is one column alone, another case of it will do.
        table.columns.pop();
        let plan = plan_of(&table, &["ORIGIN", "day", "DELAY"], Match::Names(&titles[..4])).unwrap();
        assert_eq!(plan.statement, "INSERT INTO ks.t (origin, day, \"Delay\") VALUES (?, ?, ?)");
    }

    #[test]
    fn fields_without_names_stand_in_cqlshs_order() {
        let plan = plan_of(&table(), &[], Match::Places(4)).unwrap();
        assert_eq!(plan.statement, r#"INSERT INTO ks.t (origin, day, "Delay", wind) VALUES (?, ?, ?, ?)"#);
        let error = plan_of(&table(), &[], Match::Places(3)).unwrap_err();
        assert_eq!(error.message, "The file's first line has 3 fields, for 4 columns.");
    }

    #[test]
    fn names_of_some_columns_alone_are_told_with_their_places() {
        let (table, chosen) = (table(), []);
        let target =
            Target { keyspace: "ks", name: "t", table: &table, chosen: &chosen, left_out: &[], ttl: None };
        let told = |titles: &[&str]| {
            let titles = names(titles);
            let plan = plan_of(&table, &[], Match::Places(titles.len())).unwrap();
            target.told_places(&titles, &plan.goals)
        };
        let text = told(&["origin", "when", "wind", "Delay"]).unwrap();
        assert!(
            text.ends_with(": `origin` into origin, `when` into day, `wind` into Delay, `Delay` into wind."),
            "{text}"
        );
        assert_eq!(told(&["origin", "day", "wind", "Delay"]), None, "these are names, and are gone by");
        assert_eq!(told(&["a", "b", "c", "d"]), None, "these are none");
        let columns = names(&["origin", "day", "wind"]);
        let target = Target { chosen: &columns, ..target };
        assert!(target.told_places(&names(&["origin", "wind", "x"]), &[]).is_some(), "of those chosen");
    }

    #[test]
    fn a_file_without_the_key_is_refused_before_anything_is_written() {
        let titles = names(&["origin", "Delay"]);
        let error = plan_of(&table(), &[], Match::Names(&titles)).unwrap_err();
        assert_eq!(error.message, "The file has no field for the key of ks.t: day.");
        let titles = names(&["origin", "day", "Origin"]);
        let error = plan_of(&table(), &[], Match::Names(&titles)).unwrap_err();
        assert_eq!(error.message, "The file has the column `origin` twice.");
    }

    #[test]
    fn chosen_columns_must_be_in_both() {
        let titles = names(&["origin", "day"]);
        let error = plan_of(&table(), &["nope"], Match::Names(&titles)).unwrap_err();
        assert_eq!(error.code, Code::ImportFailed);
        assert!(plan_of(&table(), &["nope"], Match::Places(1)).is_err());
    }

    #[test]
    fn the_servers_types_are_the_ones_that_count() {
        let titles = names(&["day", "origin"]);
        let mut plan = plan_of(&table(), &[], Match::Names(&titles)).unwrap();
        plan.adopt(&[column("day", CqlType::Int, None), column("origin", CqlType::Ascii, None)]);
        let types: Vec<_> = plan.goals.iter().map(|goal| goal.column.cql_type.clone()).collect();
        assert_eq!(types, [CqlType::Int, CqlType::Ascii]);
        assert_eq!(plan.goals[1].column.role, Some(KeyRole::Partition), "and its part in the key stays");
    }

    #[test]
    fn counters_are_added_to() {
        let table = Table {
            columns: vec![
                column("page", CqlType::Text, Some(KeyRole::Partition)),
                column("hits", CqlType::Counter, None),
            ],
            base: None,
        };
        let titles = names(&["page", "hits"]);
        let plan = plan_of(&table, &[], Match::Names(&titles)).unwrap();
        assert_eq!(plan.statement, "UPDATE ks.t SET hits = hits + ? WHERE page = ?");
        assert!(plan.counters);
        let goals: Vec<_> = plan.goals.iter().map(|goal| goal.field).collect();
        assert_eq!(goals, [1, 0]);
    }
}
