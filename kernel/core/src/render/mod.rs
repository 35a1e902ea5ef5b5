//! What a user sees: results, outcomes, failures and progress as MIME bundles.
//!
//! Pure functions from data to text. Every text from outside enters HTML through [`escape`], here and nowhere else;
//! the HTML keeps to what JupyterLab's sanitizer leaves as it is.

mod diagnostic;
mod diff;
mod escape;
mod list;
mod notice;
mod outcome;
mod outline;
mod profile;
mod spans;
mod table;
mod trace;
mod units;
mod withheld;

use std::time::Duration;

pub use diagnostic::{ErrorOutput, diagnostic, diagnostic_at};
pub use diff::diff;
pub(crate) use escape::{code_is_plain, visible_prose};
pub use escape::{escape, one_line, terminal};
pub use list::{Item, List, Stage, StageState, list, stages};
pub use notice::notice;
pub use outcome::{outcome, progress, sentence};
pub use outline::{Head, Outline, Part, outline};
pub use profile::{ColumnProfile, Profile, profile};
pub use spans::code_span;
pub(crate) use spans::{longest_run, spans};
pub(crate) use table::text_as_markdown as markdown_text;
pub use table::{TableOptions, grid, table};
pub use trace::{TraceOptions, trace, trace_comparison, trace_distribution};
pub use units::{bytes, count, duration};

/// The text as HTML content that JupyterLab's sanitizer leaves as it is.
pub fn content(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    escape::content(&mut html, text);
    html
}

/// One output in the forms Jupyter knows. Plain text is always there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MimeBundle {
    /// `text/html`.
    pub html: Option<String>,
    /// `text/plain`.
    pub plain: String,
    /// `text/markdown`, a twin for PDF and screen readers, of small tables only.
    pub markdown: Option<String>,
    /// `application/vnd.vegalite.v5+json`: a chart that the frontend draws, as JSON text. Where there is HTML, JupyterLab
    /// draws that instead.
    pub vega_lite: Option<String>,
    /// `image/png`: the chart's twin for places that draw none.
    pub picture: Option<Picture>,
}

/// A picture with what stands for it where it is not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The PNG file's bytes.
    pub png: Vec<u8>,
    /// Its width in pixels of the page; the file may have more, for sharp screens.
    pub width: u32,
    /// Its height, likewise.
    pub height: u32,
    /// What it shows, in words.
    pub alt: String,
}

/// What is known of an execution beside its rows: the footer's content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// How many rows are in the kernel.
    pub rows_fetched: usize,
    /// Whether the server has more rows than were fetched.
    pub more: bool,
    /// How long it took, from sending to the last page.
    pub elapsed: Duration,
    /// The consistency level, e.g. `LOCAL_QUORUM`.
    pub consistency: Option<String>,
    /// The node that answered, as a person would name it.
    pub coordinator: Option<String>,
    /// No server was asked: it was computed by this program, on this machine.
    pub computed_here: bool,
    /// The server's warnings, in its words.
    pub warnings: Vec<String>,
    /// The name the result is kept under, where the user chose one.
    pub kept_as: Option<String>,
    /// Further notices of ours, each a whole sentence.
    pub notes: Vec<String>,
    /// The table the rows were read from: its keyspace and name. Not drawn; an export of INSERTs writes to it.
    pub table: Option<(String, String)>,
    /// Of a result that was computed of a part of others' rows: the sentence that says so, for whatever is made of it. Not drawn;
    /// it stands among the notes too.
    pub incomplete: Option<String>,
    /// Columns of the result that are no column of the table under its own name: each with what it is. Not drawn; an export of
    /// INSERTs refuses them.
    pub derived: Vec<(String, String)>,
}
