//! A page of rows as the server sent it: bytes until someone looks.
//!
//! A page is never decoded as a whole; whoever draws or analyses visits the cells it needs.

#[cfg(any(test, feature = "testing"))]
pub mod testing;

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::column::Column;

/// One page of a result, kept in the form it came in.
pub trait Page: Send + Sync + fmt::Debug {
    /// The columns, the same for every page of a result.
    fn columns(&self) -> &Arc<[Column]>;

    /// How many rows the page holds.
    fn rows(&self) -> usize;

    /// How many bytes its rows occupy, as they came over the wire.
    fn size_bytes(&self) -> usize;

    /// Calls `visit` with the cells of each row from row `start` on, in order, until it breaks or rows end.
    ///
    /// A cell is the value's serialised form (protocol v4, section 6), `None` for null. The slice has one
    /// cell for each column.
    ///
    /// # Errors
    /// [`MalformedPage`] when the server's bytes do not hold what its header promised.
    // An alias would hide what a visitor is given.
    #[allow(clippy::type_complexity)]
    fn visit(
        &self,
        start: usize,
        visit: &mut dyn FnMut(&[Option<&[u8]>]) -> ControlFlow<()>,
    ) -> Result<(), MalformedPage>;
}

/// The bytes of a page end early or contradict their lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server's rows do not match their own description (row {row} of the page)")]
pub struct MalformedPage {
    /// The row that could not be read, from zero.
    pub row: usize,
}
