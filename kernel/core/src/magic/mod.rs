//! The table of magics, and how their lines are read.
//!
//! Parser, help, completion, `%lsmagic` and the documentation derive from the one table [`MAGICS`]. Nothing is
//! executed here, and no text of a magic line that may be a secret gets into a [`Diagnostic`].

mod arguments;
pub(crate) mod carried;
mod codes;
mod help;
mod parts;
mod table;
mod words;

pub use arguments::{Arguments, parse_line};
pub(crate) use arguments::{choose, option_parts};
pub use help::{help, list, topics};
pub(crate) use help::{of_magic, of_setting, of_verb};
pub use table::MAGICS;
pub use words::quoted;
pub(crate) use words::{word_length, words};

use crate::diagnostic::{Code, Diagnostic};
use crate::nearest::nearest;

/// Where a magic may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MagicKind {
    /// `%name` takes a line.
    Line,
    /// `%%name` takes the whole cell.
    Cell,
}

/// A magic: its name and the forms of its line.
#[derive(Debug, PartialEq, Eq)]
pub struct Magic {
    /// The name without `%`.
    pub name: &'static str,
    /// Where it may stand.
    pub kind: MagicKind,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Its forms; the one without words, if any, is the last.
    pub forms: &'static [Form],
}

/// One form of a magic's line: `%connection test NAME` is the form of `%connection` with the words `["test"]`.
#[derive(Debug, PartialEq, Eq)]
pub struct Form {
    /// The words that choose this form, empty for the plain one.
    pub words: &'static [&'static str],
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// What follows the words.
    pub positionals: &'static [Positional],
    /// Its options, in the order of the usage line.
    pub options: &'static [Opt],
    /// The rest of the line is no list of words (`%param day = '…'`); it has a reader of its own.
    pub raw: bool,
    /// False for "not in this release".
    pub implemented: bool,
}

/// A word that a form takes by its place.
#[derive(Debug, PartialEq, Eq)]
pub struct Positional {
    /// What the usage line calls it, e.g. `NAME`.
    pub name: &'static str,
    /// It must be given.
    pub required: bool,
    /// Any number of words may stand here; only for the last one.
    pub repeated: bool,
    /// What it may be, for completion and checking.
    pub what: Meaning,
}

/// An option `--name`.
#[derive(Debug, PartialEq, Eq)]
pub struct Opt {
    /// The name without `--`.
    pub name: &'static str,
    /// What the usage line calls its value; `None` for a flag.
    pub value: Option<&'static str>,
    /// What it does, in one sentence.
    pub help: &'static str,
    /// It must be given.
    pub required: bool,
    /// What its value may be, for completion and checking.
    pub what: Meaning,
}

/// What a word stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Anything.
    Text,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Several, separated by commas or given by several options.
    List,
    /// A whole number that is not negative.
    Count,
    /// A path.
    File,
    /// The name of a saved connection.
    Connection,
    /// The name of a kept result.
    Result,
    /// The name of a saved snapshot.
    Snapshot,
    /// A trace: the start of its id, `_` for the last one, or the name of the result that it is of.
    Trace,
    /// A keyspace.
    Keyspace,
    /// A table, with or without its keyspace. Double quotes stay, because they keep a name's case.
    Table,
    /// Columns of a table: `(a, "B")`. Double quotes stay.
    TableColumns,
    /// A column of a kept result.
    Column,
    /// A value of the setting of that name.
    Setting(&'static str),
    /// The name of a setting.
    SettingName,
    /// A help topic.
    Topic,
    /// A secret: a flag that asks for it. A value is never accepted.
    Secret,
}

/// The magic of that name: `%export`, `%%export`, or a bare name, where a line magic goes before a cell magic.
pub fn find(name: &str) -> Option<&'static Magic> {
    let (kind, bare) = match (name.strip_prefix("%%"), name.strip_prefix('%')) {
        (Some(bare), _) => (Some(MagicKind::Cell), bare),
        (None, Some(bare)) => (Some(MagicKind::Line), bare),
        (None, None) => (None, name),
    };
    let of = |wanted: MagicKind| MAGICS.iter().find(|magic| magic.kind == wanted && magic.name == bare);
    match kind {
        Some(kind) => of(kind),
        None => of(MagicKind::Line).or_else(|| of(MagicKind::Cell)),
    }
}

/// The magic of that kind and name.
///
/// # Errors
/// `UNKNOWN_MAGIC` with the nearest name, or with the other kind if the name is one of those.
pub fn lookup(kind: MagicKind, name: &str) -> Result<&'static Magic, Diagnostic> {
    let of = |wanted: MagicKind| MAGICS.iter().filter(move |magic| magic.kind == wanted);
    if let Some(magic) = of(kind).find(|magic| magic.name == name) {
        return Ok(magic);
    }
    let sign = kind.sign();
    let message = match name {
        "" => format!("A name is missing behind `{sign}`."),
        name => format!("There is no magic `{sign}{}`.", shortened(name)),
    };
    let diagnostic = Diagnostic::new(Code::UnknownMagic, message);
    let other = match kind {
        MagicKind::Line => MagicKind::Cell,
        MagicKind::Cell => MagicKind::Line,
    };
    let diagnostic = if of(other).any(|magic| magic.name == name) {
        let place = match other {
            MagicKind::Cell => "takes a whole cell: write it as the cell's first line",
            MagicKind::Line => "takes one line, with one `%`",
        };
        diagnostic.with_hint(format!("`{}{name}` {place}.", other.sign()))
    } else if let Some(near) = nearest(name, of(kind).map(|magic| magic.name)) {
        diagnostic.with_hint(format!("Did you mean `{sign}{near}`?"))
    } else {
        diagnostic
    };
    Err(diagnostic.with_hint("`%lsmagic` lists the magics."))
}

impl MagicKind {
    /// What stands before the name: `%` or `%%`.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Line => "%",
            Self::Cell => "%%",
        }
    }
}

impl Magic {
    /// The name as it is typed, e.g. `%%sql`.
    pub fn full_name(&self) -> String {
        format!("{}{}", self.kind.sign(), self.name)
    }

    /// The usage line of one of its forms, e.g. `%show NAME [--rows N]`.
    pub fn usage(&self, form: &Form) -> String {
        let mut usage = self.full_name();
        for word in form.words {
            usage.push(' ');
            usage.push_str(word);
        }
        for positional in form.positionals {
            usage.push(' ');
            usage.push_str(&optional(positional.name, positional.required));
        }
        for option in form.options {
            usage.push(' ');
            usage.push_str(&optional(&option.usage(), option.required));
        }
        usage
    }

    /// Whether any of its forms is implemented.
    pub fn implemented(&self) -> bool {
        self.forms.iter().any(|form| form.implemented)
    }
}

impl Opt {
    /// The option as the usage line writes it, e.g. `--rows N`.
    pub fn usage(&self) -> String {
        self.value.map_or_else(|| format!("--{}", self.name), |value| format!("--{} {value}", self.name))
    }
}

fn optional(text: &str, required: bool) -> String {
    if required { text.to_owned() } else { format!("[{text}]") }
}

/// What was typed, short enough for a message.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
