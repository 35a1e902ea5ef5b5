//! From what a user gives to an open connection: fields, recipes, saved connections, the connecting itself and its progress.

pub(crate) mod command;
pub(crate) mod desk;
mod destination;
mod edit;
mod environment;
pub(crate) mod fields;
pub(crate) mod gather;
mod missing;
pub(crate) mod opening;
pub(crate) mod recipe;
mod safe;
pub(crate) mod shelf;
mod terminal;
pub(crate) mod verbs;

/// Where the environment may hold secrets.
pub(crate) const SECRET_VARIABLES: [&str; 4] = [
    "ASTRA_DB_APPLICATION_TOKEN",
    "ASTRA_DB_CLIENT_SECRET",
    "CASSANDRA_PASSWORD",
    crate::explain::vault::PASSPHRASE,
];
