//! A plan before DataFusion brings its types together: which CQL type each column has, and where types meet that do not go together.
//!
//! DataFusion compares a number with a text as texts, and cuts a number that is cast. Here a text that is written out becomes a value
//! of the other side's type, and what is left is refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use cqlbook_core::column::CqlType;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, Cast, Distinct, Expr, ExprSchemable as _, JoinType, LogicalPlan, Operator, SortExpr, cast,
};

use super::arithmetic::{nearest, negative, unsigned};
use super::kind::Kind;
use super::tree::beyond;
use super::trouble::refuse;
use super::typed;

/// The columns of each table with their types.
pub(super) type Tables = BTreeMap<String, Vec<(String, CqlType)>>;

type Types = Vec<Option<CqlType>>;

/// Checks a plan, and gives it with the CQL types of its columns.
///
/// # Errors
/// A refusal where types meet that do not go together.
pub(super) fn check(plan: LogicalPlan, tables: &Tables) -> Result<(LogicalPlan, Types)> {
    let came = types(&plan, tables);
    let plan = plan.transform_up_with_subqueries(|node| {
        check_node(&node, tables)?;
        let scope = Scope::of(&node, tables)?;
        let names = NamePreserver::new(&node);
        let node = node.map_expressions(|expr| {
            let name = names.save(&expr);
            let expr = expr.transform_up(|expr| scope.check(expr))?;
            Ok(expr.update_data(|expr| name.restore(expr)))
        })?;
        node.map_data(LogicalPlan::recompute_schema)
    })?;
    Ok((plan.data, came))
}

/// The types of a plan's columns.
fn types(plan: &LogicalPlan, tables: &Tables) -> Types {
    let width = plan.schema().fields().len();
    let input = |place: usize| plan.inputs().get(place).map_or_else(Types::new, |input| types(input, tables));
    let of = |exprs: &mut dyn Iterator<Item = &Expr>| -> Types {
        let Ok(scope) = Scope::of(plan, tables) else { return Types::new() };
        exprs.map(|expr| scope.type_of(expr)).collect()
    };
    let mut found = match plan {
        LogicalPlan::TableScan(scan) => {
            let known = tables.get(scan.table_name.table());
            let fields = plan.schema().fields().iter();
            let find = |name: &str| known?.iter().find(|(own, _)| own == name).map(|(_, ty)| ty.clone());
            fields.map(|field| find(field.name())).collect()
        }
        LogicalPlan::Projection(node) => of(&mut node.expr.iter()),
        LogicalPlan::Aggregate(node) => of(&mut node.group_expr.iter().chain(&node.aggr_expr)),
        LogicalPlan::Window(node) => {
            let mut all = input(0);
            all.extend(of(&mut node.window_expr.iter()));
            all
        }
        LogicalPlan::Join(join) => match join.join_type {
            JoinType::RightSemi | JoinType::RightAnti => input(1),
            JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => input(0),
            _ => {
                let mut all = input(0);
                all.extend(input(1));
                all
            }
        },
        LogicalPlan::Union(_) => {
            let mut all = input(0);
            for place in 1..plan.inputs().len() {
                let other = input(place);
                for (own, other) in all.iter_mut().zip(other) {
                    if *own != other {
                        *own = None;
                    }
                }
            }
            all
        }
        LogicalPlan::RecursiveQuery(_) => Types::new(),
        LogicalPlan::Distinct(Distinct::On(on)) => of(&mut on.select_expr.iter()),
        LogicalPlan::Unnest(node) => {
            let all = input(0);
            let lists: Vec<usize> = node.list_type_columns.iter().map(|(place, _)| *place).collect();
            let own = |place: &usize| all.get(*place).cloned().flatten().filter(|_| !lists.contains(place));
            node.dependency_indices.iter().map(own).collect()
        }
        LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Subquery(_)
        | LogicalPlan::Repartition(_)
        | LogicalPlan::Distinct(_) => input(0),
        _ => Types::new(),
    };
    // A grouping of several sets has a column more than its expressions.
    if found.len() != width && !matches!(plan, LogicalPlan::Join(_)) {
        found = vec![None; width];
    }
    found.resize(width, None);
    found
}

/// Calls whose value is one of their arguments'.
const SAME: [&str; 6] = ["coalesce", "nullif", "greatest", "least", "nvl", "nvl2"];
/// Aggregates and functions of windows whose value is one of their first argument's.
const CHOICE: [&str; 7] = ["min", "max", "first_value", "last_value", "nth_value", "lag", "lead"];

/// What an expression stands in.
struct Scope {
    inputs: Vec<(Arc<DFSchema>, Types)>,
    schema: DFSchema,
    tables: Tables,
}

impl Scope {
    fn of(plan: &LogicalPlan, tables: &Tables) -> Result<Self> {
        let inputs = plan.inputs();
        let schema = if inputs.is_empty() { plan.schema().as_ref().clone() } else { merge_schema(&inputs) };
        let inputs = if inputs.is_empty() {
            vec![(Arc::clone(plan.schema()), if matches!(plan, LogicalPlan::TableScan(_)) { types(plan, tables) } else { Types::new() })]
        } else {
            inputs.iter().map(|input| (Arc::clone(input.schema()), types(input, tables))).collect()
        };
        Ok(Self { inputs, schema, tables: tables.clone() })
    }

    fn type_of(&self, expr: &Expr) -> Option<CqlType> {
        let same = |exprs: &mut dyn Iterator<Item = &Expr>| -> Option<CqlType> {
            let mut exprs = exprs.filter(|expr| !matches!(expr, Expr::Literal(value, _) if value.is_null()));
            let ty = self.type_of(exprs.next()?)?;
            exprs.all(|other| self.type_of(other).as_ref() == Some(&ty)).then_some(ty)
        };
        match expr {
            Expr::Column(column) => self.inputs.iter().find_map(|(schema, types)| {
                let place = schema.maybe_index_of_column(column)?;
                types.get(place).cloned().flatten()
            }),
            Expr::Alias(alias) => self.type_of(&alias.expr),
            Expr::AggregateFunction(call) if CHOICE.contains(&call.func.name()) => {
                self.type_of(call.params.args.first()?)
            }
            Expr::WindowFunction(call) if CHOICE.contains(&call.fun.name()) => self.type_of(call.params.args.first()?),
            Expr::ScalarFunction(call) if call.name() == "nullif" => self.type_of(call.args.first()?),
            Expr::ScalarFunction(call) if SAME.contains(&call.name()) => same(&mut call.args.iter()),
            Expr::Case(case) => {
                same(&mut case.when_then_expr.iter().map(|(_, then)| then.as_ref()).chain(case.else_expr.as_deref()))
            }
            Expr::ScalarSubquery(query) => types(&query.subquery, &self.tables).into_iter().next().flatten(),
            _ => None,
        }
    }

    fn kind(&self, expr: &Expr) -> Kind {
        match expr {
            Expr::Literal(value, _) if value.is_null() => return Kind::Null,
            Expr::Alias(alias) => return self.kind(&alias.expr),
            _ => {}
        }
        match expr.get_type(&self.schema) {
            Ok(data_type) => Kind::of(&self.type_of(expr).unwrap_or(CqlType::Text), &data_type),
            Err(_) => Kind::Unknown,
        }
    }

    /// Checks one expression whose parts were checked.
    fn check(&self, expr: Expr) -> Result<Transformed<Expr>> {
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
                if kinds.0.is_text() || kinds.1.is_text() || matches!(kinds.0, Kind::Long) || matches!(kinds.1, Kind::Long) {
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
            Expr::InSubquery(ref query) if query.negated && !query.subquery.outer_ref_columns.is_empty() => {
                Err(refuse(beyond(
                    "`NOT IN` with a query that refers to the one around it is not known here.",
                    "`NOT EXISTS (SELECT 1 FROM u WHERE u.x = t.x AND u.k = t.k)`; write down what a null shall do.",
                )))
            }
            Expr::InSubquery(ref query) => {
                self.compared(&query.expr, &query.subquery.subquery)?;
                Ok(Transformed::no(expr))
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
                let mut results: Vec<&Expr> = case.when_then_expr.iter().map(|(_, then)| then.as_ref()).collect();
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
                    call.args = call.args.into_iter().map(|argument| cast(argument, DataType::Float64)).collect();
                    return Ok(Transformed::yes(Expr::ScalarFunction(call)));
                }
                Ok(Transformed::no(expr))
            }
            // Whole numbers have 64 bits wherever they come from.
            Expr::ScalarFunction(_) => {
                let whole = expr.get_type(&self.schema).is_ok_and(|ty| ty.is_integer() && ty != DataType::Int64);
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
                    Kind::Decimal => {
                        datafusion::functions::math::expr_fn::round(vec![expr.as_ref().clone()])
                    }
                    _ => return Ok(Transformed::no(Expr::Cast(Cast { expr: expr.clone(), field: Arc::clone(field) }))),
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
        if own.is_typed() && let Some(value) = read(&right, own)? {
            return Ok([left, value]);
        }
        if other.is_typed() && let Some(value) = read(&left, other)? {
            return Ok([value, right]);
        }
        if own.compares(other) {
            return Ok([left, right]);
        }
        Err(refuse(apart(own, other)))
    }

    fn compared(&self, value: &Expr, query: &LogicalPlan) -> Result<()> {
        let other = columns(query, &self.tables).into_iter().next().unwrap_or(Kind::Unknown);
        let own = self.kind(value);
        if own.compares(other) { Ok(()) } else { Err(refuse(apart(own, other))) }
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

/// The kinds of a plan's columns.
fn columns(plan: &LogicalPlan, tables: &Tables) -> Vec<Kind> {
    let fields = plan.schema().fields().iter();
    fields.zip(types(plan, tables)).map(|(field, ty)| Kind::of(&ty.unwrap_or(CqlType::Text), field.data_type())).collect()
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
