//! A query with all that it reads, before it is computed: what is kept here is made columns, and files are named.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field};
use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::nearest::nearest;
use cqlbook_core::page::Page;

use super::{Place, Query, SqlError, Table};
use crate::columns::{Flavour, Lost, record_batch};

/// A query and the rows that it is about. It can be computed anywhere: nothing in it points back to the notebook.
#[derive(Debug)]
pub struct Job {
    /// The query as it was typed, and the parameters that are put into it.
    pub text: String,
    /// The values of `:name`, as CQL literals.
    pub params: BTreeMap<String, String>,
    /// What the query names.
    pub query: Query,
    /// The kept results, by the names that the query has for them.
    pub inputs: Vec<(String, Input)>,
    /// The files, by the paths that were typed.
    pub paths: BTreeMap<String, OsString>,
    /// The most bytes that the answer may take.
    pub limit: usize,
}

/// A table as the query sees it.
#[derive(Debug)]
pub struct Input {
    /// Its columns with their types.
    pub columns: Vec<Column>,
    /// The columns that the query needs.
    pub batch: RecordBatch,
    /// What its columns could not hold.
    pub lost: Lost,
    /// Columns of numbers that are text to SQL, because they are longer than its numbers.
    pub long: Vec<String>,
}

impl Job {
    /// Reads the query, and makes columns of the kept results that it names.
    ///
    /// # Errors
    /// [`SqlError`] for what is no query, and where a table is not there or cannot be made columns.
    pub fn new(text: &str, place: &Place<'_>) -> Result<Self, SqlError> {
        let query = Query::parse(text, &place.params)?;
        let input = |typed: &String| Ok((typed.clone(), kept(find(typed, &place.tables)?, &query)?));
        let maybe = query.maybe.iter().filter(|typed| find(typed, &place.tables).is_ok());
        let inputs = query.tables.iter().chain(maybe).map(input).collect::<Result<_, SqlError>>()?;
        let path = |typed: &String| (typed.clone(), (place.resolve)(typed).into_os_string());
        let paths = query.files.keys().map(path).collect();
        Ok(Self {
            text: text.to_owned(),
            params: place.params.clone(),
            query,
            inputs,
            paths,
            limit: place.limit,
        })
    }

    /// The names of kept results that it reads, as typed.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.query.tables.iter().map(String::as_str)
    }
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
fn kept(table: &Table, query: &Query) -> Result<Input, SqlError> {
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
pub fn of_pages(columns: Vec<Column>, all: Vec<Column>, pages: &[Arc<dyn Page>]) -> Result<Input, SqlError> {
    let (batch, lost) = record_batch(&columns, pages, Flavour::Sql)?;
    let schema = batch.schema();
    let long = columns.iter().zip(schema.fields()).filter(|(column, field)| {
        matches!(column.cql_type, CqlType::Varint | CqlType::Decimal) && *field.data_type() == DataType::Utf8
    });
    let long = long.map(|(column, _)| column.name.clone()).collect();
    Ok(Input { columns: all, batch: unique(batch)?, lost, long })
}

/// The batch with a number behind names that come more than once, which the engine does not take.
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
