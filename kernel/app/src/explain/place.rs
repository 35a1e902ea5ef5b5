//! Where in a statement that stands which the server complains of: a name or a constant, found by its words. Pure text.
//!
//! Of a name that stands there several times it is the first in the clause that the complaint is about. A string, a comment or a longer
//! word that holds it is not it.

use cqlbook_core::cql::keywords::unquote_name;
use cqlbook_core::cql::lexer::{Token, TokenKind, lex};
use cqlbook_core::text::Span;

use super::complaint::{self, Thing};

/// The place in `statement` that the server's words are about, where they name one.
pub(super) fn of(statement: &str, server_text: &str) -> Option<Span> {
    let words = Words::of(statement);
    let place = words
        .of_constant(server_text)
        .or_else(|| words.of_name(server_text))
        .or_else(|| words.of_quoted(server_text))?;
    Some(words.tokens.get(place)?.span)
}

struct Words<'a> {
    text: &'a str,
    tokens: Vec<Token>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, tokens: lex(text).into_iter().filter(|token| !token.kind.is_trivia()).collect() }
    }

    fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.span.of(self.text))
    }

    /// The word before a place, nothing before the first.
    fn before(&self, at: usize, by: usize) -> &'a str {
        at.checked_sub(by).map_or("", |at| self.text(at))
    }

    fn is_one_of(word: &str, words: &[&str]) -> bool {
        words.iter().any(|one| one.eq_ignore_ascii_case(word))
    }

    /// The places of a name, as the schema has it.
    fn named(&self, name: &str) -> Vec<usize> {
        let is = |at: &usize| {
            matches!(self.tokens[*at].kind, TokenKind::Word | TokenKind::QuotedName)
                && unquote_name(self.text(*at)) == name
        };
        (0..self.tokens.len()).filter(is).collect()
    }

    /// Whether a table, a type or the like is named at a place.
    fn is_object(&self, at: usize) -> bool {
        let first = if self.before(at, 1) == "." { at.saturating_sub(2) } else { at };
        Self::is_one_of(self.before(first, 1), OBJECTS)
    }

    fn is_keyspace(&self, at: usize) -> bool {
        Self::is_one_of(self.before(at, 1), &["USE", "KEYSPACE"])
            || (self.text(at + 1) == "." && self.before(at, 1) != ".")
    }

    fn is_call(&self, at: usize) -> bool {
        self.text(at + 1) == "(" && !self.is_object(at)
    }

    fn suits(&self, thing: Thing, at: usize) -> bool {
        match thing {
            Thing::Keyspace => self.is_keyspace(at),
            Thing::Table | Thing::View | Thing::Index => self.is_object(at) && self.text(at + 1) != ".",
            Thing::Column => {
                !(self.is_object(at)
                    || self.is_call(at)
                    || Self::is_one_of(self.before(at, 1), &["AS", "TO"]))
            }
            Thing::Field => {
                self.text(at + 1) == ":"
                    || self.before(at, 1) == "."
                    || self.before(at, 1).eq_ignore_ascii_case("RENAME")
            }
            // Behind a name, or within the brackets of another type.
            Thing::Type => !matches!(self.before(at, 1), "(" | "," | "") || self.in_angles(at),
            Thing::Function => self.is_call(at),
        }
    }

    fn in_angles(&self, at: usize) -> bool {
        let marks = (0..at).rev().map(|at| self.text(at)).take_while(|text| !matches!(*text, "(" | ")"));
        marks
            .filter(|text| matches!(*text, "<" | ">"))
            .fold(0_i32, |open, mark| if mark == "<" { open + 1 } else { open - 1 })
            > 0
    }

    /// The place of the name that is complained of.
    fn of_name(&self, server_text: &str) -> Option<usize> {
        let (thing, name) = match complaint::read(server_text) {
            Some(complaint) => (complaint.thing, complaint.name),
            None => phrased(server_text)?,
        };
        let places = self.named(&name);
        let suiting: Vec<usize> = places.iter().copied().filter(|at| self.suits(thing, *at)).collect();
        // What is there twice is wrong the second time.
        let twice =
            ["Duplicate", "Multiple", "more than one relation"].iter().any(|word| server_text.contains(word));
        if server_text.starts_with("Group by") || server_text.starts_with("Order by") {
            return suiting.last().or(places.last()).copied();
        }
        suiting.get(usize::from(twice)).or_else(|| suiting.first()).or_else(|| places.first()).copied()
    }

    /// The constant of `Invalid STRING constant (abc) for "k" of type int`: the one that is for that column, otherwise the first.
    fn of_constant(&self, server_text: &str) -> Option<usize> {
        let (_, rest) = server_text.split_once(" constant (")?;
        let (constant, rest) = rest.rsplit_once(") for \"")?;
        let (column, _) = rest.rsplit_once("\" of type ")?;
        let places = self.constants(constant);
        let is_for = |at: &usize| {
            let compared = self.compared_with(*at);
            compared.is_some_and(|name| unquote_name(name) == column)
                || self.inserted(*at).is_some_and(|name| name == column)
        };
        places.iter().copied().find(is_for).or_else(|| places.first().copied())
    }

    fn constants(&self, constant: &str) -> Vec<usize> {
        let bare = constant.strip_prefix('-').unwrap_or(constant);
        let is = |at: &usize| {
            let text = self.text(*at);
            match self.tokens[*at].kind {
                TokenKind::String => inner(text) == constant,
                TokenKind::Number
                | TokenKind::Uuid
                | TokenKind::Blob
                | TokenKind::Duration
                | TokenKind::Word => text.eq_ignore_ascii_case(bare),
                _ => false,
            }
        };
        (0..self.tokens.len()).filter(is).collect()
    }

    /// The column that the constant at a place is compared with or set to.
    fn compared_with(&self, at: usize) -> Option<&'a str> {
        let operator = (0..at).rev().take(MOST).find(|at| {
            matches!(self.text(*at), "=" | "<" | "<=" | ">" | ">=" | "!=" | "+=" | "-=")
                || Self::is_one_of(self.text(*at), &["IN", "LIKE", "CONTAINS", "VALUES", "WHERE"])
        })?;
        let name = operator.checked_sub(1)?;
        matches!(self.tokens[name].kind, TokenKind::Word | TokenKind::QuotedName).then(|| self.text(name))
    }

    /// The column of an `INSERT` that the constant at a place is the value of.
    fn inserted(&self, at: usize) -> Option<String> {
        let values = (0..at).rev().find(|at| self.text(*at).eq_ignore_ascii_case("VALUES"))?;
        let (mut depth, mut place) = (0_usize, 0);
        for at in values + 1..at {
            match self.text(at) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                "," if depth == 1 => place += 1,
                _ => {}
            }
        }
        let open = (0..values).rev().find(|at| self.text(*at) == "(")?;
        let names = (open + 1..values).filter(|at| self.text(*at) != "," && self.text(*at) != ")");
        names.map(|at| unquote_name(self.text(at))).nth(place)
    }

    /// The first thing that the server's words quote and that stands in the statement.
    fn of_quoted(&self, server_text: &str) -> Option<usize> {
        quoted(server_text).find_map(|piece| {
            let strings = (0..self.tokens.len())
                .find(|at| self.tokens[*at].kind == TokenKind::String && inner(self.text(*at)) == piece);
            let names = || self.named(&piece).into_iter().find(|at| self.suits(Thing::Column, *at));
            strings.or_else(names)
        })
    }
}

/// What stands before the name of a table, a view, a type, an index.
const OBJECTS: &[&str] =
    &["FROM", "INTO", "UPDATE", "TABLE", "COLUMNFAMILY", "TRUNCATE", "VIEW", "TYPE", "INDEX", "ON", "EXISTS"];

/// Further back no operator is looked for.
const MOST: usize = 2_000;

/// Complaints of a column by the words around its name.
const PHRASES: &[(&str, &str)] = &[
    ("Duplicate column '", "' declaration"),
    ("PRIMARY KEY part ", " found in SET part"),
    ("", " cannot be restricted by more than one relation"),
    ("Group by is currently only supported on the columns of the PRIMARY KEY, got ", ""),
    ("Invalid null value in condition for column ", ""),
    ("Invalid null value for column ", ""),
    ("Invalid null value for counter increment/decrement on column ", ""),
    ("Cannot set the value of counter column ", " "),
    ("Invalid operation (", " "),
    ("Order by is currently only supported on the clustered columns of the PRIMARY KEY, got ", ""),
];

/// The name that a sentence of another form is about.
fn phrased(text: &str) -> Option<(Thing, String)> {
    let text = text.trim().trim_end_matches('.');
    if let Some((_, rest)) = text.split_once("cannot assign result of function ") {
        let name = rest.split(' ').next()?.rsplit('.').next()?;
        return Some((Thing::Function, name.to_owned()));
    }
    if let Some(rest) = text.strip_prefix("Unkown field ").or_else(|| text.strip_prefix("Unknown field ")) {
        return Some((Thing::Field, unquote_name(rest.split(' ').next()?)));
    }
    let name = PHRASES.iter().find_map(|(before, behind)| {
        let rest = text.strip_prefix(before)?;
        let name = if behind.is_empty() { rest } else { rest.split_once(behind)?.0 };
        (!name.is_empty() && !name.contains(' ')).then_some(name)
    })?;
    // The server writes a name as the schema has it, or in quotes.
    Some((
        Thing::Column,
        name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(name).to_owned(),
    ))
}

/// What a text holds in single or double quotes or in square brackets.
fn quoted(text: &str) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\'', '"', '[']) {
        let close = match rest.as_bytes().get(at) {
            Some(b'[') => ']',
            Some(b'"') => '"',
            _ => '\'',
        };
        let inner = &rest[at + 1..];
        let Some(end) = inner.find(close) else { break };
        found.push(inner[..end].to_owned());
        rest = &inner[end + 1..];
    }
    found.into_iter().filter(|piece| !piece.is_empty())
}

/// What a string holds.
fn inner(string: &str) -> String {
    match string.strip_prefix("$$").and_then(|rest| rest.strip_suffix("$$")) {
        Some(inner) => inner.to_owned(),
        None => string
            .strip_prefix('\'')
            .and_then(|rest| rest.strip_suffix('\''))
            .unwrap_or(string)
            .replace("''", "'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The statement with the place between two `|`.
    fn marked(statement: &str, server_text: &str) -> String {
        match of(statement, server_text) {
            Some(span) => {
                format!("{}|{}|{}", &statement[..span.start], span.of(statement), &statement[span.end..])
            }
            None => format!("nothing in {statement}"),
        }
    }

    #[test]
    fn a_name_is_found_in_the_clause_that_is_meant() {
        let undefined = |name: &str| format!("Undefined column name {name} in table ks.t");
        let found = [
            marked("SELECT vv FROM t", &undefined("vv")),
            marked("SELECT 'vv', vv /* vv */ FROM vv", &undefined("vv")),
            marked("SELECT VV, \"Vv\" FROM t", &undefined("\"Vv\"")),
            marked("SELECT vv(a) AS vv, vv FROM t", &undefined("vv")),
            marked("SELECT a FROM t WHERE T = 1", &undefined("t")),
            marked("INSERT INTO t (a, t) VALUES (1, 2)", &undefined("t")),
            marked("SELECT t.t FROM t.t", "table t does not exist"),
            marked("SELECT nope FROM nope.nope", "keyspace nope does not exist"),
            marked("USE nope", "Keyspace 'nope' does not exist"),
            marked("DROP TABLE IF EXISTS nope", "Table 'ks.nope' doesn't exist"),
            marked("CREATE TABLE t (plaec plaec PRIMARY KEY)", "Unknown type ks.plaec"),
            marked("CREATE TABLE t (plaec int, b map<int, plaec>)", "Unknown type ks.plaec"),
            marked("SELECT nope, nope(a) FROM t", "Unknown function 'nope'"),
            marked(
                "INSERT INTO t (stret) VALUES ({stret: 'a'})",
                "Unknown field 'stret' in value of user defined type place",
            ),
            marked("SELECT stret, p.stret FROM t", "p of type frozen<place> has no field stret"),
            marked(
                "SELECT * FROM t WHERE k = 1 AND k = 2",
                "k cannot be restricted by more than one relation if it includes an Equal",
            ),
            marked(
                "CREATE TABLE t3 (a int PRIMARY KEY, a text)",
                "Duplicate column 'a' declaration for table 't3'",
            ),
            marked(
                "CREATE TABLE t2 (a int, PRIMARY KEY (b))",
                "Unknown column 'b' referenced in PRIMARY KEY for table 't2'",
            ),
            marked("CREATE TABLE t3 (a int PRIMARY KEY) WITH nope = 1", "Unknown property 'nope'"),
            marked(
                "SELECT k, v FROM t GROUP BY v",
                "Group by is currently only supported on the columns of the PRIMARY KEY, got v",
            ),
            marked(
                "SELECT k FROM t WHERE k = now()",
                "Type error: cannot assign result of function system.now (type timeuuid) to k (type int)",
            ),
            marked("SELECT a FROM t", "Some clustering keys are missing: c"),
        ];
        insta::assert_snapshot!(found.join("\n"), @r#"
        SELECT |vv| FROM t
        SELECT 'vv', |vv| /* vv */ FROM vv
        SELECT VV, |"Vv"| FROM t
        SELECT vv(a) AS vv, |vv| FROM t
        SELECT a FROM t WHERE |T| = 1
        INSERT INTO t (a, |t|) VALUES (1, 2)
        SELECT t.t FROM t.|t|
        SELECT nope FROM |nope|.nope
        USE |nope|
        DROP TABLE IF EXISTS |nope|
        CREATE TABLE t (plaec |plaec| PRIMARY KEY)
        CREATE TABLE t (plaec int, b map<int, |plaec|>)
        SELECT nope, |nope|(a) FROM t
        INSERT INTO t (stret) VALUES ({|stret|: 'a'})
        SELECT stret, p.|stret| FROM t
        SELECT * FROM t WHERE k = 1 AND |k| = 2
        CREATE TABLE t3 (a int PRIMARY KEY, |a| text)
        CREATE TABLE t2 (a int, PRIMARY KEY (|b|))
        CREATE TABLE t3 (a int PRIMARY KEY) WITH |nope| = 1
        SELECT k, v FROM t GROUP BY |v|
        SELECT k FROM t WHERE k = |now|()
        nothing in SELECT a FROM t
        "#);
    }

    #[test]
    fn a_constant_is_the_one_of_its_column() {
        let of_k = "Invalid STRING constant (x) for \"k\" of type int";
        let found = [
            marked(
                "SELECT * FROM t WHERE k = 'abc' AND c = 1",
                "Invalid STRING constant (abc) for \"k\" of type int",
            ),
            marked("INSERT INTO t (v, k) VALUES ('x', 'x')", of_k),
            marked("SELECT * FROM t WHERE v = 'x' AND k IN (1, 'x')", of_k),
            marked("UPDATE t SET v = 'x' WHERE \"k\" = 'x'", of_k),
            marked(
                "INSERT INTO t (v, a) VALUES ({'x', 'y'}, -5)",
                "Invalid INTEGER constant (-5) for \"a\" of type text",
            ),
            marked(
                "SELECT * FROM t WHERE tags CONTAINS 1",
                "Invalid INTEGER constant (1) for \"value(tags)\" of type text",
            ),
            marked(
                "INSERT INTO t (a, d) VALUES ('it''s', 'today')",
                "Unable to coerce 'today' to a formatted date (long)",
            ),
            marked("INSERT INTO t (d) VALUES ('today')", "Unable to parse a date/time from 'today'"),
        ];
        insta::assert_snapshot!(found.join("\n"), @r#"
        SELECT * FROM t WHERE k = |'abc'| AND c = 1
        INSERT INTO t (v, k) VALUES ('x', |'x'|)
        SELECT * FROM t WHERE v = 'x' AND k IN (1, |'x'|)
        UPDATE t SET v = 'x' WHERE "k" = |'x'|
        INSERT INTO t (v, a) VALUES ({'x', 'y'}, -|5|)
        SELECT * FROM t WHERE tags CONTAINS |1|
        INSERT INTO t (a, d) VALUES ('it''s', |'today'|)
        INSERT INTO t (d) VALUES (|'today'|)
        "#);
    }
}
