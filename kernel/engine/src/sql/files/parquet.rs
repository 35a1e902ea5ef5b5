//! Parquet by DataFusion's own reader: in parts, side by side, and only the columns and row groups that a query needs. A folder and a
//! pattern are one table, and `year=2024` in a path is a column.

use std::path::Path;
use std::sync::Arc;

use cqlbook_analysis::columns::BatchPage;
use cqlbook_analysis::unpack;
use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::file_format;
use cqlbook_core::page::Page as _;
use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::{Column as Name, Result, ScalarValue, TableReference, plan_err};
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, cast,
};
use datafusion::prelude::SessionContext;

use super::super::SqlError;
use super::super::arithmetic::unsigned;
use super::super::trouble;

/// How deep a folder is looked through for a Parquet file.
const DEPTH: usize = 8;

/// Whether the path is one of Parquet: a file, a folder with some in it, or a pattern.
pub(in crate::sql) fn is_it(path: &Path) -> bool {
    if path.is_dir() {
        return holds(path, DEPTH);
    }
    let is_parquet = file_format::of_loaded(&unpack::ending(path)).is_some_and(|format| format.name == "parquet");
    is_parquet && !unpack::is_packed(path) && (path.is_file() || is_pattern(path))
}

fn is_pattern(path: &Path) -> bool {
    !path.exists() && path.to_string_lossy().contains(['*', '?', '['])
}

fn holds(folder: &Path, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    std::fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() { holds(&path, depth) } else { path.extension().is_some_and(|ending| ending == "parquet") }
    })
}

/// Registers what is at the path under the name that was typed, and gives its columns.
///
/// # Errors
/// [`SqlError::File`].
pub(in crate::sql) async fn register(context: &SessionContext, path: &Path, typed: &str) -> Result<Vec<Column>, SqlError> {
    let failed = |reason: String| SqlError::File { path: typed.to_owned(), reason: reason.trim_end_matches('.').to_owned() };
    if is_pattern(path) || path.is_dir() {
        // Whatever is wrong with them is said by the one that reads.
    } else {
        cqlbook_analysis::read::parquet(path).map(drop).map_err(|error| failed(error.to_string()))?;
    }
    let wrong = |error: datafusion::error::DataFusionError| match trouble::explain(error, &Default::default()) {
        SqlError::Beyond { words, message, .. } if !words.is_empty() => failed(format!("{} ({words})", message.trim_end_matches('.'))),
        SqlError::Beyond { message, .. } => failed(message),
        other => other,
    };
    let mut place = path.to_string_lossy().into_owned();
    if path.is_dir() && !place.ends_with('/') {
        place.push('/');
    }
    let columns = async {
        let url = ListingTableUrl::parse(&place)?;
        let state = context.state();
        let format = ParquetFormat::default().with_skip_metadata(false);
        let mut options = ListingOptions::new(Arc::new(format)).with_file_extension(if path.is_file() { "" } else { ".parquet" });
        if !path.is_file() {
            let parts = options.infer_partitions(&state, &url).await?;
            options = options.with_table_partition_cols(parts.into_iter().map(|name| (name, DataType::Utf8)).collect());
        }
        let schema = options.infer_schema(&state, &url).await?;
        if schema.fields().is_empty() {
            return plan_err!("there is no Parquet file, or it has no columns");
        }
        let config = ListingTableConfig::new(url).with_listing_options(options).with_schema(schema);
        let table = Arc::new(ListingTable::try_new(config)?);
        let schema = datafusion::catalog::TableProvider::schema(table.as_ref());
        let columns = types(&schema)?;
        let plan = LogicalPlanBuilder::scan(TableReference::bare("file"), provider_as_source(table), None)?;
        let own = schema.fields().iter().zip(&columns).map(|(field, column)| {
            let name = Expr::Column(Name::new(Some(TableReference::bare("file")), field.name()));
            converted(name, field.data_type(), &column.cql_type).alias(field.name())
        });
        let plan = plan.project(own.collect::<Vec<_>>())?.build()?;
        context.register_table(TableReference::bare(typed), Arc::new(ViewTable::new(plan, None)))?;
        Ok(columns)
    };
    columns.await.map_err(wrong)
}

fn types(schema: &Schema) -> Result<Vec<Column>> {
    let empty = RecordBatch::new_empty(Arc::new(schema.clone()));
    match BatchPage::new(empty) {
        Ok(page) => Ok(page.columns().to_vec()),
        Err(error) => plan_err!("{error}"),
    }
}

/// A column in the form that its values have in a query.
fn converted(column: Expr, data_type: &DataType, ty: &CqlType) -> Expr {
    match data_type {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => {
            cast(column, DataType::Int64)
        }
        DataType::UInt64 => cast(column, DataType::Decimal128(20, 0)),
        DataType::Float16 => unsigned(cast(column, DataType::Float32)),
        DataType::Float32 | DataType::Float64 => unsigned(column),
        DataType::Dictionary(_, value) => cast(column, value.as_ref().clone()),
        DataType::FixedSizeBinary(16) if matches!(ty, CqlType::Uuid | CqlType::Timeuuid) => {
            Arc::new(ScalarUDF::new_from_impl(UuidText(Signature::any(1, Volatility::Immutable)))).call(vec![column])
        }
        _ => column,
    }
}

/// The text of a uuid of 16 bytes.
#[derive(Debug, PartialEq, Eq, Hash)]
struct UuidText(Signature);

impl ScalarUDFImpl for UuidText {
    fn name(&self) -> &str {
        "uuid_text"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let array = ColumnarValue::values_to_arrays(&arguments.args)?;
        let Some(bytes) = array[0].as_fixed_size_binary_opt() else { return plan_err!("a uuid has 16 bytes") };
        let text = |value: &[u8]| {
            let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
            match [hex.get(..8), hex.get(8..12), hex.get(12..16), hex.get(16..20), hex.get(20..)] {
                [Some(a), Some(b), Some(c), Some(d), Some(e)] => format!("{a}-{b}-{c}-{d}-{e}"),
                _ => hex,
            }
        };
        let texts: StringArray = (0..bytes.len())
            .map(|row| bytes.is_valid(row).then(|| text(bytes.value(row))))
            .collect();
        let texts: ArrayRef = Arc::new(texts);
        match arguments.args[0] {
            ColumnarValue::Scalar(_) => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&texts, 0)?)),
            ColumnarValue::Array(_) => Ok(ColumnarValue::Array(texts)),
        }
    }
}
