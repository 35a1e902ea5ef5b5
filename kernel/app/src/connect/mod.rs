//! From what a user gives to an open connection: fields, recipes, the connecting itself and its progress.

pub(crate) mod fields;
pub(crate) mod opening;
pub(crate) mod recipe;
