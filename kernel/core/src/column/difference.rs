//! Whether the columns of two pages are the same: rows of a later page may stand under the first one's heads only if every name
//! and type is where it was.

use super::{Column, quote_identifier};

/// Differences that are told; there may be as many as columns.
const TOLD: usize = 4;

/// What is different in the columns of a later page, as the end of a sentence; `None` where its rows fit under the first's. Roles
/// do not count: they come from the schema as far as it is known, and not from the page.
pub fn difference(first: &[Column], later: &[Column]) -> Option<String> {
    let same = |(one, other): (&Column, &Column)| one.name == other.name && one.cql_type == other.cql_type;
    if first.len() == later.len() && first.iter().zip(later).all(same) {
        return None;
    }
    let mut parts = Vec::new();
    let mut missing: Vec<&Column> = first.iter().collect();
    for column in later {
        // A name may come twice: each is paired with one of the others.
        let paired = |was: &&Column| was.name == column.name && was.cql_type == column.cql_type;
        let named = |was: &&Column| was.name == column.name;
        let place = missing.iter().position(paired).or_else(|| missing.iter().position(named));
        let name = quote_identifier(&column.name);
        let Some(was) = place.map(|place| missing.remove(place)) else {
            parts.push(format!("the column `{name}` ({}) is new", column.cql_type));
            continue;
        };
        let (before, now) = (was.cql_type.to_string(), column.cql_type.to_string());
        if before != now {
            parts.push(format!("the column `{name}` is {now} now, and was {before}"));
        } else if was.cql_type != column.cql_type {
            parts.push(format!("a user-defined type in the column `{name}` ({now}) has other fields now"));
        }
    }
    let gone = missing.iter().map(|column| {
        format!("the column `{}` ({}) is gone", quote_identifier(&column.name), column.cql_type)
    });
    parts.extend(gone);
    if parts.is_empty() {
        return Some("the columns are in another order".to_owned());
    }
    let more = parts.len().saturating_sub(TOLD);
    parts.truncate(TOLD);
    if more > 0 {
        parts.push(format!("and {more} more"));
    }
    Some(parts.join(", "))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::column::{CqlType, KeyRole, UdtType};

    fn list_of(inner: CqlType) -> CqlType {
        CqlType::List(Box::new(inner))
    }

    fn columns(written: &[(&str, CqlType)]) -> Vec<Column> {
        let column = |(name, cql_type): &(&str, CqlType)| Column {
            name: (*name).to_owned(),
            cql_type: cql_type.clone(),
            role: None,
        };
        written.iter().map(column).collect()
    }

    fn udt(fields: &[&str]) -> CqlType {
        let fields = fields.iter().map(|name| ((*name).to_owned(), CqlType::Text)).collect();
        CqlType::Udt(Box::new(UdtType { keyspace: "ks".to_owned(), name: "address".to_owned(), fields }))
    }

    fn told(first: &[(&str, CqlType)], later: &[(&str, CqlType)]) -> String {
        difference(&columns(first), &columns(later)).unwrap_or_default()
    }

    #[test]
    fn what_is_different_is_said() {
        use CqlType::{Bigint, Blob, Int, Text};
        let first = [("k", Int), ("b", Text), ("d", Text)];
        assert_snapshot!(told(&first, &[("k", Int), ("a", Text), ("b", Text), ("d", Text)]), @"the column `a` (text) is new");
        assert_snapshot!(told(&first, &[("k", Int), ("b", Text)]), @"the column `d` (text) is gone");
        assert_snapshot!(told(&first, &[("k", Int), ("b", Blob), ("d", Text)]), @"the column `b` is blob now, and was text");
        assert_snapshot!(told(&first, &[("k", Int), ("d", Text), ("b", Text)]), @"the columns are in another order");
        assert_snapshot!(told(&first, &[("k", Int), ("b", Text), ("E", Text)]), @r#"the column `"E"` (text) is new, the column `d` (text) is gone"#);
        assert_snapshot!(told(&[("l", list_of(udt(&["street"])))], &[("l", list_of(udt(&["street", "city"])))]), @"a user-defined type in the column `l` (list<address>) has other fields now");
        assert_snapshot!(told(&[("v", Int), ("v", Bigint)], &[("v", Int)]), @"the column `v` (bigint) is gone");
        let many: Vec<_> = ["a", "b", "c", "e", "f", "g"].map(|name| (name, Int)).to_vec();
        assert_snapshot!(told(&[], &many), @"the column `a` (int) is new, the column `b` (int) is new, the column `c` (int) is new, the column `e` (int) is new, and 2 more");
    }

    #[test]
    fn roles_do_not_count() {
        let first = columns(&[("k", CqlType::Int)]);
        let mut later = first.clone();
        later[0].role = Some(KeyRole::Partition);
        assert_eq!(difference(&first, &later), None);
    }

    proptest! {
        /// It is silent exactly where names and types are the same, place by place.
        #[test]
        fn nothing_different_is_passed_over(
            first in proptest::collection::vec((0..3_usize, 0..3_usize), 0..5),
            later in proptest::collection::vec((0..3_usize, 0..3_usize), 0..5),
        ) {
            let build = |picks: &[(usize, usize)]| {
                let types = [CqlType::Int, CqlType::Text, udt(&["x"])];
                let picked: Vec<_> = picks.iter().map(|&(name, ty)| (["a", "b", "c"][name], types[ty].clone())).collect();
                columns(&picked)
            };
            let told = difference(&build(&first), &build(&later));
            prop_assert_eq!(told.is_none(), first == later);
        }
    }
}
