//! Which arrow field a CQL column has, and which CQL type a field's values have.
//!
//! Every field says its CQL type in its metadata, so that what was `ascii`, `timeuuid`, `counter` or a `set` is that again
//! when a file comes back. Where arrow has no type of its own there is an extension type beside it. See docs/export.md.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, IntervalUnit, TimeUnit};
use cqlbook_core::column::{CqlType, UdtType};

use super::thawed;

/// The metadata of a field that has its CQL type.
pub(crate) const TYPE: &str = "cql:type";
/// The metadata of a user-defined type's field that has its keyspace.
const KEYSPACE: &str = "cql:keyspace";
/// The metadata that arrow has for the name of an extension type.
const EXTENSION: &str = "ARROW:extension:name";
/// What must stand beside it, even where there is nothing to say.
const EXTENSION_METADATA: &str = "ARROW:extension:metadata";
/// The fields of a duration.
const DURATION: [&str; 3] = ["months", "days", "nanoseconds"];

/// Whom columns are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Files: each type in its own form, with nothing left out.
    File,
    /// Local SQL: what a query names as text is text (uuid, inet), and vectors are lists.
    Sql,
}

/// The form of a top-level number whose scale arrow wants to know in advance, found by looking at the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    /// All values fit 64 bits.
    Long,
    /// All values fit 38 digits with this scale.
    Fixed(i8),
    /// They fit neither: exact text.
    Text,
}

/// The field of a column called `name`.
pub(crate) fn field(name: &str, ty: &CqlType, flavour: Flavour) -> Field {
    let ty = thawed(ty);
    let field = Field::new(name, data_type(ty, flavour), true);
    let mut metadata = HashMap::from([(TYPE.to_owned(), ty.to_string())]);
    if let CqlType::Udt(udt) = ty {
        metadata.insert(KEYSPACE.to_owned(), udt.keyspace.clone());
    }
    if let Some(extension) = extension(ty, flavour) {
        metadata.insert(EXTENSION.to_owned(), extension.to_owned());
        metadata.insert(EXTENSION_METADATA.to_owned(), String::new());
    }
    field.with_metadata(metadata)
}

/// The field of a number of a form that was found by looking.
pub(crate) fn number_field(name: &str, ty: &CqlType, number: Number) -> Field {
    let data_type = match number {
        Number::Long => DataType::Int64,
        Number::Fixed(scale) => DataType::Decimal128(38, scale),
        Number::Text => DataType::Utf8,
    };
    let metadata = HashMap::from([(TYPE.to_owned(), ty.to_string())]);
    Field::new(name, data_type, true).with_metadata(metadata)
}

/// The extension type beside arrow's own, where that does not say what a value is.
fn extension(ty: &CqlType, flavour: Flavour) -> Option<&'static str> {
    match (ty, flavour) {
        (CqlType::Uuid | CqlType::Timeuuid, Flavour::File) => Some("arrow.uuid"),
        (CqlType::Inet, _) => Some("cqlbook.inet"),
        (CqlType::Varint, _) => Some("cqlbook.varint"),
        (CqlType::Decimal, _) => Some("cqlbook.decimal"),
        (CqlType::Duration, _) => Some("cqlbook.duration"),
        _ => None,
    }
}

fn data_type(ty: &CqlType, flavour: Flavour) -> DataType {
    match ty {
        CqlType::Boolean => DataType::Boolean,
        CqlType::Tinyint => DataType::Int8,
        CqlType::Smallint => DataType::Int16,
        CqlType::Int => DataType::Int32,
        CqlType::Bigint | CqlType::Counter => DataType::Int64,
        CqlType::Float => DataType::Float32,
        CqlType::Double => DataType::Float64,
        CqlType::Date => DataType::Date32,
        CqlType::Time => DataType::Time64(TimeUnit::Nanosecond),
        CqlType::Timestamp => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        CqlType::Uuid | CqlType::Timeuuid if flavour == Flavour::File => DataType::FixedSizeBinary(16),
        CqlType::Text
        | CqlType::Ascii
        | CqlType::Uuid
        | CqlType::Timeuuid
        | CqlType::Inet
        | CqlType::Varint
        | CqlType::Decimal => DataType::Utf8,
        CqlType::Blob | CqlType::Custom(_) => DataType::Binary,
        CqlType::Duration => DataType::Struct(duration_fields()),
        CqlType::List(item) | CqlType::Set(item) => DataType::List(item_field(item, flavour)),
        CqlType::Vector(item, dimensions) => match i32::try_from(*dimensions) {
            Ok(dimensions) if flavour == Flavour::File => {
                DataType::FixedSizeList(item_field(item, flavour), dimensions)
            }
            _ => DataType::List(item_field(item, flavour)),
        },
        CqlType::Map(key, value) => {
            let entries = DataType::Struct(entry_fields(key, value, flavour));
            DataType::Map(Arc::new(Field::new("entries", entries, false)), false)
        }
        CqlType::Tuple(types) => DataType::Struct(tuple_fields(types, flavour)),
        CqlType::Udt(udt) => DataType::Struct(udt_fields(udt, flavour)),
        CqlType::Frozen(inner) => data_type(inner, flavour),
    }
}

/// The field of a collection's elements.
pub(crate) fn item_field(item: &CqlType, flavour: Flavour) -> FieldRef {
    Arc::new(field("item", item, flavour))
}

/// The two fields of a map's entries; keys are never null.
pub(crate) fn entry_fields(key: &CqlType, value: &CqlType, flavour: Flavour) -> Fields {
    let key = field("key", key, flavour).with_nullable(false);
    Fields::from(vec![key, field("value", value, flavour)])
}

/// The fields of a tuple, which has no names for them.
pub(crate) fn tuple_fields(types: &[CqlType], flavour: Flavour) -> Fields {
    types.iter().enumerate().map(|(place, ty)| field(&format!("item_{place}"), ty, flavour)).collect()
}

/// The fields of a user-defined type.
pub(crate) fn udt_fields(udt: &UdtType, flavour: Flavour) -> Fields {
    udt.fields.iter().map(|(name, ty)| field(name, ty, flavour)).collect()
}

/// The fields of a duration: its three parts, as Cassandra keeps them.
pub(crate) fn duration_fields() -> Fields {
    let [months, days, nanoseconds] = DURATION;
    Fields::from(vec![
        Field::new(months, DataType::Int32, true),
        Field::new(days, DataType::Int32, true),
        Field::new(nanoseconds, DataType::Int64, true),
    ])
}

/// The CQL type of a field's values: what its metadata says where that fits, otherwise the nearest that holds them all.
pub(crate) fn cql_type(field: &Field) -> CqlType {
    let told = field.metadata().get(TYPE).map_or("", String::as_str);
    match (field.data_type(), told) {
        (DataType::Dictionary(_, values), _) => cql_type(
            &Field::new(field.name(), values.as_ref().clone(), true).with_metadata(field.metadata().clone()),
        ),
        (DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _), _) => {
            list_type(field, item, told)
        }
        (DataType::Map(entries, _), _) => match entries.data_type() {
            DataType::Struct(fields) => map_type(fields),
            _ => None,
        }
        .unwrap_or(CqlType::Text),
        (DataType::Struct(fields), _) => struct_type(field, fields, told),
        (data_type, told) => leaf_type(data_type, told, field.metadata().get(EXTENSION).map(String::as_str)),
    }
}

fn list_type(field: &Field, item: &Field, told: &str) -> CqlType {
    if let (DataType::Struct(fields), true) = (item.data_type(), told.is_empty() || told.starts_with("map<"))
        && let Some(map) = map_type(fields)
    {
        return map;
    }
    let inner = Box::new(cql_type(item));
    match field.data_type() {
        DataType::FixedSizeList(_, size) if told.is_empty() || told.starts_with("vector<") => {
            CqlType::Vector(inner, usize::try_from(*size).unwrap_or_default())
        }
        _ if told.starts_with("set<") => CqlType::Set(inner),
        _ => CqlType::List(inner),
    }
}

/// The map of entries that are a key and a value.
fn map_type(fields: &Fields) -> Option<CqlType> {
    match fields.iter().map(|field| field.name().as_str()).collect::<Vec<_>>()[..] {
        ["key" | "keys", "value" | "values"] => {
            Some(CqlType::Map(Box::new(cql_type(&fields[0])), Box::new(cql_type(&fields[1]))))
        }
        _ => None,
    }
}

fn struct_type(field: &Field, fields: &Fields, told: &str) -> CqlType {
    if is_duration(fields) {
        return CqlType::Duration;
    }
    let unnamed = || fields.iter().enumerate().all(|(place, field)| *field.name() == format!("item_{place}"));
    if told.starts_with("tuple<") || (told.is_empty() && unnamed()) {
        return CqlType::Tuple(fields.iter().map(|field| cql_type(field)).collect());
    }
    let name = match told.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None if told.is_empty() => "struct".to_owned(),
        None => told.to_owned(),
    };
    CqlType::Udt(Box::new(UdtType {
        keyspace: field.metadata().get(KEYSPACE).cloned().unwrap_or_default(),
        name,
        fields: fields.iter().map(|field| (field.name().clone(), cql_type(field))).collect(),
    }))
}

/// Whether a struct is a duration's.
pub(crate) fn is_duration(fields: &Fields) -> bool {
    let types = [DataType::Int32, DataType::Int32, DataType::Int64];
    fields.len() == 3
        && fields
            .iter()
            .zip(DURATION.iter().zip(&types))
            .all(|(field, (name, ty))| field.name() == name && field.data_type() == ty)
}

fn leaf_type(data_type: &DataType, told: &str, extension: Option<&str>) -> CqlType {
    let text = matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    match (data_type, told) {
        (_, "ascii") if text => CqlType::Ascii,
        (_, "inet") if text => CqlType::Inet,
        (_, "uuid") if text => CqlType::Uuid,
        (_, "timeuuid") if text => CqlType::Timeuuid,
        (_, "varint") if text || matches!(data_type, DataType::Int64 | DataType::Decimal128(_, 0)) => {
            CqlType::Varint
        }
        (_, "decimal") if text || matches!(data_type, DataType::Int64 | DataType::Decimal128(..)) => {
            CqlType::Decimal
        }
        _ if text => CqlType::Text,
        (DataType::Int64, "counter") => CqlType::Counter,
        (DataType::FixedSizeBinary(16), "timeuuid") => CqlType::Timeuuid,
        (DataType::FixedSizeBinary(16), told) if told == "uuid" || extension == Some("arrow.uuid") => {
            CqlType::Uuid
        }
        (DataType::Boolean, _) => CqlType::Boolean,
        (DataType::Int8, _) => CqlType::Tinyint,
        (DataType::Int16 | DataType::UInt8, _) => CqlType::Smallint,
        (DataType::Int32 | DataType::UInt16, _) => CqlType::Int,
        (DataType::Int64 | DataType::UInt32, _) => CqlType::Bigint,
        (DataType::UInt64, _) => CqlType::Varint,
        (DataType::Float16 | DataType::Float32, _) => CqlType::Float,
        (DataType::Float64, _) => CqlType::Double,
        (DataType::Date32, _) => CqlType::Date,
        (DataType::Date64 | DataType::Timestamp(..), _) => CqlType::Timestamp,
        (DataType::Time32(_) | DataType::Time64(_), _) => CqlType::Time,
        (DataType::Duration(_) | DataType::Interval(IntervalUnit::MonthDayNano), _) => CqlType::Duration,
        (
            DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..),
            _,
        ) => CqlType::Decimal,
        (
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_),
            _,
        ) => CqlType::Blob,
        _ => CqlType::Text,
    }
}
