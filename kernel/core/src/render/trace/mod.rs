//! A trace as a picture: one lane for each node on one time axis, where the time went in words, what to do about it.
//!
//! Made of what JupyterLab's sanitizer leaves: boxes with places in percent, translucent colours, text. Whatever a colour says is said
//! in words too.

mod bars;
mod comparison;
mod distribution;
mod events;
mod html;
mod legend;
mod plain;
mod words;

pub use comparison::trace_comparison;
pub use distribution::trace_distribution;

use super::MimeBundle;
use crate::trace::Trace;

/// How a trace is to be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TraceOptions {
    /// What is said first, e.g. which of several runs this is.
    pub title: Option<String>,
    /// A sentence of ours, e.g. that the trace is incomplete and how to read it again.
    pub notice: Option<String>,
}

/// Draws a trace, as html (class `cqlbook-trace`) and plain text.
pub fn trace(trace: &Trace, options: &TraceOptions) -> MimeBundle {
    MimeBundle {
        html: Some(html::trace(trace, options)),
        plain: plain::trace(trace, options),
        ..MimeBundle::default()
    }
}

#[cfg(test)]
mod tests;
