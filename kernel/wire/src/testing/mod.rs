//! A frontend for tests: starts a kernel, sends requests, collects what comes back, answers prompts.
//!
//! ```no_run
//! # async fn example(handler: std::sync::Arc<impl cqlbook_wire::Handler>) {
//! use cqlbook_wire::testing::{Frontend, InProcess};
//! let kernel = InProcess::start(handler).await;
//! let mut frontend = Frontend::connect(kernel.connection()).await;
//! let cell = frontend.execute("print hello").await;
//! assert_eq!(cell.stdout(), "hello\n");
//! frontend.shutdown(false).await;
//! # }
//! ```
//!
//! A tool for tests: whatever goes wrong is a panic that says what was awaited and what came instead.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a fault in a test is to fail the test")]

mod exchange;
mod frontend;
mod kernels;

pub use exchange::{Exchange, Received};
pub use frontend::{Frontend, RequestId};
pub use kernels::{InProcess, KernelProcess, free_connection, write_connection_file};
