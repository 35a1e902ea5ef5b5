//! The vault against the real thing: a Secret Service under a D-Bus of its own, and several processes over one folder.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[cfg(target_os = "linux")]
mod keychain;
mod processes;
