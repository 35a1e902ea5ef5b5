//! CQL as text: tokens, statements and what kind of statement each is. No schema is known here.

pub mod classify;
pub mod lexer;
pub mod split;
