//! A local Astra around a real Apache Cassandra, for tests and the demonstration: what to start, switch and observe.
//! It is no part of the kernel, which must not be able to tell it from the real service. Where it differs is in its README.
//!
//! ```no_run
//! # async fn example() -> cqlbook_sandbox::Result<()> {
//! use cqlbook_sandbox::{AstraOptions, Sandbox, Switch};
//!
//! let sandbox = Sandbox::shared().await?;
//! let astra = sandbox.astra(AstraOptions { keyspace: "flights".to_owned(), ..AstraOptions::default() }).await?;
//! // Connect to astra.bundle() with astra.credentials() …
//! astra.switch(Switch::Paused { seconds: Some(3) }).await?;
//! // … and see what it does while the database sleeps.
//! assert!(astra.facts().await?.metadata_requests > 0);
//! # Ok(())
//! # }
//! ```

mod admin;
mod block;
mod bundle;
mod certs;
mod cluster;
mod database;
mod error;
mod frames;
mod front;
mod handle;
mod java;
mod listener;
mod metadata;
mod node;
mod place;
mod proxy;
mod relay;
mod server;
mod state;
mod stores;
mod switch;
mod words;

pub use cluster::{ClusterOptions, NodeInfo};
pub use error::{Error, Result};
pub use front::{AstraOptions, FrontInfo};
pub use handle::{Astra, Credentials, Sandbox, VARIABLE};
pub use place::work_folder;
pub use switch::{Facts, NodeFacts, Part, SniAnswer, Switch};
