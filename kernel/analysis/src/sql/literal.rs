//! Values in a query: what `:name` stands for.
//!
//! The rule: a text's content never becomes SQL. A parameter is a value of the tree, put in after the query was parsed.

use cqlbook_core::column::CqlType;
use cqlbook_core::value;
use sqlparser::ast::{
    CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, Statement, UnaryOperator, Value,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserOptions};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

/// The values of a parameter: one, or those of a list or set.
#[derive(Debug, Clone)]
pub enum Given {
    /// One value.
    One(Box<Expr>),
    /// Those of a list or set.
    Many(Vec<Expr>),
}

/// A CQL literal as values of the tree.
///
/// # Errors
/// Why it is none that a query takes, as the end of a sentence.
pub fn given(literal: &str) -> Result<Given, String> {
    let literal = literal.trim();
    let list = [('[', ']'), ('{', '}')]
        .iter()
        .find_map(|(open, close)| literal.strip_prefix(*open).and_then(|rest| rest.strip_suffix(*close)));
    if let Some(inner) = list {
        let items = elements(inner).ok_or("is a collection with more than single values in it")?;
        return items.iter().map(|item| one(item)).collect::<Result<Vec<_>, _>>().map(Given::Many);
    }
    one(literal).map(|value| Given::One(Box::new(value)))
}

/// The elements of a list of single values, split at commas outside of quotes; `None` for maps and nested collections.
fn elements(inner: &str) -> Option<Vec<&str>> {
    let (mut items, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, mark) in inner.char_indices() {
        match mark {
            // A doubled quote ends a text and begins it again.
            '\'' => quoted = !quoted,
            ',' if !quoted => {
                items.push(inner[start..at].trim());
                start = at + 1;
            }
            '[' | '{' | '(' | ':' | '$' if !quoted => return None,
            _ => {}
        }
    }
    let last = inner[start..].trim();
    if !last.is_empty() {
        items.push(last);
    }
    Some(items)
}

fn one(literal: &str) -> Result<Expr, String> {
    let plain = |ty: &CqlType| value::from_literal(ty, literal).ok().flatten();
    if literal.starts_with('\'') || literal.starts_with("$$") {
        let bytes = plain(&CqlType::Text).ok_or("is no text that ends where its quotes do")?;
        return String::from_utf8(bytes).map(|text| quoted(&text)).map_err(|_| "is no text".to_owned());
    }
    match literal.to_ascii_lowercase().as_str() {
        "null" => return Ok(Expr::value(Value::Null)),
        "true" => return Ok(Expr::value(Value::Boolean(true))),
        "false" => return Ok(Expr::value(Value::Boolean(false))),
        "nan" | "infinity" | "-infinity" => {
            return Ok(cast(quoted(literal), DataType::Double(sqlparser::ast::ExactNumberInfo::None)));
        }
        _ => {}
    }
    // As CQL's grammar has numbers: digits with a point or an exponent, and nothing that only another language calls one.
    let digits = literal.strip_prefix('-').unwrap_or(literal);
    if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
        && digits.parse::<f64>().is_ok()
        && plain(&CqlType::Decimal).is_some()
    {
        return Ok(number(literal));
    }
    if let Some(cell) = plain(&CqlType::Uuid) {
        return Ok(quoted(&value::literal(Some(&cell), &CqlType::Uuid, &jiff::tz::TimeZone::UTC).text));
    }
    if literal.starts_with("0x") || literal.starts_with("0X") {
        return Err("is a blob, which a query of `%%sql` takes no parameter of".to_owned());
    }
    if plain(&CqlType::Duration).is_some() {
        return Err("is a duration, which a query of `%%sql` takes no parameter of".to_owned());
    }
    if literal.starts_with(['[', '{', '(']) {
        return Err(
            "is a tuple or a collection in another; `IN (:name)` takes a list or set of single values"
                .to_owned(),
        );
    }
    Err("is no CQL literal that a query of `%%sql` takes".to_owned())
}

/// A number; a negative one in brackets, so that no minus before it makes a comment of it.
pub fn number(digits: &str) -> Expr {
    match digits.strip_prefix('-') {
        None => Expr::value(Value::Number(digits.to_owned(), false)),
        Some(digits) => nested(Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr: Box::new(Expr::value(Value::Number(digits.to_owned(), false))),
        }),
    }
}

/// A text.
pub fn quoted(text: &str) -> Expr {
    Expr::value(Value::SingleQuotedString(text.to_owned()))
}

/// In brackets.
pub fn nested(expr: Expr) -> Expr {
    Expr::Nested(Box::new(expr))
}

/// `CAST(… AS …)`, which fails where the value does not fit.
pub fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

/// A call of a function.
pub fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args,
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// The tokens with brackets around what `IS DISTINCT FROM` compares with: the parser takes all that follows for it, `AND` too.
fn bracketed(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let places: Vec<usize> = (0..tokens.len())
        .filter(|place| !matches!(tokens[*place].token, Token::Whitespace(_)))
        .collect();
    let word = |at: usize| match places.get(at).map(|place| &tokens[*place].token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.keyword,
        _ => Keyword::NoKeyword,
    };
    let (mut opened, mut closed) = (vec![0_usize; tokens.len() + 1], vec![0_usize; tokens.len() + 1]);
    for at in 0..places.len() {
        let is_it = word(at) == Keyword::DISTINCT
            && word(at + 1) == Keyword::FROM
            && at > 0
            && (word(at - 1) == Keyword::IS || (at > 1 && word(at - 1) == Keyword::NOT && word(at - 2) == Keyword::IS));
        let Some(start) = places.get(at + 2).filter(|_| is_it) else { continue };
        let end = (at + 2..places.len()).scan((0_usize, 0_usize), |(depth, cases), next| {
            let is_end = match &tokens[places[next]].token {
                Token::LParen | Token::LBracket => {
                    *depth += 1;
                    false
                }
                Token::RParen | Token::RBracket if *depth > 0 => {
                    *depth -= 1;
                    false
                }
                Token::RParen | Token::RBracket | Token::SemiColon | Token::EOF => true,
                Token::Comma => *depth == 0,
                Token::Word(_) if *depth == 0 => match word(next) {
                    Keyword::CASE => {
                        *cases += 1;
                        false
                    }
                    Keyword::END if *cases > 0 => {
                        *cases -= 1;
                        false
                    }
                    Keyword::LEFT | Keyword::RIGHT => {
                        *cases == 0 && !matches!(places.get(next + 1).map(|place| &tokens[*place].token), Some(Token::LParen))
                    }
                    keyword => *cases == 0 && ENDS.contains(&keyword),
                },
                _ => false,
            };
            (!is_end).then_some(next)
        });
        // Nothing before the end: the parser says what is missing.
        let Some(last) = end.last() else { continue };
        opened[*start] += 1;
        closed[places[last]] += 1;
    }
    let mut out = Vec::with_capacity(tokens.len() + 8);
    for (place, token) in tokens.into_iter().enumerate() {
        let span = token.span;
        out.extend((0..opened[place]).map(|_| TokenWithSpan { token: Token::LParen, span }));
        out.push(token);
        out.extend((0..closed[place]).map(|_| TokenWithSpan { token: Token::RParen, span }));
    }
    out
}

/// Words that end an expression, or stand in one weaker than `IS`.
const ENDS: [Keyword; 31] = [
    Keyword::AND,
    Keyword::OR,
    Keyword::XOR,
    Keyword::IS,
    Keyword::AS,
    Keyword::ASC,
    Keyword::DESC,
    Keyword::NULLS,
    Keyword::THEN,
    Keyword::WHEN,
    Keyword::ELSE,
    Keyword::END,
    Keyword::FROM,
    Keyword::WHERE,
    Keyword::GROUP,
    Keyword::ORDER,
    Keyword::HAVING,
    Keyword::QUALIFY,
    Keyword::WINDOW,
    Keyword::LIMIT,
    Keyword::OFFSET,
    Keyword::FETCH,
    Keyword::UNION,
    Keyword::EXCEPT,
    Keyword::INTERSECT,
    Keyword::JOIN,
    Keyword::INNER,
    Keyword::FULL,
    Keyword::CROSS,
    Keyword::NATURAL,
    Keyword::FILTER,
];

/// Parses as the engine does.
///
/// # Errors
/// The parser's.
pub fn parse(text: &str) -> Result<Vec<Statement>, sqlparser::parser::ParserError> {
    let options = ParserOptions { trailing_commas: true, ..ParserOptions::default() };
    let tokens = Tokenizer::new(&GenericDialect, text).tokenize_with_location()?;
    Parser::new(&GenericDialect)
        .with_options(options)
        .with_tokens_with_locations(bracketed(tokens))
        .parse_statements()
}
