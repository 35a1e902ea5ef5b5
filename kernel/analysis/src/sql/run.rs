//! Runs a query: registers what it reads, asks polars, and makes the answer a page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field};
use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::nearest::nearest;
use cqlbook_core::page::Page;
use cqlbook_core::render::count;
use polars::prelude::{DataFrame, IntoLazy};
use polars::sql::SQLContext;

use super::{Answer, Place, Query, SqlError, Table, bridge, files, lineage, trouble};
use crate::columns::{BatchPage, Flavour, Lost, record_batch, schema};

/// A table as the query sees it.
pub(super) struct Source {
    /// Its columns with their types.
    pub(super) columns: Vec<Column>,
    /// The columns that the query needs.
    pub(super) frame: DataFrame,
    /// What its columns could not hold.
    pub(super) lost: Lost,
    /// Columns of numbers that are text to SQL, because they are longer than its numbers.
    pub(super) long: Vec<String>,
}

/// Runs the query over what it names.
///
/// # Errors
/// [`SqlError`] where a table, column or file is not there, where polars cannot do it, or where the answer is too large.
pub fn run(query: &Query, place: &Place<'_>) -> Result<Answer, SqlError> {
    let mut context = SQLContext::new();
    let mut types = BTreeMap::new();
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut notes = Vec::new();
    let mut lost = Lost::default();
    for typed in &query.tables {
        let table = find(typed, &place.tables)?;
        let source = kept(table, query)?;
        lost += source.lost;
        register(&mut context, typed, source, &mut types, &mut known, &mut notes);
    }
    for (path, null) in &query.files {
        let source = files::read(&(place.resolve)(path), path, null.as_deref(), query, place.limit)?;
        lost += source.lost;
        register(&mut context, path, source, &mut types, &mut known, &mut notes);
    }
    if lost.empty > 0 {
        notes.push(format!("{} empty values are null to SQL.", count(lost.empty)));
    }
    if lost.malformed > 0 {
        notes.push(format!("{} values that cannot be read are null to SQL.", count(lost.malformed)));
    }

    let explained = |error| trouble::explain(&error, &known);
    let mut lazy = context.execute(&query.text()).map_err(explained)?;
    // Each cell takes four bytes at least: an answer of more rows is too large whatever is in them, and need not be made.
    let width = lazy.collect_schema().map_err(explained)?.len().max(1);
    let most = u32::try_from(place.limit / 4 / width).unwrap_or(u32::MAX - 1);
    let frame = lazy.limit(most.saturating_add(1)).collect().map_err(explained)?;
    if frame.height() > most as usize {
        return Err(SqlError::TooLarge { limit: place.limit });
    }
    let batch = bridge::batch(&frame).map_err(crate::columns::ColumnsError::from)?;
    drop(frame);
    if batch.get_array_memory_size() > place.limit {
        return Err(SqlError::TooLarge { limit: place.limit });
    }
    let columns = typed(&batch, &lineage::of_query(&query.ast, &types))?;
    let page = BatchPage::with_columns(batch, Arc::clone(&columns))?;
    Ok(Answer { columns, pages: vec![Arc::new(page)], notes })
}

fn register(
    context: &mut SQLContext,
    name: &str,
    source: Source,
    types: &mut BTreeMap<String, lineage::Columns>,
    known: &mut BTreeSet<String>,
    notes: &mut Vec<String>,
) {
    known.extend(source.columns.iter().map(|column| column.name.clone()));
    notes.extend(
        source.long.iter().map(|column| {
            format!("`{column}` holds numbers of more than 38 digits, so SQL sees them as text.")
        }),
    );
    let columns = source.columns.into_iter().map(|column| (column.name, Some(column.cql_type)));
    types.insert(name.to_owned(), columns.collect());
    context.register(name, source.frame.lazy());
}

/// The kept result of that name; as typed first, then whatever the case.
fn find<'a>(typed: &str, tables: &'a [Table]) -> Result<&'a Table, SqlError> {
    let exact = tables.iter().find(|table| table.name == typed);
    exact.or_else(|| tables.iter().find(|table| table.name.eq_ignore_ascii_case(typed))).ok_or_else(|| {
        let names = || tables.iter().map(|table| table.name.as_str());
        let bare = typed.rsplit('.').next().unwrap_or(typed);
        SqlError::NoTable {
            name: typed.to_owned(),
            near: nearest(bare, names()).map(str::to_owned),
            tables: names().map(str::to_owned).collect(),
        }
    })
}

/// The columns of a kept result that the query needs; one at least, so that rows can be counted.
fn kept(table: &Table, query: &Query) -> Result<Source, SqlError> {
    let mut wanted: Vec<usize> =
        (0..table.columns.len()).filter(|&place| query.needs(&table.columns[place].name)).collect();
    if wanted.is_empty() && !table.columns.is_empty() {
        wanted.push(0);
    }
    let columns: Vec<Column> = wanted.iter().map(|&place| table.columns[place].clone()).collect();
    let pages: Vec<Arc<dyn Page>> = if wanted.len() == table.columns.len() {
        table.pages.clone()
    } else {
        let part = |page: &Arc<dyn Page>| -> Arc<dyn Page> {
            Arc::new(Part { columns: columns.clone().into(), places: wanted.clone(), page: Arc::clone(page) })
        };
        table.pages.iter().map(part).collect()
    };
    of_pages(columns, table.columns.to_vec(), &pages)
}

/// Pages as a table.
pub(super) fn of_pages(
    columns: Vec<Column>,
    all: Vec<Column>,
    pages: &[Arc<dyn Page>],
) -> Result<Source, SqlError> {
    let (batch, lost) = record_batch(&columns, pages, Flavour::Sql)?;
    let schema = batch.schema();
    let long = columns.iter().zip(schema.fields()).filter(|(column, field)| {
        matches!(column.cql_type, CqlType::Varint | CqlType::Decimal) && *field.data_type() == DataType::Utf8
    });
    let long = long.map(|(column, _)| column.name.clone()).collect();
    let frame = bridge::frame(&unique(batch)?).map_err(|error| trouble::explain(&error, &BTreeSet::new()))?;
    Ok(Source { columns: all, frame, lost, long })
}

/// The batch with a number behind names that come more than once, which polars does not take.
fn unique(batch: RecordBatch) -> Result<RecordBatch, SqlError> {
    let mut seen = BTreeSet::new();
    let schema = batch.schema();
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| {
            let mut name = field.name().clone();
            let mut number = 2;
            while !seen.insert(name.clone()) {
                name = format!("{}_{number}", field.name());
                number += 1;
            }
            field.as_ref().clone().with_name(name)
        })
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let batch = RecordBatch::try_new_with_options(
        Arc::new(arrow_schema::Schema::new(fields)),
        batch.columns().to_vec(),
        &options,
    );
    Ok(batch.map_err(crate::columns::ColumnsError::from)?)
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

/// Some columns of a page.
#[derive(Debug)]
struct Part {
    columns: Arc<[Column]>,
    places: Vec<usize>,
    page: Arc<dyn Page>,
}

impl Page for Part {
    fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    fn rows(&self) -> usize {
        self.page.rows()
    }

    fn size_bytes(&self) -> usize {
        self.page.size_bytes()
    }

    fn visit(
        &self,
        start: usize,
        visit: &mut dyn FnMut(&[Option<&[u8]>]) -> std::ops::ControlFlow<()>,
    ) -> Result<(), cqlbook_core::page::MalformedPage> {
        self.page.visit(start, &mut |cells| {
            // Few columns: a list on the stack would be faster, and no plainer.
            let chosen: Vec<Option<&[u8]>> =
                self.places.iter().map(|&place| cells.get(place).copied().flatten()).collect();
            visit(&chosen)
        })
    }
}
