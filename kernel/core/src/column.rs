//! What a result's columns are: their names, CQL types and roles in the table's key.

mod difference;
mod same;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::difference::difference;
pub use self::same::same_type;
use crate::cql::keywords::quote_type_name;

/// A CQL type as the native protocol describes it (protocol v4, section 4.2.5.2), vectors included.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CqlType {
    /// US-ASCII text.
    Ascii,
    /// 64-bit signed integer.
    Bigint,
    /// Bytes.
    Blob,
    /// True or false.
    Boolean,
    /// 64-bit counter.
    Counter,
    /// Days, 2^31 is 1970-01-01.
    Date,
    /// Arbitrary precision: 32-bit scale, then a varint.
    Decimal,
    /// IEEE 754 binary64.
    Double,
    /// Months, days and nanoseconds, each a zigzag vint.
    Duration,
    /// IEEE 754 binary32.
    Float,
    /// IPv4 or IPv6 address.
    Inet,
    /// 32-bit signed integer.
    Int,
    /// 16-bit signed integer.
    Smallint,
    /// UTF-8 text (also `varchar`).
    Text,
    /// Nanoseconds since midnight.
    Time,
    /// Milliseconds since the Unix epoch.
    Timestamp,
    /// Version 1 UUID.
    Timeuuid,
    /// 8-bit signed integer.
    Tinyint,
    /// Any UUID.
    Uuid,
    /// Arbitrary precision integer.
    Varint,
    /// `list<T>`.
    List(Box<CqlType>),
    /// `set<T>`.
    Set(Box<CqlType>),
    /// `map<K, V>`.
    Map(Box<CqlType>, Box<CqlType>),
    /// `tuple<…>`.
    Tuple(Vec<CqlType>),
    /// `vector<T, dimensions>`.
    Vector(Box<CqlType>, usize),
    /// A user-defined type.
    Udt(Box<UdtType>),
    /// `frozen<T>`, where the source of the type says so (results do not).
    Frozen(Box<CqlType>),
    /// A server-side class this build does not know, by its full name.
    Custom(String),
}

impl CqlType {
    /// Whether it is one of the language's own types that is made of no other: no collection, tuple, vector or user-defined type,
    /// no `frozen`, and no class of the server's.
    pub const fn is_native(&self) -> bool {
        !matches!(
            self,
            Self::List(_)
                | Self::Set(_)
                | Self::Map(..)
                | Self::Tuple(_)
                | Self::Vector(..)
                | Self::Udt(_)
                | Self::Frozen(_)
                | Self::Custom(_)
        )
    }
}

/// A user-defined type: its keyspace, name and fields in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UdtType {
    /// The keyspace it belongs to.
    pub keyspace: String,
    /// Its name, unquoted.
    pub name: String,
    /// Field names (unquoted) with their types.
    pub fields: Vec<(String, CqlType)>,
}

impl fmt::Display for CqlType {
    /// Writes the type as CQL writes it, e.g. `map<text, frozen<list<int>>>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Ascii => "ascii",
            Self::Bigint => "bigint",
            Self::Blob => "blob",
            Self::Boolean => "boolean",
            Self::Counter => "counter",
            Self::Date => "date",
            Self::Decimal => "decimal",
            Self::Double => "double",
            Self::Duration => "duration",
            Self::Float => "float",
            Self::Inet => "inet",
            Self::Int => "int",
            Self::Smallint => "smallint",
            Self::Text => "text",
            Self::Time => "time",
            Self::Timestamp => "timestamp",
            Self::Timeuuid => "timeuuid",
            Self::Tinyint => "tinyint",
            Self::Uuid => "uuid",
            Self::Varint => "varint",
            Self::List(item) => return write!(f, "list<{item}>"),
            Self::Set(item) => return write!(f, "set<{item}>"),
            Self::Map(key, value) => return write!(f, "map<{key}, {value}>"),
            Self::Vector(item, dimensions) => return write!(f, "vector<{item}, {dimensions}>"),
            Self::Frozen(inner) => return write!(f, "frozen<{inner}>"),
            Self::Custom(class) => return write!(f, "'{}'", class.replace('\'', "''")),
            Self::Udt(udt) => return f.write_str(&quote_type_name(&udt.name)),
            Self::Tuple(items) => {
                f.write_str("tuple<")?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    item.fmt(f)?;
                }
                return f.write_str(">");
            }
        };
        f.write_str(name)
    }
}

/// The identifier as CQL must write it: bare when it is lower case, quoted (quotes doubled) otherwise.
pub fn quote_identifier(name: &str) -> String {
    let mut bytes = name.bytes();
    let bare = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if bare { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// The part a column plays in its table's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyRole {
    /// Part of the partition key.
    Partition,
    /// A clustering column.
    Clustering,
    /// Shared by all rows of a partition.
    Static,
}

/// One column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The name as the server reports it (an alias, a function call or a column's name).
    pub name: String,
    /// Its type.
    pub cql_type: CqlType,
    /// Its role in the table's key, where it is a column of one table and the schema is known.
    pub role: Option<KeyRole>,
}
