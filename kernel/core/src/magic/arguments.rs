//! Reads the words of a magic's line by the table: GNU options, POSIX-shell quotes.

use super::{Form, Magic};
use crate::diagnostic::Diagnostic;

/// What a magic's line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    form: &'static Form,
    positionals: Vec<String>,
    options: Vec<(&'static str, Option<String>)>,
}

impl Arguments {
    /// The form of the line, by its words.
    pub fn form(&self) -> &'static Form {
        self.form
    }

    /// The words that chose the form, e.g. `["test", "astra"]`.
    pub fn words(&self) -> &'static [&'static str] {
        self.form.words
    }

    /// Whether the option was given.
    pub fn flag(&self, name: &str) -> bool {
        self.options.iter().any(|(option, _)| *option == name)
    }

    /// The option's value; the last one if it was given more than once.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find(|(option, _)| *option == name).and_then(|(_, value)| value.as_deref())
    }

    /// The option's values: all that were given, each split at commas, blanks around them and empty ones dropped.
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.options
            .iter()
            .filter(|(option, _)| *option == name)
            .filter_map(|(_, value)| value.as_deref())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .collect()
    }

    /// The option's value as a whole number (checked while parsing for options that take a count).
    pub fn count(&self, name: &str) -> Option<usize> {
        self.value(name).and_then(|value| value.parse().ok())
    }

    /// The words by place, after those that chose the form. For a raw form: the whole rest as one word.
    pub fn positionals(&self) -> &[String] {
        &self.positionals
    }

    /// The word at a place, from zero.
    pub fn positional(&self, place: usize) -> Option<&str> {
        self.positionals.get(place).map(String::as_str)
    }
}

/// Reads the rest of a magic's line.
///
/// # Errors
/// `USAGE` with the usage line and the nearest option. A secret on the line is refused, and is not in the diagnostic.
pub fn parse_line(magic: &'static Magic, rest: &str) -> Result<Arguments, Diagnostic> {
    let _ = (magic, rest);
    Err(Diagnostic::new(crate::diagnostic::Code::Usage, "Not yet."))
}
