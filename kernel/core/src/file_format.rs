//! The names and endings of file formats, once: for `--format` and for what a file's ending tells, in export, import and `%%sql`.

/// A format of files of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFormat {
    /// Its name, which is also the ending that it is written with.
    pub name: &'static str,
    /// Further endings and names.
    pub also: &'static [&'static str],
    /// Further endings that are loaded and not written.
    pub loaded_also: &'static [&'static str],
    /// Whether it can be loaded.
    pub loads: bool,
}

const fn written(name: &'static str, also: &'static [&'static str]) -> FileFormat {
    FileFormat { name, also, loaded_also: &[], loads: false }
}

const fn both(name: &'static str, also: &'static [&'static str]) -> FileFormat {
    FileFormat { loads: true, ..written(name, also) }
}

/// Every format.
pub const FORMATS: &[FileFormat] = &[
    FileFormat { loaded_also: &["tsv", "txt"], ..both("csv", &[]) },
    both("json", &[]),
    both("jsonl", &["ndjson"]),
    both("parquet", &["pq"]),
    both("arrow", &["feather", "ipc"]),
    written("xlsx", &[]),
    written("md", &["markdown"]),
    written("html", &["htm"]),
    written("cql", &[]),
];

/// What `--format` of an export may be.
pub const WRITTEN: &[&str] = &[
    "csv", "json", "jsonl", "parquet", "arrow", "xlsx", "md", "html", "cql", "ndjson", "pq", "feather",
    "ipc", "markdown", "htm",
];

/// What `--format` of an import may be.
pub const LOADED: &[&str] =
    &["csv", "json", "jsonl", "parquet", "arrow", "tsv", "txt", "ndjson", "pq", "feather", "ipc"];

fn has(format: &FileFormat, name: &str, loaded: bool) -> bool {
    let also = format.also.iter().chain(if loaded { format.loaded_also } else { &[] });
    std::iter::once(&format.name).chain(also).any(|one| one.eq_ignore_ascii_case(name))
}

/// The format of that name or ending, in any case, in which files are written.
pub fn of_written(name: &str) -> Option<&'static FileFormat> {
    FORMATS.iter().find(|format| has(format, name, false))
}

/// The format of that name or ending, in any case, from which files are loaded.
pub fn of_loaded(name: &str) -> Option<&'static FileFormat> {
    FORMATS.iter().find(|format| format.loads && has(format, name, true))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_may_be_named_is_what_an_ending_may_be() {
        let names = |format: &'static FileFormat| std::iter::once(&format.name).chain(format.also);
        let written: BTreeSet<_> = FORMATS.iter().flat_map(names).collect();
        assert_eq!(WRITTEN.iter().collect::<BTreeSet<_>>(), written);
        let loads = FORMATS.iter().filter(|format| format.loads);
        let loaded: BTreeSet<_> = loads.flat_map(|format| names(format).chain(format.loaded_also)).collect();
        assert_eq!(LOADED.iter().collect::<BTreeSet<_>>(), loaded);
        assert!(WRITTEN.iter().all(|name| of_written(name).is_some()));
        assert!(LOADED.iter().all(|name| of_loaded(&name.to_uppercase()).is_some()));
        assert_eq!((of_loaded("xlsx"), of_written("tsv")), (None, None));
    }
}
