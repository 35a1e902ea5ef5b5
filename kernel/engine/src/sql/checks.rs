//! A plan before DataFusion brings its types together: where types meet that do not go together.
//!
//! DataFusion compares a number with a text as texts, and cuts a number that is cast. Here a text that is written out becomes a value
//! of the other side's type, and what is left is refused.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{
    BinaryExpr, Cast, Expr, ExprSchemable as _, LogicalPlan, LogicalPlanBuilder, Operator, SortExpr, cast,
};

use super::arithmetic::{nearest, negative, unsigned};
use super::kind::Kind;
use super::rounding::round;
use super::tree::beyond;
use super::trouble::refuse;
use super::typed;
use super::types::{SAME, Scope, Tables, Types, columns, types};

/// Checks a plan, and gives it with the CQL types of its columns.
///
/// # Errors
/// A refusal where types meet that do not go together.
pub(super) fn check(plan: LogicalPlan, tables: &Tables) -> Result<(LogicalPlan, Types)> {
    let came = types(&plan, tables);
    let plan = plan.transform_up_with_subqueries(|node| {
        check_node(&node, tables)?;
        let node = one_number(node, tables)?;
        let scope = Scope::of(&node, tables)?;
        let names = NamePreserver::new(&node);
        let is_condition = matches!(node, LogicalPlan::Filter(_));
        let node = node.map_expressions(|expr| {
            let name = names.save(&expr);
            let expr = if is_condition { scope.condition(expr, true)? } else { scope.value(expr)? };
            Ok(Transformed::yes(name.restore(expr)))
        })?;
        node.map_data(LogicalPlan::recompute_schema)
    })?;
    Ok((plan.data, came))
}

/// Whether a query has one row whatever it reads.
fn is_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(node) => node.group_expr.is_empty(),
        LogicalPlan::Projection(node) => is_one_row(&node.input),
        LogicalPlan::Sort(node) => is_one_row(&node.input),
        LogicalPlan::SubqueryAlias(node) => is_one_row(&node.input),
        LogicalPlan::Filter(node) => is_one_row(&node.input),
        _ => false,
    }
}

impl Scope {
    /// Checks one expression whose parts were checked.
    pub(super) fn check(&self, expr: Expr) -> Result<Transformed<Expr>> {
        match expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(op) => {
                let [left, right] = self.alike([*left, *right], is_ordering(op))?;
                let comparison = BinaryExpr { left: Box::new(left), op, right: Box::new(right) };
                Ok(Transformed::yes(Expr::BinaryExpr(comparison)))
            }
            Expr::BinaryExpr(BinaryExpr { ref left, op, ref right }) if is_arithmetic(op) => {
                let kinds = (self.kind(left), self.kind(right));
                if op == Operator::Minus && kinds == (Kind::Date, Kind::Date) {
                    let days = |expr: &Expr| cast(cast(expr.clone(), DataType::Int32), DataType::Int64);
                    return Ok(Transformed::yes(days(left) - days(right)));
                }
                if kinds.0.is_text()
                    || kinds.1.is_text()
                    || matches!(kinds.0, Kind::Long)
                    || matches!(kinds.1, Kind::Long)
                {
                    return Err(refuse(beyond(
                        format!("`{op}` does not go with {} and {}.", kinds.0.name(), kinds.1.name()),
                        "`CAST(column AS DOUBLE)` or `AS BIGINT` reads a text as a number; a value without quotes is one.",
                    )));
                }
                // A day and a time of it are a time.
                if matches!(kinds, (Kind::Date, Kind::Interval) | (Kind::Interval, Kind::Date)) {
                    let time = |expr: &Expr, kind| match kind {
                        Kind::Date => cast(expr.clone(), DataType::Timestamp(TimeUnit::Microsecond, None)),
                        _ => expr.clone(),
                    };
                    let (left, right) = (time(left, kinds.0), time(right, kinds.1));
                    let sum = BinaryExpr { left: Box::new(left), op, right: Box::new(right) };
                    return Ok(Transformed::yes(Expr::BinaryExpr(sum)));
                }
                self.settled(expr)
            }
            Expr::Between(mut between) => {
                let [value, low] = self.alike([*between.expr, *between.low], true)?;
                let [value, high] = self.alike([value, *between.high], true)?;
                (between.expr, between.low, between.high) = (Box::new(value), Box::new(low), Box::new(high));
                Ok(Transformed::yes(Expr::Between(between)))
            }
            Expr::InList(mut list) => {
                let mut value = *list.expr;
                for item in &mut list.list {
                    let [own, other] = self.alike([value, item.clone()], false)?;
                    (value, *item) = (own, other);
                }
                list.expr = Box::new(value);
                Ok(Transformed::yes(Expr::InList(list)))
            }
            Expr::InSubquery(query) => Ok(Transformed::yes(self.membership(query)?)),
            Expr::Exists(ref exists)
                if !exists.subquery.outer_ref_columns.is_empty() && is_one_row(&exists.subquery.subquery) =>
            {
                Err(refuse(beyond(
                    "`EXISTS` with an aggregate of the rows that go with another row is not known here.",
                    "Such a query has always one row. `(SELECT COUNT(*) …) > 0` counts them.",
                )))
            }
            Expr::SetComparison(ref query) => {
                self.compared(&query.expr, &query.subquery.subquery)?;
                Ok(Transformed::no(expr))
            }
            Expr::Like(ref like) | Expr::SimilarTo(ref like) => {
                for part in [&like.expr, &like.pattern] {
                    let kind = self.kind(part);
                    if !kind.is_text() && !kind.is_open() {
                        return Err(refuse(beyond(
                            format!("`LIKE` compares texts, not {}.", kind.name()),
                            "`CAST(x AS VARCHAR) LIKE …` compares the text of a value.",
                        )));
                    }
                }
                Ok(Transformed::no(expr))
            }
            Expr::Case(ref case) => {
                let mut results: Vec<&Expr> =
                    case.when_then_expr.iter().map(|(_, then)| then.as_ref()).collect();
                results.extend(case.else_expr.as_deref());
                self.one_kind(&results, "The results of `CASE`")?;
                if let Some(base) = &case.expr {
                    for (when, _) in &case.when_then_expr {
                        self.alike([base.as_ref().clone(), when.as_ref().clone()], false)?;
                    }
                }
                let mut case = case.clone();
                if self.is_mixed(&results) {
                    for (_, then) in &mut case.when_then_expr {
                        *then = Box::new(cast(then.as_ref().clone(), DataType::Float64));
                    }
                    case.else_expr = case.else_expr.map(|other| Box::new(cast(*other, DataType::Float64)));
                    return Ok(Transformed::yes(Expr::Case(case)));
                }
                Ok(Transformed::no(expr))
            }
            Expr::ScalarFunction(ref call) if SAME.contains(&call.name()) => {
                let arguments: Vec<&Expr> = call.args.iter().collect();
                self.one_kind(&arguments, "The values of this call")?;
                if matches!(call.name(), "greatest" | "least") {
                    call.args.iter().try_for_each(|argument| self.sorted(argument))?;
                }
                if self.is_mixed(&arguments) {
                    let mut call = call.clone();
                    call.args =
                        call.args.into_iter().map(|argument| cast(argument, DataType::Float64)).collect();
                    return Ok(Transformed::yes(Expr::ScalarFunction(call)));
                }
                Ok(Transformed::no(expr))
            }
            Expr::ScalarFunction(ref call)
                if call.name() == "round"
                    && call.args.first().is_some_and(|value| self.kind(value) == Kind::Decimal) =>
            {
                let places = match call.args.as_slice() {
                    [_] => 0,
                    [_, Expr::Literal(ScalarValue::Int64(Some(places)), _)] => *places,
                    _ => {
                        return Err(refuse(beyond(
                            "`ROUND` of a decimal takes its places as a whole number, written out.",
                            "`ROUND(x, 2)`, or `ROUND(CAST(x AS DOUBLE), n)`.",
                        )));
                    }
                };
                Ok(Transformed::yes(round(call.args[0].clone(), places)))
            }
            // Whole numbers have 64 bits wherever they come from.
            Expr::ScalarFunction(_) => {
                let whole =
                    expr.get_type(&self.schema).is_ok_and(|ty| ty.is_integer() && ty != DataType::Int64);
                if whole { Ok(Transformed::yes(cast(expr, DataType::Int64))) } else { self.settled(expr) }
            }
            Expr::AggregateFunction(ref call) => {
                if matches!(call.func.name(), "min" | "max") {
                    call.params.args.iter().try_for_each(|argument| self.sorted(argument))?;
                }
                call.params.order_by.iter().try_for_each(|sort| self.sorted(&sort.expr))?;
                Ok(Transformed::no(expr))
            }
            Expr::WindowFunction(ref call) => {
                if matches!(call.fun.name(), "min" | "max") {
                    call.params.args.iter().try_for_each(|argument| self.sorted(argument))?;
                }
                call.params.order_by.iter().try_for_each(|sort| self.sorted(&sort.expr))?;
                Ok(Transformed::no(expr))
            }
            Expr::Negative(inner) if self.kind(&inner) == Kind::Whole => match *inner {
                Expr::Literal(ScalarValue::Int64(Some(value)), _) if value != i64::MIN => {
                    Ok(Transformed::yes(Expr::Literal(ScalarValue::Int64(Some(-value)), None)))
                }
                inner => Ok(Transformed::yes(negative(inner))),
            },
            Expr::Negative(_) => self.settled(expr),
            Expr::Cast(Cast { ref field, .. }) if field.data_type().is_floating() => self.settled(expr),
            Expr::Cast(Cast { ref expr, ref field }) if field.data_type().is_integer() => {
                let whole = match self.kind(expr) {
                    Kind::Single | Kind::Float => nearest(expr.as_ref().clone()),
                    Kind::Decimal => round(expr.as_ref().clone(), 0),
                    _ => {
                        return Ok(Transformed::no(Expr::Cast(Cast {
                            expr: expr.clone(),
                            field: Arc::clone(field),
                        })));
                    }
                };
                Ok(Transformed::yes(cast(whole, field.data_type().clone())))
            }
            other => Ok(Transformed::no(other)),
        }
    }

    /// A float that was worked out, with one zero and one NaN.
    fn settled(&self, expr: Expr) -> Result<Transformed<Expr>> {
        match expr.get_type(&self.schema) {
            Ok(DataType::Float64 | DataType::Float32) => Ok(Transformed::yes(unsigned(expr))),
            _ => Ok(Transformed::no(expr)),
        }
    }

    /// Whether doubles and decimals are among the values: all are doubles then.
    fn is_mixed(&self, exprs: &[&Expr]) -> bool {
        let kinds: Vec<Kind> = exprs.iter().map(|expr| self.kind(expr)).collect();
        kinds.iter().any(|kind| matches!(kind, Kind::Float | Kind::Single)) && kinds.contains(&Kind::Decimal)
    }

    /// Both sides of a comparison, with a text that is written out as a value of the other side's type.
    fn alike(&self, [left, right]: [Expr; 2], is_ordering: bool) -> Result<[Expr; 2]> {
        let (own, other) = (self.kind(&left), self.kind(&right));
        let read = |text: &Expr, kind: Kind| -> Result<Option<Expr>> {
            let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = text else { return Ok(None) };
            let value = typed::value(kind, text).map_err(refuse)?;
            Ok(Some(Expr::Literal(value, None)))
        };
        if is_ordering {
            self.sorted(&left)?;
            self.sorted(&right)?;
        }
        if own.is_typed()
            && let Some(value) = read(&right, own)?
        {
            return Ok([left, value]);
        }
        if other.is_typed()
            && let Some(value) = read(&left, other)?
        {
            return Ok([value, right]);
        }
        if own.compares(other) {
            return Ok(match own.meets_decimal(other) {
                Some(float) => [left, right].map(|side| cast(side, float.clone())),
                None => [left, right],
            });
        }
        Err(refuse(apart(own, other)))
    }

    /// The kinds of both sides of `x IN (SELECT …)` and its like.
    pub(super) fn compared(&self, value: &Expr, query: &LogicalPlan) -> Result<(Kind, Kind)> {
        let other = columns(query, &self.tables).into_iter().next().unwrap_or(Kind::Unknown);
        let own = self.kind(value);
        if own.compares(other) { Ok((own, other)) } else { Err(refuse(apart(own, other))) }
    }

    fn one_kind(&self, exprs: &[&Expr], what: &str) -> Result<()> {
        let mut joined = Kind::Null;
        for expr in exprs {
            let kind = self.kind(expr);
            joined = joined.joined(kind).ok_or_else(|| {
                refuse(beyond(
                    format!("{what} are {} and {}.", joined.name(), kind.name()),
                    "They have to be of one type: `CAST(x AS VARCHAR)` makes text of any.",
                ))
            })?;
        }
        Ok(())
    }

    fn sorted(&self, expr: &Expr) -> Result<()> {
        let kind = self.kind(expr);
        if kind.is_sorted() || kind.is_open() {
            return Ok(());
        }
        Err(refuse(no_order(kind)))
    }
}

/// Checks what a node does itself.
fn check_node(plan: &LogicalPlan, tables: &Tables) -> Result<()> {
    match plan {
        LogicalPlan::Sort(sort) => {
            let scope = Scope::of(plan, tables)?;
            sort.expr.iter().try_for_each(|SortExpr { expr, .. }| scope.sorted(expr))
        }
        LogicalPlan::Join(join) => {
            let scope = Scope::of(plan, tables)?;
            join.on.iter().try_for_each(|(left, right)| {
                let (own, other) = (scope.kind(left), scope.kind(right));
                if own.compares(other) { Ok(()) } else { Err(refuse(apart(own, other))) }
            })
        }
        LogicalPlan::Union(union) => {
            let mut all: Vec<Kind> = vec![Kind::Null; plan.schema().fields().len()];
            for input in &union.inputs {
                for (own, other) in all.iter_mut().zip(columns(input, tables)) {
                    *own = own.joined(other).ok_or_else(|| {
                        refuse(beyond(
                            format!("A column of `UNION` is {} and {}.", own.name(), other.name()),
                            "The columns have to be of one type: `CAST(x AS VARCHAR)` makes text of any.",
                        ))
                    })?;
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A plan whose doubles and decimals become doubles where they meet in a column of `UNION`, or in a key of a join: DataFusion makes
/// decimals of both, with 15 places.
fn one_number(plan: LogicalPlan, tables: &Tables) -> Result<LogicalPlan> {
    match plan {
        LogicalPlan::Union(mut union) => {
            let kinds: Vec<Vec<Kind>> = union.inputs.iter().map(|input| columns(input, tables)).collect();
            let meets = |place: usize| {
                let own = || kinds.iter().filter_map(move |kinds| kinds.get(place));
                own().any(|kind| matches!(kind, Kind::Float | Kind::Single))
                    && own().any(|kind| *kind == Kind::Decimal)
            };
            let mixed: Vec<bool> = (0..union.schema.fields().len()).map(meets).collect();
            if !mixed.contains(&true) {
                return Ok(LogicalPlan::Union(union));
            }
            for input in &mut union.inputs {
                let own =
                    input.schema().columns().into_iter().zip(&mixed).map(|(column, mixed)| match mixed {
                        true => cast(Expr::Column(column.clone()), DataType::Float64).alias(column.name),
                        false => Expr::Column(column),
                    });
                let own: Vec<Expr> = own.collect();
                *input = Arc::new(LogicalPlanBuilder::from(input.as_ref().clone()).project(own)?.build()?);
            }
            Ok(LogicalPlan::Union(datafusion::logical_expr::Union::try_new_with_loose_types(union.inputs)?))
        }
        LogicalPlan::Join(mut join) => {
            let node = LogicalPlan::Join(join.clone());
            let scope = Scope::of(&node, tables)?;
            for (left, right) in &mut join.on {
                if let Some(float) = scope.kind(left).meets_decimal(scope.kind(right)) {
                    *left = cast(left.clone(), float.clone());
                    *right = cast(right.clone(), float);
                }
            }
            Ok(LogicalPlan::Join(join))
        }
        other => Ok(other),
    }
}

fn is_comparison(op: Operator) -> bool {
    matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}

fn is_ordering(op: Operator) -> bool {
    matches!(op, Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq)
}

fn is_arithmetic(op: Operator) -> bool {
    matches!(op, Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide | Operator::Modulo)
}

fn apart(own: Kind, other: Kind) -> super::SqlError {
    beyond(
        format!("{} and {} cannot be compared.", capital(own.name()), other.name()),
        "A value without quotes is a number. `CAST(column AS DOUBLE)`, `AS BIGINT` or `AS VARCHAR` changes a column's type; `%profile NAME` shows what it is.",
    )
}

fn no_order(kind: Kind) -> super::SqlError {
    match kind {
        Kind::Timeuuid | Kind::Inet => beyond(
            format!("A query does not know the order of {}.", kind.name()),
            "`%show NAME --sort COLUMN` has it. `CAST(x AS VARCHAR)` orders text.",
        ),
        _ => beyond(
            format!("{} has no order here.", capital(kind.name())),
            "Order by a part of it, or by `CAST(x AS VARCHAR)`.",
        ),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
