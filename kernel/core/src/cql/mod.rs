//! CQL as text: tokens, statements and what kind of statement each is. No schema is known here.

mod binds;
pub mod classify;
pub mod comment;
#[cfg(test)]
mod cqlsh_cases;
pub mod functions;
pub mod keywords;
pub mod lexer;
pub mod lookalike;
pub(crate) mod repeat;
pub mod scan;
pub mod selection;
pub mod split;
mod statement;
