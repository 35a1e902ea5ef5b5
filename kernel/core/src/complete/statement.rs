//! Completion inside a CQL statement and where one may start.

use super::{Finder, Item, ItemKind, starts_with};
use crate::cell::Statement;
use crate::cql::keywords::{STATEMENTS, TYPES, following, quote_name, unquote_name};
use crate::cql::lexer::{Open, Token, TokenKind, lex};
use crate::magic::{MAGICS, MagicKind};
use crate::shell::ShellVerb;
use crate::text::Span;

impl Finder<'_> {
    /// In a statement that starts at byte `from`, or where one may start.
    pub(super) fn statement(&mut self, source: &str, from: usize) {
        let text = &source[from..self.cursor];
        let all = lex(text);
        let mut tokens: Vec<Token> = all.iter().copied().filter(|token| !token.kind.is_trivia()).collect();
        let in_line_comment = all
            .last()
            .is_some_and(|token| token.kind == TokenKind::Comment && !token.span.of(text).starts_with("/*"));
        let typed = match tokens.last().map(|token| (token.kind, token.span)) {
            _ if in_line_comment => return,
            Some((TokenKind::Unterminated { what: Open::QuotedName, .. }, span)) => span,
            Some((TokenKind::Unterminated { .. }, _)) => return,
            Some((TokenKind::Word, span)) if span.end == text.len() => span,
            _ => Span::new(text.len(), text.len()),
        };
        if typed.start < text.len() {
            tokens.pop();
        }
        self.start = from + typed.start;
        let typed = typed.of(text);
        if let [name, arrows, ..] = &tokens[..]
            && name.kind == TokenKind::Word
            && arrows.span.of(text) == "<<"
        {
            tokens.drain(..2);
        }
        let inner = inner_statement(text, &tokens);
        let in_batch = inner > 0;
        let word = |place: usize| tokens.get(place).map_or("", |token| token.span.of(text));
        let tokens = &tokens[inner..];
        if tokens.is_empty() {
            return self.statement_start(text, typed, in_batch);
        }
        let first = word(inner);
        let last = word(inner + tokens.len() - 1);
        let previous = if tokens.len() > 1 { word(inner + tokens.len() - 2) } else { "" };
        if last == "." {
            return self.tables(Some(&unquote_name(previous)), typed);
        }
        match last.to_ascii_uppercase().as_str() {
            "FROM" | "INTO" | "UPDATE" | "TABLE" | "TRUNCATE" | "ON" => {
                if matches!(last.to_ascii_uppercase().as_str(), "TRUNCATE" | "ON") {
                    self.keyword(typed, "TABLE", ItemKind::Keyword, "");
                }
                self.tables(None, typed);
                return self.keyspaces(typed);
            }
            "USE" | "KEYSPACE" => return self.keyspaces(typed),
            "CREATE" | "ALTER" | "DROP" | "BEGIN" => {}
            _ => self.columns(source, from + tokens[0].span.start, typed),
        }
        for keyword in following(first) {
            self.keyword(typed, keyword, ItemKind::Keyword, "");
        }
        if first.eq_ignore_ascii_case("CREATE") || first.eq_ignore_ascii_case("ALTER") {
            TYPES.iter().for_each(|name| self.add(typed, *name, ItemKind::Type, ""));
        }
    }

    fn statement_start(&mut self, text: &str, typed: &str, in_batch: bool) {
        if in_batch {
            for keyword in ["INSERT INTO", "UPDATE", "DELETE", "APPLY BATCH"] {
                self.keyword(typed, keyword, ItemKind::Keyword, "");
            }
            return;
        }
        STATEMENTS.iter().for_each(|keyword| self.keyword(typed, keyword, ItemKind::Keyword, ""));
        ShellVerb::ALL
            .iter()
            .for_each(|verb| self.keyword(typed, verb.name(), ItemKind::Shell, verb.summary()));
        if typed.is_empty() && text.rsplit('\n').next().is_some_and(|line| line.trim().is_empty()) {
            for magic in MAGICS.iter().filter(|magic| magic.kind == MagicKind::Line) {
                self.add("", magic.full_name(), ItemKind::Magic, magic.summary);
            }
        }
    }

    /// The columns of the table of the statement whose first token stands at byte `start`, which may go on behind the
    /// cursor.
    fn columns(&mut self, source: &str, start: usize, typed: &str) {
        let mut statement = lex(&source[start..]).into_iter();
        let end = statement
            .find(|token| token.kind == TokenKind::Semicolon)
            .map_or(source.len(), |t| start + t.span.start);
        let statement = Statement::new(&source[start..end]);
        let Some((keyspace, table)) = statement.table() else { return };
        for (name, cql_type) in self.names.columns(keyspace, table) {
            self.name(typed, &name, ItemKind::Column, &cql_type);
        }
    }

    pub(super) fn tables(&mut self, keyspace: Option<&str>, typed: &str) {
        for name in self.names.tables(keyspace) {
            self.name(typed, &name, ItemKind::Table, "table");
        }
    }

    pub(super) fn keyspaces(&mut self, typed: &str) {
        for name in self.names.keyspaces() {
            self.name(typed, &name, ItemKind::Keyspace, "keyspace");
        }
    }

    /// Adds a name of the schema, quoted where it must be or where a quote was typed.
    fn name(&mut self, typed: &str, name: &str, kind: ItemKind, detail: &str) {
        let (typed, text) = match typed.strip_prefix('"') {
            Some(inner) => (inner, format!("\"{}\"", name.replace('"', "\"\""))),
            None => (typed, quote_name(name)),
        };
        if starts_with(name, typed) {
            self.items.push(Item { text, kind, detail: detail.to_owned() });
        }
    }
}

/// The place of the first token of the statement inside a batch that the tokens end in; 0 outside batches.
fn inner_statement(text: &str, tokens: &[Token]) -> usize {
    let is = |place: usize, word: &str| {
        tokens.get(place).is_some_and(|token: &Token| token.span.of(text).eq_ignore_ascii_case(word))
    };
    if !is(0, "BEGIN") {
        return 0;
    }
    let head = if is(1, "BATCH") {
        2
    } else if is(2, "BATCH") {
        3
    } else {
        return 0;
    };
    let starts = |place: &usize| ["INSERT", "UPDATE", "DELETE", "APPLY"].iter().any(|word| is(*place, word));
    let behind =
        tokens.iter().rposition(|token| token.kind == TokenKind::Semicolon).map_or(head, |place| place + 1);
    (behind..tokens.len()).rev().find(starts).unwrap_or(behind.max(head))
}
