//! Runs a query: registers what it reads, asks polars, and makes the answer a page.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{Array as _, RecordBatch};
use arrow_schema::{DataType, Field};
use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::page::Page as _;
use cqlbook_core::render::count;
use polars::prelude::IntoLazy;
use polars::sql::SQLContext;

use super::kind::Kind;
use super::{
    Computed, Input, Job, Query, SqlError, bounds, bridge, check, files, lineage, trouble, whole, written,
};
use cqlbook_analysis::columns::{BatchPage, Flavour, Lost, schema, size_bytes};

/// Computes a query. This takes as long and as much memory as it takes.
///
/// # Errors
/// [`SqlError`] where a file or column is not there, where polars cannot do it, or where the answer is too large.
pub fn compute(job: Job) -> Result<Computed, SqlError> {
    bounds::deep(|| {
        let Job { text, params, inputs, paths, limit, .. } = job;
        let (query, tree) = Query::tree(&text, &params)?;
        run(&query, tree, inputs, &paths, limit)
    })
}

fn run(
    query: &Query,
    mut tree: Box<sqlparser::ast::Query>,
    inputs: Vec<(String, Input)>,
    paths: &BTreeMap<String, OsString>,
    limit: usize,
) -> Result<Computed, SqlError> {
    let mut context = SQLContext::new();
    let mut types = BTreeMap::new();
    let mut kinds = check::Tables::default();
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut notes = Vec::new();
    let mut lost = Lost::default();
    for (typed, input) in inputs {
        lost += input.lost;
        kinds.insert(typed.clone(), kinds_of(&input), solid(&input));
        kinds.measure(&input.batch);
        register(&mut context, &typed, input, &mut types, &mut known, &mut notes)?;
    }
    for (typed, null) in &query.files {
        let path = paths.get(typed).map_or_else(|| Path::new(typed), Path::new);
        let input = files::read(path, typed, null.as_deref(), query, limit)?;
        lost += input.lost;
        kinds.insert(typed.clone(), kinds_of(&input), solid(&input));
        kinds.measure(&input.batch);
        register(&mut context, typed, input, &mut types, &mut known, &mut notes)?;
    }
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

    let explained = |error| trouble::explain(&error, &known);
    let lineage = lineage::of_query(&tree, &types);
    check::check(&mut tree, &kinds)?;
    let mut lazy = context.execute(&written::written(&tree)?).map_err(explained)?;
    // Each cell takes four bytes at least: an answer of more rows is too large whatever is in them, and need not be made.
    let width = lazy.collect_schema().map_err(explained)?.len().max(1);
    let most = u32::try_from(limit / 4 / width).unwrap_or(u32::MAX - 1);
    let frame = lazy.limit(most.saturating_add(1)).collect().map_err(explained)?;
    if frame.height() > most as usize {
        return Err(SqlError::TooLarge { limit });
    }
    let batch = bridge::batch(&frame).map_err(cqlbook_analysis::columns::ColumnsError::from)?;
    drop(frame);
    if size_bytes(&batch) > limit {
        return Err(SqlError::TooLarge { limit });
    }
    let columns = typed(&batch, &lineage)?;
    let batch = whole::narrow(batch, &columns)?;
    Ok(Computed { columns, batch, notes })
}

/// What the columns of a table are to the check.
fn kinds_of(input: &Input) -> check::Columns {
    let schema = input.batch.schema();
    let kind = |field: &Arc<Field>| {
        let ty =
            input.columns.iter().find(|column| column.name == *field.name()).map(|column| &column.cql_type);
        (field.name().clone(), Kind::of(ty.unwrap_or(&CqlType::Text), field.data_type()))
    };
    schema.fields().iter().map(kind).collect()
}

/// The columns of a table in which no null is.
fn solid(input: &Input) -> BTreeSet<String> {
    let schema = input.batch.schema();
    let columns = schema.fields().iter().zip(input.batch.columns());
    columns.filter(|(_, array)| array.null_count() == 0).map(|(field, _)| field.name().clone()).collect()
}

fn register(
    context: &mut SQLContext,
    name: &str,
    input: Input,
    types: &mut BTreeMap<String, lineage::Columns>,
    known: &mut BTreeSet<String>,
    notes: &mut Vec<String>,
) -> Result<(), SqlError> {
    let frame = bridge::frame(&whole::widen(&input.batch)?)
        .map_err(|error| trouble::explain(&error, &BTreeSet::new()))?;
    known.extend(input.columns.iter().map(|column| column.name.clone()));
    notes.extend(
        input.long.iter().map(|column| {
            format!("`{column}` holds numbers of more than 38 digits, so SQL sees them as text.")
        }),
    );
    let columns = input.columns.into_iter().map(|column| (column.name, Some(column.cql_type)));
    types.insert(name.to_owned(), columns.collect());
    context.register(name, frame.lazy());
    Ok(())
}

/// The answer's columns: the CQL type of the column that each came from where its values have that form, else the nearest.
fn typed(batch: &RecordBatch, lineage: &lineage::Columns) -> Result<Arc<[Column]>, SqlError> {
    let nearest = BatchPage::new(batch.clone())?;
    let batch_schema = batch.schema();
    let columns = nearest.columns().iter().zip(batch_schema.fields()).map(|(column, field)| {
        let came = lineage.iter().find(|(name, _)| *name == column.name).and_then(|(_, ty)| ty.clone());
        let cql_type =
            came.filter(|ty| fits(ty, field.data_type())).unwrap_or_else(|| column.cql_type.clone());
        Column { name: column.name.clone(), cql_type, role: None }
    });
    Ok(columns.collect())
}

/// Whether values of this form are those of a column of the CQL type.
fn fits(ty: &CqlType, data_type: &DataType) -> bool {
    match ty {
        CqlType::Tinyint | CqlType::Smallint | CqlType::Int => *data_type == DataType::Int64,
        CqlType::Varint => {
            matches!(plain(data_type), DataType::Int64 | DataType::Utf8 | DataType::Decimal128(_, 0))
        }
        CqlType::Decimal => {
            matches!(plain(data_type), DataType::Int64 | DataType::Utf8 | DataType::Decimal128(..))
        }
        ty => {
            let column = Column { name: String::new(), cql_type: ty.clone(), role: None };
            schema(std::slice::from_ref(&column), Flavour::Sql)
                .fields()
                .first()
                .is_some_and(|field| plain(field.data_type()) == plain(data_type))
        }
    }
}

/// The type without what polars changes in passing: views and large forms, names and nullability of inner fields, and how many
/// digits a decimal may have.
fn plain(data_type: &DataType) -> DataType {
    let inner = |field: &Arc<Field>, name: &str| Arc::new(Field::new(name, plain(field.data_type()), true));
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::List(item) | DataType::LargeList(item) => DataType::List(inner(item, "item")),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| inner(field, field.name())).collect())
        }
        DataType::Decimal128(_, scale) => DataType::Decimal128(38, *scale),
        other => other.clone(),
    }
}
