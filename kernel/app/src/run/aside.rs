//! Work that only computes, on a thread of its own: the cell that waits for it can be interrupted, and a panic in it is an error.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use cqlbook_core::diagnostic::{Code, Diagnostic};

thread_local! {
    /// Whether a panic on this thread is caught and told as an error, so that nothing is printed of it.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` to its end. When the cell is interrupted the result is dropped, whenever it comes.
///
/// # Errors
/// `INTERNAL_ERROR` for a panic, with its own words.
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Diagnostic> {
    let done = tokio::task::spawn_blocking(move || caught(work)).await;
    done.map_err(|error| error.to_string()).and_then(|caught| caught).map_err(failed)
}

/// What is said of a computation that ended in a way that it should not, with its own words.
pub(crate) fn failed(words: String) -> Diagnostic {
    Diagnostic::new(Code::InternalError, "The computation failed in a way that it should not.")
        .with_server_text(words)
        .with_hint("Write it another way, e.g. in smaller steps, and report the cell that failed.")
}

/// The words of a panic.
pub(crate) fn words(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("It did not say why.").to_owned()
}

fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
    QUIET.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    QUIET.set(false);
    outcome.map_err(|panic| words(panic.as_ref()))
}
