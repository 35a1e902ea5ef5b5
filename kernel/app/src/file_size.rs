//! A limit on the size of files (`ulimit -f`) is an error of the write that passes it, and not the end of the program.

/// Has the signal that the system sends at the limit end nothing; the write fails with `EFBIG` then. For each of our processes: a
/// program that is started gets the system's own way back.
pub(crate) fn outlive_limit() {
    #[cfg(unix)]
    {
        use rustix::process::Signal;
        use tokio::signal::unix::{SignalKind, signal};

        // A handler needs a runtime to be set, and stays when that is gone. Where there is none, there is no such end either.
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
        let _within = runtime.enter();
        signal(SignalKind::from_raw(Signal::XFSZ.as_raw())).ok();
    }
}
