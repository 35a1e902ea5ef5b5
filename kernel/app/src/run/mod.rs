//! Runs a cell: its steps in order, each with an output of its own, until the end or the first failure.

pub(crate) mod cell;
pub(crate) mod fetch;
pub(crate) mod guard;
pub(crate) mod scene;
pub(crate) mod shell;
pub(crate) mod statement;
pub(crate) mod wait;
