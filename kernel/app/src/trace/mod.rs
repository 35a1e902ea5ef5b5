//! Traces of statements: waited for behind their rows, kept, shown, repeated, written to files. What a trace means and how it
//! is drawn is `cqlbook_core::trace`'s matter; how it is read, `cqlbook_cluster`'s.

pub(crate) mod explain;
pub(crate) mod file;
pub(crate) mod follow;
pub(crate) mod kept;
pub(crate) mod repeat;
