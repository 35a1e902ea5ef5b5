//! What is said of the words of CQL: how each is written, what it does, an example.
//!
//! Source: the CQL reference of Apache Cassandra 5.

use crate::markdown::Markdown;

/// A word of CQL: how it is written, what it does, an example.
struct Entry {
    words: &'static [&'static str],
    syntax: &'static str,
    text: &'static str,
    example: &'static str,
}

const fn entry(
    words: &'static [&'static str],
    syntax: &'static str,
    text: &'static str,
    example: &'static str,
) -> Entry {
    Entry { words, syntax, text, example }
}

static ENTRIES: &[Entry] = &[
    entry(
        &["SELECT"],
        "SELECT [JSON] [DISTINCT] columns FROM [ks.]table [WHERE …] [GROUP BY …] [ORDER BY …] [PER PARTITION LIMIT n] [LIMIT n] [ALLOW FILTERING]",
        "Reads rows. It is quick where `WHERE` names the whole partition key.",
        "SELECT carrier, dep_delay FROM flights_by_day WHERE day = '2013-01-01' LIMIT 10;",
    ),
    entry(
        &["INSERT", "INTO", "VALUES"],
        "INSERT INTO [ks.]table (columns) VALUES (values) [IF NOT EXISTS] [USING TTL seconds [AND TIMESTAMP µs]]",
        "Writes a row. A row with the same key is overwritten, unless `IF NOT EXISTS` is there.",
        "INSERT INTO airlines (carrier, name) VALUES ('UA', 'United');",
    ),
    entry(
        &["UPDATE"],
        "UPDATE [ks.]table [USING TTL seconds] SET column = value, … WHERE key = value … [IF …]",
        "Writes columns of a row, and makes the row where there is none.",
        "UPDATE airlines SET name = 'United' WHERE carrier = 'UA';",
    ),
    entry(
        &["DELETE"],
        "DELETE [columns] FROM [ks.]table WHERE key = value … [IF …]",
        "Deletes columns, rows, ranges of rows or whole partitions.",
        "DELETE FROM airlines WHERE carrier = 'UA';",
    ),
    entry(
        &["BATCH", "BEGIN", "APPLY"],
        "BEGIN [UNLOGGED|COUNTER] BATCH statements; … APPLY BATCH;",
        "Sends writes as one. A logged batch is applied as a whole or not at all.",
        "BEGIN BATCH INSERT INTO a (k) VALUES (1); INSERT INTO b (k) VALUES (1); APPLY BATCH;",
    ),
    entry(
        &["TRUNCATE"],
        "TRUNCATE [TABLE] [ks.]table",
        "Removes all rows of a table.",
        "TRUNCATE flights_by_day;",
    ),
    entry(&["USE"], "USE keyspace", "Chooses the keyspace for names without one.", "USE travel;"),
    entry(
        &["CREATE"],
        "CREATE KEYSPACE|TABLE|TYPE|INDEX|MATERIALIZED VIEW|FUNCTION|AGGREGATE|ROLE [IF NOT EXISTS] name …",
        "Makes a part of the schema.",
        "CREATE TABLE airlines (carrier text PRIMARY KEY, name text);",
    ),
    entry(
        &["ALTER"],
        "ALTER KEYSPACE|TABLE|TYPE|ROLE name …",
        "Changes a part of the schema.",
        "ALTER TABLE airlines ADD country text;",
    ),
    entry(
        &["DROP"],
        "DROP KEYSPACE|TABLE|TYPE|INDEX|… [IF EXISTS] name",
        "Removes a part of the schema and what is in it.",
        "DROP TABLE IF EXISTS airlines;",
    ),
    entry(
        &["KEYSPACE"],
        "CREATE KEYSPACE name WITH replication = {…}",
        "A keyspace holds tables. On Astra it is made in the console, not by CQL.",
        "CREATE KEYSPACE travel WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3};",
    ),
    entry(
        &["TABLE"],
        "CREATE TABLE [ks.]name (column type, …, PRIMARY KEY ((partition key), clustering columns)) [WITH …]",
        "The partition key chooses the nodes; clustering columns order the rows of a partition.",
        "CREATE TABLE flights_by_day (day date, flight int, dep time, PRIMARY KEY ((day), dep, flight));",
    ),
    entry(
        &["INDEX"],
        "CREATE INDEX [name] ON [ks.]table (column) USING 'sai'",
        "Lets `WHERE` restrict a column that is not in the key.",
        "CREATE INDEX ON flights_by_day (carrier) USING 'sai';",
    ),
    entry(
        &["WHERE"],
        "WHERE column = value AND column IN (…) AND column > value …",
        "Restricts the rows, by the key or an indexed column.",
        "WHERE day = '2013-01-01' AND dep >= '06:00'",
    ),
    entry(
        &["GROUP"],
        "GROUP BY key columns",
        "One row for each group. Groups are made of the key's first columns, in order.",
        "SELECT day, count(*) FROM flights_by_day GROUP BY day;",
    ),
    entry(
        &["ORDER"],
        "ORDER BY clustering column [ASC|DESC], or ORDER BY column ANN OF vector",
        "Orders the rows of one partition, or by similarity of a vector.",
        "SELECT * FROM flights_by_day WHERE day = '2013-01-01' ORDER BY dep DESC;",
    ),
    entry(
        &["LIMIT"],
        "LIMIT rows, PER PARTITION LIMIT rows",
        "At most so many rows, in all or for each partition.",
        "SELECT * FROM flights_by_day LIMIT 10;",
    ),
    entry(
        &["ALLOW", "FILTERING"],
        "ALLOW FILTERING",
        "Lets the server read rows that do not match and throw them away. It may read the whole table.",
        "SELECT * FROM flights_by_day WHERE flight = 1 ALLOW FILTERING;",
    ),
    entry(
        &["TTL", "USING"],
        "USING TTL seconds [AND TIMESTAMP µs]",
        "What is written expires after so many seconds.",
        "INSERT INTO sessions (id) VALUES (1) USING TTL 3600;",
    ),
    entry(
        &["TOKEN"],
        "token(partition key)",
        "The place of a partition in the ring, a bigint.",
        "SELECT * FROM flights_by_day WHERE token(day) > 0;",
    ),
    entry(
        &["AND"],
        "condition AND condition",
        "Both must hold. In `WITH` it joins options.",
        "WHERE day = '2013-01-01' AND dep >= '06:00'",
    ),
    entry(
        &["FROM"],
        "FROM [ks.]table",
        "The table that is read, or whose rows are deleted.",
        "SELECT * FROM flights_by_day LIMIT 10;",
    ),
    entry(
        &["IN"],
        "column IN (values)",
        "Any of the values. Each partition asked for so is a read of its own on the coordinator.",
        "WHERE day IN ('2013-01-01', '2013-01-02')",
    ),
    entry(
        &["CONTAINS"],
        "collection CONTAINS value",
        "Rows whose collection holds the value. It needs an index or `ALLOW FILTERING`.",
        "SELECT * FROM posts WHERE tags CONTAINS 'cql';",
    ),
    entry(
        &["CONTAINS KEY"],
        "map CONTAINS KEY key",
        "Rows whose map has the key. It needs an index on the map's keys.",
        "SELECT * FROM posts WHERE labels CONTAINS KEY 'lang';",
    ),
    entry(
        &["LIKE"],
        "column LIKE 'pattern'",
        "Text that matches, with `%` for anything. It needs a SASI index.",
        "SELECT * FROM people WHERE name LIKE 'Ada%';",
    ),
    entry(
        &["ASC", "DESC"],
        "ORDER BY clustering column [ASC|DESC]",
        "Upwards, or downwards.",
        "SELECT * FROM flights_by_day WHERE day = '2013-01-01' ORDER BY dep DESC;",
    ),
    entry(
        &["ANN OF"],
        "ORDER BY column ANN OF vector LIMIT rows",
        "The rows whose vector is most like the given one. It needs a SAI index on the column.",
        "SELECT * FROM films ORDER BY plot ANN OF [0.1, 0.2, 0.3] LIMIT 5;",
    ),
    entry(
        &["DISTINCT"],
        "SELECT DISTINCT partition key columns FROM [ks.]table",
        "Each partition once. Only partition key columns and static columns may be named.",
        "SELECT DISTINCT day FROM flights_by_day;",
    ),
    entry(
        &["JSON"],
        "SELECT JSON …, INSERT INTO table JSON '{…}'",
        "A row as one JSON text.",
        "INSERT INTO airlines JSON '{\"carrier\": \"UA\"}';",
    ),
    entry(
        &["AS"],
        "column AS name",
        "Gives a column of the answer another name.",
        "SELECT dep_delay AS delay FROM flights_by_day LIMIT 10;",
    ),
    entry(
        &["AS SELECT"],
        "CREATE MATERIALIZED VIEW name AS SELECT columns FROM table WHERE … IS NOT NULL PRIMARY KEY (…)",
        "What the view holds.",
        "CREATE MATERIALIZED VIEW by_plane AS SELECT * FROM flights_by_day WHERE tailnum IS NOT NULL AND day IS NOT NULL PRIMARY KEY (tailnum, day);",
    ),
    entry(
        &["CAST"],
        "CAST(column AS type)",
        "The value in another type.",
        "SELECT CAST(dep_delay AS text) FROM flights_by_day LIMIT 10;",
    ),
    entry(
        &["COUNT"],
        "COUNT(*), COUNT(column)",
        "How many rows, or how many values that are not null. It reads every row it counts.",
        "SELECT COUNT(*) FROM flights_by_day WHERE day = '2013-01-01';",
    ),
    entry(
        &["MIN", "MAX"],
        "MIN(column), MAX(column)",
        "The least or the greatest value of the rows that are read.",
        "SELECT MAX(dep_delay) FROM flights_by_day WHERE day = '2013-01-01';",
    ),
    entry(
        &["SUM", "AVG"],
        "SUM(column), AVG(column)",
        "The sum or the mean, in the column's own type: the mean of integers is cut to an integer.",
        "SELECT AVG(CAST(dep_delay AS double)) FROM flights_by_day WHERE day = '2013-01-01';",
    ),
    entry(
        &["WRITETIME"],
        "WRITETIME(column)",
        "When a value was written, in microseconds since 1970.",
        "SELECT name, WRITETIME(name) FROM airlines;",
    ),
    entry(
        &["DEFAULT NULL", "DEFAULT UNSET"],
        "INSERT INTO table JSON '{…}' DEFAULT NULL|UNSET",
        "What becomes of columns that the JSON leaves out: null, which is the default and deletes them, or left as they are.",
        "INSERT INTO airlines JSON '{\"carrier\": \"UA\"}' DEFAULT UNSET;",
    ),
    entry(
        &["IF", "IF NOT EXISTS", "IF EXISTS", "EXISTS"],
        "IF NOT EXISTS, IF EXISTS, IF column = value",
        "Only if it holds. On a write it is a lightweight transaction, and the answer has `[applied]`.",
        "UPDATE airlines SET name = 'United' WHERE carrier = 'UA' IF EXISTS;",
    ),
    entry(
        &["TIMESTAMP", "USING TIMESTAMP"],
        "timestamp, or USING TIMESTAMP µs",
        "A moment in milliseconds. Behind `USING`, the write's own time in microseconds: the latest write wins.",
        "'2013-01-01 06:30:00+0000'",
    ),
    entry(
        &["TRANSACTION"],
        "BEGIN TRANSACTION statements; … COMMIT TRANSACTION;",
        "Reads and writes of several partitions as one. Cassandra 5 and Astra do not have it yet.",
        "BEGIN TRANSACTION UPDATE a SET n = 1 WHERE k = 1; COMMIT TRANSACTION;",
    ),
    entry(
        &["UNLOGGED BATCH", "UNLOGGED"],
        "BEGIN UNLOGGED BATCH statements; … APPLY BATCH;",
        "Sends writes together and promises nothing about them as a whole. It is for writes of one partition.",
        "BEGIN UNLOGGED BATCH INSERT INTO a (k, c) VALUES (1, 1); INSERT INTO a (k, c) VALUES (1, 2); APPLY BATCH;",
    ),
    entry(
        &["COUNTER BATCH"],
        "BEGIN COUNTER BATCH updates; … APPLY BATCH;",
        "Changes several counters as one request.",
        "BEGIN COUNTER BATCH UPDATE visits SET n = n + 1 WHERE page = '/'; APPLY BATCH;",
    ),
    entry(
        &["TYPE"],
        "CREATE TYPE [ks.]name (field type, …)",
        "A type of named fields, for columns.",
        "CREATE TYPE address (street text, city text);",
    ),
    entry(
        &["CUSTOM INDEX"],
        "CREATE CUSTOM INDEX [name] ON [ks.]table (column) USING 'class' [WITH OPTIONS = {…}]",
        "An index of a class that is named.",
        "CREATE CUSTOM INDEX ON flights_by_day (carrier) USING 'StorageAttachedIndex';",
    ),
    entry(
        &["MATERIALIZED VIEW", "VIEW"],
        "CREATE MATERIALIZED VIEW [ks.]name AS SELECT … PRIMARY KEY (…)",
        "The rows of a table under another key, kept by the server.",
        "CREATE MATERIALIZED VIEW by_plane AS SELECT * FROM flights_by_day WHERE tailnum IS NOT NULL AND day IS NOT NULL PRIMARY KEY (tailnum, day);",
    ),
    entry(
        &["FUNCTION", "OR REPLACE"],
        "CREATE [OR REPLACE] FUNCTION [ks.]name (argument type, …) RETURNS NULL ON NULL INPUT RETURNS type LANGUAGE java AS $$ … $$",
        "A function that runs on the server. Astra has none.",
        "CREATE FUNCTION twice (n int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE java AS $$ return n * 2; $$;",
    ),
    entry(
        &["AGGREGATE"],
        "CREATE AGGREGATE [ks.]name (type) SFUNC function STYPE type [FINALFUNC function] [INITCOND value]",
        "A function over all rows of an answer, made of functions. Astra has none.",
        "CREATE AGGREGATE total (int) SFUNC add STYPE int INITCOND 0;",
    ),
    entry(
        &["ROLE", "ROLES", "USERS", "LIST ROLES"],
        "CREATE ROLE name WITH LOGIN = true AND PASSWORD = '…', LIST ROLES",
        "Who may do what. On Astra roles are made in the console.",
        "CREATE ROLE reader WITH LOGIN = true;",
    ),
    entry(
        &["PRIMARY KEY", "PRIMARY"],
        "PRIMARY KEY ((partition key), clustering columns)",
        "The partition key chooses the nodes; clustering columns order the rows of a partition.",
        "PRIMARY KEY ((day), dep, flight)",
    ),
    entry(
        &["STATIC"],
        "column type STATIC",
        "One value for the whole partition.",
        "CREATE TABLE trips (id int, title text STATIC, stop int, PRIMARY KEY (id, stop));",
    ),
    entry(
        &["WITH", "OPTIONS"],
        "WITH option = value [AND …]",
        "The options of a keyspace, a table, a view, an index or a role.",
        "ALTER TABLE airlines WITH default_time_to_live = 86400;",
    ),
    entry(
        &["CLUSTERING ORDER BY", "CLUSTERING"],
        "WITH CLUSTERING ORDER BY (column [ASC|DESC], …)",
        "The order in which the rows of a partition are stored.",
        "CREATE TABLE log (day date, at time, line text, PRIMARY KEY (day, at)) WITH CLUSTERING ORDER BY (at DESC);",
    ),
    entry(
        &["ON"],
        "ON [ks.]table, ON KEYSPACE name",
        "What an index is made on, or what a permission is for.",
        "CREATE INDEX ON flights_by_day (carrier) USING 'sai';",
    ),
    entry(
        &["IS NOT NULL"],
        "column IS NOT NULL",
        "Needed in a materialized view for each column of its key.",
        "WHERE tailnum IS NOT NULL AND day IS NOT NULL",
    ),
    entry(
        &["REPLICATION"],
        "WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3}",
        "How many copies each data centre has.",
        "ALTER KEYSPACE travel WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3};",
    ),
    entry(
        &["ADD"],
        "ALTER TABLE [ks.]table ADD column type, ALTER TYPE … ADD field type",
        "Adds a column or a field. Rows that exist have null there.",
        "ALTER TABLE airlines ADD country text;",
    ),
    entry(
        &["RENAME"],
        "ALTER TABLE [ks.]table RENAME column TO name",
        "Gives a column of the primary key, or a type's field, another name.",
        "ALTER TABLE flights_by_day RENAME dep TO departure;",
    ),
    entry(
        &["TO"],
        "RENAME column TO name, GRANT permission ON resource TO role",
        "The new name, or who gets the permission.",
        "GRANT SELECT ON KEYSPACE travel TO reader;",
    ),
    entry(
        &["GRANT", "REVOKE", "ALL PERMISSIONS", "MODIFY", "AUTHORIZE"],
        "GRANT|REVOKE ALL PERMISSIONS|SELECT|MODIFY|CREATE|ALTER|DROP|AUTHORIZE ON resource TO|FROM role",
        "Gives or takes a permission.",
        "GRANT SELECT ON KEYSPACE travel TO reader;",
    ),
    entry(
        &["OF"],
        "LIST ALL PERMISSIONS [ON resource] [OF role]",
        "Whose permissions are listed.",
        "LIST ALL PERMISSIONS OF reader;",
    ),
    entry(&["ASCII"], "ascii", "US-ASCII text.", "'abc'"),
    entry(&["BIGINT"], "bigint", "A 64-bit integer.", "9223372036854775807"),
    entry(&["BLOB"], "blob", "Bytes.", "0xCAFE"),
    entry(&["BOOLEAN"], "boolean", "True or false.", "true"),
    entry(
        &["COUNTER"],
        "counter",
        "A 64-bit number that is only added to, in a table of counters.",
        "UPDATE visits SET n = n + 1 WHERE page = '/';",
    ),
    entry(&["DATE"], "date", "A day without a time.", "'2013-01-01'"),
    entry(&["DECIMAL"], "decimal", "A decimal number of any precision.", "12.340"),
    entry(&["DOUBLE"], "double", "A 64-bit binary floating point number.", "1.5e300"),
    entry(&["DURATION"], "duration", "Months, days and nanoseconds.", "1y2mo3d4h5m6s"),
    entry(&["FLOAT"], "float", "A 32-bit binary floating point number.", "1.5"),
    entry(
        &["FROZEN"],
        "frozen<type>",
        "A collection or type that is written and read as a whole. Keys need it.",
        "frozen<list<int>>",
    ),
    entry(&["INET"], "inet", "An IPv4 or IPv6 address.", "'127.0.0.1'"),
    entry(&["INT"], "int", "A 32-bit integer.", "42"),
    entry(&["LIST"], "list<type>", "Values in order.", "[1, 2, 2]"),
    entry(
        &["MAP"],
        "map<key type, value type>",
        "Values by key, in the order of the keys.",
        "{'a': 1, 'b': 2}",
    ),
    entry(&["SET"], "set<type>, or UPDATE … SET column = value", "Different values, in order.", "{1, 2, 3}"),
    entry(&["SMALLINT"], "smallint", "A 16-bit integer.", "32767"),
    entry(&["TEXT", "VARCHAR"], "text", "UTF-8 text; `varchar` is another name for it.", "'it''s'"),
    entry(&["TIME"], "time", "A time of day in nanoseconds.", "'06:30:00.123456789'"),
    entry(&["TIMEUUID"], "timeuuid", "A version 1 UUID: unique, and ordered by time.", "now()"),
    entry(&["TINYINT"], "tinyint", "An 8-bit integer.", "127"),
    entry(&["TUPLE"], "tuple<type, …>", "A fixed number of values.", "(1, 'a')"),
    entry(&["UUID"], "uuid", "A UUID of any version.", "uuid()"),
    entry(&["VARINT"], "varint", "An integer of any size.", "123456789012345678901234567890"),
    entry(
        &["VECTOR"],
        "vector<float, dimensions>",
        "A fixed number of floats, for search by similarity.",
        "[0.1, 0.2, 0.3]",
    ),
];

/// The words of CQL that there is help on.
pub(crate) fn topics() -> impl Iterator<Item = &'static str> {
    ENTRIES.iter().flat_map(|entry| entry.words.iter().copied())
}

/// Help on CQL keywords or a type, as Markdown. The whole phrase counts first (`CONTAINS KEY`), then its last word
/// (`CREATE TABLE` is `TABLE`), then the first of two (`GROUP BY` is `GROUP`).
pub(crate) fn word(topic: &str) -> Option<Markdown> {
    let find = |word: &str| {
        ENTRIES.iter().find(|entry| entry.words.iter().any(|one| one.eq_ignore_ascii_case(word)))
    };
    let words: Vec<&str> = topic.split_whitespace().collect();
    let entry =
        find(&words.join(" ")).or_else(|| words.last().and_then(|last| find(last))).or_else(|| {
            let [first, _] = words.as_slice() else { return None };
            find(first)
        })?;
    let text = Markdown::new().own("**").code(entry.syntax).own("** ").own(entry.text).own("\n\n");
    Some(text.fenced(entry.example))
}
