//! Words and quotes of other languages in a statement that does not parse, and what CQL has in their place. Pure text.
//!
//! Asked only where the server could not read on: what is found here may be right elsewhere.

use cqlbook_core::cql::lexer::{Token, TokenKind, lex};

struct Words<'a> {
    text: &'a str,
    tokens: Vec<Token>,
}

impl<'a> Words<'a> {
    fn at(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.span.of(self.text))
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == TokenKind::Word)
            && self.at(at).eq_ignore_ascii_case(word)
    }

    fn find(&self, word: &str) -> Option<usize> {
        (0..self.tokens.len()).find(|at| self.is(*at, word))
    }

    /// Whether a value is expected at a place: behind an operator or in the brackets of a collection, of `IN` or of `VALUES`.
    fn is_value(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        // A bind variable: `:` stands where the value was to begin.
        let is_bound = self.at(before) == ":"
            && before.checked_sub(1).is_some_and(|at| {
                matches!(
                    self.at(at),
                    "=" | "<" | "<=" | ">" | ">=" | "!=" | "(" | "[" | "{" | "," | "+" | "-"
                ) || self.is(at, "IN")
            });
        if is_bound {
            return false;
        }
        let starts =
            (0..at).rev().find(|at| self.is(*at, "VALUES") || self.is(*at, "WHERE") || self.is(*at, "SET"));
        let Some(start) = starts else { return false };
        let in_list =
            self.is(start, "VALUES") || self.open(at).is_some_and(|open| open > 0 && self.is(open - 1, "IN"));
        match self.at(before) {
            "=" | "<" | "<=" | ">" | ">=" | "!=" | "[" | "{" | ":" => true,
            "(" | "," => in_list || self.open(at).is_some_and(|open| self.at(open) != "("),
            _ => false,
        }
    }

    /// The bracket that a place is in.
    fn open(&self, at: usize) -> Option<usize> {
        let mut depth = 0_usize;
        (0..at).rev().find(|at| match self.at(*at) {
            ")" | "]" | "}" => {
                depth += 1;
                false
            }
            "(" | "[" | "{" if depth == 0 => true,
            "(" | "[" | "{" => {
                depth -= 1;
                false
            }
            _ => false,
        })
    }

    fn quotes(&self) -> Option<String> {
        let at = (0..self.tokens.len())
            .find(|at| self.tokens[*at].kind == TokenKind::QuotedName && self.is_value(*at))?;
        let inner = self.at(at).trim_matches('"').replace("\"\"", "\"").replace('\'', "''");
        let shown: String = inner.chars().take(40).collect();
        let cut = if shown.len() < inner.len() { "…" } else { "" };
        Some(format!("Text is in single quotes: `'{shown}{cut}'`. In double quotes are names."))
    }

    fn date(&self) -> Option<String> {
        let token = self.tokens.iter().find(|token| {
            let rest = self.text.get(token.span.end..).unwrap_or_default().as_bytes();
            let is_year = token.kind == TokenKind::Number && token.span.end - token.span.start == 4;
            is_year
                && matches!(rest, [b'-', a, b, b'-', c, d, ..] if [a, b, c, d].iter().all(|one| one.is_ascii_digit()))
        })?;
        let date = self.text.get(token.span.start..token.span.end + 6)?;
        Some(format!("Dates and times are in single quotes: `'{date}'`."))
    }

    /// A word without quotes in a value's place, which is none of CQL's own.
    fn bare(&self) -> Option<String> {
        const OWN: [&str; 6] = ["null", "true", "false", "nan", "infinity", "unset"];
        let at = (0..self.tokens.len()).find(|at| {
            let word = self.at(*at);
            self.tokens[*at].kind == TokenKind::Word
                && self.is_value(*at)
                && !OWN.iter().any(|own| own.eq_ignore_ascii_case(word))
                // A function, a column that is added to, a field of a user-defined type.
                && !matches!(self.at(at + 1), "(" | "+" | "-" | "." | ":" | "[")
        })?;
        Some(format!("Text is in single quotes: `'{}'`.", self.at(at)))
    }

    fn sql(&self) -> Option<String> {
        let is_select = self.is(0, "SELECT");
        let filtered = self.find("WHERE");
        if self.is(0, "INSERT") && self.is(1, "INTO") {
            let values = self.find("VALUES")?;
            return (self.at(values - 1) != ")").then(|| {
                "CQL wants the columns named: `INSERT INTO table (a, b) VALUES (…, …)`.".to_owned()
            });
        }
        if is_select && self.find("JOIN").is_some() {
            return Some(
                "CQL has no joins. Keep both results, `a << SELECT …`, and join them with `%%sql`."
                    .to_owned(),
            );
        }
        if is_select && self.is(1, "TOP") {
            return Some("CQL has no TOP: write `LIMIT 10` at the end.".to_owned());
        }
        let doubled = |at: usize| self.at(at) == "==" || self.at(at) == "=" && self.at(at + 1) == "=";
        if let Some(start) = filtered {
            let behind = || start..self.tokens.len();
            if behind().any(|at| self.is(at, "OR")) {
                return Some("CQL has no OR: write `IN (…)`, one statement for each, or filter the result with `%%sql`.".to_owned());
            }
            if behind().any(|at| self.is(at, "IS") && (self.is(at + 1, "NULL") || self.is(at + 2, "NULL"))) {
                return Some(
                    "CQL cannot ask for nulls. Read the rows, and filter them with `%%sql`.".to_owned(),
                );
            }
            if behind().any(doubled) {
                return Some("CQL compares with one `=`.".to_owned());
            }
        }
        if self.is(0, "CREATE") || self.is(0, "ALTER") {
            let sized = (0..self.tokens.len()).find(|at| {
                ["varchar", "char", "text", "int", "decimal", "ascii"].iter().any(|name| self.is(*at, name))
                    && self.at(at + 1) == "("
            });
            if let Some(at) = sized {
                return Some(format!(
                    "CQL's types have no length: `{}` alone.",
                    if self.is(at, "char") { "text" } else { self.at(at) }
                ));
            }
            let fixed = self.find("STATIC")?;
            return (self.at(fixed + 1) != "," && self.at(fixed + 1) != ")")
                .then(|| "`STATIC` stands behind the type: `name type STATIC`.".to_owned());
        }
        None
    }
}

/// What to write instead, where something of another language stands in the statement.
pub(super) fn hint(statement: &str) -> Option<String> {
    let tokens = lex(statement).into_iter().filter(|token| !token.kind.is_trivia()).take(MOST).collect();
    let words = Words { text: statement, tokens };
    words.quotes().or_else(|| words.date()).or_else(|| words.sql()).or_else(|| words.bare())
}

/// Of a longer statement the rest is not looked at.
const MOST: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_languages_write_is_told() {
        for (statement, told) in [
            ("SELECT * FROM q WHERE t = \"abc\" ALLOW FILTERING", "`'abc'`. In double quotes"),
            ("INSERT INTO q (id, t) VALUES (1, \"it's\")", "`'it''s'`"),
            ("UPDATE q SET l = [\"a\"] WHERE id = 1", "`'a'`"),
            ("INSERT INTO q (id, m) VALUES (1, {\"k\": 1})", "`'k'`"),
            ("SELECT * FROM q WHERE id = abc", "single quotes: `'abc'`"),
            ("SELECT * FROM q WHERE id IN (abc, de)", "single quotes: `'abc'`"),
            ("SELECT * FROM q WHERE day = 2021-05-15", "`'2021-05-15'`"),
            ("INSERT INTO ks.q VALUES (1, 'a')", "the columns named"),
            ("SELECT * FROM a JOIN b ON a.id = b.id", "%%sql"),
            ("SELECT TOP 10 * FROM q", "LIMIT"),
            ("SELECT * FROM q WHERE id = 1 OR id = 2", "no OR"),
            ("SELECT * FROM q WHERE id == 1", "one `=`"),
            ("SELECT * FROM q WHERE t IS NULL", "nulls"),
            ("SELECT * FROM q WHERE t IS NOT NULL", "nulls"),
            ("CREATE TABLE q (id int PRIMARY KEY, t varchar(10))", "`varchar` alone"),
            ("CREATE TABLE q (id int, c int, z static int, PRIMARY KEY (id, c))", "behind the type"),
        ] {
            let hint = hint(statement).unwrap_or_default();
            assert!(hint.contains(told), "{statement}: {hint}");
        }
    }

    #[test]
    fn what_is_cql_is_left_alone() {
        for statement in [
            "",
            "SELECT \"Name\" FORM q WHERE \"Id\" = 1",
            "INSERT INTO q (\"Id\", t) VALUES (1, now()",
            "UPDATE q SET n = n + 1 WHERE id = :id AND",
            "SELECT * FROM q WHERE id IN (1, 2) AND token(a, b) > token(1, 2) LIMT 3",
            "CREATE OR REPLACE FUNCTION f (a int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE java AS 'x'",
            "CREATE TABLE q (id int, c int, z int STATIC, PRIMARY KEY (id, c)",
            "INSERT INTO q (id, b) VALUES (1, true",
            "INSERT INTO q (id, b) VALUES (:id, :\"Day\"",
            "SELECT * FROM q WHERE id = :\"Day\" AND",
        ] {
            assert_eq!(hint(statement), None, "{statement}");
        }
    }
}
