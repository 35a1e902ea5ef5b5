//! `x IN (SELECT …)` and `x NOT IN (SELECT …)`, with what null does to them.
//!
//! DataFusion knows of null only where `NOT IN` is a condition of its own in `WHERE`, and its left side has a column. Elsewhere it is
//! put together of what is known: how many rows there are, how many of them are null, and whether one is equal.

use std::sync::Arc;

use datafusion::common::tree_node::{TransformedResult as _, TreeNode as _};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_aggregate::count::count;
use datafusion::logical_expr::expr::InSubquery;
use datafusion::logical_expr::{
    BinaryExpr, Expr, LogicalPlan, LogicalPlanBuilder, Operator, cast, lit, scalar_subquery, when,
};

use super::tree::beyond;
use super::trouble::refuse;
use super::types::Scope;

impl Scope {
    /// Checks an expression and all that is in it.
    pub(super) fn value(&self, expr: Expr) -> Result<Expr> {
        expr.transform_up(|expr| self.check(expr)).data()
    }

    /// As [`Scope::value`] for a condition, of which null and false are one; `is_alone` where it is all that has to hold.
    pub(super) fn condition(&self, expr: Expr, is_alone: bool) -> Result<Expr> {
        match expr {
            Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
                let is_alone = is_alone && op == Operator::And;
                let left = Box::new(self.condition(*left, is_alone)?);
                let right = Box::new(self.condition(*right, is_alone)?);
                Ok(Expr::BinaryExpr(BinaryExpr { left, op, right }))
            }
            Expr::InSubquery(mut query) => {
                query.expr = Box::new(self.value(*query.expr)?);
                if !query.negated || (is_alone && query.expr.any_column_refs()) {
                    return self.plain(query).map(Expr::InSubquery);
                }
                self.membership(query)
            }
            other => self.value(other),
        }
    }

    /// The membership as DataFusion does it, of one type on both sides.
    fn plain(&self, mut query: InSubquery) -> Result<InSubquery> {
        if query.negated && !query.subquery.outer_ref_columns.is_empty() {
            return Err(refuse(beyond(
                "`NOT IN` with a query that refers to the one around it is not known here.",
                "`NOT EXISTS (SELECT 1 FROM u WHERE u.x = t.x AND u.k = t.k)`; write down what a null shall do.",
            )));
        }
        let (own, other) = self.compared(&query.expr, &query.subquery.subquery)?;
        if let Some(float) = own.meets_decimal(other) {
            query.expr = Box::new(cast(*query.expr, float.clone()));
            let plan = query.subquery.subquery.as_ref().clone();
            let column = plan.schema().columns().into_iter().next();
            let doubles = column.map(|column| cast(Expr::Column(column.clone()), float).alias(column.name));
            let plan = LogicalPlanBuilder::from(plan).project(doubles)?.build()?;
            query.subquery = query.subquery.with_plan(Arc::new(plan));
        }
        Ok(query)
    }

    /// The membership as a value, which is null where that is not known.
    pub(super) fn membership(&self, query: InSubquery) -> Result<Expr> {
        let query = self.plain(query)?;
        let is_tied = !query.subquery.outer_ref_columns.is_empty();
        if is_tied {
            return Ok(Expr::InSubquery(query));
        }
        let is_in = !query.negated;
        let plan = &query.subquery.subquery;
        let Some(column) = plan.schema().columns().into_iter().next() else {
            return Ok(Expr::InSubquery(query));
        };
        let counted = |what: Expr| -> Result<Expr> {
            let none: [Expr; 0] = [];
            let plan =
                LogicalPlanBuilder::from(LogicalPlan::clone(plan)).aggregate(none, [count(what)])?.build()?;
            Ok(scalar_subquery(Arc::new(plan)))
        };
        let rows = counted(lit(1_i64))?;
        let known = counted(Expr::Column(column))?;
        let value = query.expr.as_ref().clone();
        let equal = Expr::InSubquery(InSubquery { negated: false, ..query });
        let null = Expr::Literal(ScalarValue::Boolean(None), None);
        when(rows.clone().eq(lit(0_i64)), lit(!is_in))
            .when(value.is_null(), null.clone())
            .when(equal, lit(is_in))
            .when(rows.gt(known), null)
            .otherwise(lit(!is_in))
    }
}
