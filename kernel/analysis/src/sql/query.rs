//! A cell's SQL before it runs: one query within bounds, the tables and files it names, and its parameters put in as values.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, Query as Ast, SelectItem, SetExpr, Statement,
    TableAlias, TableFactor, Value, ValueWithSpan, VisitMut, VisitorMut,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::literal::{self, Given};
use super::{SqlError, bounds};

/// A query that was read.
#[derive(Debug, Clone)]
pub struct Query {
    /// The kept results that it names, as typed.
    pub tables: BTreeSet<String>,
    /// Names of kept results that it may read: a `WITH` around has the name too.
    pub maybe: BTreeSet<String>,
    /// The files that it reads: paths as typed, with the text that stands for null where that was given.
    pub files: BTreeMap<String, Option<String>>,
    /// Every name in it.
    words: BTreeSet<String>,
    /// Whether it asks for all columns of something.
    has_star: bool,
}

/// Functions that read a file.
const READERS: [&str; 5] = ["read_parquet", "read_csv", "read_arrow", "read_json", "read_jsonl"];

impl Query {
    /// Reads one query. Its tree is not kept: dropping a deep one takes the stack that reading it takes.
    ///
    /// # Errors
    /// [`SqlError`] for what is no SQL, no query, more than one or beyond the bounds, and for a parameter without a value.
    pub fn parse(text: &str, params: &BTreeMap<String, String>) -> Result<Self, SqlError> {
        bounds::check(text)?;
        bounds::deep(|| Self::tree(text, params).map(|(query, _)| query))
    }

    /// Reads one query, and puts the values of its parameters into its tree. The caller has the stack for it: [`bounds::deep`].
    ///
    /// # Errors
    /// As [`Query::parse`].
    pub fn tree(text: &str, params: &BTreeMap<String, String>) -> Result<(Self, Box<Ast>), SqlError> {
        bounds::check(text)?;
        let mut statements = literal::parse(text).map_err(|error| syntax(&error))?;
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
            maybe: BTreeSet::new(),
            has_star: false,
        };
        if let ControlFlow::Break(error) = ast.visit(&mut reader) {
            return Err(error);
        }
        let Reader { tables, maybe, files, has_star, .. } = reader;
        let maybe = maybe.difference(&tables).cloned().collect();
        let words = words(&ast.to_string());
        // The columns that a natural join goes by are named nowhere.
        let has_star = has_star || words.contains("natural");
        Ok((Self { tables, maybe, files, words, has_star }, ast))
    }

    /// The names of kept results that it reads.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(String::as_str)
    }

    /// Whether it needs a column of this name.
    pub fn needs(&self, column: &str) -> bool {
        self.has_star || self.words.contains(&column.to_lowercase())
    }
}

/// The parser's or tokenizer's words, with their place taken out of them.
pub(super) fn syntax(error: &impl std::fmt::Display) -> SqlError {
    let text = error.to_string();
    let text = text.trim_start_matches("sql parser error: ").to_owned();
    if text.contains("recursion limit") {
        let message =
            "The query's brackets are nested deeper than the parser goes, some 25 levels.".to_owned();
        return SqlError::Syntax { message, at: None };
    }
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
    /// Names that a `WITH` around gives too.
    maybe: BTreeSet<String>,
    has_star: bool,
}

impl Reader<'_> {
    /// The value of a parameter.
    fn given(&self, typed: &str) -> Result<Given, SqlError> {
        let wrong =
            |name: &str, reason: &str| SqlError::Param { name: name.to_owned(), reason: reason.to_owned() };
        let Some(name) = typed.strip_prefix(':') else {
            return Err(wrong(typed, "has no name; write `:name` and set it with `%param name = VALUE`"));
        };
        let literal = self.params.get(name).ok_or_else(|| wrong(name, "has no value; `%param` sets one"))?;
        literal::given(literal).map_err(|reason| wrong(name, &reason))
    }

    /// A file that is read, by its path; the table it becomes is called by its name where that is one.
    fn file(
        &mut self,
        path: &str,
        null: Option<String>,
        name: &mut ObjectName,
        alias: &mut Option<TableAlias>,
    ) -> ControlFlow<SqlError> {
        if self.files.get(path).is_some_and(|known| *known != null) {
            return ControlFlow::Break(SqlError::Beyond {
                message: format!("`{path}` is read twice in this query, with two texts for null."),
                hints: vec![
                    "Say the same text for null each time, or read it once: `%%sql --into NAME`, and go on from there.".to_owned(),
                ],
                words: String::new(),
            });
        }
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
        ControlFlow::Continue(())
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
                    self.file(&path, null, name, alias)
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
                return self.file(&path, None, name, alias);
            }
            [one] if self.scopes.iter().any(|names| names.iter().any(|name| name.eq_ignore_ascii_case(&one.value))) => {
                // It may be the kept result all the same: in the query of that `WITH` itself.
                self.maybe.insert(one.value.clone());
            }
            [one] => drop(self.tables.insert(one.value.clone())),
            _ => drop(self.tables.insert(name.to_string())),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<SqlError> {
        // However a text is typed, from here on it is its content.
        if let Value::EscapedStringLiteral(text)
        | Value::UnicodeStringLiteral(text)
        | Value::NationalStringLiteral(text) = &mut value.value
        {
            value.value = Value::SingleQuotedString(std::mem::take(text));
        } else if let Value::DollarQuotedString(text) = &mut value.value {
            value.value = Value::SingleQuotedString(std::mem::take(&mut text.value));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        if let Expr::InList { list, .. } = expr
            && let [only] = list.as_slice()
            && let Some(typed) = placeholder(only)
        {
            match self.given(&typed) {
                Err(error) => return ControlFlow::Break(error),
                // Nothing is in an empty list, which SQL has no words for; and nothing equals null.
                Ok(Given::Many(values)) if values.is_empty() => *list = vec![Expr::value(Value::Null)],
                Ok(Given::Many(values)) => *list = values,
                Ok(Given::One(value)) => *list = vec![*value],
            }
        }
        let Some(typed) = placeholder(expr) else { return ControlFlow::Continue(()) };
        match self.given(&typed) {
            Ok(Given::One(value)) => *expr = *value,
            Ok(Given::Many(_)) => {
                let name = typed.trim_start_matches(':').to_owned();
                let reason = format!("is a collection, which stands in `IN (:{name})` only");
                return ControlFlow::Break(SqlError::Param { name, reason });
            }
            Err(error) => return ControlFlow::Break(error),
        }
        ControlFlow::Continue(())
    }
}

/// What is typed for a parameter.
fn placeholder(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Placeholder(typed) => Some(typed.clone()),
            _ => None,
        },
        _ => None,
    }
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
