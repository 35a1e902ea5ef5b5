//! What the statement around the cursor says: its table, the columns it names, what a value is for.
//!
//! The whole statement counts, the part behind the cursor too.

use std::cell::OnceCell;

use super::names::{KnownColumn, Names};
use super::slot::is_name;
use crate::cell::Statement;
use crate::cql::keywords::unquote_name;
use crate::cql::lexer::{Token, TokenKind, lex};

/// A statement and the cursor's place in it.
pub(super) struct Context<'a> {
    pub(super) names: &'a dyn Names,
    /// The text up to the cursor that `before` points into.
    text: &'a str,
    /// The tokens before the cursor, without what is being typed.
    pub(super) before: &'a [Token],
    /// The whole statement.
    whole: &'a str,
    table: OnceCell<Option<(Option<String>, String)>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(names: &'a dyn Names, text: &'a str, before: &'a [Token], whole: &'a str) -> Self {
        Self { names, text, before, whole, table: OnceCell::new() }
    }

    /// The token at a place before the cursor, counted from the cursor: 0 is the last one.
    pub(super) fn back(&self, count: usize) -> &'a str {
        let place = self.before.len().checked_sub(count + 1);
        place.and_then(|place| self.before.get(place)).map_or("", |token| token.span.of(self.text))
    }

    fn word(&self, place: usize) -> &'a str {
        self.before.get(place).map_or("", |token| token.span.of(self.text))
    }

    /// The first word of the statement.
    pub(super) fn first(&self) -> &'a str {
        self.word(0)
    }

    /// All the words before the cursor.
    pub(super) fn all(&self) -> Vec<&'a str> {
        self.before.iter().map(|token| token.span.of(self.text)).collect()
    }

    /// The last of these words before the cursor, or nothing.
    pub(super) fn last_of(&self, words: &[&str]) -> &'a str {
        let mut texts = self.before.iter().rev().map(|token| token.span.of(self.text));
        texts.find(|text| words.iter().any(|word| word.eq_ignore_ascii_case(text))).unwrap_or_default()
    }

    /// Whether the statement is about permissions.
    pub(super) fn is_permission(&self) -> bool {
        ["GRANT", "REVOKE", "LIST"].iter().any(|word| self.starts_with(word))
    }

    /// Whether the statement starts with this word.
    pub(super) fn starts_with(&self, word: &str) -> bool {
        self.word(0).eq_ignore_ascii_case(word)
    }

    /// The name before the dot that the cursor is behind.
    pub(super) fn qualifier(&self) -> Option<String> {
        (self.back(0) == ".").then(|| unquote_name(self.back(1)))
    }

    /// The table that the statement is about, as (keyspace, table).
    pub(super) fn table(&self) -> Option<(Option<&str>, &str)> {
        let found = self.table.get_or_init(|| {
            let statement = Statement::new(self.whole);
            let named =
                statement.table().map(|(keyspace, table)| (keyspace.map(str::to_owned), table.to_owned()));
            named.or_else(|| name_behind(self.whole, &["FROM", "COPY", "TYPE"]))
        });
        found.as_ref().map(|(keyspace, table)| (keyspace.as_deref(), table.as_str()))
    }

    /// The columns of that table.
    pub(super) fn columns(&self) -> Vec<KnownColumn> {
        self.table().map(|(keyspace, table)| self.names.columns(keyspace, table)).unwrap_or_default()
    }

    /// The columns that `SET` has set already: those before its operators.
    pub(super) fn set_already(&self) -> Vec<String> {
        let is_set = |token: &Token| token.span.of(self.text).eq_ignore_ascii_case("SET");
        let from = self.before.iter().position(is_set).map_or(self.before.len(), |place| place + 1);
        let assignments = self.before.get(from..).unwrap_or_default();
        let set = assignments.windows(2).filter(|pair| pair[1].span.of(self.text) == "=");
        set.map(|pair| unquote_name(pair[0].span.of(self.text))).collect()
    }

    /// The column whose value the innermost open brace is part of.
    pub(super) fn literal_target(&self) -> Option<KnownColumn> {
        let open = self.open_bracket()?;
        Context::new(self.names, self.text, &self.before[..open], self.whole).target_or_element()
    }

    fn target_or_element(&self) -> Option<KnownColumn> {
        match self.back(0) {
            "{" | "[" | "," | "(" if self.inserted().is_none() => self.literal_target(),
            _ => self.target(),
        }
    }

    /// The fields of the user-defined type that `ALTER TYPE` names.
    pub(super) fn altered_fields(&self) -> Vec<(String, String)> {
        let named = name_behind(self.whole, &["EXISTS"]).or_else(|| name_behind(self.whole, &["TYPE"]));
        named.map(|(keyspace, udt)| self.names.fields(keyspace.as_deref(), &udt)).unwrap_or_default()
    }

    /// The names that stand behind the last of these words.
    pub(super) fn named_since(&self, words: &[&str]) -> Vec<String> {
        let is_word =
            |token: &Token| words.iter().any(|word| token.span.of(self.text).eq_ignore_ascii_case(word));
        let from = self.before.iter().rposition(is_word).map_or(0, |place| place + 1);
        let names = self.before[from..].iter().filter(|token| is_name(token.kind, token.span.of(self.text)));
        names.map(|token| unquote_name(token.span.of(self.text))).collect()
    }

    /// The columns that `WHERE` fixes already: those with `=` or `IN` behind them.
    pub(super) fn fixed(&self) -> Vec<String> {
        let from =
            self.before.iter().position(|token| token.span.of(self.text).eq_ignore_ascii_case("WHERE"));
        let conditions = from.map_or(&[][..], |from| &self.before[from..]);
        let fixed = conditions.windows(2).filter(|pair| {
            let mark = pair[1].span.of(self.text);
            is_name(pair[0].kind, pair[0].span.of(self.text))
                && (mark == "=" || mark.eq_ignore_ascii_case("IN"))
        });
        fixed.map(|pair| unquote_name(pair[0].span.of(self.text))).collect()
    }

    /// The column that a value at the cursor is for.
    pub(super) fn target(&self) -> Option<KnownColumn> {
        // What a collection contains is of another type than the collection.
        if ["CONTAINS", "KEY"].iter().any(|word| self.back(0).eq_ignore_ascii_case(word)) {
            return None;
        }
        let name = self.inserted().or_else(|| self.compared())?;
        self.columns().into_iter().find(|column| column.name == name)
    }

    /// Whether a column and its sign stand before the cursor that are added to that very column: `tags = tags +`.
    fn adds_to_itself(&self) -> bool {
        matches!(self.back(0), "+" | "-")
            && self.back(2) == "="
            && unquote_name(self.back(1)) == unquote_name(self.back(3))
    }

    /// Whether something can be added to the column before the cursor, or taken from it: a collection or a counter, behind `SET` or
    /// named there once more.
    pub(super) fn may_grow(&self) -> bool {
        let again = self.back(1) == "=" && unquote_name(self.back(0)) == unquote_name(self.back(2));
        let first = matches!(self.back(1), ",") || self.back(1).eq_ignore_ascii_case("SET");
        (again || first) && self.restricted().is_some_and(|column| column.grows())
    }

    /// The column behind which an operator at the cursor would stand.
    pub(super) fn restricted(&self) -> Option<KnownColumn> {
        let name = unquote_name(self.back(0));
        self.columns().into_iter().find(|column| column.name == name)
    }

    /// The column of the `VALUES` of an insert that the cursor is in.
    fn inserted(&self) -> Option<String> {
        let values =
            self.before.iter().position(|token| token.span.of(self.text).eq_ignore_ascii_case("VALUES"))?;
        let open = self.before.iter().position(|token| token.span.of(self.text) == "(")?;
        let listed = self.before.get(open + 1..values)?;
        let names = listed.iter().filter(|token| is_name(token.kind, token.span.of(self.text)));
        let place = self.commas(values + 2)?;
        names.map(|token| unquote_name(token.span.of(self.text))).nth(place)
    }

    /// The commas from a place on that are in no brackets; `None` where the brackets around them are closed.
    fn commas(&self, from: usize) -> Option<usize> {
        let mut depth = 0_usize;
        let mut commas = 0;
        for token in self.before.get(from..)? {
            match token.span.of(self.text) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.checked_sub(1)?,
                "," if depth == 0 => commas += 1,
                _ => {}
            }
        }
        Some(commas)
    }

    /// The column that stands before the operator at the cursor, or before the `IN (` that the cursor is in.
    fn compared(&self) -> Option<String> {
        let mut end = self.before.len();
        if self.adds_to_itself() {
            return Some(unquote_name(self.back(1)));
        }
        if matches!(self.back(0), "(" | ",") {
            let open = self.open_bracket()?;
            end = open.checked_sub(1).filter(|place| self.word(*place).eq_ignore_ascii_case("IN"))? + 1;
        }
        while end > 0 {
            end -= 1;
            let word = self.word(end);
            let operator = matches!(word, "=" | "<" | "<=" | ">" | ">=" | "!=" | "+=" | "-=")
                || ["IN", "LIKE"].iter().any(|one| word.eq_ignore_ascii_case(one));
            if !operator {
                return is_name(self.before[end].kind, word).then(|| unquote_name(word));
            }
        }
        None
    }

    /// The place of the innermost bracket that is open at the cursor.
    pub(super) fn open_bracket(&self) -> Option<usize> {
        let mut closed = 0_usize;
        for place in (0..self.before.len()).rev() {
            match self.word(place) {
                ")" | "]" | "}" => closed += 1,
                "(" | "[" | "{" if closed == 0 => return Some(place),
                "(" | "[" | "{" => closed -= 1,
                _ => {}
            }
        }
        None
    }

    /// The texts of the tokens inside the innermost bracket that is open.
    pub(super) fn in_bracket(&self) -> Vec<&'a str> {
        let from = self.open_bracket().map_or(0, |place| place + 1);
        self.before[from..].iter().map(|token| token.span.of(self.text)).collect()
    }

    /// The words behind the last `WITH`, or all words where there is none.
    pub(super) fn options(&self) -> Option<Vec<&'a str>> {
        let with =
            self.before.iter().rposition(|token| token.span.of(self.text).eq_ignore_ascii_case("WITH"))?;
        Some(self.before[with..].iter().map(|token| token.span.of(self.text)).collect())
    }

    /// The fields that may stand behind the dot at the cursor, with their types.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        let mut path = Vec::new();
        let mut place = self.before.len();
        while place >= 2 && self.word(place - 1) == "." {
            path.push(unquote_name(self.word(place - 2)));
            place -= 2;
        }
        let Some(first) = path.pop() else { return Vec::new() };
        let Some(column) = self.columns().into_iter().find(|column| column.name == first) else {
            return Vec::new();
        };
        let mut fields = self.fields_of(&column.cql_type);
        while let Some(name) = path.pop() {
            let Some((_, cql_type)) = fields.into_iter().find(|(field, _)| *field == name) else {
                return Vec::new();
            };
            fields = self.fields_of(&cql_type);
        }
        fields
    }

    /// The fields of a type that is a user-defined one, frozen or not, or a collection of one.
    pub(super) fn fields_of(&self, cql_type: &str) -> Vec<(String, String)> {
        let inner = cql_type.rsplit('<').next().unwrap_or_default().trim_end_matches('>');
        let keyspace = self.table().and_then(|(keyspace, _)| keyspace);
        self.names.fields(keyspace, &unquote_name(inner))
    }

    /// The columns that a `CREATE TABLE` has written down, and of them those in its primary key behind the partition key.
    pub(super) fn own_columns(&self) -> (Vec<String>, Vec<String>) {
        let tokens: Vec<Token> =
            lex(self.whole).into_iter().filter(|token| !token.kind.is_trivia()).collect();
        let word = |place: usize| tokens.get(place).map_or("", |token: &Token| token.span.of(self.whole));
        let (mut columns, mut key) = (Vec::new(), Vec::new());
        let mut depth = 0_usize;
        let mut in_key = false;
        let mut partition_closed = false;
        for (place, token) in tokens.iter().enumerate() {
            let text = word(place);
            match text {
                "(" | "<" => depth += 1,
                ")" | ">" => {
                    depth = depth.saturating_sub(1);
                    partition_closed |= in_key && depth == 2;
                    in_key &= depth > 1;
                    if depth == 0 {
                        break;
                    }
                }
                _ => {}
            }
            if depth == 0 {
                continue;
            }
            let starts = place > 0 && matches!(word(place - 1), "(" | ",");
            if text.eq_ignore_ascii_case("PRIMARY") && word(place + 2) == "(" {
                in_key = true;
            } else if starts && depth == 1 && is_name(token.kind, text) {
                columns.push(unquote_name(text));
            } else if in_key
                && depth == 2
                && (partition_closed || word(place.wrapping_sub(1)) == ",")
                && is_name(token.kind, text)
            {
                key.push(unquote_name(text));
            }
        }
        (columns, key)
    }
}

/// The table named behind the first of these words, `IF [NOT] EXISTS` left out.
fn name_behind(text: &str, words: &[&str]) -> Option<(Option<String>, String)> {
    let tokens: Vec<Token> = lex(text).into_iter().filter(|token| !token.kind.is_trivia()).collect();
    let word = |place: usize| tokens.get(place).map_or("", |token: &Token| token.span.of(text));
    let place = (0..tokens.len()).find(|place| {
        let bare = tokens[*place].kind == TokenKind::Word;
        bare && words.iter().any(|one| word(*place).eq_ignore_ascii_case(one))
    })? + 1;
    let name = |place: usize| {
        let token = tokens.get(place)?;
        is_name(token.kind, word(place)).then(|| unquote_name(word(place)))
    };
    let first = name(place)?;
    if word(place + 1) == "." { Some((Some(first), name(place + 2)?)) } else { Some((None, first)) }
}
