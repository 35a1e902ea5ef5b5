//! Between cells and columns: which arrow type a CQL type has, cells into builders, and elements of arrays back into cells.
//!
//! Nothing here rounds, and nothing panics on bytes from a server or on arrays from a file.

pub(crate) mod builder;
pub(crate) mod cells;
pub(crate) mod fields;
pub(crate) mod nested;
pub(crate) mod scalar;

use cqlbook_core::column::CqlType;

/// How many bytes an element of this type takes in a vector, where Cassandra packs them.
pub(crate) use cqlbook_core::value::packed_size;

/// The type without `frozen`, which says nothing about a value's form.
pub(crate) fn thawed(ty: &CqlType) -> &CqlType {
    match ty {
        CqlType::Frozen(inner) => thawed(inner),
        ty => ty,
    }
}

/// The bytes do not fit the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Misfit;

/// Bytes of a fixed length.
pub(crate) fn exact<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Misfit> {
    bytes.try_into().map_err(|_| Misfit)
}

/// One element after its 32-bit length (negative: null), and what follows.
pub(crate) fn split_element(bytes: &[u8]) -> Result<(Option<&[u8]>, &[u8]), Misfit> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(Misfit)?;
    match i32::from_be_bytes(*length) {
        -1 => Ok((None, rest)),
        length => {
            let length = usize::try_from(length).map_err(|_| Misfit)?;
            let (cell, rest) = rest.split_at_checked(length).ok_or(Misfit)?;
            Ok((Some(cell), rest))
        }
    }
}
