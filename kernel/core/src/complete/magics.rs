//! Completion on a magic's line, and of topics of help: names, words, options and their values.

use super::{Finder, ItemKind, starts_with};
use crate::cql::keywords::{quote_name, unquote_name};
use crate::cql::lexer::is_blank;
use crate::diagnostic::Code;
use crate::magic::{self, Form, MAGICS, Magic, MagicKind, Meaning, lookup};
use crate::settings::{self, SETTINGS};
use crate::shell::ShellVerb;

impl Finder<'_> {
    /// The line of a magic behind its `%` or `%%`, up to the cursor.
    pub(super) fn magic_line(&mut self, kind: MagicKind, line: &str) {
        let Some(blank) = line.find(is_blank) else {
            self.start = self.cursor - line.len() - kind.sign().len();
            for magic in MAGICS.iter().filter(|magic| magic.kind == kind) {
                let typed = format!("{}{line}", kind.sign());
                self.add(&typed, magic.full_name(), ItemKind::Magic, magic.summary);
            }
            return;
        };
        let Ok(magic) = lookup(kind, &line[..blank]) else { return };
        let rest = &line[blank..];
        let Ok(mut words) = magic::words(rest) else { return };
        let last = words.pop_if(|word| word.span.end == rest.len());
        self.start = self.cursor - last.as_ref().map_or(0, |word| rest.len() - word.span.start);
        self.bare = last.as_ref().is_none_or(|word| word.span.of(rest) == word.text);
        let typed = last.map(|word| word.text).unwrap_or_default();
        if magic.forms.iter().any(|form| form.raw) {
            match magic.name {
                "help" => self.topics(&typed),
                "param" if words.is_empty() => {
                    for (name, literal) in self.names.params() {
                        self.add(&typed, name, ItemKind::Bind, literal);
                    }
                }
                _ => {}
            }
            return;
        }
        self.magic_word(magic, &words.into_iter().map(|word| word.text).collect::<Vec<_>>(), &typed);
    }

    fn magic_word(&mut self, magic: &'static Magic, before: &[String], typed: &str) {
        let form = magic
            .forms
            .iter()
            .filter(|form| {
                form.words.len() <= before.len() && form.words.iter().zip(before).all(|(a, b)| a == b)
            })
            .max_by_key(|form| form.words.len());
        for other in magic.forms {
            let (Some(word), true) = (
                other.words.get(before.len()),
                other.words.len() > before.len() && other.words.iter().zip(before).all(|(a, b)| a == b),
            ) else {
                continue;
            };
            self.add(typed, *word, ItemKind::Subcommand, other.summary);
        }
        let Some(form) = form else { return };
        let before = &before[form.words.len()..];
        let option = |word: &str| {
            let name = word.strip_prefix("--")?;
            form.options.iter().find(|option| option.name == name && option.value.is_some())
        };
        if let Some((name, value)) = typed.split_once('=')
            && let Some(option) = option(name)
        {
            self.behind(&typed[..typed.len() - value.len()], value);
            return self.meaning(option.what, value, named_result(form, before));
        }
        if let Some(option) = before.last().and_then(|word| option(word)) {
            return self.meaning(option.what, typed, named_result(form, before));
        }
        if !typed.starts_with('-') {
            self.positional(form, before, typed);
        }
        for option in form.options {
            let text = format!("--{}", option.name);
            if option.what == Meaning::List || !before.contains(&text) {
                self.add(typed, text, ItemKind::Option, option.help);
            }
        }
    }

    fn positional(&mut self, form: &Form, before: &[String], typed: &str) {
        let mut words = Vec::new();
        let mut rest = before.iter();
        while let Some(word) = rest.next() {
            match word.strip_prefix("--") {
                Some(name) => {
                    if form.options.iter().any(|option| option.name == name && option.value.is_some()) {
                        rest.next();
                    }
                }
                None => words.push(word.as_str()),
            }
        }
        match (form.positionals.first(), words.as_slice()) {
            (Some(first), [name]) if first.what == Meaning::SettingName => {
                for value in settings::values(name) {
                    self.add(typed, value, ItemKind::Value, "");
                }
            }
            _ => {
                if let Some(positional) = form.positionals.get(words.len()) {
                    self.meaning(positional.what, typed, named_result(form, before));
                }
            }
        }
    }

    /// What is offered next goes on with `rest`, behind `lead` in the same word. Of a word in quotes all is written anew.
    fn behind(&mut self, lead: &str, rest: &str) {
        if self.bare {
            self.start = self.cursor - rest.len();
        } else {
            self.lead.push_str(lead);
        }
    }

    /// Adds a name as a word of the line: a name is somebody else's text, and is quoted where it would not be one word.
    fn word(&mut self, typed: &str, name: &str, kind: ItemKind, detail: &str) {
        if starts_with(name, typed) {
            let text = magic::quoted(&format!("{}{name}", self.lead));
            self.add("", text, kind, detail);
        }
    }

    /// Offers what a word of this meaning may be. `result` is the kept result that the line is about.
    fn meaning(&mut self, what: Meaning, typed: &str, result: Option<&str>) {
        let names = self.names;
        let mut words = |names: Vec<String>, kind: ItemKind, detail: &str| {
            names.iter().for_each(|name| self.word(typed, name, kind, detail));
        };
        match what {
            Meaning::OneOf(values) => {
                words(values.iter().map(|&word| word.to_owned()).collect(), ItemKind::Value, "");
            }
            Meaning::Setting(name) => {
                words(settings::values(name).into_iter().map(str::to_owned).collect(), ItemKind::Value, "");
            }
            Meaning::SettingName => {
                SETTINGS.iter().for_each(|one| self.add(typed, one.name, ItemKind::Setting, one.meaning));
            }
            Meaning::Connection => words(names.connections(), ItemKind::Connection, ""),
            Meaning::Result => words(names.results(), ItemKind::Result, ""),
            Meaning::Snapshot => words(names.snapshots(), ItemKind::Snapshot, "snapshot"),
            // It is a name of CQL in a word of the line.
            Meaning::Keyspace => {
                for name in names.keyspaces() {
                    let typed = typed.trim_start_matches('"');
                    if starts_with(&name, typed) {
                        self.word("", &quote_name(&name), ItemKind::Keyspace, "keyspace");
                    }
                }
            }
            Meaning::Trace => {
                names
                    .traces()
                    .iter()
                    .for_each(|(id, statement)| self.word(typed, id, ItemKind::Trace, statement));
            }
            Meaning::Column | Meaning::List => {
                let last = typed.rsplit(',').next().unwrap_or_default();
                self.behind(&typed[..typed.len() - last.len()], last);
                for (name, cql_type) in result.map(|name| names.result_columns(name)).unwrap_or_default() {
                    self.word(last, &name, ItemKind::Column, &cql_type);
                }
            }
            Meaning::Table => match typed.split_once('.') {
                Some((keyspace, table)) => {
                    let known = if self.bare { unquote_name(keyspace) } else { keyspace.to_owned() };
                    self.behind(&format!("{}.", quote_name(&known)), table);
                    self.named(names.tables(Some(&known)), table, ItemKind::Table, "table");
                }
                None => {
                    self.named(names.tables(None), typed, ItemKind::Table, "table");
                    self.named(names.keyspaces(), typed, ItemKind::Keyspace, "keyspace");
                }
            },
            Meaning::Topic => self.topics(typed),
            Meaning::File => self.path = Some(typed.to_owned()),
            Meaning::Text | Meaning::Count | Meaning::TableColumns | Meaning::Secret => {}
        }
    }

    /// Adds names of the schema, quoted as CQL quotes them. Such a word is read as it stands, so what means something else in the
    /// line is not offered; no server takes such names.
    fn named(&mut self, names: Vec<String>, typed: &str, kind: ItemKind, detail: &str) {
        for name in names.into_iter().filter(|name| !name.contains(['\'', '\\'])) {
            if starts_with(&name, typed.trim_start_matches('"')) {
                self.add("", format!("{}{}", self.lead, quote_name(&name)), kind, detail);
            }
        }
    }

    /// Adds the topics of help.
    pub(super) fn topics(&mut self, typed: &str) {
        for magic in MAGICS {
            self.add(typed, magic.name, ItemKind::Magic, magic.summary);
            self.add(typed, magic.full_name(), ItemKind::Magic, magic.summary);
        }
        SETTINGS.iter().for_each(|one| self.add(typed, one.name, ItemKind::Setting, one.meaning));
        ShellVerb::ALL
            .iter()
            .for_each(|verb| self.keyword(typed, verb.name(), ItemKind::Shell, verb.summary()));
        crate::inspect::topics().for_each(|topic| self.keyword(typed, topic, ItemKind::Keyword, ""));
        Code::ALL.iter().for_each(|code| self.add(typed, code.name(), ItemKind::Keyword, "error"));
    }
}

/// The kept result that a line is about: the word that stands for its first positional, the last result otherwise.
fn named_result<'a>(form: &Form, before: &'a [String]) -> Option<&'a str> {
    form.positionals
        .iter()
        .any(|positional| positional.what == Meaning::Result)
        .then(|| before.iter().find(|word| !word.starts_with("--")).map_or("_", String::as_str))
}
