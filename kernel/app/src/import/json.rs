//! A line of JSON as the fields of a row. Numbers keep their digits: they are never turned into floating point.

use std::borrow::Cow;
use std::fmt;

use cqlbook_core::value::Given;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// An object's members in order, their values as they are written.
pub(super) struct Object<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// A text that is borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The members of a line that is one object.
pub(super) fn members(line: &str) -> Result<Vec<(Cow<'_, str>, &RawValue)>, String> {
    match serde_json::from_str::<Object<'_>>(line) {
        Ok(Object(members)) => Ok(members),
        Err(error) => Err(format!("the line is no JSON object: {error}")),
    }
}

/// A value as a cell is made of it.
pub(super) fn given(value: &RawValue) -> Result<Given<'_>, String> {
    let text = value.get().trim();
    let failed = |error: serde_json::Error| error.to_string();
    Ok(match text.as_bytes().first() {
        Some(b'n') => Given::Null,
        Some(b't') => Given::Boolean(true),
        Some(b'f') => Given::Boolean(false),
        Some(b'"') => {
            let Name(text) = serde_json::from_str(text).map_err(failed)?;
            Given::Text(text)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(failed)?;
            Given::List(items.into_iter().map(given).collect::<Result<_, _>>()?)
        }
        Some(b'{') => {
            let Object(members) = serde_json::from_str(text).map_err(failed)?;
            let pair = |(name, value)| Ok((Given::Text(name), given(value)?));
            Given::Map(members.into_iter().map(pair).collect::<Result<_, String>>()?)
        }
        _ => Given::Number(text.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_digits_and_their_order() {
        let line = r#"{"a\n": 1.50, "big": 100000000000000000000000000001, "n": null, "l": [true, {"x": "é\u0041"}]}"#;
        let members = members(line).unwrap();
        let names: Vec<_> = members.iter().map(|(name, _)| name.as_ref()).collect();
        assert_eq!(names, ["a\n", "big", "n", "l"]);
        let values: Vec<_> = members.iter().map(|(_, value)| given(value).unwrap()).collect();
        let nested = Given::Map(vec![(Given::Text("x".into()), Given::Text("éA".into()))]);
        assert_eq!(
            values,
            [
                Given::Number("1.50".into()),
                Given::Number("100000000000000000000000000001".into()),
                Given::Null,
                Given::List(vec![Given::Boolean(true), nested]),
            ]
        );
        assert!(super::members("[1]").is_err() && super::members("{\"a\": 1").is_err());
    }
}
