//! What is said of a candidate that completion offers, so that each of them has an answer.

use std::fmt::Write as _;

use super::{options, word};
use crate::column::quote_identifier;
use crate::complete::{Item, ItemKind, Names};
use crate::cql::keywords::unquote_name;
use crate::cql::lexer::{TokenKind, lex};
use crate::magic;
use crate::settings;
use crate::shell::ShellVerb;

/// Tables that are named where a column stands in several.
const TABLES: usize = 20;

/// Help on a candidate, as Markdown. `before` is the source up to the candidate.
pub(super) fn explain(item: &Item, before: &str, names: &dyn Names) -> String {
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
            let bound = format!("**`{}`** = `{}`. `%param` sets it.\n", item.text, item.detail);
            Some(bound)
        }
        ItemKind::DataCenter => {
            Some(format!("**`{}`** A data centre. Behind it stands how many copies it has.\n", item.text))
        }
        _ => None,
    };
    known.unwrap_or_else(|| plain(item))
}

/// Help on a keyspace, if there is one of that name.
pub(super) fn known_keyspace(names: &dyn Names, name: &str) -> Option<String> {
    names.keyspaces().iter().any(|known| known == name).then(|| keyspace(names, name))
}

/// A shell-quoted word without its quotes.
fn plain_words(text: &str) -> String {
    let (Ok(words) | Err(words)) = magic::words(text);
    words.into_iter().map(|word| word.text).collect::<Vec<_>>().join(" ")
}

/// Help on a keyspace: its tables.
fn keyspace(names: &dyn Names, name: &str) -> String {
    let tables = names.tables(Some(name));
    let mut text = format!("**`{}`** A keyspace.\n", quote_identifier(name));
    if !tables.is_empty() {
        let _ = write!(text, "\n| Table |\n| --- |\n");
        for table in tables {
            let _ = writeln!(text, "| `{}` |", quote_identifier(&table).replace('|', "\\|"));
        }
    }
    text
}

/// Help on a user-defined type: its fields.
fn udt(names: &dyn Names, keyspace: Option<&str>, name: &str) -> String {
    let mut text =
        format!("**`{}`** A user-defined type.\n\n| Field | Type |\n| --- | --- |\n", quote_identifier(name));
    for (field, cql_type) in names.fields(keyspace, name) {
        let field = quote_identifier(&field).replace('|', "\\|");
        let _ = writeln!(text, "| `{field}` | `{cql_type}` |");
    }
    text
}

fn table(names: &dyn Names, keyspace: Option<&str>, name: &str) -> String {
    super::table(names, keyspace, name)
        .unwrap_or_else(|| format!("**`{}`** A table.\n", quote_identifier(name)))
}

/// Help on a column by its name alone: the tables that have it, of the current keyspace.
pub(super) fn column(names: &dyn Names, name: &str) -> Option<String> {
    let tables = names.tables(None).into_iter().filter_map(|table| {
        let columns = names.columns(None, &table);
        columns.into_iter().find(|column| column.name == name).map(|column| (table, column.label()))
    });
    let found: Vec<_> = tables.take(TABLES).collect();
    let code = |text: &str| format!("`{}`", text.replace('|', "\\|"));
    match found.as_slice() {
        [] => None,
        [(table, cql_type)] => Some(format!(
            "**`{}`** `{cql_type}`, a column of `{}`.\n",
            quote_identifier(name),
            quote_identifier(table)
        )),
        several => {
            let mut text =
                format!("**`{}`** A column.\n\n| Table | Type |\n| --- | --- |\n", quote_identifier(name));
            for (table, cql_type) in several {
                let _ = writeln!(text, "| {} | {} |", code(&quote_identifier(table)), code(cql_type));
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
fn value(text: &str, before: &str) -> Option<String> {
    let line = before.rsplit(['\n', ';']).next().unwrap_or_default();
    let names = line.split(|c: char| c.is_whitespace() || c == '=').rev();
    let setting = names
        .map(|name| name.trim_start_matches("--").replace('-', "_"))
        .find_map(|name| settings::find(&name.to_ascii_lowercase()))?;
    Some(format!("**`{text}`** A value of `{}`.\n\n{}", setting.name, magic::of_setting(setting)))
}

/// What the list of candidates itself says.
fn plain(item: &Item) -> String {
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
    match item.detail.as_str() {
        "" => format!("**`{}`** A {kind}.\n", item.text),
        detail => format!("**`{}`** {detail}\n", item.text),
    }
}
