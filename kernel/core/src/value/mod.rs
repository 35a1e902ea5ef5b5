//! CQL values: their serialised cells as text ([`literal`]) and text as serialised cells ([`from_literal`], [`from_text`]);
//! values of other formats as cells ([`from_given`]), and the forms that values have in files ([`Forms`]).
//!
//! A cell is the value's bytes as native protocol v4, section 6 lays them down, and for vectors as Cassandra 5's
//! `VectorType` does. Nothing here rounds, and nothing panics on bytes or text from outside.

mod calendar;
#[cfg(test)]
mod cassandra_tests;
mod decode;
#[cfg(test)]
mod decode_tests;
mod elements;
mod encode;
mod forms;
#[cfg(test)]
mod forms_tests;
mod given;
mod interval;
pub mod json;
mod nested;
mod number;
mod order;
#[cfg(test)]
mod order_tests;
mod parse;
mod part;
#[cfg(test)]
mod round_trip;
mod styles;

pub use calendar::civil;
pub use decode::{Kind, Rendered, is_mapped, literal, literal_within, statement_literal, styled};
pub use elements::{Entry, cell as collection_cell};
pub use encode::{ValueError, from_literal, from_text};
pub use forms::{BlobForm, Forms, Notes, TimeForm, bare_millis, millis_of};
pub use given::{Given, from_given};
pub use order::Key;
pub use part::{Misfit, each_single, exact, split_element};
pub use styles::{Confused, Styles};

use crate::column::CqlType;

/// How many bytes an element of this type takes in a vector, where Cassandra packs them (`AbstractType.valueLengthIfFixed`);
/// `None` where each has its length before it. `tinyint`, `smallint`, `date` and `time` count as variable there.
pub fn packed_size(ty: &CqlType) -> Option<usize> {
    match ty {
        CqlType::Boolean => Some(1),
        CqlType::Float | CqlType::Int => Some(4),
        CqlType::Bigint | CqlType::Double | CqlType::Timestamp => Some(8),
        CqlType::Uuid | CqlType::Timeuuid => Some(16),
        CqlType::Vector(item, dimensions) => packed_size(item)?.checked_mul(*dimensions),
        CqlType::Frozen(inner) => packed_size(inner),
        _ => None,
    }
}
