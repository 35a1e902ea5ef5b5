//! Reads the words of a magic's line by the table: GNU options, POSIX-shell quotes.
//!
//! What was typed is repeated in a message only where it cannot be a secret: names of options, never values.

use super::words::{Word, words};
use super::{Form, Magic, Meaning, Opt, Positional, carried, shortened};
use crate::cql::lookalike;
use crate::diagnostic::{Code, Diagnostic};
use crate::nearest::nearest;
use crate::settings::Settings;

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

    /// The option's value.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find(|(option, _)| *option == name).and_then(|(_, value)| value.as_deref())
    }

    /// How often the option was given.
    pub fn times(&self, name: &str) -> usize {
        self.options.iter().filter(|(option, _)| *option == name).count()
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

    /// The words by place, after those that chose the form. For a raw form: the whole rest as one word, if there is any.
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
    if let [form @ Form { raw: true, .. }] = magic.forms {
        let positionals = if rest.trim().is_empty() { Vec::new() } else { vec![rest.trim().to_owned()] };
        return Ok(Arguments { form, positionals, options: Vec::new() });
    }
    let (words, closed, dropped) = match words(rest) {
        Ok(words) => {
            let count = words.len();
            let words = without_semicolon(words, rest);
            let dropped = words.len() < count;
            (words, true, dropped)
        }
        Err(words) => (words, false, false),
    };
    let form = choose(magic, &words);
    // First of all, so that no other message can be about a secret.
    refuse_secrets(magic, form, &words, rest)?;
    if let Some(told) = words.iter().find_map(|word| lookalike::in_a_word(rest, word.span)) {
        return Err(told);
    }
    if !closed {
        let diagnostic = Diagnostic::new(Code::Usage, "A quote on this line is not closed.");
        return Err(diagnostic.with_hint("Quotes are those of a shell: `'two words'`, `\"it's\"`."));
    }
    let Some(form) = form else { return Err(no_form(magic, words.first())) };
    let parser = Parser { magic, form, line: rest, dropped };
    parser.parse(words.get(form.words.len()..).unwrap_or_default())
}

/// The words without the `;` that ends a statement, and no magic's line: whoever wrote CQL before writes it. Within quotes it belongs
/// to the word.
fn without_semicolon(mut words: Vec<Word>, line: &str) -> Vec<Word> {
    while let Some(last) = words.last_mut()
        && last.span.of(line).ends_with(';')
        && !last.span.of(line).ends_with("\\;")
    {
        last.span.end -= 1;
        last.text.pop();
        if last.span.start == last.span.end {
            words.pop();
        }
    }
    words
}

/// The form whose words the line starts with; the longest wins.
pub(crate) fn choose(magic: &'static Magic, words: &[Word]) -> Option<&'static Form> {
    let starts = |form: &&Form| {
        form.words.len() <= words.len()
            && form.words.iter().zip(words).all(|(word, typed)| typed.text == *word)
    };
    magic.forms.iter().filter(starts).max_by_key(|form| form.words.len())
}

fn no_form(magic: &Magic, first: Option<&Word>) -> Diagnostic {
    let mut firsts: Vec<&str> = magic.forms.iter().filter_map(|form| form.words.first().copied()).collect();
    firsts.dedup();
    let message = format!("`{}` takes one of {}.", magic.full_name(), firsts.join(", "));
    let diagnostic = Diagnostic::new(Code::Usage, message);
    let diagnostic = match first.and_then(|word| nearest(&word.text, firsts.iter().copied())) {
        Some(near) => diagnostic.with_hint(format!("Did you mean `{} {near}`?", magic.full_name())),
        None => diagnostic,
    };
    diagnostic.with_hint(format!("`%help {}` shows each of them.", magic.name))
}

/// What application tokens start with.
const TOKEN_PREFIX: &str = "AstraCS:";

fn refuse_secrets(magic: &Magic, form: Option<&Form>, words: &[Word], line: &str) -> Result<(), Diagnostic> {
    let options = words.split(|word| word.text == "--").next().unwrap_or_default();
    // Elsewhere `-p` is no password, but pages, say.
    let connects = magic.name.starts_with("connect");
    let given = options.iter().enumerate().any(|(place, word)| {
        let Some((typed, value)) = option_parts(&word.text) else { return false };
        let short = connects && !word.text.starts_with("--");
        if carried::glued(typed, short).is_some() {
            return true;
        }
        if !carried::means_secret(typed, short) {
            return false;
        }
        let name = carried::spelt(typed);
        let asks = form.is_some_and(|form| {
            form.options.iter().any(|option| option.name == name && option.what == Meaning::Secret)
        });
        let followed = options.get(place + 1).is_some_and(|next| option_parts(&next.text).is_none());
        !asks || value.is_some() || followed
    });
    if !given && !line.contains(TOKEN_PREFIX) {
        return Ok(());
    }
    let message = "A secret is not accepted on this line, because it would be saved in the notebook.";
    let diagnostic = Diagnostic::new(Code::Usage, message)
        .without_source()
        .with_hint("Run the line without the secret. A hidden prompt asks for it.")
        .with_hint(if form.is_some_and(|form| form.words.contains(&"cassandra")) {
            "Or set CASSANDRA_PASSWORD, and beside it CASSANDRA_HOST, which says where it may go, before Jupyter starts."
        } else {
            "Or set ASTRA_DB_CLIENT_SECRET or ASTRA_DB_APPLICATION_TOKEN before Jupyter starts, \
             or name the file with the token: `--token-file FILE`."
        })
        .with_hint(
            "If a notebook with the secret was saved or shared, revoke the secret and make a new one.",
        );
    Err(match form {
        Some(form) if form.options.iter().any(|option| option.what == Meaning::Secret) => diagnostic
            .with_hint(
                "`--client-secret` without a value asks for a new one. Write it at the end of the line.",
            ),
        _ => diagnostic,
    })
}

/// The name and the `=value` of a word that is an option.
pub(crate) fn option_parts(word: &str) -> Option<(&str, Option<&str>)> {
    let bare = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
    if !bare.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return None;
    }
    match bare.split_once('=') {
        Some((name, value)) => Some((name, Some(value))),
        None => Some((bare, None)),
    }
}

struct Parser<'a> {
    magic: &'static Magic,
    form: &'static Form,
    line: &'a str,
    /// A `;` that stood alone was taken for the end of the line.
    dropped: bool,
}

impl Parser<'_> {
    fn parse(&self, words: &[Word]) -> Result<Arguments, Diagnostic> {
        let mut positionals = Vec::new();
        let mut options = Vec::new();
        let mut words = words.iter().peekable();
        let mut options_end = false;
        while let Some(word) = words.next() {
            let parts = if options_end { None } else { option_parts(&word.text) };
            let Some((name, value)) = parts else {
                if !options_end && word.text == "--" {
                    options_end = true;
                } else {
                    positionals.push(self.positional(positionals.len(), word)?);
                }
                continue;
            };
            let option = self.option(&word.text, name)?;
            let value = match (option.value, value) {
                (None, None) => None,
                (None, Some(_)) => return Err(self.usage(format!("`--{name}` takes no value."))),
                (Some(_), Some(value)) => Some(value.to_owned()),
                (Some(_), None) => {
                    let next = words.next_if(|next| next.text != "--" && option_parts(&next.text).is_none());
                    let value = next.ok_or_else(|| {
                        let told = self.usage(format!("`--{name}` needs a value."));
                        if self.dropped && words.peek().is_none() {
                            let hint = format!("The `;` was taken for the end of the line. In quotes it is a value: `--{name} ';'`.");
                            return told.with_hint(hint);
                        }
                        told
                    })?;
                    Some(value.text.clone())
                }
            };
            if let Some(value) = &value {
                check(option.what, &format!("--{name}"), value).map_err(|wrong| self.with_usage(wrong))?;
            }
            // Which of two was meant nobody knows: neither is taken. A list may come in parts.
            if option.what != Meaning::List && options.iter().any(|(given, _)| *given == option.name) {
                return Err(self.usage(format!("`--{name}` is given twice.")));
            }
            options.push((option.name, value));
        }
        self.complete(&positionals, &options)?;
        Ok(Arguments { form: self.form, positionals, options })
    }

    fn positional(&self, place: usize, word: &Word) -> Result<String, Diagnostic> {
        let last = self.form.positionals.last().filter(|last| last.repeated);
        let Some(positional) = self.form.positionals.get(place).or(last) else {
            return Err(self.usage(format!("`{}` has a word too many.", self.name())));
        };
        if matches!(positional.what, Meaning::Table | Meaning::TableColumns) {
            return Ok(word.span.of(self.line).replace('\'', ""));
        }
        check(positional.what, &self.name(), &word.text).map_err(|wrong| self.with_usage(wrong))?;
        Ok(word.text.clone())
    }

    fn option(&self, typed: &str, name: &str) -> Result<&'static Opt, Diagnostic> {
        if let Some(option) = self.form.options.iter().find(|option| option.name == name)
            && typed.starts_with("--")
        {
            return Ok(option);
        }
        let dashes = if typed.starts_with("--") { "--" } else { "-" };
        let shown = match carried::glued(name, dashes == "-") {
            Some(at) => format!("{}…", &name[..at]),
            None => shortened(name),
        };
        let message = format!("`{}` has no option `{dashes}{shown}`.", self.name());
        let names = self.form.options.iter().map(|option| option.name);
        let near = if self.form.options.iter().any(|option| option.name == name) {
            Some(name)
        } else {
            nearest(&name.replace('_', "-"), names)
        };
        let mut diagnostic = self.usage(message);
        if let Some(near) = near {
            diagnostic.hints.insert(0, format!("Did you mean `--{near}`?"));
        } else if let Some(form) = self.form_with(name) {
            let words = form.words.join(" ");
            let hint =
                format!("`--{name}` belongs to `{} {words}`: write that first.", self.magic.full_name());
            diagnostic.hints.insert(0, hint);
        }
        Err(diagnostic)
    }

    /// Checks that nothing is missing.
    fn complete(
        &self,
        positionals: &[String],
        options: &[(&'static str, Option<String>)],
    ) -> Result<(), Diagnostic> {
        let missing = |positional: &&Positional| positional.required;
        if let Some(positional) = self.form.positionals.iter().skip(positionals.len()).find(missing) {
            let told = self.usage(format!("`{}` needs {}.", self.name(), positional.name));
            let others: Vec<String> = self
                .magic
                .forms
                .iter()
                .filter(|form| self.form.words.is_empty() && !form.words.is_empty())
                .map(|form| format!("`{} {}`", self.magic.full_name(), form.words.join(" ")))
                .collect();
            return Err(if others.is_empty() {
                told
            } else {
                told.with_hint(format!("Other forms are {}.", others.join(", ")))
            });
        }
        let given = |name: &str| options.iter().any(|(option, _)| *option == name);
        match self.form.options.iter().find(|option| option.required && !given(option.name)) {
            Some(option) => Err(self.usage(format!("`{}` needs `{}`.", self.name(), option.usage()))),
            None => Ok(()),
        }
    }

    /// The magic with the words of the form.
    fn name(&self) -> String {
        let name = self.magic.full_name();
        if self.form.words.is_empty() { name } else { format!("{name} {}", self.form.words.join(" ")) }
    }

    /// Another form with words that has the option.
    fn form_with(&self, name: &str) -> Option<&'static Form> {
        let has =
            |form: &&Form| !form.words.is_empty() && form.options.iter().any(|option| option.name == name);
        self.magic.forms.iter().find(has)
    }

    fn usage(&self, message: String) -> Diagnostic {
        self.with_usage(Diagnostic::new(Code::Usage, message))
    }

    fn with_usage(&self, diagnostic: Diagnostic) -> Diagnostic {
        diagnostic.with_hint(format!("Usage: `{}`.", self.magic.usage(self.form)))
    }
}

/// Checks that a word fits. `subject` is what a message calls the place it stands at.
fn check(what: Meaning, subject: &str, word: &str) -> Result<(), Diagnostic> {
    let takes = |what: String| Diagnostic::new(Code::Usage, format!("`{subject}` takes {what}."));
    match what {
        Meaning::Count if word.parse::<usize>().is_err() => Err(takes("a whole number".to_owned())),
        Meaning::OneOf([one]) if !one.eq_ignore_ascii_case(word) => Err(takes(format!("the word {one}"))),
        Meaning::OneOf(words) if !words.iter().any(|one| one.eq_ignore_ascii_case(word)) => {
            Err(takes(format!("one of {}", words.join(", "))))
        }
        Meaning::Setting(name) => Settings::default().set(name, word).map_err(|mut diagnostic| {
            diagnostic.message = diagnostic.message.replace(&format!("`{name}`"), &format!("`{subject}`"));
            diagnostic
        }),
        _ => Ok(()),
    }
}
