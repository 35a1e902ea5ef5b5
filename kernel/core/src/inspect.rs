//! What is said of the thing under the cursor: magics, options, settings, types, the main statements, tables, columns.
//!
//! Names come from a cache through [`Names`]; nothing here touches a network.

use std::fmt::Write as _;

use crate::cell::{Cell, Statement, StepKind, parse, steps};
use crate::column::quote_identifier;
use crate::complete::Names;
use crate::cql::keywords::unquote_name;
use crate::cql::lexer::{TokenKind, lex};
use crate::magic::{self, Magic, MagicKind, choose, lookup, option_parts};
use crate::settings;
use crate::shell::ShellVerb;
use crate::text::Span;

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
    entry(&["TIMESTAMP"], "timestamp", "A moment in milliseconds.", "'2013-01-01 06:30:00+0000'"),
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

/// Help on a CQL keyword or type, as Markdown. Of several words the first that is known counts, the longest name first
/// (`CREATE TABLE` is `TABLE`).
pub(crate) fn word(topic: &str) -> Option<String> {
    let find = |word: &str| {
        ENTRIES.iter().find(|entry| entry.words.iter().any(|one| one.eq_ignore_ascii_case(word)))
    };
    let entry = topic.split_whitespace().rev().find_map(find)?;
    Some(format!("**`{}`** {}\n\n```cql\n{}\n```\n", entry.syntax, entry.text, entry.example))
}

/// Help on what stands at byte `cursor`, as Markdown.
pub fn inspect(source: &str, cursor: usize, names: &dyn Names) -> Option<String> {
    let region = match parse(source) {
        Cell::Magic(magic) if cursor < magic.body.start || magic.body.start == source.len() => {
            let options_at = magic.line.start;
            return magic_line(
                MagicKind::Cell,
                &magic.name,
                magic.line.of(source),
                cursor.checked_sub(options_at),
            );
        }
        Cell::Magic(magic) => magic.body,
        Cell::Steps(_) => Span::new(0, source.len()),
    };
    let step = steps(source, region)
        .into_iter()
        .find(|step| step.span.start <= cursor && cursor <= step.span.end)?;
    match step.kind {
        StepKind::Magic(magic) => {
            magic_line(MagicKind::Line, &magic.name, &magic.rest, cursor.checked_sub(magic.rest_span.start))
        }
        StepKind::Shell(command) if cursor < command.arguments_span.start || command.arguments.is_empty() => {
            Some(magic::of_verb(command.verb))
        }
        StepKind::Shell(command) => {
            let (text, _) = word_at(&command.arguments, cursor - command.arguments_span.start)?;
            let of_table = table(names, None, &unquote_name(text));
            of_table.or_else(|| (command.verb == ShellVerb::Help).then(|| magic::help(text)).flatten())
        }
        StepKind::Cql(statement) => {
            let (text, quoted) = word_at(&statement.text, cursor.checked_sub(statement.span.start)?)?;
            name(names, &statement, &unquote_name(text)).or_else(|| if quoted { None } else { word(text) })
        }
        StepKind::Broken(_) => {
            let (text, _) = word_at(step.span.of(source), cursor - step.span.start)?;
            word(text)
        }
    }
}

/// Help on a magic's line: on the option or setting at byte `at` of its rest, otherwise on the magic.
fn magic_line(kind: MagicKind, name: &str, rest: &str, at: Option<usize>) -> Option<String> {
    let magic: &'static Magic = lookup(kind, name).ok()?;
    let (Ok(words) | Err(words)) = magic::words(rest);
    let here = at.and_then(|at| words.iter().find(|word| word.span.start <= at && at <= word.span.end));
    if let Some(here) = here {
        if let Some((name, _)) = option_parts(&here.text)
            && let Some(form) = choose(magic, &words)
            && let Some(option) = form.options.iter().find(|option| option.name == name)
        {
            let usage = magic.usage(form);
            return Some(format!("**`{}`** {}\n\n`{usage}`\n", option.usage(), option.help));
        }
        if magic.name == "set"
            && let Some(setting) = settings::find(&here.text)
        {
            return Some(magic::of_setting(setting));
        }
        if magic.name == "help"
            && let Some(help) = magic::help(&here.text)
        {
            return Some(help);
        }
    }
    Some(magic::of_magic(magic))
}

/// Help on a table or column that a statement names.
fn name(names: &dyn Names, statement: &Statement, word: &str) -> Option<String> {
    let (keyspace, of_statement) = statement.table()?;
    if word == of_statement {
        return table(names, keyspace, word);
    }
    let columns = names.columns(keyspace, of_statement);
    let (_, cql_type) = columns.iter().find(|(name, _)| name == word)?;
    Some(format!(
        "**`{}`** `{cql_type}`, a column of `{}`.\n",
        quote_identifier(word),
        quote_identifier(of_statement)
    ))
}

/// Help on a table: its columns.
fn table(names: &dyn Names, keyspace: Option<&str>, table: &str) -> Option<String> {
    let columns = names.columns(keyspace, table);
    if columns.is_empty() {
        return None;
    }
    let mut text = format!("**`{}`**\n\n| Column | Type |\n| --- | --- |\n", quote_identifier(table));
    for (name, cql_type) in columns {
        let _ = writeln!(text, "| `{}` | `{cql_type}` |", quote_identifier(&name).replace('|', "\\|"));
    }
    Some(text)
}

/// The word or quoted name at a byte of a text, and whether it is quoted.
fn word_at(text: &str, at: usize) -> Option<(&str, bool)> {
    let token = lex(text).into_iter().find(|token| {
        let named = matches!(token.kind, TokenKind::Word | TokenKind::QuotedName);
        named && token.span.start <= at && at <= token.span.end
    })?;
    Some((token.span.of(text), token.kind == TokenKind::QuotedName))
}

#[cfg(test)]
mod tests;
