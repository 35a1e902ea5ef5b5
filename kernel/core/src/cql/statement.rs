//! What a statement answers about itself: what it does, and where places of it stand in the cell.

use super::classify::{Delete, ObjectKind, StatementKind, TableName, statement};
use super::keywords::{STATEMENTS, is_reserved};
use super::lexer::{Token, TokenKind, lex, line_length};
use super::repeat::Idempotence;
use crate::cell::Statement;
use crate::magic::{MagicKind, lookup};
use crate::shell::ShellVerb;
use crate::text::Span;

impl Statement {
    /// Reads one statement on its own, e.g. one of a file. Spans count from the start of `text`.
    ///
    /// The text is taken as one statement whatever it holds; blanks and comments around it and a final `;` are dropped.
    pub fn new(text: &str) -> Self {
        let mut tokens: Vec<Token> = lex(text).into_iter().filter(|token| !token.kind.is_trivia()).collect();
        if tokens.last().is_some_and(|token| token.kind == TokenKind::Semicolon) {
            tokens.pop();
        }
        let span = match (tokens.first(), tokens.last()) {
            (Some(first), Some(last)) => Span::new(first.span.start, last.span.end),
            _ => Span::new(0, 0),
        };
        statement(text, &tokens, span, None)
    }

    /// Whether it only reads: `SELECT`, `LIST`, `DESCRIBE`, and `USE`, which changes nothing in the database.
    pub fn is_read(&self) -> bool {
        use StatementKind::{Describe, Empty, List, Select, Use};
        matches!(self.kind, Select(_) | List | Describe | Use(_) | Empty)
    }

    /// Whether it creates, alters or drops a part of the schema (roles and users are none).
    pub fn is_schema_change(&self) -> bool {
        use ObjectKind::{Other, Role, User};
        use StatementKind::{Alter, Create, Drop};
        match &self.kind {
            Create(object) | Alter(object) | Drop(object) => !matches!(object.kind, Role | User | Other),
            _ => false,
        }
    }

    /// Whether it creates, alters or drops a keyspace.
    pub fn changes_keyspaces(&self) -> bool {
        use StatementKind::{Alter, Create, Drop};
        matches!(&self.kind, Create(object) | Alter(object) | Drop(object) if object.kind == ObjectKind::Keyspace)
    }

    /// What sending it a second time would do. Where the text leaves a doubt, it is to be sent at most once.
    ///
    /// Writes are harmless where they have no condition (`IF`), no arithmetic (`c = c + 1`, which may be a counter or a
    /// list), no element of what may be a list (`l[0]`), and call only functions known to give the same each time. A batch
    /// is where all of it is. A value that may be a whole list (`[…]`, JSON, a bind variable) is a doubt, too, where its table
    /// has a list: `has_lists` says so of a table; of one that is not known, yes.
    pub fn idempotence(&self, has_lists: impl Fn(&TableName) -> bool) -> Idempotence {
        self.facts.repeat.idempotence(has_lists)
    }

    /// Whether it is one write to one partition without a condition. Of such a one the server looks whether replicas enough
    /// are alive before it does anything. The partitions of a batch it writes one after another, and a conditional write is
    /// decided before its own level is looked at.
    pub fn is_one_write(&self) -> bool {
        self.facts.repeat.is_one_write()
    }

    /// The table it is about, as (keyspace where written, table), both unquoted: of `SELECT`, `INSERT`, `UPDATE`,
    /// `DELETE`, `TRUNCATE`, and of schema statements about a table, an index made on it or a trigger.
    pub fn table(&self) -> Option<(Option<&str>, &str)> {
        self.facts.table.as_ref().map(TableName::parts)
    }

    /// Each `DELETE` in it with its table: itself, or those of a batch or a transaction.
    pub fn deletes(&self) -> Vec<(&Delete, Option<&TableName>)> {
        match &self.kind {
            StatementKind::Delete(delete) => vec![(delete, self.facts.table.as_ref())],
            _ => self.facts.inner_deletes.iter().map(|(delete, table)| (delete, table.as_ref())).collect(),
        }
    }

    /// Where in the cell the server means by "line `line`:`column`" of its syntax errors: lines from one,
    /// columns in UTF-16 units from zero. The span covers the token there, or is empty at the end of the statement.
    pub fn server_position(&self, line: usize, column: usize) -> Span {
        let end = Span::new(self.span.end, self.span.end);
        let mut lines = self.text.split_inclusive('\n');
        let before: usize = lines.by_ref().take(line.saturating_sub(1)).map(str::len).sum();
        let mut units = 0;
        let Some((inner, _)) = lines.next().unwrap_or_default().char_indices().find(|(_, character)| {
            let found = units >= column;
            units += character.len_utf16();
            found
        }) else {
            return end;
        };
        let offset = before + inner;
        let token = lex(&self.text).into_iter().find(|token| token.span.end > offset);
        token.map_or(end, |token| token.span.shifted(self.span.start))
    }

    /// The word at or just before `place` (both in the cell) that starts another statement, where what stands before it may be
    /// the end of one: the `;` between them is missing.
    pub fn unseparated(&self, place: Span) -> Option<Span> {
        let at = place.start.checked_sub(self.span.start)?;
        let tokens: Vec<Token> =
            lex(&self.text).into_iter().filter(|token| !token.kind.is_trivia()).collect();
        let stumbled = tokens.iter().position(|token| token.span.start >= at).unwrap_or(tokens.len());
        let candidates = [Some(stumbled), stumbled.checked_sub(1)];
        let found =
            candidates.into_iter().flatten().find(|place| starts_another(&self.text, &tokens, *place))?;
        Some(tokens.get(found)?.span.shifted(self.span.start))
    }

    /// A line of the statement that looks like a magic (`%show …`), probably because the `;` before it is missing.
    pub fn swallowed_magic(&self) -> Option<Span> {
        let tokens = lex(&self.text);
        tokens.windows(3).find_map(|window| {
            let [blank, percent, name] = window else { return None };
            let line_start = blank.kind == TokenKind::Whitespace && blank.span.of(&self.text).contains('\n');
            let known = || lookup(MagicKind::Line, name.span.of(&self.text)).is_ok();
            (line_start && percent.span.of(&self.text) == "%" && name.kind == TokenKind::Word && known())
                .then(|| {
                    let length = line_length(&self.text[percent.span.start..]);
                    Span::new(percent.span.start, percent.span.start + length).shifted(self.span.start)
                })
        })
    }
}

/// Whether the token at a place starts a statement or shell command, and the one before it may end one.
pub(crate) fn starts_another(text: &str, tokens: &[Token], place: usize) -> bool {
    let Some([before, token]) = place.checked_sub(1).and_then(|before| tokens.get(before..=place)) else {
        return false;
    };
    let word = token.span.of(text);
    let starts = token.kind == TokenKind::Word
        && (STATEMENTS
            .iter()
            .any(|one| one.split(' ').next().is_some_and(|one| one.eq_ignore_ascii_case(word)))
            || ShellVerb::find(word).is_some());
    let last = before.span.of(text);
    let ends = match before.kind {
        TokenKind::Operator => matches!(last, ")" | "]" | "}" | ">"),
        TokenKind::Word => !is_reserved(last) || ENDS.iter().any(|one| one.eq_ignore_ascii_case(last)),
        TokenKind::Semicolon | TokenKind::Unknown | TokenKind::Unterminated { .. } => false,
        _ => true,
    };
    starts && ends && place > 1
}

/// Reserved words that a statement may end with.
const ENDS: &[&str] = &["ASC", "BATCH", "DESC", "FULL", "INFINITY", "NAN", "NORECURSIVE", "NULL"];
