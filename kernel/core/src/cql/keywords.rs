//! The words of CQL: reserved ones, statements and types.
//!
//! Source: `ReservedKeywords`, `Lexer.g` and `Parser.g` of Apache Cassandra 5.

use crate::column::quote_identifier;

/// Words that are no names unless quoted, in upper case and in order.
pub const RESERVED: &[&str] = &[
    "ADD",
    "ALLOW",
    "ALTER",
    "AND",
    "APPLY",
    "ASC",
    "AUTHORIZE",
    "BATCH",
    "BEGIN",
    "BY",
    "COLUMNFAMILY",
    "CREATE",
    "DELETE",
    "DESC",
    "DESCRIBE",
    "DROP",
    "ENTRIES",
    "EXECUTE",
    "FROM",
    "FULL",
    "GRANT",
    "IF",
    "IN",
    "INDEX",
    "INFINITY",
    "INSERT",
    "INTO",
    "IS",
    "KEYSPACE",
    "LIMIT",
    "MATERIALIZED",
    "MBEAN",
    "MBEANS",
    "MODIFY",
    "NAN",
    "NORECURSIVE",
    "NOT",
    "NULL",
    "OF",
    "ON",
    "OR",
    "ORDER",
    "PRIMARY",
    "RENAME",
    "REPLACE",
    "REVOKE",
    "SCHEMA",
    "SELECT",
    "SET",
    "TABLE",
    "TO",
    "TOKEN",
    "TRUNCATE",
    "UNLOGGED",
    "UPDATE",
    "USE",
    "USING",
    "VIEW",
    "WHERE",
    "WITH",
];

/// The words a statement starts with.
pub const STATEMENTS: &[&str] = &[
    "SELECT",
    "INSERT INTO",
    "UPDATE",
    "DELETE",
    "BEGIN BATCH",
    "USE",
    "CREATE",
    "ALTER",
    "DROP",
    "TRUNCATE",
    "GRANT",
    "REVOKE",
    "LIST",
];

/// The types that have a name of one word.
pub const TYPES: &[&str] = &[
    "ascii",
    "bigint",
    "blob",
    "boolean",
    "counter",
    "date",
    "decimal",
    "double",
    "duration",
    "float",
    "frozen",
    "inet",
    "int",
    "list",
    "map",
    "set",
    "smallint",
    "text",
    "time",
    "timestamp",
    "timeuuid",
    "tinyint",
    "tuple",
    "uuid",
    "varchar",
    "varint",
    "vector",
];

/// Those that say what they are made of behind them, in `<>`.
pub const PARAMETRIC: &[&str] = &["frozen", "list", "map", "set", "tuple", "vector"];

/// Whether the word is reserved, in any case.
pub fn is_reserved(word: &str) -> bool {
    RESERVED.binary_search(&word.to_ascii_uppercase().as_str()).is_ok()
}

/// The name as CQL must write it: quoted where it is not in lower case, has odd characters, or is reserved.
pub fn quote_name(name: &str) -> String {
    if is_reserved(name) && name == name.to_ascii_lowercase() {
        format!("\"{name}\"")
    } else {
        quote_identifier(name)
    }
}

/// Words that are names of columns, but of no user-defined type: Cassandra reads something else where a type is expected.
const NO_TYPES: &[&str] = &["cast", "count", "distinct", "json", "maxwritetime", "ttl", "writetime"];

/// The name of a user-defined type as CQL must write it: also quoted where a type of the language's own has that name.
pub fn quote_type_name(name: &str) -> String {
    if TYPES.contains(&name) || NO_TYPES.contains(&name) { format!("\"{name}\"") } else { quote_name(name) }
}

/// The name as the schema has it: a quoted one without its quotes, a bare one in lower case.
pub fn unquote_name(written: &str) -> String {
    match written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => written.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_words_are_in_order_so_that_they_are_found() {
        assert!(RESERVED.is_sorted());
    }

    #[test]
    fn names_are_quoted_where_they_must_be() {
        let names =
            ["day", "Day", "two words", "select", "SELECT", "timestamp", "a\"b", "1st", ""].map(quote_name);
        let quoted = [
            "day",
            "\"Day\"",
            "\"two words\"",
            "\"select\"",
            "\"SELECT\"",
            "timestamp",
            "\"a\"\"b\"",
            "\"1st\"",
            "\"\"",
        ];
        assert_eq!(names, quoted);
    }

    #[test]
    fn a_type_called_like_one_of_the_language_s_own_is_quoted() {
        let names =
            ["date", "text", "vector", "ttl", "json", "order", "address", "Date"].map(quote_type_name);
        let quoted =
            ["\"date\"", "\"text\"", "\"vector\"", "\"ttl\"", "\"json\"", "\"order\"", "address", "\"Date\""];
        assert_eq!(names, quoted);
    }
}
