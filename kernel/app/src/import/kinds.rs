//! What a file is that is not what it was taken for, and the option that loads it.

use std::path::Path;

use cqlbook_analysis::separated::Dialect;
use cqlbook_analysis::unpack::{self, Kind};

use super::outcome::LoadError;

/// Refuses a file that is no text by its first bytes.
pub(super) fn check_text(path: &Path) -> Result<(), LoadError> {
    match unpack::kind(path)?.and_then(told) {
        Some(told) => Err(LoadError::Kind(told)),
        None => Ok(()),
    }
}

/// What a file is by its first bytes, and how it is loaded, where it is no text.
pub(crate) fn kind_of(path: &Path) -> Option<String> {
    unpack::kind(path).ok().flatten().and_then(told)
}

fn told(kind: Kind) -> Option<String> {
    Some(match kind {
        Kind::Gzip | Kind::Zstd => return None,
        Kind::Parquet => "it is a Parquet file; `--format parquet` loads it".to_owned(),
        Kind::Arrow => "it is an Arrow file; `--format arrow` loads it".to_owned(),
        Kind::Zip => {
            "it is an Excel workbook or another zip archive; save it as CSV, or unpack it, and load that"
                .to_owned()
        }
        Kind::Packed(name) => {
            format!(
                "it is compressed by {name}, which is not read; unpack it, or compress it by gzip or zstd"
            )
        }
        Kind::Other(name) => {
            format!("it is {name}, which is not read; write it as CSV, JSON or Parquet")
        }
    })
}

/// What a file of columns is that cannot be read as one.
pub(super) fn of_columns(path: &Path, reason: String) -> LoadError {
    let told = match unpack::kind(path) {
        Ok(Some(Kind::Parquet | Kind::Arrow)) => reason,
        Ok(Some(Kind::Gzip | Kind::Zstd)) => {
            return LoadError::Kind(
                "it is compressed as a whole; unpack it first: files of columns are compressed inside"
                    .to_owned(),
            );
        }
        Ok(_) => match check_text(path) {
            Err(told @ LoadError::Kind(_)) => return told,
            _ => format!("{reason}; if it is text, say so: `--format csv` or `--format json`"),
        },
        Err(_) => reason,
    };
    LoadError::Format(told)
}

/// What may be meant by a first line that names no columns.
pub(super) fn hints(line: &[u8], dialect: Dialect, copy: bool) -> Vec<String> {
    let count = |mark: u8| line.iter().filter(|byte| **byte == mark).count();
    let mut hints = Vec::new();
    let given = count(dialect.delimiter);
    let other = [b';', b'\t', b'|', b','].into_iter().filter(|mark| *mark != dialect.delimiter);
    if let Some(mark) = other.max_by_key(|mark| count(*mark)).filter(|mark| count(*mark) > given) {
        let (named, told) = if mark == b'\t' {
            ("tab".to_owned(), "tabs".to_owned())
        } else {
            (format!("'{}'", char::from(mark)), format!("`{}`", char::from(mark)))
        };
        hints.push(if copy {
            let mark = if mark == b'\t' { "\\t".to_owned() } else { char::from(mark).to_string() };
            format!("Its fields may stand between {told}: `WITH DELIMITER = '{mark}'`.")
        } else {
            format!("Its fields may stand between {told}: `--delimiter {named}`.")
        });
    }
    match line.trim_ascii_start().first() {
        Some(b'{' | b'[') if copy => {
            hints.push("It may be JSON, which `%import` loads: COPY reads CSV alone.".to_owned());
        }
        Some(b'{' | b'[') => hints.push("It may be JSON: `--format json`.".to_owned()),
        Some(b'<') => {
            hints.push("It may be a page of HTML or XML, such as an answer to a failed download.".to_owned())
        }
        _ => {}
    }
    if std::str::from_utf8(line).is_err_and(|error| error.error_len().is_some()) && !copy {
        hints.push("It is no UTF-8: `--encoding latin1` or `--encoding windows-1252`.".to_owned());
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> String {
        hints(line.as_bytes(), Dialect::default(), false).join(" ")
    }

    #[test]
    fn another_delimiter_is_named() {
        assert!(told("k;v;n\n").contains("`--delimiter ';'`"));
        assert!(told("k\tv\tn\n").contains("`--delimiter tab`"));
        assert!(told("k|v\n").contains("`--delimiter '|'`"));
        assert!(told("k;v,n,m\n").is_empty());
        assert!(told("{\"k\": 1}\n").contains("--format json"));
        assert!(told("<html>").contains("HTML"));
        let hints = hints(b"caf\xe9,v", Dialect::default(), false);
        assert!(hints[0].contains("--encoding latin1"), "{hints:?}");
    }
}
