//! What the sandbox promises, tried from outside: a probe of a few hundred lines stands for a client, the program is run as
//! a program. One binary, so that one shared sandbox serves all of its tests. Nothing here looks into the library.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod astra;
mod ending;
mod nodes;
mod probe;
mod switches;

use cqlbook_sandbox::{Astra, AstraOptions, Sandbox};

/// A front of this test's own on the shared sandbox.
async fn front() -> Astra {
    Sandbox::shared().await.unwrap().astra(AstraOptions::default()).await.unwrap()
}
