//! What a query's text may cost before it is parsed: its size, its tokens and how deep its tree can become.
//!
//! The rule: no query is parsed whose tree could be deeper than what the stacks here are made for. A chain `a + b + c + …` makes a
//! tree that is as deep as the chain is long, and the parser's own limit counts brackets only; so the tokens are counted first.

use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::SqlError;
use super::query::syntax;

/// The most bytes of a query.
pub const TEXT: usize = 1 << 20;
/// The most words, marks and values of a query: an `IN` of some 80,000 values.
pub const TOKENS: usize = 160_000;
/// The longest chain of operators, with the chains around it.
pub const CHAIN: usize = 400;
/// The most joined tables, and the most queries put together by `UNION` and the like, with those around them.
pub const PARTS: usize = 50;
/// The most `CASE` in one another.
const CASES: usize = 10;
/// The stack of a thread that walks such a tree.
const STACK: usize = 64 << 20;

/// Reads the words of a query, which takes no stack, and refuses one that is too large or too deep to be parsed.
///
/// # Errors
/// [`SqlError`] for what is no text of SQL, and beyond the bounds.
pub fn check(text: &str) -> Result<(), SqlError> {
    if text.len() > TEXT {
        return Err(beyond(
            format!("The query has {} of text; {} are the most.", size(text.len()), size(TEXT)),
            "Put long lists of values into a file, and join it: `FROM t JOIN 'values.csv' AS v USING (id)`.",
        ));
    }
    let tokens = Tokenizer::new(&GenericDialect, text).tokenize().map_err(|error| syntax(&error))?;
    let tokens: Vec<Token> =
        tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    if tokens.len() > TOKENS {
        return Err(beyond(
            format!("The query has {} words, values and marks; {TOKENS} are the most.", tokens.len()),
            "Put long lists of values into a file, and join it: `FROM t JOIN 'values.csv' AS v USING (id)`.",
        ));
    }
    depth(&tokens)
}

fn size(bytes: usize) -> String {
    cqlbook_core::render::bytes(bytes)
}

fn beyond(message: String, hint: &str) -> SqlError {
    SqlError::Beyond { message, hints: vec![hint.to_owned()], words: String::new() }
}

/// The chains that are open at a place: operators since the last comma or clause, and parts of the query, one pair for each
/// bracket around it.
fn depth(tokens: &[Token]) -> Result<(), SqlError> {
    let mut open: Vec<(usize, usize)> = vec![(0, 0)];
    let (mut chain, mut parts, mut cases) = (0, 0, 0_usize);
    for token in tokens {
        let top = open.len() - 1;
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => open.push((0, 0)),
            Token::RParen | Token::RBracket | Token::RBrace => {
                if top > 0
                    && let Some((operators, more)) = open.pop()
                {
                    chain -= operators;
                    parts -= more;
                }
                // What follows a bracket (`[1][2]`, `(…)::int`) stands on top of it.
                if let Some(last) = open.last_mut() {
                    last.0 += 1;
                    chain += 1;
                }
            }
            Token::Comma | Token::SemiColon => chain -= std::mem::take(&mut open[top].0),
            Token::Word(word) => match word.keyword {
                Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT | Keyword::MINUS | Keyword::JOIN => {
                    open[top].1 += 1;
                    parts += 1;
                    chain -= std::mem::take(&mut open[top].0);
                }
                Keyword::SELECT
                | Keyword::FROM
                | Keyword::WHERE
                | Keyword::ON
                | Keyword::GROUP
                | Keyword::ORDER
                | Keyword::HAVING
                | Keyword::WHEN
                | Keyword::THEN
                | Keyword::ELSE => chain -= std::mem::take(&mut open[top].0),
                Keyword::AND
                | Keyword::OR
                | Keyword::XOR
                | Keyword::NOT
                | Keyword::IS
                | Keyword::IN
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::BETWEEN
                | Keyword::COLLATE
                | Keyword::AT => {
                    open[top].0 += 1;
                    chain += 1;
                }
                Keyword::CASE => cases += 1,
                Keyword::END => cases = cases.saturating_sub(1),
                _ => {}
            },
            Token::Number(..) | Token::Period | Token::Placeholder(_) | Token::EOF => {}
            token if is_text(token) => {}
            _ => {
                open[top].0 += 1;
                chain += 1;
            }
        }
        if chain > CHAIN {
            return Err(beyond(
                format!("The query has a chain of more than {CHAIN} operators, with those around it."),
                "Write `x IN (a, b, …)` for many comparisons, or put the values into a file and join it.",
            ));
        }
        if cases > CASES {
            return Err(beyond(
                format!("The query has more than {CASES} `CASE` in one another."),
                "One `CASE` takes any number of `WHEN … THEN …`.",
            ));
        }
        if parts > PARTS {
            return Err(beyond(
                format!("The query puts more than {PARTS} tables or queries together."),
                "Keep some of them first by `%%sql --into NAME`, and go on from there.",
            ));
        }
    }
    Ok(())
}

fn is_text(token: &Token) -> bool {
    matches!(
        token,
        Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::NationalStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::DollarQuotedString(_)
    )
}

/// Runs what walks a query's tree on a stack that is made for the deepest.
///
/// # Errors
/// Those of `work`, and [`SqlError::Beyond`] where there is no memory for a thread.
pub fn deep<T: Send>(work: impl FnOnce() -> Result<T, SqlError> + Send) -> Result<T, SqlError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| {
            beyond(
                format!("There is no memory to read the query: {error}."),
                "Free some memory, and run the cell again.",
            )
        })?;
        thread.join().unwrap_or_else(|panic| Err(broken_off(panic.as_ref())))
    })
}

/// The engine gave up in the middle, which is its fault and not the kernel's.
fn broken_off(panic: &(dyn std::any::Any + Send)) -> SqlError {
    let words =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    SqlError::Beyond {
        message: "The engine of `%%sql` broke off while it computed this query.".to_owned(),
        hints: vec![
            "Leave out one column or call after the other until it runs; the one that ends it can often be written otherwise, such as with `CAST(x AS DOUBLE)` or `AS VARCHAR`.".to_owned(),
            "Keep what works by `%%sql --into NAME`, and go on from there.".to_owned(),
        ],
        words: words.unwrap_or_default().lines().next().unwrap_or_default().to_owned(),
    }
}
