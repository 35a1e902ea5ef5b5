//! A query's tree as DataFusion plans it right: names in one spelling, functions and types by the names that it has, joins whose keys
//! it would take from the wrong side in other words. What it would leave out without a word is refused.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, DataType, Distinct, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident,
    JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, OrderBy, Query, Select, SelectItem, SetExpr, SetOperator, SetQuantifier, TableFactor,
    TimezoneInfo, Value, VisitMut, VisitorMut,
};

use super::SqlError;
use super::unnest;
use super::literal::{call, nested, number, quoted};

/// The columns of each table, by the name that the query has for it.
pub(super) type Tables = BTreeMap<String, Vec<String>>;

/// Puts the tree right, and gives the names of the answer's columns as far as the query says them: `None` for those that a star
/// stands for, in the middle.
///
/// # Errors
/// [`SqlError::Beyond`] for what DataFusion has not, or would leave out.
pub(super) fn prepare(query: &mut Query, tables: &Tables) -> Result<Names, SqlError> {
    let shown = Names::of(query);
    let mut walk = Walk { tables, spelling: Spelling::of(query, tables) };
    if let ControlFlow::Break(error) = query.visit(&mut walk) {
        return Err(error);
    }
    distinguish(query);
    Ok(shown)
}

/// What the columns of an answer are called.
#[derive(Debug, Default)]
pub(super) struct Names {
    before: Vec<String>,
    /// Whether a star stands between them.
    star: bool,
    after: Vec<String>,
}

impl Names {
    fn of(query: &Query) -> Self {
        let mut names = Self::default();
        let Some(select) = first_select(&query.body) else { return Self { star: true, ..names } };
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => names.push(name_of(expr)),
                SelectItem::ExprWithAlias { alias, .. } => names.push(alias.value.clone()),
                _ => {
                    // Between two stars nobody knows the places.
                    names.after.clear();
                    names.star = true;
                }
            }
        }
        names
    }

    fn push(&mut self, name: String) {
        if self.star { self.after.push(name) } else { self.before.push(name) }
    }

    /// The names of columns that DataFusion calls so.
    pub(super) fn given(&self, planned: &[String]) -> Vec<String> {
        let mut names = planned.to_vec();
        for (name, own) in names.iter_mut().zip(&self.before) {
            name.clone_from(own);
        }
        if self.star {
            for (name, own) in names.iter_mut().rev().zip(self.after.iter().rev()) {
                name.clone_from(own);
            }
        }
        names
    }
}

/// What an expression without an alias is called: a column by its name, the rest as it is typed.
fn name_of(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(name) => name.value.clone(),
        Expr::CompoundIdentifier(names) => names.last().map(|name| name.value.clone()).unwrap_or_default(),
        other => other.to_string().replace('"', ""),
    }
}

fn first_select(body: &SetExpr) -> Option<&Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::Query(query) => first_select(&query.body),
        SetExpr::SetOperation { left, .. } => first_select(left),
        _ => None,
    }
}

/// Gives the later of two columns of one name another one: DataFusion takes no two. They are called as typed again in the answer.
fn distinguish(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    let mut seen = std::collections::BTreeSet::new();
    for (place, item) in select.projection.iter_mut().enumerate() {
        let (key, expr) = match item {
            SelectItem::UnnamedExpr(expr) => (expr.to_string().to_lowercase(), expr.clone()),
            SelectItem::ExprWithAlias { expr, alias } => (alias.value.to_lowercase(), expr.clone()),
            _ => continue,
        };
        if !seen.insert(key) {
            *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('"', format!("{place}:")) };
        }
    }
}

/// The one spelling of each name: SQL does not tell letters apart in names without quotes, DataFusion does.
#[derive(Debug, Default)]
struct Spelling {
    /// Spellings by the name in small letters, the one that is taken first.
    known: BTreeMap<String, Vec<String>>,
}

impl Spelling {
    fn of(query: &mut Query, tables: &Tables) -> Self {
        let mut own = Self::default();
        for (name, columns) in tables {
            columns.iter().for_each(|column| own.add(column));
            own.add(name);
        }
        struct Aliases<'a>(&'a mut Spelling, bool);
        impl VisitorMut for Aliases<'_> {
            type Break = ();
            fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
                for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
                    self.add(&cte.alias.name);
                    cte.alias.columns.iter().for_each(|column| self.add(&column.name));
                }
                selects(&mut query.body, &mut |select| {
                    for item in &select.projection {
                        if let SelectItem::ExprWithAlias { alias, .. } = item {
                            self.add(alias);
                        }
                    }
                });
                ControlFlow::Continue(())
            }
            fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
                if let Some(alias) = alias_of(factor) {
                    self.add(&alias.name);
                    alias.columns.iter().for_each(|column| self.add(&column.name));
                }
                ControlFlow::Continue(())
            }
        }
        impl Aliases<'_> {
            fn add(&mut self, name: &Ident) {
                if name.quote_style.is_some() == self.1 {
                    self.0.add(&name.value);
                }
            }
        }
        for is_quoted in [true, false] {
            let _: ControlFlow<()> = query.visit(&mut Aliases(&mut own, is_quoted));
        }
        own
    }

    fn add(&mut self, name: &str) {
        let spellings = self.known.entry(name.to_lowercase()).or_default();
        if !spellings.iter().any(|known| known == name) {
            spellings.push(name.to_owned());
        }
    }

    /// Spells a name as the table does that it is of.
    fn spell(&self, name: &mut Ident) {
        if name.quote_style.is_none()
            && let Some(spellings) = self.known.get(&name.value.to_lowercase())
            && let Some(first) = spellings.first()
            && (spellings.len() == 1 || !spellings.contains(&name.value))
        {
            name.value.clone_from(first);
        }
    }
}

/// The selects of a query's body, not those of queries in it.
fn selects(body: &mut SetExpr, see: &mut dyn FnMut(&mut Select)) {
    match body {
        SetExpr::Select(select) => see(select),
        SetExpr::SetOperation { left, right, .. } => {
            selects(left, see);
            selects(right, see);
        }
        _ => {}
    }
}

fn alias_of(factor: &mut TableFactor) -> Option<&mut sqlparser::ast::TableAlias> {
    match factor {
        TableFactor::Table { alias, .. }
        | TableFactor::Derived { alias, .. }
        | TableFactor::UNNEST { alias, .. }
        | TableFactor::NestedJoin { alias, .. } => alias.as_mut(),
        _ => None,
    }
}

struct Walk<'a> {
    tables: &'a Tables,
    spelling: Spelling,
}

impl VisitorMut for Walk<'_> {
    type Break = SqlError;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<SqlError> {
        if let Some(with) = &mut query.with {
            for cte in &mut with.cte_tables {
                self.spelling.spell(&mut cte.alias.name);
                cte.alias.columns.iter_mut().for_each(|column| self.spelling.spell(&mut column.name));
            }
        }
        let left_out = [
            (query.fetch.as_ref().is_some_and(|fetch| fetch.with_ties || fetch.percent), "FETCH … WITH TIES"),
            (!query.locks.is_empty(), "FOR UPDATE"),
            (query.for_clause.is_some() || query.settings.is_some() || query.format_clause.is_some(), "This clause"),
            (!query.pipe_operators.is_empty(), "|>"),
            (counts_rows(&query.body), "EXCEPT ALL or INTERSECT ALL"),
            (
                query.order_by.as_ref().is_some_and(|order| {
                    matches!(order.kind, sqlparser::ast::OrderByKind::All(_)) || order.interpolate.is_some()
                }),
                "ORDER BY ALL",
            ),
        ];
        if let Some((_, what)) = left_out.iter().find(|(is, _)| *is) {
            return ControlFlow::Break(not_here(what));
        }
        let mut wrong = None;
        let order = &mut query.order_by;
        selects(&mut query.body, &mut |select| {
            for item in &mut select.projection {
                if let SelectItem::ExprWithAlias { alias, .. } = item {
                    self.spelling.spell(alias);
                }
            }
            if wrong.is_none() {
                wrong = left_out_of(select)
                    .map(not_here)
                    .or_else(|| unnest::aside(select).err())
                    .or_else(|| self.merge(select, order).err());
            }
        });
        wrong.map_or(ControlFlow::Continue(()), ControlFlow::Break)
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<SqlError> {
        if let Some(alias) = alias_of(factor) {
            self.spelling.spell(&mut alias.name);
            alias.columns.iter_mut().for_each(|column| self.spelling.spell(&mut column.name));
        }
        match factor {
            TableFactor::Table { name, sample: None, .. } => {
                if let [ObjectNamePart::Identifier(name)] = name.0.as_mut_slice()
                    && !self.tables.contains_key(&name.value)
                {
                    self.spelling.spell(name);
                }
                ControlFlow::Continue(())
            }
            TableFactor::Table { .. } => ControlFlow::Break(beyond(
                "`TABLESAMPLE` is not known here.",
                "`ORDER BY random() LIMIT 100` takes some rows at random.",
            )),
            TableFactor::Pivot { .. } | TableFactor::Unpivot { .. } => ControlFlow::Break(beyond(
                "`PIVOT` and `UNPIVOT` are not known here.",
                "A column for each value: `SUM(n) FILTER (WHERE k = 'a') AS a, SUM(n) FILTER (WHERE k = 'b') AS b … GROUP BY …`. A row for each column: one `SELECT` for each, joined by `UNION ALL`.",
            )),
            TableFactor::Derived { .. } | TableFactor::UNNEST { .. } | TableFactor::NestedJoin { .. } => {
                ControlFlow::Continue(())
            }
            TableFactor::Function { .. } | TableFactor::TableFunction { .. } => {
                ControlFlow::Break(not_here("A function in `FROM`"))
            }
            _ => ControlFlow::Break(not_here("This form of `FROM`")),
        }
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        match expr {
            Expr::Identifier(name) => self.spelling.spell(name),
            Expr::CompoundIdentifier(names) => names.iter_mut().for_each(|name| self.spelling.spell(name)),
            Expr::Cast { data_type, .. } => timestamps(data_type),
            Expr::TypedString(typed) => timestamps(&mut typed.data_type),
            Expr::Like { any: true, .. } | Expr::ILike { any: true, .. } => {
                return ControlFlow::Break(not_here("LIKE ANY"));
            }
            Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } => {
                if let Err(error) = escaped(pattern, escape_char) {
                    return ControlFlow::Break(error);
                }
            }
            Expr::IsDistinctFrom(_, right) | Expr::IsNotDistinctFrom(_, right) => {
                if let Expr::BinaryOp { op: BinaryOperator::And | BinaryOperator::Or | BinaryOperator::Xor, .. } = right.as_ref() {
                    return ControlFlow::Break(beyond(
                        "What `IS DISTINCT FROM` compares with cannot be told here.",
                        "Put the comparison in brackets: `(a IS DISTINCT FROM b) AND …`.",
                    ));
                }
            }
            Expr::Function(_) => {
                if let Err(error) = function(expr) {
                    return ControlFlow::Break(error);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Brings a pattern to the backslash, which is DataFusion's escape: to SQL it is a letter, unless `ESCAPE` names it.
fn escaped(pattern: &mut Expr, escape: &mut Option<sqlparser::ast::ValueWithSpan>) -> Result<(), SqlError> {
    let letter = match escape.as_ref().map(|value| &value.value) {
        None => None,
        Some(Value::SingleQuotedString(text)) => text.chars().next(),
        Some(_) => return Err(not_here("This `ESCAPE`")),
    };
    match pattern {
        Expr::Value(value) => {
            let Value::SingleQuotedString(text) = &mut value.value else { return Ok(()) };
            let mut out = String::with_capacity(text.len());
            let mut marks = text.chars();
            while let Some(mark) = marks.next() {
                match mark {
                    mark if Some(mark) == letter => {
                        let Some(next) = marks.next() else {
                            return Err(beyond("The pattern ends with its `ESCAPE`.", "Write the letter twice for itself."));
                        };
                        out.extend(['\\', next]);
                    }
                    '\\' => out.push_str("\\\\"),
                    mark => out.push(mark),
                }
            }
            *text = out;
            *escape = None;
            Ok(())
        }
        _ if escape.is_some() => Err(not_here("ESCAPE beside a pattern that is worked out")),
        _ => Ok(()),
    }
}

/// Whether a query's body asks how often a row is in both sides, which DataFusion does not look at.
fn counts_rows(body: &SetExpr) -> bool {
    match body {
        SetExpr::SetOperation { op, set_quantifier, left, right } => {
            (matches!(op, SetOperator::Except | SetOperator::Intersect | SetOperator::Minus)
                && !matches!(set_quantifier, SetQuantifier::None | SetQuantifier::Distinct))
                || counts_rows(left)
                || counts_rows(right)
        }
        _ => false,
    }
}

/// What of a select would be left out without a word.
fn left_out_of(select: &Select) -> Option<&'static str> {
    [
        (select.top.is_some(), "TOP"),
        (!select.lateral_views.is_empty(), "LATERAL VIEW"),
        (select.prewhere.is_some(), "PREWHERE"),
        (select.into.is_some(), "SELECT … INTO"),
        (!select.connect_by.is_empty(), "CONNECT BY"),
        (!select.cluster_by.is_empty(), "CLUSTER BY"),
        (!select.distribute_by.is_empty(), "DISTRIBUTE BY"),
        (!select.sort_by.is_empty(), "SORT BY"),
        (select.value_table_mode.is_some(), "SELECT AS"),
        (select.exclude.is_some(), "EXCLUDE behind the list"),
        (select.select_modifiers.is_some(), "This word behind `SELECT`"),
        (matches!(select.distinct, Some(Distinct::On(_))) && select.group_by != sqlparser::ast::GroupByExpr::Expressions(Vec::new(), Vec::new()), "DISTINCT ON with GROUP BY"),
    ]
    .into_iter()
    .find_map(|(is, what)| is.then_some(what))
}

fn not_here(what: impl std::fmt::Display) -> SqlError {
    beyond(
        format!("`{what}` is not known here."),
        "docs/analysis.md lists what local SQL can do.",
    )
}

pub(super) fn beyond(message: impl Into<String>, hint: &str) -> SqlError {
    SqlError::Beyond { message: message.into(), hints: vec![hint.to_owned()], words: String::new() }
}

/// A `TIMESTAMP` without a precision has that of microseconds: nanoseconds of 64 bits end in the year 2262.
fn timestamps(data_type: &mut DataType) {
    match data_type {
        DataType::Timestamp(precision @ None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => *precision = Some(6),
        DataType::Datetime(precision) => *data_type = DataType::Timestamp(Some(precision.unwrap_or(6)), TimezoneInfo::None),
        _ => {}
    }
}

/// Functions that take one time and give a part of it.
const PARTS: [&str; 13] = [
    "year", "quarter", "month", "week", "day", "hour", "minute", "second", "dayofweek", "dayofyear", "weekday", "millisecond",
    "microsecond",
];

/// Other names of functions that DataFusion has.
const ALIASES: [(&str, &str); 16] = [
    ("variance", "var_samp"),
    ("var_sample", "var_samp"),
    ("len", "character_length"),
    ("length", "character_length"),
    ("dayofmonth", "day"),
    ("any_value", "first_value"),
    ("arbitrary", "first_value"),
    ("first", "first_value"),
    ("last", "last_value"),
    ("list", "array_agg"),
    ("group_concat", "string_agg"),
    ("listagg", "string_agg"),
    ("sign", "signum"),
    ("quantile_cont", "percentile_cont"),
    ("list_contains", "array_has"),
    ("ifnull", "nvl"),
];

/// Puts a call right.
fn function(expr: &mut Expr) -> Result<(), SqlError> {
    let Expr::Function(called) = expr else { return Ok(()) };
    let [ObjectNamePart::Identifier(ident)] = called.name.0.as_mut_slice() else { return Ok(()) };
    let mut name = ident.value.to_lowercase();
    if matches!(name.as_str(), "any_value" | "arbitrary") {
        called.null_treatment = Some(sqlparser::ast::NullTreatment::IgnoreNulls);
    }
    if let Some((_, other)) = ALIASES.iter().find(|(alias, _)| *alias == name) {
        name = (*other).to_owned();
        *ident = Ident::new(*other);
    }
    if called.over.is_some() {
        if called.filter.is_some() && matches!(name.as_str(), "row_number" | "rank" | "dense_rank" | "lag" | "lead" | "ntile") {
            return Err(not_here("FILTER of this function"));
        }
        return Ok(());
    }
    let FunctionArguments::List(list) = &called.args else { return Ok(()) };
    let arguments: Vec<Expr> = list
        .args
        .iter()
        .filter_map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
            _ => None,
        })
        .collect();
    let text = |expr: &Expr| match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    };
    *expr = match (name.as_str(), arguments.as_slice()) {
        (part, [time]) if PARTS.contains(&part) => {
            let part = match part {
                "dayofweek" | "weekday" => "dow",
                "dayofyear" => "doy",
                part => part,
            };
            call("date_part", vec![quoted(part), time.clone()])
        }
        ("strftime", [time, format]) => {
            let Some(format) = text(format) else {
                return Err(beyond("`STRFTIME` takes its form as text in quotes.", "`STRFTIME(at, '%Y-%m')`."));
            };
            let known = "YmdHMSfyjbBaApI%";
            let mut marks = format.split('%').skip(1);
            // `%%` leaves an empty piece.
            if !marks.all(|piece| piece.chars().next().is_none_or(|mark| known.contains(mark))) {
                return Err(beyond(
                    "`STRFTIME` has a mark that is not known here.",
                    "It takes `%Y %m %d %H %M %S %f %y %j %b %B %a %A %p %I %%`.",
                ));
            }
            call("to_char", vec![time.clone(), quoted(&format.replace("%f", "%6f"))])
        }
        ("strptime", [given, format]) => call("to_timestamp_micros", vec![given.clone(), format.clone()]),
        ("datediff" | "date_diff", [part, from, to]) if text(part).is_some_and(|part| part == "day") => {
            let day = |expr: &Expr| super::literal::cast(expr.clone(), DataType::Date);
            nested(Expr::BinaryOp {
                left: Box::new(day(to)),
                op: BinaryOperator::Minus,
                right: Box::new(day(from)),
            })
        }
        ("count_if" | "countif", [condition]) => call(
            "sum",
            vec![Expr::Case {
                case_token: sqlparser::ast::helpers::attached_token::AttachedToken::empty(),
                end_token: sqlparser::ast::helpers::attached_token::AttachedToken::empty(),
                operand: None,
                conditions: vec![sqlparser::ast::CaseWhen { condition: condition.clone(), result: number("1") }],
                else_result: Some(Box::new(number("0"))),
            }],
        ),
        _ => return Ok(()),
    };
    Ok(())
}

impl Walk<'_> {
    /// The columns of `RIGHT` and `FULL JOIN … USING`: DataFusion takes them from the left side, where they may be null.
    fn merge(&self, select: &mut Select, order: &mut Option<OrderBy>) -> Result<(), SqlError> {
        let mut merged: BTreeMap<String, Vec<Ident>> = BTreeMap::new();
        let mut sources: Vec<(Ident, Option<Vec<String>>)> = Vec::new();
        let mut hidden: Vec<(usize, String)> = Vec::new();
        for table in &mut select.from {
            sources.push(self.source(&mut table.relation));
            for join in &mut table.joins {
                sources.push(self.source(&mut join.relation));
                let place = sources.len() - 1;
                let (constraint, is_outer) = match &mut join.join_operator {
                    JoinOperator::Right(constraint)
                    | JoinOperator::RightOuter(constraint)
                    | JoinOperator::FullOuter(constraint) => (constraint, true),
                    JoinOperator::Join(constraint)
                    | JoinOperator::Inner(constraint)
                    | JoinOperator::Left(constraint)
                    | JoinOperator::LeftOuter(constraint) => (constraint, false),
                    _ => continue,
                };
                match constraint {
                    JoinConstraint::Using(names) => {
                        let names: Vec<Ident> = names
                            .iter_mut()
                            .filter_map(|name| match name.0.as_mut_slice() {
                                [ObjectNamePart::Identifier(name)] => {
                                    self.spelling.spell(name);
                                    Some(name.clone())
                                }
                                _ => None,
                            })
                            .collect();
                        for name in names {
                            hidden.push((place, name.value.clone()));
                            if !is_outer {
                                // A later inner or left join goes by what was merged before it.
                                if merged.contains_key(&name.value) {
                                    return Err(chain());
                                }
                                continue;
                            }
                            if merged.contains_key(&name.value) || hidden.iter().filter(|(_, own)| *own == name.value).count() > 1 {
                                return Err(chain());
                            }
                            let has = |source: &&(Ident, Option<Vec<String>>)| {
                                source.1.as_ref().is_none_or(|columns| columns.contains(&name.value))
                            };
                            let left = sources[..place].iter().find(has).map(|(name, _)| name.clone());
                            let Some(left) = left else { continue };
                            merged.insert(name.value.clone(), vec![left, sources[place].0.clone()]);
                        }
                    }
                    JoinConstraint::Natural if is_outer => {
                        return Err(beyond(
                            "`NATURAL RIGHT` and `NATURAL FULL JOIN` are not known here.",
                            "Name the columns: `FULL JOIN b USING (id)`.",
                        ));
                    }
                    _ => {}
                }
            }
        }
        if merged.is_empty() {
            return Ok(());
        }
        let value = |name: &str| -> Option<Expr> {
            let sides = merged.get(name)?;
            let column = |side: &Ident| Expr::CompoundIdentifier(vec![side.clone(), Ident::with_quote('"', name)]);
            Some(call("coalesce", sides.iter().map(column).collect()))
        };
        let mut projection = Vec::new();
        for item in std::mem::take(&mut select.projection) {
            match item {
                SelectItem::UnnamedExpr(Expr::Identifier(mut name)) => {
                    self.spelling.spell(&mut name);
                    projection.push(match value(&name.value) {
                        Some(expr) => SelectItem::ExprWithAlias { expr, alias: name },
                        None => SelectItem::UnnamedExpr(Expr::Identifier(name)),
                    });
                }
                SelectItem::Wildcard(_) => {
                    for (place, (source, columns)) in sources.iter().enumerate() {
                        let Some(columns) = columns else {
                            return Err(beyond(
                                "`*` of a `RIGHT` or `FULL JOIN … USING` with a query in it is not known here.",
                                "Name the columns, or write `a.*, b.name`.",
                            ));
                        };
                        for column in columns.iter().filter(|column| !hidden.contains(&(place, (*column).clone()))) {
                            let alias = Ident::with_quote('"', column);
                            projection.push(match value(column) {
                                Some(expr) => SelectItem::ExprWithAlias { expr, alias },
                                None => SelectItem::UnnamedExpr(Expr::CompoundIdentifier(vec![source.clone(), alias])),
                            });
                        }
                    }
                }
                other => projection.push(other),
            }
        }
        let mut put = Put { value: &value, spelling: &self.spelling, depth: 0 };
        let mut seen = projection.visit(&mut put);
        let parts: [&mut dyn FnMut(&mut Put<'_>) -> ControlFlow<SqlError>; 4] = [
            &mut |put| select.selection.visit(put),
            &mut |put| select.group_by.visit(put),
            &mut |put| select.having.visit(put),
            &mut |put| select.qualify.visit(put),
        ];
        for part in parts {
            if seen.is_continue() {
                seen = part(&mut put);
            }
        }
        let is_alias = |name: &str| {
            projection.iter().any(|item| matches!(item, SelectItem::ExprWithAlias { alias, .. } if alias.value == name))
        };
        if seen.is_continue() && !merged.keys().any(|name| is_alias(name)) {
            seen = order.visit(&mut put);
        }
        if let ControlFlow::Break(error) = seen {
            return Err(error);
        }
        select.projection = projection;
        Ok(())
    }

    fn source(&self, factor: &mut TableFactor) -> (Ident, Option<Vec<String>>) {
        let columns = match factor {
            TableFactor::Table { name: ObjectName(parts), alias, .. } => match (parts.as_slice(), alias) {
                ([ObjectNamePart::Identifier(name)], alias) => {
                    let columns = self.tables.get(&name.value).cloned();
                    let own = alias.as_ref().map_or_else(|| name.clone(), |alias| alias.name.clone());
                    let is_renamed = alias.as_ref().is_some_and(|alias| !alias.columns.is_empty());
                    return (self.spelled(own), columns.filter(|_| !is_renamed));
                }
                _ => None,
            },
            _ => None,
        };
        let name = alias_of(factor).map_or_else(|| Ident::new(""), |alias| alias.name.clone());
        (self.spelled(name), columns)
    }

    fn spelled(&self, mut name: Ident) -> Ident {
        self.spelling.spell(&mut name);
        name
    }
}

/// Puts the value of a merged column where its name stands alone.
struct Put<'a> {
    value: &'a dyn Fn(&str) -> Option<Expr>,
    spelling: &'a Spelling,
    /// How many queries are around, within the one that joins.
    depth: usize,
}

impl VisitorMut for Put<'_> {
    type Break = SqlError;

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<SqlError> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<SqlError> {
        self.depth = self.depth.saturating_sub(1);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        let Expr::Identifier(name) = expr else { return ControlFlow::Continue(()) };
        self.spelling.spell(name);
        let Some(value) = (self.value)(&name.value) else { return ControlFlow::Continue(()) };
        if self.depth > 0 {
            return ControlFlow::Break(beyond(
                format!("Whose `{}` is meant in a query within a `RIGHT` or `FULL JOIN … USING` cannot be told.", name.value),
                "Say of which table it is: `t.id`.",
            ));
        }
        *expr = value;
        ControlFlow::Continue(())
    }
}

fn chain() -> SqlError {
    beyond(
        "More than one `RIGHT` or `FULL JOIN … USING` of one column is not known here.",
        "`ON`, and `COALESCE(a.key, b.key, c.key) AS key`.",
    )
}
