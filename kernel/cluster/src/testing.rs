//! Stand-ins for tests of whoever uses this crate. Nothing here does I/O.

use std::sync::Arc;

use crate::request::{PagingState, Shape};
use crate::sessions::Scope;

/// A paging state that no server gave, and that none understands.
pub fn paging_state() -> PagingState {
    let shape = Shape { columns: Arc::from([]), table: None };
    PagingState { bytes: bytes::Bytes::from_static(b"nothing"), scope: Scope::Any, shape }
}
