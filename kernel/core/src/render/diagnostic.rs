//! A failure as Jupyter shows it.

use crate::diagnostic::Diagnostic;

/// The content of a Jupyter `error` message and of a failed reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorOutput {
    /// The code, e.g. `SYNTAX_ERROR`.
    pub ename: String,
    /// What happened, in one line.
    pub evalue: String,
    /// The lines to show, with ANSI colours.
    pub traceback: Vec<String>,
}

/// Draws a failure; `source` is the cell that the diagnostic's span points into.
pub fn diagnostic(_source: &str, d: &Diagnostic) -> ErrorOutput {
    ErrorOutput {
        ename: d.code.name().to_owned(),
        evalue: d.message.clone(),
        traceback: vec![d.message.clone()],
    }
}
