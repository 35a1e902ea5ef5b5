//! What a kernel's author writes: a [`Handler`], and the types of its questions and answers.
//!
//! Nothing here knows about sockets or messages. Offsets are bytes; the code points of the protocol are
//! converted in `cursor.rs`.

use std::future::Future;

use jupyter_protocol::{HelpLink, LanguageInfo};
use tokio_util::sync::CancellationToken;

use crate::bundle::MimeBundle;
use crate::io::Io;

/// A language behind a kernel.
///
/// Its methods run in the runtime that [`serve`](crate::serve) is called in, but for [`Handler::kernel_info`], which is
/// called by the thread of the sockets.
///
/// Requests of one lane (the main shell, or one subshell) come one after the other. Requests of different lanes
/// and of the control channel come at the same time. A panic in a method becomes an error named
/// `INTERNAL_ERROR`, and the kernel lives on.
pub trait Handler: Send + Sync + 'static {
    /// Who the kernel is. Asked often: answer without waiting.
    fn kernel_info(&self) -> KernelInfo;

    /// Runs a cell. Watch [`ExecuteRequest::cancelled`]: when the user interrupts, stop and answer with an error.
    /// A future that goes on for [`INTERRUPT_GRACE`](crate::INTERRUPT_GRACE) after that is dropped.
    fn execute(&self, request: ExecuteRequest, io: Io) -> impl Future<Output = ExecuteOutcome> + Send;

    /// The value of one of a request's `user_expressions`, asked after the cell ran well.
    fn evaluate(&self, expression: &str) -> impl Future<Output = Result<MimeBundle, ErrorReport>> + Send {
        let _ = expression;
        async { Err(ErrorReport::new("UNSUPPORTED", "This kernel has no user expressions.")) }
    }

    /// Candidates for the text around `cursor`, an offset in bytes that lies on a character boundary of `code`.
    fn complete(&self, code: &str, cursor: usize) -> impl Future<Output = Completions> + Send {
        let _ = code;
        async move { Completions { start: cursor, end: cursor, matches: Vec::new() } }
    }

    /// What is known about the thing at `cursor` (bytes); `None` when nothing is. `detail_level` is 0, or 1 when
    /// the user asks for more.
    fn inspect(
        &self,
        code: &str,
        cursor: usize,
        detail_level: u8,
    ) -> impl Future<Output = Option<MimeBundle>> + Send {
        let _ = (code, cursor, detail_level);
        async { None }
    }

    /// Whether a line-based frontend should run `code` or ask for another line.
    fn is_complete(&self, code: &str) -> Completeness {
        let _ = code;
        Completeness::Unknown
    }

    /// Earlier input, oldest first.
    fn history(&self, request: HistoryRequest) -> impl Future<Output = Vec<HistoryEntry>> + Send {
        let _ = request;
        async { Vec::new() }
    }

    /// Called once before [`serve`](crate::serve) returns, after running cells were cancelled. Cut short after
    /// [`SHUTDOWN_GRACE`](crate::SHUTDOWN_GRACE).
    fn shutdown(&self, restart: bool) -> impl Future<Output = ()> + Send {
        let _ = restart;
        async {}
    }
}

/// What a kernel says about itself
/// ([kernel_info](https://jupyter-client.readthedocs.io/en/stable/messaging.html#kernel-info)). The protocol version
/// and the features of this crate are added to it.
#[derive(Clone, Debug)]
pub struct KernelInfo {
    /// Name of the program.
    pub implementation: String,
    /// Its version.
    pub implementation_version: String,
    /// What a console shows at its start.
    pub banner: String,
    /// The language: name, version, MIME type, file extension, lexer.
    pub language_info: LanguageInfo,
    /// Entries of the Help menu.
    pub help_links: Vec<HelpLink>,
    /// Whether a debugger is there.
    pub debugger: bool,
    /// Optional features by the names that JEP 92 keeps, besides those of this crate.
    pub supported_features: Vec<String>,
}

/// A cell to run.
#[derive(Debug)]
pub struct ExecuteRequest {
    /// The cell's text.
    pub code: String,
    /// Whether nothing may be shown; outputs are dropped on the way, and the count does not grow.
    pub silent: bool,
    /// Whether the cell belongs into the history (never with `silent`).
    pub store_history: bool,
    /// Whether [`Io::input`] may ask.
    pub allow_stdin: bool,
    /// Whether an error aborts the cells that wait behind this one.
    pub stop_on_error: bool,
    /// The cell's number, from 1; the last stored cell's number when this one is not stored.
    pub execution_count: u32,
    /// The cell's id in the notebook, where the frontend tells it.
    pub cell_id: Option<String>,
    /// Cancelled when the user interrupts or the kernel stops.
    pub cancelled: CancellationToken,
}

/// How a cell ended. The reply, and for an error the one message that shows it, are sent by this crate.
#[derive(Clone, Debug, PartialEq)]
pub enum ExecuteOutcome {
    /// It ran.
    Ok {
        /// Things a frontend should do.
        payload: Vec<Payload>,
    },
    /// It failed.
    Error {
        /// The error's stable name.
        ename: String,
        /// What happened, in one line.
        evalue: String,
        /// The lines to show; may have ANSI colours.
        traceback: Vec<String>,
    },
    /// It did not run.
    Aborted,
}

impl ExecuteOutcome {
    /// It ran, and nothing is asked of the frontend.
    pub const fn ok() -> Self {
        Self::Ok { payload: Vec::new() }
    }

    /// It failed, with a traceback of one line.
    pub fn error(ename: impl Into<String>, evalue: impl Into<String>) -> Self {
        ErrorReport::new(ename, evalue).into()
    }
}

/// An error in the three parts that the protocol has.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorReport {
    /// The error's stable name.
    pub ename: String,
    /// What happened, in one line.
    pub evalue: String,
    /// The lines to show.
    pub traceback: Vec<String>,
}

impl ErrorReport {
    /// An error whose traceback is `ename: evalue`.
    pub fn new(ename: impl Into<String>, evalue: impl Into<String>) -> Self {
        let (ename, evalue) = (ename.into(), evalue.into());
        Self { traceback: vec![format!("{ename}: {evalue}")], ename, evalue }
    }
}

impl From<ErrorReport> for ExecuteOutcome {
    fn from(report: ErrorReport) -> Self {
        let ErrorReport { ename, evalue, traceback } = report;
        Self::Error { ename, evalue, traceback }
    }
}

/// A thing a frontend should do after a cell
/// ([payloads](https://jupyter-client.readthedocs.io/en/stable/messaging.html#payloads-deprecated)).
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// Show this in a pager.
    Page {
        /// What to show.
        data: MimeBundle,
        /// The line to start at, from 0.
        start: u32,
    },
    /// Put this text into the next cell, or into this one.
    SetNextInput {
        /// The text.
        text: String,
        /// Whether it replaces the cell that ran.
        replace: bool,
    },
}

/// Candidates for completion, and the text they replace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completions {
    /// Where the replaced text starts, in bytes.
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
    /// The candidates, best first.
    pub matches: Vec<Completion>,
}

/// A candidate for completion.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completion {
    /// What is inserted.
    pub text: String,
    /// What it is, in the frontend's words: `keyword`, `table`, `function`, …; empty when unknown.
    pub kind: String,
    /// Its signature, e.g. a column's type; empty when there is none.
    pub signature: String,
}

/// The answer to "run it, or another line?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Run it.
    Complete,
    /// Ask for another line that starts with this indent.
    Incomplete {
        /// The indent.
        indent: String,
    },
    /// More lines will not help; run it to see the error.
    Invalid,
    /// Nobody can tell.
    Unknown,
}

/// What part of the history is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRequest {
    /// The part.
    pub access: HistoryAccess,
    /// Whether outputs are wanted too.
    pub output: bool,
    /// Whether input is wanted as it was typed.
    pub raw: bool,
}

/// The part of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryAccess {
    /// The last `n` entries.
    Tail {
        /// How many.
        n: usize,
    },
    /// Lines `start..stop` of a session.
    Range {
        /// The session: 0 is this one, negative numbers count back from it, positive ones are absolute.
        session: i64,
        /// The first line, from 1.
        start: i64,
        /// The line after the last one; `None` for all to the end.
        stop: Option<i64>,
    },
    /// Entries that match a glob pattern (`*` and `?`).
    Search {
        /// The pattern; it must match the whole input.
        pattern: String,
        /// How many at most, counted from the newest.
        n: Option<usize>,
        /// Whether equal inputs are listed once.
        unique: bool,
    },
}

/// An entry of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The session's number.
    pub session: i64,
    /// The cell's number in the session.
    pub line: i64,
    /// The input.
    pub input: String,
    /// The output as text, where it was kept.
    pub output: Option<String>,
}
