//! Notices that the process that started the kernel is gone, so that no kernel is left behind.

use std::os::unix::process::parent_id;
use std::time::Duration;

/// How often to look.
const EVERY: Duration = Duration::from_millis(500);

/// Ends when the parent is gone; never when the kernel was not started by Jupyter (no `JPY_PARENT_PID`).
///
/// The parent is the process that this one is a child of when this is called. Not PR_SET_PDEATHSIG: that signal comes
/// when the *thread* that started the kernel ends, and Jupyter servers start kernels from threads.
pub(crate) async fn gone() {
    if std::env::var_os("JPY_PARENT_PID").is_none_or(|pid| pid.is_empty() || pid == "0") {
        return std::future::pending().await;
    }
    let parent = parent_id();
    loop {
        tokio::time::sleep(EVERY).await;
        if parent_id() != parent {
            return;
        }
    }
}
