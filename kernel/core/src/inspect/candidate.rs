//! What is said of a candidate that completion offers, so that each of them has an answer.

use super::{options, word};
use crate::column::quote_identifier;
use crate::complete::{Item, ItemKind, Names};
use crate::cql::keywords::unquote_name;
use crate::cql::lexer::{TokenKind, lex};
use crate::magic;
use crate::markdown::Markdown;
use crate::settings;
use crate::shell::ShellVerb;

/// Tables that are named where a column stands in several.
const TABLES: usize = 20;

/// Help on a candidate. `before` is the source up to the candidate.
pub(super) fn explain(item: &Item, before: &str, names: &dyn Names) -> Markdown {
    let known = match item.kind {
        ItemKind::Magic => magic::find(&item.text).map(magic::of_magic),
        ItemKind::Setting => settings::find(&item.text).map(magic::of_setting),
        ItemKind::Shell => verb(&item.text, before).map(magic::of_verb),
        ItemKind::Keyword | ItemKind::Type => word(&item.text),
        ItemKind::Keyspace => Some(keyspace(names, &unquote_name(&item.text))),
        ItemKind::Table => Some(table(names, qualifier(before).as_deref(), &unquote_name(&item.text))),
        ItemKind::Column => column(names, &unquote_name(&item.text)),
        ItemKind::Connection => names.connection(&plain_words(&item.text)),
        ItemKind::Result => names.result(&item.text),
        ItemKind::Value => value(&item.text, before).or_else(|| options::value(&item.text, before)),
        ItemKind::Option => options::option(&item.text),
        ItemKind::Operator => options::mark(&item.text),
        ItemKind::Function | ItemKind::Aggregate => {
            super::of_function(names, item.text.split('(').next().unwrap_or_default())
        }
        ItemKind::Udt => Some(udt(names, qualifier(before).as_deref(), &unquote_name(&item.text))),
        ItemKind::Bind => {
            let text = Markdown::new().own("**").code(&item.text).own("** = ").code(&item.detail);
            Some(text.own(". `%param` sets it.\n"))
        }
        ItemKind::DataCenter => {
            let text = Markdown::new().own("**").code(&item.text);
            Some(text.own("** A data centre. Behind it stands how many copies it has.\n"))
        }
        _ => None,
    };
    known.unwrap_or_else(|| plain(item))
}

/// Help on a keyspace, if there is one of that name.
pub(super) fn known_keyspace(names: &dyn Names, name: &str) -> Option<Markdown> {
    names.keyspaces().iter().any(|known| known == name).then(|| keyspace(names, name))
}

/// A shell-quoted word without its quotes.
fn plain_words(text: &str) -> String {
    let (Ok(words) | Err(words)) = magic::words(text);
    words.into_iter().map(|word| word.text).collect::<Vec<_>>().join(" ")
}

/// Help on a keyspace: its tables.
fn keyspace(names: &dyn Names, name: &str) -> Markdown {
    let tables = names.tables(Some(name));
    let mut text = Markdown::new().own("**").code(&quote_identifier(name)).own("** A keyspace.\n");
    if !tables.is_empty() {
        text = text.own("\n| Table |\n| --- |\n");
        for table in tables {
            text = text.own("| ").cell(&quote_identifier(&table)).own(" |\n");
        }
    }
    text
}

/// Help on a user-defined type: its fields.
fn udt(names: &dyn Names, keyspace: Option<&str>, name: &str) -> Markdown {
    let mut text = Markdown::new().own("**").code(&quote_identifier(name));
    text = text.own("** A user-defined type.\n\n| Field | Type |\n| --- | --- |\n");
    for (field, cql_type) in names.fields(keyspace, name) {
        text = text.own("| ").cell(&quote_identifier(&field)).own(" | ").cell(&cql_type).own(" |\n");
    }
    text
}

fn table(names: &dyn Names, keyspace: Option<&str>, name: &str) -> Markdown {
    let unknown = || Markdown::new().own("**").code(&quote_identifier(name)).own("** A table.\n");
    super::table(names, keyspace, name).unwrap_or_else(unknown)
}

/// Help on a column by its name alone: the tables that have it, of the current keyspace.
pub(super) fn column(names: &dyn Names, name: &str) -> Option<Markdown> {
    let tables = names.tables(None).into_iter().filter_map(|table| {
        let columns = names.columns(None, &table);
        columns.into_iter().find(|column| column.name == name).map(|column| (table, column.label()))
    });
    let found: Vec<_> = tables.take(TABLES).collect();
    match found.as_slice() {
        [] => None,
        [(table, cql_type)] => Some(super::column_of(name, cql_type, table)),
        several => {
            let mut text = Markdown::new().own("**").code(&quote_identifier(name));
            text = text.own("** A column.\n\n| Table | Type |\n| --- | --- |\n");
            for (table, cql_type) in several {
                text = text.own("| ").cell(&quote_identifier(table)).own(" | ").cell(cql_type).own(" |\n");
            }
            Some(text)
        }
    }
}

/// The keyspace that qualifies the name behind `before`: `shop.` in `FROM shop.`.
fn qualifier(before: &str) -> Option<String> {
    let before = before.strip_suffix('.')?;
    let last = lex(before).into_iter().next_back()?;
    matches!(last.kind, TokenKind::Word | TokenKind::QuotedName).then(|| unquote_name(last.span.of(before)))
}

/// The shell command that a word belongs to: it is one, or it stands behind one on its line.
fn verb(text: &str, before: &str) -> Option<ShellVerb> {
    let line = before.rsplit(['\n', ';']).next().unwrap_or_default().trim_start();
    crate::shell::verb(line).map(|(verb, _)| verb).or_else(|| ShellVerb::find(text))
}

/// Help on a setting's value: on the setting.
fn value(text: &str, before: &str) -> Option<Markdown> {
    let line = before.rsplit(['\n', ';']).next().unwrap_or_default();
    let names = line.split(|c: char| c.is_whitespace() || c == '=').rev();
    let setting = names
        .map(|name| name.trim_start_matches("--").replace('-', "_"))
        .find_map(|name| settings::find(&name.to_ascii_lowercase()))?;
    let head = Markdown::new().own("**").code(text).own("** A value of ").code(setting.name);
    Some(head.own(".\n\n").and(&magic::of_setting(setting)))
}

/// What the list of candidates itself says.
fn plain(item: &Item) -> Markdown {
    let kind = match item.kind {
        ItemKind::Magic => "magic",
        ItemKind::Subcommand => "word of a magic",
        ItemKind::Option => "option",
        ItemKind::Value => "value",
        ItemKind::Setting => "setting",
        ItemKind::Shell => "shell command",
        ItemKind::Keyword => "keyword",
        ItemKind::Type => "type",
        ItemKind::Keyspace => "keyspace",
        ItemKind::Table => "table",
        ItemKind::Column => "column",
        ItemKind::Connection => "connection",
        ItemKind::Result => "kept result",
        ItemKind::Field => "field",
        ItemKind::Udt => "user-defined type",
        ItemKind::Function => "function",
        ItemKind::Aggregate => "aggregate",
        ItemKind::Index => "index",
        ItemKind::Role => "role",
        ItemKind::DataCenter => "data centre",
        ItemKind::Bind => "bind variable",
        ItemKind::Operator => "mark",
        ItemKind::Snapshot => "snapshot",
        ItemKind::Trace => "trace",
    };
    let text = Markdown::new().own("**").code(&item.text).own("** ");
    match item.detail.as_str() {
        "" => text.own("A ").own(kind).own(".\n"),
        detail => text.sentence(detail).own("\n"),
    }
}
