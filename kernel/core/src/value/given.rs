//! From a value of another format (JSON, a column of a Parquet file) to a serialised cell.

use std::borrow::Cow;

use super::elements::{self, Entry};
use super::encode::{ValueError, append, field};
use super::forms::{Forms, Notes};
use super::packed_size;
use crate::column::{CqlType, UdtType};
use crate::vint;

/// A value as another format has it. Which CQL type it becomes is decided by the column it goes into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given<'a> {
    /// No value.
    Null,
    /// True or false.
    Boolean(bool),
    /// A number in its own digits, so that none of them is lost: `12`, `-1.50`, `1e300`.
    Number(Cow<'a, str>),
    /// Text. For a type that is none it is read as a field of a CSV file is.
    Text(Cow<'a, str>),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
    /// Elements of a list, a set, a tuple or a vector.
    List(Vec<Given<'a>>),
    /// Keys with their values, or a user-defined type's fields with theirs.
    Map(Vec<(Given<'a>, Given<'a>)>),
    /// A value that is serialised already.
    Serialised(Vec<u8>),
}

/// Serialises a value of another format; `None` for null.
///
/// Elements that a tuple lacks and fields that a user-defined type's value lacks are null.
///
/// # Errors
/// [`ValueError`] when it is no value of the type.
pub fn from_given(ty: &CqlType, given: &Given<'_>) -> Result<Option<Vec<u8>>, ValueError> {
    encode(ty, given, &Forms::default(), &mut Notes::default())
}

/// A value of another format: see [`Forms::given`].
pub(super) fn encode(
    ty: &CqlType,
    given: &Given<'_>,
    forms: &Forms,
    notes: &mut Notes,
) -> Result<Option<Vec<u8>>, ValueError> {
    let bytes = match (ty, given) {
        (_, Given::Null) => return Ok(None),
        (_, Given::Serialised(bytes)) => bytes.clone(),
        (CqlType::Frozen(inner), given) => return encode(inner, given, forms, notes),
        (CqlType::Boolean, Given::Boolean(value)) => vec![u8::from(*value)],
        (CqlType::Text | CqlType::Ascii, Given::Boolean(value)) => value.to_string().into_bytes(),
        (CqlType::Blob | CqlType::Custom(_), Given::Bytes(bytes)) => bytes.to_vec(),
        (CqlType::Uuid | CqlType::Timeuuid, Given::Bytes(bytes)) if bytes.len() == 16 => bytes.to_vec(),
        (CqlType::Inet, Given::Bytes(bytes)) if matches!(bytes.len(), 4 | 16) => bytes.to_vec(),
        (CqlType::Text | CqlType::Ascii, Given::Bytes(bytes)) => {
            let text = std::str::from_utf8(bytes).map_err(|_| unfit(ty, given, "its bytes are no UTF-8"))?;
            field(ty, text, forms, notes)?
        }
        // What pandas writes for a value that is missing is no text, though it has letters.
        (CqlType::Text | CqlType::Ascii, Given::Number(word))
            if !word.ends_with(|c: char| c.is_ascii_digit()) =>
        {
            return Err(unfit(
                ty,
                given,
                "it is a number that JSON has no digits for; a missing value is `null`",
            ));
        }
        (_, Given::Number(text) | Given::Text(text)) => field(ty, text, forms, notes)?,
        (CqlType::List(item) | CqlType::Set(item), Given::List(items)) => {
            let mut entries = Vec::with_capacity(items.len());
            for given in items {
                let key = Some(element(ty, item, given, forms, notes)?);
                entries.push(Entry { key, value: Vec::new() });
            }
            elements::cell(ty, entries)?
        }
        (CqlType::Map(key, value), Given::Map(pairs)) => {
            let mut entries = Vec::with_capacity(pairs.len());
            for (left, right) in pairs {
                let mut entry = Entry { key: Some(element(ty, key, left, forms, notes)?), value: Vec::new() };
                append(&mut entry.value, ty, Some(&element(ty, value, right, forms, notes)?))?;
                entries.push(entry);
            }
            elements::cell(ty, entries)?
        }
        (CqlType::Vector(item, dimensions), Given::List(items)) => {
            vector(ty, item, *dimensions, items, forms, notes)?
        }
        (CqlType::Tuple(types), Given::List(items)) => {
            if items.len() > types.len() {
                return Err(unfit(ty, given, "it has more elements than the type"));
            }
            let mut out = Vec::new();
            for (place, item) in types.iter().enumerate() {
                let cell = items.get(place).map_or(Ok(None), |given| encode(item, given, forms, notes))?;
                append(&mut out, ty, cell.as_deref())?;
            }
            out
        }
        (CqlType::Udt(udt), Given::Map(fields)) => user_defined(ty, udt, fields, forms, notes)?,
        _ => return Err(unfit(ty, given, "the file has a value of another kind there")),
    };
    Ok(Some(bytes))
}

/// An element of a collection or a vector, where Cassandra allows no null.
fn element(
    ty: &CqlType,
    item: &CqlType,
    given: &Given<'_>,
    forms: &Forms,
    notes: &mut Notes,
) -> Result<Vec<u8>, ValueError> {
    encode(item, given, forms, notes)?
        .ok_or_else(|| ValueError::new(ty, "null", "null is not allowed inside a collection"))
}

fn vector(
    ty: &CqlType,
    item: &CqlType,
    dimensions: usize,
    items: &[Given<'_>],
    forms: &Forms,
    notes: &mut Notes,
) -> Result<Vec<u8>, ValueError> {
    if items.len() != dimensions {
        let reason = format!("expected {dimensions} elements, found {}", items.len());
        return Err(ValueError::new(ty, "[…]", reason));
    }
    let size = packed_size(item);
    let mut out = Vec::new();
    for given in items {
        let cell = element(ty, item, given, forms, notes)?;
        match size {
            Some(size) if size == cell.len() => {}
            Some(size) => return Err(ValueError::new(ty, "…", format!("an element has {size} bytes"))),
            None => vint::write_unsigned(cell.len() as u64, &mut out),
        }
        out.extend_from_slice(&cell);
    }
    Ok(out)
}

fn user_defined(
    ty: &CqlType,
    udt: &UdtType,
    given: &[(Given<'_>, Given<'_>)],
    forms: &Forms,
    notes: &mut Notes,
) -> Result<Vec<u8>, ValueError> {
    let mut cells: Vec<Option<Vec<u8>>> = vec![None; udt.fields.len()];
    for (name, value) in given {
        let Given::Text(name) = name else { return Err(unfit(ty, name, "a field's name is text")) };
        let place = udt.fields.iter().position(|(field, _)| field == name).ok_or_else(|| {
            let names: Vec<&str> = udt.fields.iter().map(|(field, _)| field.as_str()).collect();
            ValueError::new(ty, name, format!("its fields are {}", names.join(", ")))
        })?;
        cells[place] = encode(&udt.fields[place].1, value, forms, notes)?;
    }
    let mut out = Vec::new();
    for cell in &cells {
        append(&mut out, ty, cell.as_deref())?;
    }
    Ok(out)
}

fn unfit(ty: &CqlType, given: &Given<'_>, reason: &str) -> ValueError {
    let shown = match given {
        Given::Boolean(value) => value.to_string(),
        Given::Number(text) | Given::Text(text) => text.to_string(),
        Given::Bytes(bytes) => format!("{} bytes", bytes.len()),
        Given::List(_) => "[…]".to_owned(),
        Given::Map(_) => "{…}".to_owned(),
        Given::Null | Given::Serialised(_) => "…".to_owned(),
    };
    ValueError::new(ty, &shown, reason)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::value::from_literal;

    fn text(text: &str) -> Given<'_> {
        Given::Text(text.into())
    }

    fn number(text: &str) -> Given<'_> {
        Given::Number(text.into())
    }

    #[test]
    fn it_becomes_what_the_literal_would() {
        let point = CqlType::Udt(Box::new(UdtType {
            keyspace: "k".to_owned(),
            name: "point".to_owned(),
            fields: vec![("x".to_owned(), CqlType::Tinyint), ("Y".to_owned(), CqlType::Text)],
        }));
        let boxed = |ty: CqlType| Box::new(ty);
        let same: Vec<(CqlType, Given<'_>, &str)> = vec![
            (CqlType::Int, number("7"), "7"),
            (
                CqlType::Varint,
                number("100000000000000000000000000000001"),
                "100000000000000000000000000000001",
            ),
            (
                CqlType::Decimal,
                number("3.14159265358979323846264338327950288"),
                "3.14159265358979323846264338327950288",
            ),
            (CqlType::Double, text("NaN"), "NaN"),
            (CqlType::Text, number("1.50"), "'1.50'"),
            (CqlType::Text, text("it's"), "'it''s'"),
            (CqlType::Boolean, Given::Boolean(true), "true"),
            (CqlType::Date, text("2013-01-01"), "'2013-01-01'"),
            (CqlType::Blob, text("0xcafe"), "0xcafe"),
            (CqlType::Blob, Given::Bytes(vec![0xca, 0xfe].into()), "0xcafe"),
            (CqlType::Set(boxed(CqlType::Int)), Given::List(vec![number("1"), number("2")]), "{1, 2}"),
            (
                CqlType::Map(boxed(CqlType::Int), boxed(CqlType::Text)),
                Given::Map(vec![(text("1"), text("a"))]),
                "{1: 'a'}",
            ),
            (CqlType::Map(boxed(CqlType::Text), boxed(CqlType::Int)), text("{'a': 1}"), "{'a': 1}"),
            (CqlType::Tuple(vec![CqlType::Int, CqlType::Text]), Given::List(vec![number("1")]), "(1, null)"),
            (
                CqlType::Vector(boxed(CqlType::Float), 2),
                Given::List(vec![number("0.5"), number("1")]),
                "[0.5, 1]",
            ),
            (CqlType::Vector(boxed(CqlType::Text), 1), Given::List(vec![text("ab")]), "['ab']"),
            (point, Given::Map(vec![(text("Y"), text("b"))]), "{\"Y\": 'b'}"),
        ];
        for (ty, given, literal) in same {
            assert_eq!(from_given(&ty, &given), from_literal(&ty, literal), "{ty} {literal}");
            assert_eq!(
                from_given(&CqlType::Frozen(Box::new(ty.clone())), &given),
                from_literal(&ty, literal)
            );
        }
        assert_eq!(from_given(&CqlType::Int, &Given::Null), Ok(None));
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let wrong = |ty: &CqlType, given: &Given<'_>| from_given(ty, given).unwrap_err().to_string();
        let list = CqlType::List(Box::new(CqlType::Int));
        assert_snapshot!(wrong(&CqlType::Int, &Given::List(vec![])), @"`[…]` is no int: the file has a value of another kind there");
        assert_snapshot!(wrong(&list, &Given::List(vec![Given::Null])), @"`null` is no list<int>: null is not allowed inside a collection");
        assert_snapshot!(wrong(&list, &Given::List(vec![text("a")])), @"`a` is no int: expected a whole number from -2147483648 to 2147483647");
        assert_snapshot!(wrong(&CqlType::Vector(Box::new(CqlType::Float), 3), &Given::List(vec![])), @"`[…]` is no vector<float, 3>: expected 3 elements, found 0");
        assert_snapshot!(wrong(&CqlType::Tuple(vec![CqlType::Int]), &Given::List(vec![Given::Null, Given::Null])), @"`[…]` is no tuple<int>: it has more elements than the type");
        assert_snapshot!(wrong(&CqlType::Text, &Given::Bytes(vec![0xff].into())), @"`1 bytes` is no text: its bytes are no UTF-8");
        for word in ["NaN", "Infinity", "-Infinity"] {
            for ty in [CqlType::Text, CqlType::Ascii, CqlType::List(Box::new(CqlType::Text))] {
                let given = if ty.is_native() { number(word) } else { Given::List(vec![number(word)]) };
                assert!(wrong(&ty, &given).contains("a missing value is `null`"), "{word} {ty}");
            }
            assert!(from_given(&CqlType::Double, &number(word)).is_ok());
            assert!(from_given(&CqlType::Text, &text(word)).is_ok(), "in quotes it is a text");
        }
    }
}
