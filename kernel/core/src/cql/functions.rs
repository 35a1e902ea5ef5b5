//! The functions that every server has: how they are called, what they answer, where they belong.
//!
//! Source: the CQL reference of Apache Cassandra 5.

use super::keywords;

/// A function that every server has.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its arguments as they are written; empty for none.
    pub arguments: &'static str,
    /// The type it answers; `any` where it depends on its arguments.
    pub returns: &'static str,
    /// Where it belongs.
    pub place: Place,
    /// What it does, in one or two sentences.
    pub text: &'static str,
}

/// Where a function belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Over the rows of an answer: only behind `SELECT`.
    Aggregate,
    /// Of a selected value: only behind `SELECT`.
    Selected,
    /// Wherever a value may stand.
    Value,
    /// Hides values of a column: in `MASKED WITH`, and behind `SELECT`.
    Mask,
}

const fn function(
    name: &'static str,
    arguments: &'static str,
    returns: &'static str,
    place: Place,
    text: &'static str,
) -> Function {
    Function { name, arguments, returns, place, text }
}

use Place::{Aggregate, Mask, Selected, Value};

/// The functions, the more common ones first.
pub static FUNCTIONS: &[Function] = &[
    function("count", "*", "bigint", Aggregate, "Counts rows, or the values of a column that are not null."),
    function("min", "column", "any", Aggregate, "The least value."),
    function("max", "column", "any", Aggregate, "The greatest value."),
    function("sum", "column", "any", Aggregate, "The sum, in the column's type: it can overflow."),
    function(
        "avg",
        "column",
        "any",
        Aggregate,
        "The mean, in the column's type: of integers it is an integer.",
    ),
    function(
        "writetime",
        "column",
        "bigint",
        Selected,
        "When a value was written, in microseconds since 1970. Not for key columns.",
    ),
    function(
        "maxwritetime",
        "column",
        "bigint",
        Selected,
        "When the newest part of a collection was written, in microseconds since 1970.",
    ),
    function(
        "ttl",
        "column",
        "int",
        Selected,
        "The seconds after which a value expires; null for one that does not.",
    ),
    function(
        "token",
        "partition key",
        "bigint",
        Value,
        "The token of a partition key: where its partition lies. It pages through a whole table: `WHERE token(k) > token(1)`.",
    ),
    function("cast", "value AS type", "any", Value, "The value as another type."),
    function("now", "", "timeuuid", Value, "A new version 1 UUID of this moment."),
    function("uuid", "", "uuid", Value, "A random UUID."),
    function("current_timestamp", "", "timestamp", Value, "This moment."),
    function("current_date", "", "date", Value, "Today, in UTC."),
    function("current_time", "", "time", Value, "The time of day, in UTC."),
    function("current_timeuuid", "", "timeuuid", Value, "A new version 1 UUID of this moment."),
    function("to_date", "timestamp or timeuuid", "date", Value, "The day of a moment."),
    function(
        "to_timestamp",
        "date or timeuuid",
        "timestamp",
        Value,
        "The moment of a timeuuid, or the start of a day.",
    ),
    function("to_unix_timestamp", "timestamp, date or timeuuid", "bigint", Value, "Milliseconds since 1970."),
    function(
        "min_timeuuid",
        "timestamp",
        "timeuuid",
        Value,
        "The least timeuuid of a moment, to compare with.",
    ),
    function(
        "max_timeuuid",
        "timestamp",
        "timeuuid",
        Value,
        "The greatest timeuuid of a moment, to compare with.",
    ),
    function(
        "similarity_cosine",
        "vector, vector",
        "float",
        Selected,
        "How near two vectors are by their angle, from 0 to 1.",
    ),
    function(
        "similarity_dot_product",
        "vector, vector",
        "float",
        Selected,
        "How near two vectors of length 1 are, from 0 to 1.",
    ),
    function(
        "similarity_euclidean",
        "vector, vector",
        "float",
        Selected,
        "How near two vectors are by their distance, from 0 to 1.",
    ),
    function("to_json", "value", "text", Selected, "The value as JSON."),
    function("from_json", "text", "any", Value, "The value that a JSON text says."),
    function("map_keys", "map", "set", Selected, "The keys of a map."),
    function("map_values", "map", "list", Selected, "The values of a map."),
    function("collection_count", "collection", "int", Selected, "How many elements a collection has."),
    function("collection_min", "collection", "any", Selected, "The least element of a list or set."),
    function("collection_max", "collection", "any", Selected, "The greatest element of a list or set."),
    function("collection_sum", "collection", "any", Selected, "The sum of the elements of a list or set."),
    function("collection_avg", "collection", "any", Selected, "The mean of the elements of a list or set."),
    function("abs", "number", "number", Value, "The number without its sign."),
    function("exp", "number", "number", Value, "e to the power of the number."),
    function("log", "number", "number", Value, "The natural logarithm."),
    function("log10", "number", "number", Value, "The logarithm to base 10."),
    function("round", "number", "number", Value, "The nearest whole number."),
    function(
        "floor",
        "time, duration",
        "any",
        Selected,
        "The start of the stretch of that length that the time lies in; for `GROUP BY`.",
    ),
    function("text_as_blob", "text", "blob", Value, "The bytes of a value. Each type has such a function."),
    function(
        "bigint_as_blob",
        "bigint",
        "blob",
        Value,
        "The bytes of a number. Each type has such a function.",
    ),
    function(
        "blob_as_text",
        "blob",
        "text",
        Value,
        "The text that bytes say. Each type has such a function.",
    ),
    function(
        "blob_as_bigint",
        "blob",
        "bigint",
        Value,
        "The number that bytes say. Each type has such a function.",
    ),
    function("mask_null", "column", "any", Mask, "Null instead of the value."),
    function(
        "mask_default",
        "column",
        "any",
        Mask,
        "A fixed value of the column's type: `****`, 0, 1970-01-01.",
    ),
    function("mask_replace", "column, value", "any", Mask, "The given value instead."),
    function(
        "mask_inner",
        "column, left, right",
        "text",
        Mask,
        "The text with all but its ends hidden: `mask_inner(1, 2)` keeps 1 and 2 characters.",
    ),
    function(
        "mask_outer",
        "column, left, right",
        "text",
        Mask,
        "The text with its ends hidden: `mask_outer(1, 2)` hides 1 and 2 characters.",
    ),
    function(
        "mask_hash",
        "column [, algorithm]",
        "blob",
        Mask,
        "A hash of the value, SHA-256 if no other is named.",
    ),
];

/// The function of that name, in any case; the names without underscores that older servers have count too.
pub fn find(name: &str) -> Option<&'static Function> {
    let plain = |name: &str| name.replace('_', "").to_ascii_lowercase();
    FUNCTIONS.iter().find(|function| plain(function.name) == plain(name))
}

impl Function {
    /// How it is called, e.g. `to_date(timestamp or timeuuid)`.
    pub fn call(&self) -> String {
        format!("{}({})", self.name, self.arguments)
    }

    /// What is typed to call it: closed where it takes nothing.
    pub fn opening(&self) -> String {
        if self.arguments.is_empty() { format!("{}()", self.name) } else { format!("{}(", self.name) }
    }

    /// Whether its answer may be a value of this CQL type.
    pub fn fits(&self, cql_type: &str) -> bool {
        const NUMBERS: &[&str] =
            &["tinyint", "smallint", "int", "bigint", "varint", "decimal", "float", "double", "counter"];
        match self.returns {
            "any" => true,
            "number" => NUMBERS.contains(&cql_type),
            "text" => matches!(cql_type, "text" | "varchar" | "ascii"),
            "timeuuid" => matches!(cql_type, "timeuuid" | "uuid"),
            returns => returns == cql_type,
        }
    }
}

/// Scalar functions that give the same for the same arguments, in lower case and by all their names; those from and to blobs
/// beside.
const PURE: [&str; 18] = [
    "cast",
    "dateof",
    "from_json",
    "fromjson",
    "max_timeuuid",
    "maxtimeuuid",
    "min_timeuuid",
    "mintimeuuid",
    "to_date",
    "to_json",
    "to_timestamp",
    "to_unix_timestamp",
    "todate",
    "tojson",
    "token",
    "totimestamp",
    "tounixtimestamp",
    "unixtimestampof",
];

/// What a `SELECT` may ask of a cell beside its value.
const OF_A_CELL: [&str; 4] = ["maxwritetime", "minwritetime", "ttl", "writetime"];

/// Whether a function gives the same for the same arguments, so that a write with it may be sent twice. A function of the
/// user's may be called nearly like one of the server's, and gives whatever it likes.
pub(crate) fn is_pure(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let of_blob = ["blobas", "blob_as_"].iter().filter_map(|prefix| name.strip_prefix(prefix));
    let as_blob = ["asblob", "_as_blob"].iter().filter_map(|suffix| name.strip_suffix(suffix));
    PURE.contains(&name.as_str()) || of_blob.chain(as_blob).any(is_of_blobs)
}

/// Whether functions from and to blobs are named by the type: those of one word but the blob itself.
fn is_of_blobs(cql_type: &str) -> bool {
    keywords::TYPES.contains(&cql_type) && !keywords::PARAMETRIC.contains(&cql_type) && cql_type != "blob"
}

/// Whether a function makes one value of one row. Any other may be an aggregate, of which each range of the ring would have
/// its own.
pub(crate) fn is_of_one_row(name: &str) -> bool {
    is_pure(name) || OF_A_CELL.contains(&name.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregates_are_neither_pure_nor_of_one_row() {
        for aggregate in FUNCTIONS.iter().filter(|one| one.place == Aggregate) {
            assert!(!is_pure(aggregate.name) && !is_of_one_row(aggregate.name), "{}", aggregate.name);
        }
        for name in
            ["now", "uuid", "current_timestamp", "mine", "blob_as_mine", "mine_as_blob", "blobAs", "asBlob"]
        {
            assert!(!is_pure(name) && !is_of_one_row(name), "{name}");
        }
        assert!(is_of_one_row("WriteTime") && !is_pure("WriteTime"));
        assert!(
            is_pure("blobAsInt") && is_pure("text_as_blob") && is_pure("toJson") && is_pure("varintAsBlob")
        );
    }

    #[test]
    fn functions_are_found_in_any_spelling_and_fit_by_type() {
        assert_eq!(find("toDate").map(Function::call).as_deref(), Some("to_date(timestamp or timeuuid)"));
        assert_eq!(find("NOW").map(Function::opening).as_deref(), Some("now()"));
        assert_eq!(find("nothing"), None);
        let fitting = |cql_type: &str| {
            let fitting = FUNCTIONS
                .iter()
                .filter(|one| one.place == Value && one.fits(cql_type) && one.returns != "any");
            fitting.map(|one| one.name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(fitting("timeuuid"), "now current_timeuuid min_timeuuid max_timeuuid");
        assert_eq!(fitting("date"), "current_date to_date");
        assert_eq!(fitting("boolean"), "");
    }
}
