//! Runs a query: registers what it reads, has DataFusion plan and compute it, and gathers the rows within bounds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cqlbook_analysis::columns::{ColumnsError, Lost, size_bytes};
use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::render::count;
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::TableReference;
use datafusion::datasource::MemTable;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use futures::StreamExt as _;
use sqlparser::ast;

use super::{
    Computed, Input, Job, Query, SqlError, aggregate, answer, arithmetic, bounds, checks, files, rules, tree,
    trouble, types,
};

/// The stack of each thread that computes.
const STACK: usize = 16 << 20;

/// What a process may take where the system sets no bound.
const DATA: usize = 2 << 30;

/// What a query may take.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// The most bytes of memory before rows go to the disk.
    pub memory: usize,
    /// The folder for them; the system's own for temporary files if there is none.
    pub spill: Option<PathBuf>,
}

impl Bounds {
    /// A part of what this process may take, and the system's folder for temporary files.
    fn of_process() -> Self {
        #[cfg(target_os = "linux")]
        let data = rustix::process::getrlimit(rustix::process::Resource::Data).current;
        #[cfg(not(target_os = "linux"))]
        let data: Option<u64> = None;
        let data = data.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(DATA);
        // The rest is for what DataFusion does not count: the kept results, batches on their way, stacks.
        Self { memory: data / 2, spill: None }
    }
}

/// Computes a query within what this process may take.
///
/// # Errors
/// [`SqlError`] where a file or column is not there, where it cannot be done, or where the answer is too large.
pub fn compute(job: Job) -> Result<Computed, SqlError> {
    compute_within(job, &Bounds::of_process())
}

/// Computes a query.
///
/// # Errors
/// As [`compute`].
pub fn compute_within(job: Job, most: &Bounds) -> Result<Computed, SqlError> {
    bounds::deep(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_stack_size(STACK)
            .max_blocking_threads(8)
            .enable_all()
            .build();
        let runtime =
            runtime.map_err(|error| SqlError::Columns(format!("No thread can be started: {error}.")))?;
        let outcome = runtime.block_on(run(job, most));
        runtime.shutdown_background();
        outcome
    })
}

/// A table that was registered.
struct Known {
    types: types::Tables,
    names: tree::Tables,
    columns: BTreeSet<String>,
    notes: Vec<String>,
    lost: Lost,
}

async fn run(job: Job, most: &Bounds) -> Result<Computed, SqlError> {
    let Job { text, params, inputs, paths, limit, .. } = job;
    let (query, mut tree) = Query::tree(&text, &params)?;
    let context = session(most, &tree).map_err(|error| trouble::explain(error, &BTreeSet::new()))?;
    let mut known = Known {
        types: types::Tables::default(),
        names: tree::Tables::default(),
        columns: BTreeSet::new(),
        notes: Vec::new(),
        lost: Lost::default(),
    };
    for (typed, input) in inputs {
        known.register(&context, &typed, input)?;
    }
    for (typed, null) in &query.files {
        let path = paths.get(typed).map_or_else(|| Path::new(typed), Path::new);
        if files::parquet::is_it(path)
            && let Some(columns) = files::parquet::register(&context, path, typed).await?
        {
            known.know(typed, columns);
            continue;
        }
        let input = files::read(path, typed, null.as_deref(), &query, limit)?;
        known.register(&context, typed, input)?;
    }
    let Known { types, names, columns, mut notes, lost } = known;
    lost_notes(lost, &mut notes);
    let explained = |error| trouble::explain(error, &columns);

    let shown = tree::prepare(&mut tree, &names)?;
    let statement = Statement::Statement(Box::new(ast::Statement::Query(tree)));
    let state = context.state();
    let plan = state.statement_to_plan(statement).await.map_err(explained)?;
    let planned: Vec<String> = plan.schema().fields().iter().map(|field| field.name().clone()).collect();
    let (plan, came) = checks::check(plan, &types).map_err(explained)?;
    let physical = context
        .execute_logical_plan(plan)
        .await
        .map_err(explained)?
        .create_physical_plan()
        .await
        .map_err(|error| trouble::explain_planned(error, &columns))?;
    let mut stream = execute_stream(physical, context.task_ctx()).map_err(explained)?;
    let schema = stream.schema();
    let (mut batches, mut bytes) = (Vec::new(), 0);
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(explained)?;
        bytes += size_bytes(&batch);
        if bytes > limit {
            return Err(SqlError::TooLarge { limit });
        }
        batches.push(batch);
    }
    let batch = concat_batches(&schema, &batches).map_err(ColumnsError::from)?;
    drop(batches);
    let (batch, columns) = answer::typed(&batch, &shown.given(&planned), &came)?;
    Ok(Computed { columns, batch, notes })
}

fn session(most: &Bounds, tree: &ast::Query) -> datafusion::error::Result<SessionContext> {
    let mut config = SessionConfig::new().with_information_schema(false);
    let options = config.options_mut();
    options.sql_parser.parse_float_as_decimal = true;
    options.sql_parser.enable_ident_normalization = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    options.sql_parser.default_null_ordering = "nulls_last".to_owned();
    // A time of 96 bits in nanoseconds of 64 has no year before 1678 and none after 2262.
    options.execution.parquet.coerce_int96 = Some("us".to_owned());
    // It panics for some types of MIN and MAX.
    options.optimizer.enable_topk_aggregation = false;
    // Rows that nobody asked an order of stay as they are.
    options.optimizer.enable_round_robin_repartition = mixes_rows(&tree.body);
    let pool = FairSpillPool::new(most.memory);
    let pool = TrackConsumersPool::new(pool, std::num::NonZeroUsize::MIN);
    let mut runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(pool));
    if let Some(folder) = &most.spill {
        runtime = runtime.with_temp_file_path(folder);
    }
    let mut planners: Vec<Arc<dyn datafusion::logical_expr::planner::ExprPlanner>> =
        vec![Arc::new(arithmetic::Numbers)];
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime.build_arc()?)
        .with_default_features()
        .with_optimizer_rules(rules::logical())
        .with_physical_optimizer_rules(rules::physical());
    let mut state = state;
    if let Some(own) = state.expr_planners() {
        planners.append(own);
    }
    let state = state.with_expr_planners(planners).build();
    let context = SessionContext::new_with_state(state);
    for function in aggregate::all() {
        context.register_udaf(function);
    }
    Ok(context)
}

/// Whether a query's rows are in no order of a table's anyway.
fn mixes_rows(body: &ast::SetExpr) -> bool {
    match body {
        ast::SetExpr::Select(select) => {
            !matches!(&select.group_by, ast::GroupByExpr::Expressions(keys, _) if keys.is_empty())
                || select.from.iter().any(|table| !table.joins.is_empty())
        }
        _ => true,
    }
}

fn lost_notes(lost: Lost, notes: &mut Vec<String>) {
    if lost.empty > 0 {
        notes.push(format!("{} empty values are null to SQL.", count(lost.empty)));
    }
    if lost.keys > 0 {
        notes
            .push(format!("{} entries of maps are left out: their keys are empty values.", count(lost.keys)));
    }
    if lost.malformed > 0 {
        notes.push(format!("{} values that cannot be read are null to SQL.", count(lost.malformed)));
    }
}

impl Known {
    /// Takes note of the columns of a table that was registered.
    fn know(&mut self, name: &str, columns: Vec<Column>) {
        self.columns.extend(columns.iter().map(|column| column.name.clone()));
        self.names.insert(name.to_owned(), columns.iter().map(|column| column.name.clone()).collect());
        self.types.insert(
            name.to_owned(),
            columns.into_iter().map(|column| (column.name, column.cql_type)).collect(),
        );
    }

    fn register(&mut self, context: &SessionContext, name: &str, input: Input) -> Result<(), SqlError> {
        let Input { columns, batch, lost, long } = input;
        self.lost += lost;
        let long = long.iter().map(|column| {
            format!("`{column}` holds numbers of more than 38 digits, so SQL sees them as text.")
        });
        self.notes.extend(long);
        self.columns.extend(columns.iter().map(|column| column.name.clone()));
        let batch = wide(&batch)?;
        let schema = batch.schema();
        let own = |field: &Arc<Field>| {
            let column = columns.iter().find(|column: &&Column| column.name == *field.name());
            (field.name().clone(), column.map_or(CqlType::Text, |column| column.cql_type.clone()))
        };
        self.types.insert(name.to_owned(), schema.fields().iter().map(own).collect());
        self.names
            .insert(name.to_owned(), schema.fields().iter().map(|field| field.name().clone()).collect());
        let wrong = |error| trouble::explain(error, &BTreeSet::new());
        let rows = 8192;
        let parts = (0..batch.num_rows().div_ceil(rows))
            .map(|part| batch.slice(part * rows, rows.min(batch.num_rows() - part * rows)));
        let table = MemTable::try_new(schema, vec![parts.collect()]).map_err(wrong)?;
        context.register_table(TableReference::bare(name), Arc::new(table)).map_err(wrong)?;
        Ok(())
    }
}

/// The batch with whole numbers of 64 bits in place of shorter ones, and no metadata of fields.
fn wide(batch: &RecordBatch) -> Result<RecordBatch, SqlError> {
    let schema = batch.schema();
    let (mut fields, mut arrays): (Vec<Field>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
    for (field, array) in schema.fields().iter().zip(batch.columns()) {
        let array = match array.data_type() {
            DataType::Int8 | DataType::Int16 | DataType::Int32 => {
                cast(array, &DataType::Int64).map_err(ColumnsError::from)?
            }
            _ => arithmetic::unsigned_array(array),
        };
        fields.push(Field::new(field.name(), array.data_type().clone(), true));
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options);
    Ok(batch.map_err(ColumnsError::from)?)
}
