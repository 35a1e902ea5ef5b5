//! A cell's SQL before it runs: one query, the tables and files it names, and its parameters put in as literals.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, Query as Ast, SelectItem,
    SetExpr, Statement, TableAlias, TableFactor, Value, VisitMut, VisitorMut,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::SqlError;

/// A query that was read.
#[derive(Debug, Clone)]
pub struct Query {
    pub(super) ast: Box<Ast>,
    /// The kept results that it names, as typed.
    pub(super) tables: BTreeSet<String>,
    /// The files that it reads: paths as typed, with the text that stands for null where that was given.
    pub(super) files: BTreeMap<String, Option<String>>,
    /// Every name in it.
    words: BTreeSet<String>,
    /// Whether it asks for all columns of something.
    has_star: bool,
}

/// Functions that read a file.
const READERS: [&str; 5] = ["read_parquet", "read_csv", "read_arrow", "read_json", "read_jsonl"];

impl Query {
    /// Reads one query and puts in the values of its parameters.
    ///
    /// # Errors
    /// [`SqlError`] for what is no SQL, no query, or more than one, and for a parameter without a value.
    pub fn parse(text: &str, params: &BTreeMap<String, String>) -> Result<Self, SqlError> {
        let mut parser = Parser::new(&GenericDialect).try_with_sql(text).map_err(|error| syntax(&error))?;
        let mut statements = parser.parse_statements().map_err(|error| syntax(&error))?;
        let mut ast = match (statements.len(), statements.pop()) {
            (1, Some(Statement::Query(ast))) => ast,
            (1, Some(other)) => {
                let verb = other.to_string();
                let verb = verb.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
                return Err(SqlError::NoQuery(verb));
            }
            (0, _) | (_, None) => return Err(SqlError::Nothing),
            (many, _) => return Err(SqlError::Several(many)),
        };
        let mut reader = Reader {
            params,
            scopes: Vec::new(),
            tables: BTreeSet::new(),
            files: BTreeMap::new(),
            has_star: false,
        };
        if let ControlFlow::Break(error) = ast.visit(&mut reader) {
            return Err(error);
        }
        let Reader { tables, files, has_star, .. } = reader;
        let words = words(&ast.to_string());
        // The columns that a natural join goes by are named nowhere.
        let has_star = has_star || words.contains("natural");
        Ok(Self { ast, tables, files, words, has_star })
    }

    /// The names of kept results that it reads.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(String::as_str)
    }

    /// Whether it needs a column of this name.
    pub(super) fn needs(&self, column: &str) -> bool {
        self.has_star || self.words.contains(&column.to_lowercase())
    }

    /// The names that it uses, as they are typed but in lower case.
    pub(super) fn text(&self) -> String {
        self.ast.to_string()
    }
}

fn syntax(error: &impl std::fmt::Display) -> SqlError {
    let text = error.to_string();
    let text = text.trim_start_matches("sql parser error: ").to_owned();
    let (message, at) = match text.rsplit_once(" at Line: ") {
        Some((message, place)) => {
            let mut numbers = place.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok());
            (message.to_owned(), numbers.next().zip(numbers.next()))
        }
        None => (text, None),
    };
    SqlError::Syntax { message: format!("{}.", message.trim_end_matches('.')), at }
}

fn words(text: &str) -> BTreeSet<String> {
    let tokens = Tokenizer::new(&GenericDialect, text).tokenize().unwrap_or_default();
    let words = tokens.into_iter().filter_map(|token| match token {
        Token::Word(word) => Some(word.value.to_lowercase()),
        _ => None,
    });
    words.collect()
}

/// Walks a query: finds what it reads, and puts values in the place of parameters.
struct Reader<'a> {
    params: &'a BTreeMap<String, String>,
    /// The names that `WITH` gives, of the queries around.
    scopes: Vec<BTreeSet<String>>,
    tables: BTreeSet<String>,
    files: BTreeMap<String, Option<String>>,
    has_star: bool,
}

impl Reader<'_> {
    /// A file that is read, by its path; the table it becomes is called by its name where that is one.
    fn file(
        &mut self,
        path: &str,
        null: Option<String>,
        name: &mut ObjectName,
        alias: &mut Option<TableAlias>,
    ) {
        self.files.insert(path.to_owned(), null);
        *name = ObjectName::from(vec![Ident::with_quote('"', path)]);
        let stem = std::path::Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let stem = stem.split('.').next().unwrap_or_default();
        let is_name = stem.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && stem.chars().all(|c| c.is_alphanumeric() || c == '_');
        if alias.is_none() && is_name {
            *alias = Some(TableAlias {
                explicit: true,
                name: Ident::with_quote('"', stem),
                columns: Vec::new(),
                at: None,
            });
        }
    }
}

impl VisitorMut for Reader<'_> {
    type Break = SqlError;

    fn pre_visit_query(&mut self, query: &mut Ast) -> ControlFlow<SqlError> {
        let with = query.with.iter().flat_map(|with| &with.cte_tables);
        self.scopes.push(with.map(|cte| cte.alias.name.value.clone()).collect());
        if let SetExpr::Select(select) = query.body.as_ref() {
            self.has_star |= select
                .projection
                .iter()
                .any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
        } else {
            self.has_star = true;
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Ast) -> ControlFlow<SqlError> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<SqlError> {
        let TableFactor::Table { name, alias, args, .. } = factor else { return ControlFlow::Continue(()) };
        if let Some(given) = args {
            let function = name.to_string().to_lowercase();
            let mut texts = given.args.iter().map(text_argument);
            return match (READERS.contains(&function.as_str()), texts.next().flatten()) {
                (true, Some(path)) => {
                    let null = texts.next().flatten();
                    *args = None;
                    self.file(&path, null, name, alias);
                    ControlFlow::Continue(())
                }
                (true, None) => ControlFlow::Break(SqlError::Beyond {
                    message: format!("`{function}` takes the path of a file in quotes."),
                    hints: vec![format!("For example `{function}('flights.parquet')`.")],
                    words: String::new(),
                }),
                (false, _) => ControlFlow::Break(SqlError::Beyond {
                    message: format!("There is no table function `{function}` here."),
                    hints: vec![format!(
                        "Files are read by their path, `FROM 'flights.parquet'`, or by {}.",
                        READERS.join(", ")
                    )],
                    words: String::new(),
                }),
            };
        }
        let parts: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
        match parts.as_slice() {
            [one] if one.quote_style == Some('\'') => {
                let path = one.value.clone();
                self.file(&path, None, name, alias);
            }
            [one] if self.scopes.iter().any(|names| names.contains(&one.value)) => {}
            [one] => drop(self.tables.insert(one.value.clone())),
            _ => drop(self.tables.insert(name.to_string())),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        if let Some(other) = truncation(expr) {
            *expr = other;
        }
        if let Expr::Value(value) = expr
            && let Value::Placeholder(typed) = &value.value
        {
            let Some(name) = typed.strip_prefix(':') else {
                return ControlFlow::Break(SqlError::Param {
                    name: typed.clone(),
                    reason: "has no name; write `:name` and set it with `%param name = VALUE`".to_owned(),
                });
            };
            let literal = self.params.get(name).map(|literal| as_sql(literal));
            match literal {
                Some(Ok(literal)) => value.value = literal,
                Some(Err(reason)) => {
                    return ControlFlow::Break(SqlError::Param { name: name.to_owned(), reason });
                }
                None => {
                    let reason = "has no value; `%param` sets one".to_owned();
                    return ControlFlow::Break(SqlError::Param { name: name.to_owned(), reason });
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// `DATE_TRUNC('month', time)` in the words of what polars has.
fn truncation(expr: &Expr) -> Option<Expr> {
    let Expr::Function(call) = expr else { return None };
    let FunctionArguments::List(list) = &call.args else { return None };
    let [unit, FunctionArg::Unnamed(FunctionArgExpr::Expr(time))] = list.args.as_slice() else { return None };
    if !call.name.to_string().eq_ignore_ascii_case("date_trunc") {
        return None;
    }
    let form = match text_argument(unit)?.to_lowercase().as_str() {
        "year" => "%Y-01-01 00:00:00",
        "month" => "%Y-%m-01 00:00:00",
        "day" => "%Y-%m-%d 00:00:00",
        "hour" => "%Y-%m-%d %H:00:00",
        "minute" => "%Y-%m-%d %H:%M:00",
        _ => return None,
    };
    let text = format!("STRPTIME(STRFTIME({time}, '{form}'), '%Y-%m-%d %H:%M:%S')");
    Parser::new(&GenericDialect).try_with_sql(&text).ok()?.parse_expr().ok()
}

fn text_argument(argument: &FunctionArg) -> Option<String> {
    let (FunctionArg::Unnamed(value)
    | FunctionArg::Named { arg: value, .. }
    | FunctionArg::ExprNamed { arg: value, .. }) = argument;
    match value {
        FunctionArgExpr::Expr(Expr::Value(value)) => match &value.value {
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// A CQL literal as a literal of SQL: numbers, texts and truth values as they are, other single values as text.
fn as_sql(literal: &str) -> Result<Value, String> {
    let literal = literal.trim();
    if let Some(inner) = literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Ok(Value::SingleQuotedString(inner.replace("''", "'")));
    }
    if let Some(inner) = literal.strip_prefix("$$").and_then(|rest| rest.strip_suffix("$$")) {
        return Ok(Value::SingleQuotedString(inner.to_owned()));
    }
    match literal.to_ascii_lowercase().as_str() {
        "null" => return Ok(Value::Null),
        "true" => return Ok(Value::Boolean(true)),
        "false" => return Ok(Value::Boolean(false)),
        _ => {}
    }
    if literal.parse::<f64>().is_ok_and(f64::is_finite) {
        return Ok(Value::Number(literal.to_owned(), false));
    }
    if literal.starts_with(['[', '{', '(']) {
        return Err("is a collection, which a query of `%%sql` takes no parameter of".to_owned());
    }
    // A uuid, a duration: what stands without quotes in CQL is text here.
    Ok(Value::SingleQuotedString(literal.to_owned()))
}
