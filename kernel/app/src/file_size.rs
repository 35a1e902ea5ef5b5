//! A limit on the size of files (`ulimit -f`) is an error of the write that passes it, and not the end of the program.

/// Has the signal that the system sends at the limit end nothing; the write fails with `EFBIG` then. Within a runtime.
pub(crate) fn outlive_limit() {
    #[cfg(unix)]
    {
        use rustix::process::Signal;
        use tokio::signal::unix::{SignalKind, signal};

        // The handler stays when its listener is dropped. Where there is no such signal, there is no such end.
        signal(SignalKind::from_raw(Signal::XFSZ.as_raw())).ok();
    }
}
