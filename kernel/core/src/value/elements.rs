//! The elements of sets and maps as Cassandra keeps them: in the order of their type, and each once.
//!
//! The rule: whatever writes a set or a map, at any depth of a value, does it through here. Cassandra sorts what it is given at the
//! top of a value alone: a set inside of a tuple, a list or a user-defined type stays as it was sent, and is another value than
//! its literal then.

use super::encode::{ValueError, append};
use super::order;
use crate::column::CqlType;

/// An element of a set or a list, or an entry of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The element, or the key; `None` for null, which the server refuses.
    pub key: Option<Vec<u8>>,
    /// The value of a map's entry as it stands in a cell, its length before it; nothing for an element.
    pub value: Vec<u8>,
}

/// The entries of a collection of type `ty` as Cassandra keeps them. Of two elements that are equal the first stays, and of two
/// entries with equal keys the first key with the last value. (In a literal Cassandra 5.0 leaves it to chance which of them
/// stays; of a map that is bound the last value counts.) A list stays as it is.
pub(super) fn settled(ty: &CqlType, entries: Vec<Entry>) -> Vec<Entry> {
    let key = match ty {
        CqlType::Frozen(inner) => return settled(inner, entries),
        CqlType::Set(key) | CqlType::Map(key, _) if entries.len() > 1 && has_order(key) => key,
        _ => return entries,
    };
    let mut keyed: Vec<_> =
        entries.into_iter().map(|entry| (order::of_element(key, entry.key.as_deref()), entry)).collect();
    // Equal ones stay in the order that they were given in.
    keyed.sort_by(|left, right| left.0.cmp(&right.0));
    let mut settled: Vec<(Vec<u8>, Entry)> = Vec::with_capacity(keyed.len());
    for (key, entry) in keyed {
        match settled.last_mut() {
            Some((last, kept)) if *last == key => kept.value = entry.value,
            _ => settled.push((key, entry)),
        }
    }
    settled.into_iter().map(|(_, entry)| entry).collect()
}

/// Whether Cassandra's order of these values is known. A custom type has its own.
fn has_order(ty: &CqlType) -> bool {
    match ty {
        CqlType::Custom(_) => false,
        CqlType::Frozen(item) | CqlType::List(item) | CqlType::Set(item) | CqlType::Vector(item, _) => {
            has_order(item)
        }
        CqlType::Map(key, value) => has_order(key) && has_order(value),
        CqlType::Tuple(types) => types.iter().all(has_order),
        CqlType::Udt(udt) => udt.fields.iter().all(|(_, ty)| has_order(ty)),
        _ => true,
    }
}

/// The cell of a collection of type `ty` with these entries, as Cassandra keeps them.
///
/// # Errors
/// [`ValueError`] where there are more of them, or larger ones, than a cell can have.
pub fn cell(ty: &CqlType, entries: Vec<Entry>) -> Result<Vec<u8>, ValueError> {
    let entries = settled(ty, entries);
    let count =
        i32::try_from(entries.len()).map_err(|_| ValueError::new(ty, "…", "it has too many elements"))?;
    let mut out = count.to_be_bytes().to_vec();
    for entry in &entries {
        append(&mut out, ty, entry.key.as_deref())?;
        out.extend_from_slice(&entry.value);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::UdtType;
    use crate::value::{Given, from_given, from_literal, from_text, literal};

    fn boxed(ty: CqlType) -> Box<CqlType> {
        Box::new(ty)
    }

    /// What is written in any order is what is read back from Cassandra.
    fn kept(ty: &CqlType, written: &str, kept: &str) {
        let cell = from_literal(ty, written).unwrap().unwrap();
        let shown = literal(Some(&cell), ty, &jiff::tz::TimeZone::UTC).text;
        assert_eq!(shown, kept, "{ty} {written}");
        assert_eq!(from_text(ty, written), Ok(cell.clone()), "{ty} {written} in a file");
        assert_eq!(from_literal(ty, kept), Ok(Some(cell)), "{ty} {kept} stays");
    }

    #[test]
    fn a_set_is_sorted_and_has_no_doubles_at_any_depth() {
        let set = |item| CqlType::Set(boxed(item));
        let ints = set(CqlType::Int);
        kept(&ints, "{2, -1, 2, 0}", "{-1, 0, 2}");
        kept(&CqlType::Tuple(vec![CqlType::Int, ints.clone()]), "(5, {2, 1})", "(5, {1, 2})");
        kept(&CqlType::List(boxed(ints.clone())), "[{2, 1}, {1, 2}]", "[{1, 2}, {1, 2}]");
        kept(&set(CqlType::Frozen(boxed(ints.clone()))), "{{3, 1}, {2, 1}, {1, 3}}", "{{1, 2}, {1, 3}}");
        kept(
            &CqlType::Map(boxed(ints.clone()), boxed(CqlType::Int)),
            "{{2, 1}: 1, {1, 2}: 2}",
            "{{1, 2}: 2}",
        );
        let udt = CqlType::Udt(Box::new(UdtType {
            keyspace: "k".to_owned(),
            name: "u".to_owned(),
            fields: vec![("s".to_owned(), ints.clone())],
        }));
        kept(&udt, "{s: {2, 1}}", "{s: {1, 2}}");
        kept(&CqlType::Vector(boxed(ints), 2), "[{2, 1}, {}]", "[{1, 2}, {}]");
        kept(&CqlType::List(boxed(CqlType::Int)), "[2, 1, 2]", "[2, 1, 2]");
    }

    #[test]
    fn the_last_value_of_a_key_stays_with_the_first_form_of_the_key() {
        let map = |key, value| CqlType::Map(boxed(key), boxed(value));
        kept(&map(CqlType::Text, CqlType::Int), "{'b': 1, 'a': 2, 'b': 3}", "{'a': 2, 'b': 3}");
        kept(&map(CqlType::Decimal, CqlType::Int), "{1.00: 1, 0.5: 2, 1.0: 3}", "{0.5: 2, 1.00: 3}");
        kept(&CqlType::Set(boxed(CqlType::Decimal)), "{1.0, -2, 1.00, 1}", "{-2, 1.0}");
    }

    #[test]
    fn what_comes_from_json_is_kept_so_as_well() {
        let number = |text: &'static str| Given::Number(text.into());
        let ty = CqlType::Tuple(vec![CqlType::Set(boxed(CqlType::Int))]);
        let given = Given::List(vec![Given::List(vec![number("2"), number("1"), number("2")])]);
        assert_eq!(from_given(&ty, &given), from_literal(&ty, "({1, 2})"));
        let ty = CqlType::Frozen(boxed(CqlType::Map(boxed(CqlType::Int), boxed(CqlType::Int))));
        let text = |text: &'static str| Given::Text(text.into());
        let given =
            Given::Map(vec![(text("2"), number("7")), (text("1"), number("1")), (text("2"), number("2"))]);
        assert_eq!(from_given(&ty, &given), from_literal(&ty, "{1: 1, 2: 2}"));
    }

    #[test]
    fn an_order_that_is_not_known_is_left_alone() {
        let entry = |byte| Entry { key: Some(vec![byte]), value: Vec::new() };
        let custom = CqlType::Set(boxed(CqlType::Custom("org.example.Point".to_owned())));
        assert_eq!(settled(&custom, vec![entry(2), entry(1)]), [entry(2), entry(1)]);
        let blobs = CqlType::Set(boxed(CqlType::Blob));
        assert_eq!(settled(&blobs, vec![entry(200), entry(1)]), [entry(1), entry(200)]);
    }
}
