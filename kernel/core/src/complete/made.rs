//! What a `CREATE` or `ALTER` of a table, type, view or index makes, read from its text: for names that a cell itself brings.
//!
//! It reads what is well formed; of what is not, nothing false is said, but less.

use std::ops::Range;

use super::names::KnownColumn;
use crate::column::KeyRole;
use crate::cql::keywords::unquote_name;
use crate::cql::lexer::{Token, TokenKind, lex};

/// More columns or fields are not read: a cell of a megabyte is no table.
const MOST: usize = 2_000;

/// The fields of a user-defined type with their types.
pub(super) type Fields = Vec<(String, String)>;

/// A statement's words.
pub(super) struct Words<'a> {
    text: &'a str,
    tokens: Vec<Token>,
}

impl<'a> Words<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, tokens: lex(text).into_iter().filter(|token| !token.kind.is_trivia()).collect() }
    }

    fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.span.of(self.text))
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == TokenKind::Word)
            && self.text(at).eq_ignore_ascii_case(word)
    }

    fn name(&self, at: usize) -> Option<String> {
        let named = matches!(self.tokens.get(at)?.kind, TokenKind::Word | TokenKind::QuotedName);
        named.then(|| unquote_name(self.text(at)))
    }

    /// The place of the first of these words or marks from a place on.
    fn find(&self, from: usize, word: &str) -> Option<usize> {
        (from..self.tokens.len()).find(|at| self.text(*at).eq_ignore_ascii_case(word))
    }

    /// Whether `IF NOT EXISTS` stands in it.
    pub(super) fn if_not_exists(&self) -> bool {
        self.find(0, "IF").is_some_and(|at| self.is(at + 1, "NOT") && self.is(at + 2, "EXISTS"))
    }

    /// The place behind `IF [NOT] EXISTS`, where that stands at a place.
    fn behind_if(&self, at: usize) -> usize {
        if !self.is(at, "IF") {
            return at;
        }
        at + if self.is(at + 1, "NOT") { 3 } else { 2 }
    }

    /// The name with or without its keyspace at a place, and the place behind it.
    fn qualified(&self, at: usize) -> Option<((Option<String>, String), usize)> {
        let first = self.name(at)?;
        match self.name(at + 2).filter(|_| self.text(at + 1) == ".") {
            Some(name) => Some(((Some(first), name), at + 3)),
            None => Some(((None, first), at + 1)),
        }
    }

    /// The items between commas from a place on: up to the bracket that closes there, or one of these words outside brackets.
    fn items(&self, from: usize, ends: &[&str]) -> Vec<Range<usize>> {
        let (mut items, mut start, mut depth, mut at) = (Vec::new(), from, 0_usize, from);
        while at < self.tokens.len() {
            match self.text(at) {
                "(" | "<" | "[" | "{" => depth += 1,
                ")" | ">" | "]" | "}" if depth == 0 => break,
                ")" | ">" | "]" | "}" => depth -= 1,
                "," if depth == 0 => {
                    items.push(start..at);
                    start = at + 1;
                }
                word if depth == 0 && ends.iter().any(|end| end.eq_ignore_ascii_case(word)) => break,
                _ => {}
            }
            at += 1;
        }
        items.push(start..at);
        items.retain(|item| !item.is_empty());
        items.truncate(MOST);
        items
    }

    /// The items of a list in parentheses at a place, or of one without them.
    fn listed(&self, at: usize, ends: &[&str]) -> Vec<Range<usize>> {
        if self.text(at) == "(" { self.items(at + 1, &[]) } else { self.items(at, ends) }
    }

    /// The type that these words write, as the schema writes it.
    fn cql_type(&self, words: Range<usize>) -> String {
        let mut text = String::new();
        for at in words {
            match self.text(at) {
                "," => text.push_str(", "),
                word if self.tokens[at].kind == TokenKind::Word => text.push_str(&word.to_ascii_lowercase()),
                word => text.push_str(word),
            }
        }
        text
    }

    /// The column that an item defines, and whether it is the whole primary key.
    fn column(&self, item: Range<usize>) -> Option<(KnownColumn, bool)> {
        let name = self.name(item.start)?;
        let modifier = |at: &usize| ["STATIC", "PRIMARY", "MASKED"].iter().any(|word| self.is(*at, word));
        let end = (item.start + 1..item.end).find(modifier).unwrap_or(item.end);
        let role = (end..item.end).find(|at| self.is(*at, "STATIC")).map(|_| KeyRole::Static);
        let is_key = (end..item.end).any(|at| self.is(at, "PRIMARY"));
        Some((KnownColumn { name, cql_type: self.cql_type(item.start + 1..end), role }, is_key))
    }

    fn names(&self, items: Vec<Range<usize>>) -> Vec<String> {
        items.into_iter().filter_map(|item| self.name(item.start)).collect()
    }

    /// The partition key and the clustering columns that the parentheses at a place list.
    fn key(&self, open: usize) -> (Vec<String>, Vec<String>) {
        let items = self.items(open + 1, &[]);
        let Some((first, rest)) = items.split_first() else { return (Vec::new(), Vec::new()) };
        let partition = if self.text(first.start) == "(" {
            self.names(self.items(first.start + 1, &[]))
        } else {
            self.names(vec![first.clone()])
        };
        (partition, self.names(rest.to_vec()))
    }

    /// What `CREATE TABLE` makes: its columns, or the table that it is `LIKE`.
    pub(super) fn table(&self) -> Result<Vec<KnownColumn>, (Option<String>, String)> {
        let open = self.find(0, "(").unwrap_or(self.tokens.len());
        if let Some((like, _)) =
            self.find(0, "LIKE").filter(|at| *at < open).and_then(|at| self.qualified(at + 1))
        {
            return Err(like);
        }
        let (mut columns, mut partition, mut clustering) = (Vec::new(), Vec::new(), Vec::new());
        for item in self.items(open + 1, &[]) {
            if self.is(item.start, "PRIMARY") && self.is(item.start + 1, "KEY") {
                (partition, clustering) = self.key(item.start + 2);
            } else if let Some((column, is_key)) = self.column(item) {
                if is_key {
                    partition = vec![column.name.clone()];
                }
                columns.push(column);
            }
        }
        Ok(in_order(columns, &partition, &clustering))
    }

    /// What `ALTER TABLE` makes of a table's columns.
    pub(super) fn alter_table(&self, columns: &mut Vec<KnownColumn>) {
        let Some((verb, at)) = self.alteration() else { return };
        match verb.to_ascii_uppercase().as_str() {
            "ADD" => {
                for (column, _) in self.listed(at, &[]).into_iter().filter_map(|item| self.column(item)) {
                    if columns.len() < MOST && !columns.iter().any(|known| known.name == column.name) {
                        columns.push(column);
                    }
                }
            }
            "DROP" => {
                let dropped = self.names(self.listed(at, &["USING"]));
                columns.retain(|column| !dropped.contains(&column.name));
            }
            "RENAME" => {
                for (from, to) in self.renamed(at) {
                    columns
                        .iter_mut()
                        .filter(|column| column.name == from)
                        .for_each(|column| column.name.clone_from(&to));
                }
            }
            "ALTER" if self.is(at + 1, "TYPE") => {
                let name = self.name(at).unwrap_or_default();
                let found = columns.iter_mut().find(|column| column.name == name);
                found
                    .into_iter()
                    .for_each(|column| column.cql_type = self.cql_type(at + 2..self.tokens.len()));
            }
            _ => {}
        }
    }

    /// The verb behind the name in `ALTER TABLE name VERB [IF [NOT] EXISTS]`, and the place behind.
    fn alteration(&self) -> Option<(&'a str, usize)> {
        let (_, at) = self.qualified(self.behind_if(2))?;
        Some((self.text(at), self.behind_if(at + 1)))
    }

    /// The names of `a TO b AND c TO d`, of which there are few.
    fn renamed(&self, from: usize) -> Vec<(String, String)> {
        let places = (from..self.tokens.len()).filter(|at| self.is(at + 1, "TO"));
        places.filter_map(|at| Some((self.name(at)?, self.name(at + 2)?))).take(MOST / 10).collect()
    }

    /// The fields of `CREATE TYPE`.
    pub(super) fn fields(&self) -> Fields {
        let open = self.find(0, "(").unwrap_or(self.tokens.len());
        self.fields_of(self.items(open + 1, &[]))
    }

    fn fields_of(&self, items: Vec<Range<usize>>) -> Fields {
        let field =
            |item: Range<usize>| Some((self.name(item.start)?, self.cql_type(item.start + 1..item.end)));
        items.into_iter().filter_map(field).collect()
    }

    /// What `ALTER TYPE` makes of a type's fields.
    pub(super) fn alter_type(&self, fields: &mut Fields) {
        let Some((verb, at)) = self.alteration() else { return };
        if verb.eq_ignore_ascii_case("ADD") && fields.len() < MOST {
            fields.extend(self.fields_of(self.listed(at, &[])));
        } else if verb.eq_ignore_ascii_case("RENAME") {
            for (from, to) in self.renamed(at) {
                fields
                    .iter_mut()
                    .filter(|(name, _)| *name == from)
                    .for_each(|(name, _)| name.clone_from(&to));
            }
        }
    }

    /// What `CREATE INDEX` is on, and the name that it has or gets.
    pub(super) fn index(&self, given: Option<&str>) -> Option<(String, (Option<String>, String), String)> {
        let ((keyspace, table), open) = self.qualified(self.find(0, "ON")? + 1)?;
        let targets: Vec<String> = self
            .listed(open, &["USING", "WITH"])
            .into_iter()
            .map(|item| item.map(|at| self.text(at)).collect::<String>())
            .collect();
        let target = targets.join(", ");
        let inner = target.trim_end_matches(')').rsplit('(').next().unwrap_or_default();
        let name = given.map_or_else(|| format!("{table}_{}_idx", unquote_name(inner)), str::to_owned);
        Some((name, (keyspace, table), target))
    }

    /// The table that `CREATE MATERIALIZED VIEW` reads.
    pub(super) fn base(&self) -> Option<(Option<String>, String)> {
        Some(self.qualified(self.find(0, "FROM")? + 1)?.0)
    }

    /// The columns of a view of a table with these ones.
    pub(super) fn view(&self, base: Vec<KnownColumn>) -> Vec<KnownColumn> {
        let select = self.find(0, "SELECT").map_or(self.tokens.len(), |at| at + 1);
        let named = self.names(self.items(select, &["FROM"]));
        let all = self.text(select) == "*";
        let key = self.find(select, "PRIMARY").filter(|at| self.text(at + 2) == "(");
        let (partition, clustering) = key.map(|at| self.key(at + 2)).unwrap_or_default();
        let taken = base.into_iter().filter(|column| all || named.contains(&column.name));
        let plain = taken.map(|column| KnownColumn { role: None, ..column });
        in_order(plain.collect(), &partition, &clustering)
    }
}

/// The columns with their roles in the key: partition key, clustering columns, then the others.
fn in_order(columns: Vec<KnownColumn>, partition: &[String], clustering: &[String]) -> Vec<KnownColumn> {
    let place = |column: &KnownColumn| {
        let among = |names: &[String]| names.iter().position(|name| *name == column.name);
        match (among(partition), among(clustering)) {
            (Some(place), _) => (0, place),
            (None, Some(place)) => (1, place),
            _ => (2, 0),
        }
    };
    let mut placed: Vec<_> = columns.into_iter().map(|column| (place(&column), column)).collect();
    placed.sort_by_key(|(place, _)| *place);
    let with_role = placed.into_iter().map(|((kind, _), column)| match kind {
        0 => KnownColumn { role: Some(KeyRole::Partition), ..column },
        1 => KnownColumn { role: Some(KeyRole::Clustering), ..column },
        _ => column,
    });
    with_role.collect()
}
