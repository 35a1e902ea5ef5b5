//! Stand-ins for tests of whoever uses this crate. Nothing here does I/O.

use std::sync::Arc;

use crate::request::{PagingState, Shape};
use crate::sessions::Scope;

/// A paging state that no server gave, and that none understands.
pub fn paging_state() -> PagingState {
    let shape = Shape { columns: Arc::from([]), table: None };
    PagingState { bytes: bytes::Bytes::from_static(b"nothing"), scope: Scope::Any, shape }
}

/// Reads the body of a metadata service's answer as it is read behind a status of 200.
///
/// # Errors
/// What is said of a body that is no metadata.
pub fn metadata(body: &[u8]) -> Result<(), String> {
    crate::metadata::interpret(hyper::StatusCode::OK, body, None).map(drop).map_err(|error| error.to_string())
}
