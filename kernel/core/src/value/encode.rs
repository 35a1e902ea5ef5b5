//! From text to a serialised cell.

use crate::column::CqlType;

/// A text is no value of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text} is no {cql_type}: {reason}")]
pub struct ValueError {
    /// The text, or the part of it that does not fit, cut where it is long.
    pub text: String,
    /// The type it was to have, as CQL writes it.
    pub cql_type: String,
    /// What is wrong, e.g. `expected a whole number from -128 to 127`.
    pub reason: String,
}

/// Reads a field of a CSV file: the value without the quotes a CQL literal would have (`it's`, `12`, `2013-01-01`);
/// collections, tuples, vectors and user-defined types as CQL literals. Null is for the caller to recognise.
///
/// # Errors
/// [`ValueError`] when the text is no value of the type.
pub fn from_text(ty: &CqlType, text: &str) -> Result<Vec<u8>, ValueError> {
    from_literal(ty, text).map(Option::unwrap_or_default)
}

/// Reads a CQL literal: `'it''s'`, `12`, `0xff`, a uuid, `[..]`, `{..}`, `(..)`, `null` (which gives `None`).
///
/// # Errors
/// [`ValueError`] when the text is no literal of the type.
pub fn from_literal(ty: &CqlType, literal: &str) -> Result<Option<Vec<u8>>, ValueError> {
    Err(ValueError { text: literal.to_owned(), cql_type: ty.to_string(), reason: "not built yet".to_owned() })
}
