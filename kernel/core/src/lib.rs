//! The pure heart of cqlbook: what a cell says, what a CQL value is, what a result looks like.
//!
//! Nothing here does I/O, reads a clock, spawns a task or touches the environment; time, zone and
//! randomness are arguments. Lexing, splitting and rendering never fail and never panic.

pub mod browse;
pub mod cell;
pub mod column;
pub mod complete;
pub mod consistency;
pub mod cql;
pub mod diagnostic;
pub mod file_format;
pub mod host;
pub mod inspect;
pub mod magic;
pub mod markdown;
pub mod nearest;
pub mod page;
pub mod redact;
pub mod render;
pub mod schema;
pub mod secret;
pub mod settings;
pub mod shell;
pub mod text;
pub mod trace;
pub mod value;
pub mod vint;
