//! Which CQL type each column of a plan has, and of what kind an expression is.

use std::collections::BTreeMap;
use std::sync::Arc;

use cqlbook_core::column::CqlType;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Distinct, Expr, ExprSchemable as _, JoinType, LogicalPlan};

use super::files::parquet::INNER;
use super::kind::Kind;

/// The columns of each table with their types.
pub(super) type Tables = BTreeMap<String, Vec<(String, CqlType)>>;

pub(super) type Types = Vec<Option<CqlType>>;

/// The types of a plan's columns.
pub(super) fn types(plan: &LogicalPlan, tables: &Tables) -> Types {
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
        LogicalPlan::SubqueryAlias(alias) if is_file(&alias.input) => {
            let known = tables.get(alias.alias.table());
            let find = |name: &str| known?.iter().find(|(own, _)| own == name).map(|(_, ty)| ty.clone());
            plan.schema().fields().iter().map(|field| find(field.name())).collect()
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

/// Whether a plan is the columns of a file, brought to the forms that they have in a query.
fn is_file(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::Projection(node)
        if matches!(node.input.as_ref(), LogicalPlan::TableScan(scan) if scan.table_name.table() == INNER))
}

/// Calls whose value is one of their arguments'.
pub(super) const SAME: [&str; 6] = ["coalesce", "nullif", "greatest", "least", "nvl", "nvl2"];
/// Aggregates and functions of windows whose value is one of their first argument's.
const CHOICE: [&str; 7] = ["min", "max", "first_value", "last_value", "nth_value", "lag", "lead"];

/// What an expression stands in.
pub(super) struct Scope {
    inputs: Vec<(Arc<DFSchema>, Types)>,
    pub(super) schema: DFSchema,
    pub(super) tables: Tables,
}

impl Scope {
    pub(super) fn of(plan: &LogicalPlan, tables: &Tables) -> Result<Self> {
        let inputs = plan.inputs();
        let schema = if inputs.is_empty() { plan.schema().as_ref().clone() } else { merge_schema(&inputs) };
        let inputs = if inputs.is_empty() {
            vec![(
                Arc::clone(plan.schema()),
                if matches!(plan, LogicalPlan::TableScan(_)) { types(plan, tables) } else { Types::new() },
            )]
        } else {
            inputs.iter().map(|input| (Arc::clone(input.schema()), types(input, tables))).collect()
        };
        Ok(Self { inputs, schema, tables: tables.clone() })
    }

    pub(super) fn type_of(&self, expr: &Expr) -> Option<CqlType> {
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
            Expr::WindowFunction(call) if CHOICE.contains(&call.fun.name()) => {
                self.type_of(call.params.args.first()?)
            }
            Expr::ScalarFunction(call) if call.name() == "nullif" => self.type_of(call.args.first()?),
            Expr::ScalarFunction(call) if SAME.contains(&call.name()) => same(&mut call.args.iter()),
            Expr::Case(case) => same(
                &mut case
                    .when_then_expr
                    .iter()
                    .map(|(_, then)| then.as_ref())
                    .chain(case.else_expr.as_deref()),
            ),
            Expr::ScalarSubquery(query) => types(&query.subquery, &self.tables).into_iter().next().flatten(),
            _ => None,
        }
    }

    pub(super) fn kind(&self, expr: &Expr) -> Kind {
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
}

/// The kinds of a plan's columns.
pub(super) fn columns(plan: &LogicalPlan, tables: &Tables) -> Vec<Kind> {
    let fields = plan.schema().fields().iter();
    fields
        .zip(types(plan, tables))
        .map(|(field, ty)| Kind::of(&ty.unwrap_or(CqlType::Text), field.data_type()))
        .collect()
}
