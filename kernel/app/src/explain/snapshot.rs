//! Why a file cannot be read as a snapshot of a schema, and what to do.

use std::io;
use std::path::Path;

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::render;
use cqlbook_core::schema::file::FileError;

use super::file::{self, Doing};

/// What there is to do where a part is missing or damaged.
const AGAIN: &str =
    "Copy it anew from where it came, or save the schema again: `%snapshot save NAME --force`.";

fn failed(path: &Path) -> Diagnostic {
    Diagnostic::new(Code::ImportFailed, format!("{} cannot be read as a snapshot.", path.display()))
}

/// It cannot be read at all.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    file::with_trouble(failed(path), error, path, Doing::Reading)
}

/// It is larger than `most` bytes.
pub(crate) fn too_large(path: &Path, most: usize) -> Diagnostic {
    failed(path)
        .with_cause(format!("It is larger than {}, which no snapshot is.", render::bytes(most)))
        .with_hint("Name a file that `%snapshot save` wrote. `%snapshot save NAME --keyspace KEYSPACE` saves one keyspace alone.")
}

/// It is no text.
pub(crate) fn no_text(path: &Path) -> Diagnostic {
    failed(path)
        .with_cause("It is no text in UTF-8, as a snapshot is.")
        .with_hint("Unpack it if it is compressed, or name the file as `%snapshot save` wrote it.")
}

/// It holds something else.
pub(crate) fn refused(path: &Path, error: &FileError) -> Diagnostic {
    let hint = match error {
        FileError::Empty | FileError::CutShort(_) => AGAIN,
        FileError::NotJson(_) => {
            "Name a file that `%snapshot save` wrote. A script of CQL is run by `SOURCE 'FILE'`."
        }
        FileError::NotASnapshot => {
            "Name a file that `%snapshot save` wrote. A file of rows is loaded by `%import`."
        }
        FileError::TooNew(_) => {
            "Update cqlbook to the release that wrote it, or save the schema again by this one: `%snapshot save`."
        }
        FileError::Part(_) => {
            "It was changed by hand or damaged. Take an earlier copy of it, or save the schema again: `%snapshot save NAME --force`."
        }
    };
    failed(path).with_cause(error.to_string()).with_hint(hint)
}
