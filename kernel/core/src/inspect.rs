//! What is said of the thing under the cursor: magics, options, settings, types, the main statements, tables, columns.
//!
//! Names come from a cache through [`Names`]; nothing here touches a network.

use crate::cell::{Head, Statement, StepKind, head};
use crate::column::quote_identifier;
use crate::complete::{Around, Item, Names, accepted, shorten, word_end};
use crate::cql::functions;
use crate::cql::keywords::{quote_name, unquote_name};
use crate::cql::lexer::{Lexer, TokenKind};
use crate::cql::split::step_at;
use crate::magic::{self, Magic, MagicKind, choose, lookup, option_parts};
use crate::markdown::Markdown;
use crate::settings;
use crate::shell::ShellVerb;
use crate::text::{Span, floor_boundary};

mod candidate;
mod options;
mod words;

pub(crate) use words::{topics, word};

/// Help on what stands at byte `cursor`. A cursor beyond the end is at the end: JupyterLab sends one when
/// it asks about a candidate.
///
/// Every candidate of [`complete`](crate::complete::complete) has an answer, also when the source ends behind it.
pub fn inspect(source: &str, cursor: usize, names: &dyn Names) -> Option<Markdown> {
    let cursor = floor_boundary(source, cursor);
    let short = shorten(source, cursor);
    let (source, cursor) = (short.text.as_ref(), short.cursor);
    let around = Around::of(source, cursor, names);
    let end = word_end(source, around.from, cursor);
    let accepted = accepted(source, cursor, end, &around);
    let names: &dyn Names = &around.names;
    let explain = |(item, span): &(Item, Span)| {
        candidate::explain(item, &source[around.from.min(span.start)..span.start], names)
    };
    // On a magic's line the text itself only tells which magic it is.
    if let Some(found) = accepted.as_ref().filter(|(item, _)| item.kind.is_argument()) {
        return Some(explain(found));
    }
    written(source, cursor, &around).or_else(|| accepted.as_ref().map(explain)).or_else(|| {
        let (text, _) = word_at(&source[around.from.min(cursor)..], cursor - around.from.min(cursor))?;
        candidate::column(names, &unquote_name(text))
    })
}

/// Help on a topic by its name alone: what the schema and the session have under it, then what [`magic::help`] has.
pub fn about(topic: &str, names: &dyn Names) -> Option<Markdown> {
    let topic = topic.trim();
    if topic.is_empty() || topic.starts_with('%') {
        return magic::help(topic);
    }
    let (keyspace, name) = match topic.rsplit_once('.') {
        Some((keyspace, name)) => (Some(unquote_name(keyspace)), unquote_name(name)),
        None => (None, unquote_name(topic)),
    };
    table(names, keyspace.as_deref(), &name)
        .or_else(|| candidate::known_keyspace(names, &name).filter(|_| keyspace.is_none()))
        .or_else(|| names.result(topic))
        .or_else(|| names.connection(topic))
        .or_else(|| magic::help(topic))
        .or_else(|| candidate::column(names, &name))
}

/// Help on what the text itself says.
fn written(source: &str, cursor: usize, around: &Around<'_>) -> Option<Markdown> {
    let names: &dyn Names = &around.names;
    match head(source) {
        Head::Magic(magic) if cursor < magic.body.start || magic.body.start == source.len() => {
            let options_at = magic.line.start;
            return magic_line(
                MagicKind::Cell,
                &magic.name,
                magic.line.of(source),
                cursor.checked_sub(options_at),
            );
        }
        Head::Question(question) => return about(&question.topic, names),
        Head::Magic(_) | Head::Steps => {}
    }
    let step = step_at(source, Span::new(around.from, source.len()), cursor)?;
    match step.kind {
        StepKind::Magic(magic) => {
            magic_line(MagicKind::Line, &magic.name, &magic.rest, cursor.checked_sub(magic.rest_span.start))
        }
        StepKind::Shell(command) if cursor < command.arguments_span.start || command.arguments.is_empty() => {
            Some(magic::of_verb(command.verb))
        }
        StepKind::Shell(command) => {
            let (text, _) = word_at(&command.arguments, cursor - command.arguments_span.start)?;
            let of_table = table(names, None, &unquote_name(text));
            of_table.or_else(|| (command.verb == ShellVerb::Help).then(|| magic::help(text)).flatten())
        }
        StepKind::Cql(statement) => {
            let (text, quoted) = word_at(&statement.text, cursor.checked_sub(statement.span.start)?)?;
            let of_schema = name(names, &statement, &unquote_name(text));
            of_schema.or_else(|| if quoted { None } else { of_function(names, text).or_else(|| word(text)) })
        }
        StepKind::Broken(_) => {
            let (text, _) = word_at(step.span.of(source), cursor - step.span.start)?;
            word(text)
        }
    }
}

/// Help on a magic's line: on the option or setting at byte `at` of its rest, otherwise on the magic.
fn magic_line(kind: MagicKind, name: &str, rest: &str, at: Option<usize>) -> Option<Markdown> {
    let magic: &'static Magic = lookup(kind, name).ok()?;
    let (Ok(words) | Err(words)) = magic::words(rest);
    let here = at.and_then(|at| words.iter().find(|word| word.span.start <= at && at <= word.span.end));
    if let Some(here) = here {
        if let Some((name, _)) = option_parts(&here.text)
            && let Some(form) = choose(magic, &words)
            && let Some(option) = form.options.iter().find(|option| option.name == name)
        {
            let usage = magic.usage(form);
            let text = Markdown::new().own("**").code(&option.usage()).own("** ").own(option.help);
            return Some(text.own("\n\n").code(&usage).own("\n"));
        }
        if magic.name == "set"
            && let Some(setting) = settings::find(&here.text)
        {
            return Some(magic::of_setting(setting));
        }
        if magic.name == "help"
            && let Some(help) = magic::help(&here.text)
        {
            return Some(help);
        }
    }
    Some(magic::of_magic(magic))
}

/// Help on a table or column that a statement names.
fn name(names: &dyn Names, statement: &Statement, word: &str) -> Option<Markdown> {
    let (keyspace, of_statement) = statement.table()?;
    if word == of_statement {
        return table(names, keyspace, word);
    }
    let columns = names.columns(keyspace, of_statement);
    let column = columns.iter().find(|column| column.name == word)?;
    Some(column_of(word, &column.label(), of_statement))
}

/// Help on a column of one table.
fn column_of(column: &str, label: &str, table: &str) -> Markdown {
    let text = Markdown::new().own("**").code(&quote_identifier(column)).own("** ").code(label);
    text.own(", a column of ").code(&quote_identifier(table)).own(".\n")
}

/// Help on a function: one that every server has, or one that a user made.
fn of_function(names: &dyn Names, name: &str) -> Option<Markdown> {
    if let Some(function) = functions::find(name) {
        let text = Markdown::new().own("**").code(&function.call()).own("** → ").code(function.returns);
        return Some(text.own(". ").own(function.text).own("\n"));
    }
    let wanted = unquote_name(name);
    let made = names.functions(None).into_iter().chain(names.aggregates(None));
    let known: Vec<_> = made.filter(|(name, _)| *name == wanted).map(|(_, signature)| signature).collect();
    let first = known.first()?;
    let describe = format!("DESCRIBE FUNCTION {}", quote_name(&wanted));
    let text = Markdown::new().own("**").code(first).own("** A function that a user made. ");
    Some(text.code(&describe).own(" shows it.\n"))
}

/// Help on a table: its columns, and what its key serves.
fn table(names: &dyn Names, keyspace: Option<&str>, table: &str) -> Option<Markdown> {
    let columns = names.columns(keyspace, table);
    if columns.is_empty() {
        return None;
    }
    let mut text = Markdown::new().own("**").code(&quote_identifier(table));
    text = text.own("**\n\n| Column | Type |\n| --- | --- |\n");
    for column in columns {
        let (cql_type, role) = (&column.cql_type, column.label());
        let role = role.strip_prefix(cql_type.as_str()).unwrap_or_default();
        text = text.own("| ").cell(&quote_identifier(&column.name)).own(" | ").cell(cql_type);
        text = text.prose(role).own(" |\n");
    }
    if let Some(served) = names.served(keyspace, table) {
        text = text.own("\n").and(&served);
    }
    Some(text)
}

/// The word or quoted name at a byte of a text, and whether it is quoted.
fn word_at(text: &str, at: usize) -> Option<(&str, bool)> {
    let token = Lexer::new(text).find(|token| {
        let named = matches!(token.kind, TokenKind::Word | TokenKind::QuotedName);
        named && token.span.start <= at && at <= token.span.end
    })?;
    Some((token.span.of(text), token.kind == TokenKind::QuotedName))
}

#[cfg(test)]
mod tests;
