//! Whether a `SELECT` reads a whole table, so that ranges of the ring can be read side by side, and what is sent for one range.

use super::functions::is_of_one_row;
use super::keywords::quote_name;
use super::lexer::{Token, TokenKind, lex};
use crate::cell::{Statement, StatementKind};

/// The statement for one range of tokens, with two markers: the token that the range starts behind, and its last one.
///
/// `None` where its answer is not the answers of all ranges put together in any order: it filters, orders, limits, groups,
/// counts, names each partition once, or has bind markers.
pub fn of_token_range(statement: &Statement, partition_key: &[&str]) -> Option<String> {
    let StatementKind::Select(select) = &statement.kind else { return None };
    let is_plain = !(select.distinct
        || select.filtered
        || select.limited
        || select.grouped
        || select.ordered
        || select.allow_filtering);
    let text = statement.text.as_str();
    let tokens: Vec<Token> = lex(text).into_iter().filter(|token| !token.kind.is_trivia()).collect();
    if !is_plain
        || partition_key.is_empty()
        || !statement.binds.is_empty()
        || !statement.positional_binds.is_empty()
        || !ends_in_its_table(text, &tokens)
        || !calls_only_functions_of_rows(text, &tokens)
    {
        return None;
    }
    let key = partition_key.iter().map(|name| quote_name(name)).collect::<Vec<_>>().join(", ");
    // On a line of its own: the last one may be a comment.
    Some(format!("{text}\nWHERE token({key}) > ? AND token({key}) <= ?"))
}

/// Whether nothing follows `FROM table`.
fn ends_in_its_table(text: &str, tokens: &[Token]) -> bool {
    let is_from =
        |token: &Token| token.kind == TokenKind::Word && token.span.of(text).eq_ignore_ascii_case("from");
    let is_name = |token: &Token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedName);
    match tokens {
        [.., from, table] if is_from(from) => is_name(table),
        [.., from, keyspace, dot, table] if is_from(from) => {
            is_name(keyspace) && dot.span.of(text) == "." && is_name(table)
        }
        _ => false,
    }
}

fn calls_only_functions_of_rows(text: &str, tokens: &[Token]) -> bool {
    tokens.windows(2).all(|pair| {
        let [name, open] = pair else { return true };
        open.span.of(text) != "("
            || match name.kind {
                TokenKind::Word => is_of_one_row(name.span.of(text)),
                TokenKind::QuotedName => false,
                // A tuple, or a type's brackets.
                _ => true,
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(cql: &str) -> Option<String> {
        of_token_range(&Statement::new(cql), &["a", "B"])
    }

    #[test]
    fn a_whole_table_is_read_by_ranges() {
        for cql in [
            "SELECT * FROM t",
            "select a, b from ks.\"T\"",
            "SELECT JSON a FROM t;",
            "SELECT writetime(a), TTL(b), CAST(c AS text), d AS e FROM ks.t -- all of it",
        ] {
            let range = range(cql).unwrap_or_else(|| panic!("{cql}"));
            assert!(range.ends_with("\nWHERE token(a, \"B\") > ? AND token(a, \"B\") <= ?"), "{range}");
        }
    }

    #[test]
    fn what_is_no_sum_of_its_ranges_is_not() {
        for cql in [
            "SELECT * FROM t WHERE a = 1",
            "SELECT * FROM t LIMIT 5",
            "SELECT * FROM t PER PARTITION LIMIT 1",
            "SELECT * FROM t ORDER BY c",
            "SELECT DISTINCT a FROM t",
            "SELECT count(*) FROM t",
            "SELECT max(c) FROM t",
            "SELECT \"Mine\"(c) FROM t",
            "SELECT a, sum(c) FROM t GROUP BY a",
            "SELECT * FROM t ALLOW FILTERING",
            "SELECT * FROM t USING TIMEOUT 5s",
            "INSERT INTO t (a) VALUES (1)",
        ] {
            assert_eq!(range(cql), None, "{cql}");
        }
        assert_eq!(of_token_range(&Statement::new("SELECT * FROM t"), &[]), None);
    }
}
