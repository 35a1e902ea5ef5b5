//! Between cells and columns: which arrow type a CQL type has, cells into builders, and elements of arrays back into cells.
//!
//! Nothing here rounds, and nothing panics on bytes from a server or on arrays from a file.

pub(crate) mod builder;
pub(crate) mod cells;
pub(crate) mod fields;
pub(crate) mod nested;
pub(crate) mod scalar;
pub(crate) mod shown;

use cqlbook_core::column::CqlType;

/// How cells are taken apart, and how many bytes an element takes in a vector, where Cassandra packs them.
pub(crate) use cqlbook_core::value::{Misfit, exact, packed_size, split_element};

/// The type without `frozen`, which says nothing about a value's form.
pub(crate) fn thawed(ty: &CqlType) -> &CqlType {
    match ty {
        CqlType::Frozen(inner) => thawed(inner),
        ty => ty,
    }
}
