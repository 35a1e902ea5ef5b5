//! What a `SELECT` selects: for each column of its answer the table's column that it is, if it is one.
//!
//! The protocol tells names alone: of `SELECT v AS k` it says `k`, which is the name of another column.

use super::keywords::unquote_name;
use super::lexer::{Token, TokenKind, lex};

/// One column of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// The table's column that it is, whatever it is called in the answer; `None` for what is worked out.
    pub column: Option<String>,
    /// The name that it was given.
    pub alias: Option<String>,
    /// How it was written, without the alias.
    pub text: String,
}

impl Selected {
    /// Whether it is a column of the table under its own name.
    pub fn is_own(&self) -> bool {
        match (&self.column, &self.alias) {
            (Some(column), Some(alias)) => column == alias,
            (column, _) => column.is_some(),
        }
    }
}

/// What the statement selects, in order; `None` for `SELECT *`, and for what is no `SELECT` that could be read.
pub fn selected(statement: &str) -> Option<Vec<Selected>> {
    let tokens: Vec<Token> = lex(statement).into_iter().filter(|token| !token.kind.is_trivia()).collect();
    let word = |at: usize, word: &str| {
        tokens.get(at).is_some_and(|token| {
            token.kind == TokenKind::Word && token.span.of(statement).eq_ignore_ascii_case(word)
        })
    };
    if !word(0, "select") {
        return None;
    }
    // `SELECT json FROM t` selects a column of that name, as does `SELECT distinct, a FROM t`.
    let is_prefix = |at: usize, name: &str| {
        let next = tokens.get(at + 1).map(|token| token.span.of(statement));
        word(at, name)
            && next.is_some_and(|next| !matches!(next, "," | "." | "[" | "("))
            && !word(at + 1, "from")
            && !word(at + 1, "as")
    };
    if is_prefix(1, "json") {
        return Some(vec![Selected { column: None, alias: None, text: "JSON".to_owned() }]);
    }
    let mut start = if is_prefix(1, "distinct") { 2 } else { 1 };
    let mut depth = 0_usize;
    let mut all = Vec::new();
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.span.of(statement) {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.checked_sub(1)?,
            "," if depth == 0 => {
                all.push(one(statement, tokens.get(start..at)?)?);
                start = at + 1;
            }
            _ if depth == 0 && word(at, "from") => {
                all.push(one(statement, tokens.get(start..at)?)?);
                return Some(all);
            }
            _ => {}
        }
    }
    None
}

/// One selector; `None` for `*`.
fn one(statement: &str, tokens: &[Token]) -> Option<Selected> {
    let is_name = |token: &Token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedName);
    let (tokens, alias) = match tokens {
        [rest @ .., r#as, alias]
            if !rest.is_empty()
                && r#as.kind == TokenKind::Word
                && r#as.span.of(statement).eq_ignore_ascii_case("as")
                && is_name(alias) =>
        {
            (rest, Some(unquote_name(alias.span.of(statement))))
        }
        all => (all, None),
    };
    let (first, last) = (tokens.first()?, tokens.last()?);
    let text = statement.get(first.span.start..last.span.end)?.to_owned();
    let column = match tokens {
        [only] if only.span.of(statement) == "*" => return None,
        [only] if is_name(only) => Some(unquote_name(only.span.of(statement))),
        _ => None,
    };
    Some(Selected { column, alias, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(statement: &str) -> String {
        selected(statement).map_or_else(
            || "none".to_owned(),
            |all| {
                let one = |one: &Selected| {
                    let name = one.column.as_deref().unwrap_or("-");
                    format!(
                        "{} = {name} as {}{}",
                        one.text,
                        one.alias.as_deref().unwrap_or("-"),
                        if one.is_own() { " own" } else { "" }
                    )
                };
                all.iter().map(one).collect::<Vec<_>>().join("; ")
            },
        )
    }

    #[test]
    fn an_alias_is_not_the_column_of_its_name() {
        assert_eq!(told("SELECT k, v AS k FROM t"), "k = k as - own; v = v as k");
        assert_eq!(told("select \"K\" as k, v as \"V\" from t where x = 1"), "\"K\" = K as k; v = v as V");
        assert_eq!(told("SELECT k AS K FROM t"), "k = k as k own");
        assert_eq!(
            told("SELECT count(*), cast(v AS text) AS v, m['a, from'], u.f, (int) 1, -v FROM t"),
            "count(*) = - as -; cast(v AS text) = - as v; m['a, from'] = - as -; u.f = - as -; (int) 1 = - as -; -v = - as -"
        );
        assert_eq!(told("SELECT DISTINCT a /* , b */ FROM t"), "a = a as - own");
        assert_eq!(
            told("SELECT distinct, json FROM t"),
            "distinct = distinct as - own; json = json as - own"
        );
        assert_eq!(told("SELECT JSON a, b FROM t"), "JSON = - as -");
        assert_eq!(told("SELECT json FROM t"), "json = json as - own");
        for none in [
            "SELECT * FROM t",
            "INSERT INTO t (a) VALUES (1)",
            "SELECT a",
            "",
            "SELECT ) FROM t",
            "SELECT , FROM t",
        ] {
            assert_eq!(told(none), "none", "{none}");
        }
    }
}
