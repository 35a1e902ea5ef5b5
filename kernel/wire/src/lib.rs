//! Jupyter and nothing else: a kernel's sockets, signatures and messages, behind one trait.
//!
//! Write a [`Handler`], read a [`ConnectionFile`], call [`serve`]. The crate knows no CQL and no other crate of this
//! workspace. `examples/echo.rs` is a whole kernel; the feature `testing` has a frontend that drives one from tests.
//!
//! Protocol: <https://jupyter-client.readthedocs.io/en/stable/messaging.html>, version 5.5, with JEP 65
//! (`iopub_welcome`) and JEP 91 (subshells).

mod bundle;
mod connection;
mod control;
mod cursor;
mod execute;
mod handler;
mod io;
mod iopub;
mod kernel;
mod lane;
mod parent;
mod replies;
mod requests;
mod serve;
mod session;
mod sockets;
mod stdin;
#[cfg(feature = "testing")]
pub mod testing;

pub use bundle::{DisplayId, MimeBundle};
pub use connection::{Channel, ConnectionFile, ConnectionFileError, Transport};
pub use handler::{
    Completeness, Completion, Completions, ErrorReport, ExecuteOutcome, ExecuteRequest, Handler,
    HistoryAccess, HistoryEntry, HistoryRequest, KernelInfo, Payload,
};
pub use io::{InputError, Io, Stream};
pub use jupyter_protocol::{CodeMirrorMode, HelpLink, LanguageInfo};
pub use serve::{Exit, INTERRUPT_GRACE, Options, SHUTDOWN_GRACE, WireError, serve, serve_with};
