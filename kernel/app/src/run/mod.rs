//! Runs a cell: its steps in order, each with an output of its own, until the end or the first failure.

pub(crate) mod aside;
mod capture;
pub(crate) mod cell;
mod copy;
mod copy_to;
mod describe;
mod error_file;
pub(crate) mod fetch;
pub(crate) mod guard;
pub(crate) mod loading;
mod out;
pub(crate) mod repeat;
mod scan;
pub(crate) mod scene;
pub(crate) mod selected;
mod sending;
pub(crate) mod shell;
mod show;
mod source;
pub(crate) mod statement;
pub(crate) mod wait;
