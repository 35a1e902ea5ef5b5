//! DataFusion's optimizer with two of its faults kept from doing harm. No rule of our own makes a plan faster.

use std::fmt;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{JoinType, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Aggregate, Expr, GroupingSet, LogicalPlan};
use datafusion::optimizer::optimizer::{ApplyOrder, Optimizer, OptimizerConfig, OptimizerRule};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec, SortMergeJoinExec};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};

/// DataFusion's rules for logical plans.
pub(super) fn logical() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let guarded = |rule: Arc<dyn OptimizerRule + Send + Sync>| match rule.name() {
        "push_down_filter" => Arc::new(Guarded(rule)) as Arc<dyn OptimizerRule + Send + Sync>,
        _ => rule,
    };
    Optimizer::new().rules.into_iter().map(guarded).collect()
}

/// DataFusion's rules for physical plans.
pub(super) fn physical() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::new().rules;
    // Joins change their sides before it, and requirements of order are met after it.
    let place = rules.iter().position(|rule| rule.name() == "join_selection").map_or(0, |place| place + 1);
    rules.insert(place, Arc::new(ForgetConstants));
    rules
}

/// A rule that is kept away from aggregates that have a row where there are none to aggregate. A condition on that row is not one on
/// the rows that are aggregated: `SELECT 1 FROM (SELECT 1 AS c, COUNT(*) FROM t) WHERE c = 2` has no row.
#[derive(Debug)]
struct Guarded(Arc<dyn OptimizerRule + Send + Sync>);

impl OptimizerRule for Guarded {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let mut inner = &plan;
        while let LogicalPlan::Filter(filter) = inner {
            inner = &filter.input;
        }
        match inner {
            LogicalPlan::Aggregate(aggregate) if always_has_a_row(aggregate) => Ok(Transformed::no(plan)),
            _ => self.0.rewrite(plan, config),
        }
    }
}

fn always_has_a_row(aggregate: &Aggregate) -> bool {
    let has_empty = |expr: &Expr| match expr {
        Expr::GroupingSet(GroupingSet::Rollup(_) | GroupingSet::Cube(_)) => true,
        Expr::GroupingSet(GroupingSet::GroupingSets(sets)) => sets.iter().any(Vec::is_empty),
        _ => false,
    };
    aggregate.group_expr.iter().all(has_empty)
}

/// Puts [`Forget`] below the sides of outer joins whose rows may be null in the answer.
#[derive(Debug)]
struct ForgetConstants;

impl PhysicalOptimizerRule for ForgetConstants {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            let any = plan.as_ref();
            let join = any.downcast_ref::<HashJoinExec>().map(|join| *join.join_type());
            let join =
                join.or_else(|| any.downcast_ref::<NestedLoopJoinExec>().map(|join| *join.join_type()));
            let join = join.or_else(|| any.downcast_ref::<SortMergeJoinExec>().map(|join| join.join_type()));
            let nulled = match join {
                Some(JoinType::Left) => [false, true],
                Some(JoinType::Right) => [true, false],
                Some(JoinType::Full) => [true, true],
                _ => return Ok(Transformed::no(plan)),
            };
            let children = plan.children().into_iter().zip(nulled).map(|(child, nulled)| {
                let is_known = !child.properties().equivalence_properties().eq_group().is_empty();
                if nulled && is_known { Forget::above(Arc::clone(child)) } else { Arc::clone(child) }
            });
            let children = children.collect();
            Ok(Transformed::yes(replace_children_if_necessary(plan, children)?))
        })
        .data()
    }

    fn name(&self) -> &str {
        "forget_constants"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Rows as they are, with nothing known of them: DataFusion takes what is constant on one side of an outer join for constant in what
/// is joined, where it is null as well, and leaves it out of an order.
#[derive(Debug)]
struct Forget {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl Forget {
    fn above(input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        let nothing = EquivalenceProperties::new(input.schema());
        let properties = PlanProperties::clone(input.properties()).with_eq_properties(nothing);
        Arc::new(Self { input, properties: Arc::new(properties) })
    }
}

impl DisplayAs for Forget {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Forget")
    }
}

impl ExecutionPlan for Forget {
    fn name(&self) -> &str {
        "Forget"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Self::above(input)),
            _ => internal_err!("it has one child"),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.input.execute(partition, context)
    }
}
