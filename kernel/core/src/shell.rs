//! The commands that `cqlsh` users know: their verbs, and helpers that read their arguments.
//!
//! Nothing is executed here.

use crate::text::Span;

/// A shell command's first word or words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShellVerb {
    /// `CONSISTENCY [LEVEL]`.
    Consistency,
    /// `SERIAL CONSISTENCY [LEVEL]`.
    SerialConsistency,
    /// `TRACING [ON|OFF]`.
    Tracing,
    /// `PAGING [ON|OFF|ROWS]`.
    Paging,
    /// `EXPAND [ON|OFF]`.
    Expand,
    /// `DESCRIBE` or `DESC`.
    Describe,
    /// `SHOW VERSION|HOST|SESSION|REPLICAS`.
    Show,
    /// `SOURCE 'file'`.
    Source,
    /// `CAPTURE ['file'|OFF]`.
    Capture,
    /// `COPY table TO|FROM file`.
    Copy,
    /// `LOGIN user`.
    Login,
    /// `HELP [topic]` or `?`.
    Help,
    /// `CLEAR` or `CLS`.
    Clear,
    /// `EXIT` or `QUIT`.
    Exit,
}

/// A shell command of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellCommand {
    /// Which one.
    pub verb: ShellVerb,
    /// The words after the verb as written, without a final comment and blanks.
    pub arguments: String,
    /// Where `arguments` stands in the cell.
    pub arguments_span: Span,
    /// From the verb to the end of the arguments.
    pub span: Span,
}
