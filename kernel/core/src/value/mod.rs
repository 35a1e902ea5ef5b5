//! CQL values: their serialised cells as text ([`decode`]) and text as serialised cells ([`encode`]).
//!
//! A cell is the value's bytes as native protocol v4, section 6 lays them down. Nothing here rounds, and
//! nothing panics on bytes or text from outside.

mod decode;
mod encode;

pub use decode::{Kind, Rendered, literal, literal_within};
pub use encode::{ValueError, from_literal, from_text};
