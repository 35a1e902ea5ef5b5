//! What is said of options of tables, keyspaces, indexes and roles, of their values, and of marks.
//!
//! Source: the CQL reference of Apache Cassandra 5.

use crate::cql::lexer::lex;
use crate::markdown::Markdown;

/// An option: its name, what its value looks like, what it means.
type Entry = (&'static str, &'static str, &'static str);

const OPTIONS: &[Entry] = &[
    (
        "replication",
        "{'class': 'NetworkTopologyStrategy', 'dc1': 3}",
        "How many copies of each row each data centre has.",
    ),
    (
        "replication_factor",
        "3",
        "How many copies: of each data centre with `NetworkTopologyStrategy`, in all with `SimpleStrategy`.",
    ),
    ("durable_writes", "true", "Whether writes go to the commit log. Without it a crash loses them."),
    (
        "class",
        "'…'",
        "What does it: a strategy, a compressor, an index. The other entries are for that class.",
    ),
    ("default_time_to_live", "86400", "Seconds after which what is written expires; 0 for never."),
    ("compaction", "{'class': 'UnifiedCompactionStrategy'}", "How files of a table are merged."),
    (
        "compression",
        "{'class': 'LZ4Compressor', 'chunk_length_in_kb': 16}",
        "How files of a table are compressed.",
    ),
    ("caching", "{'keys': 'ALL', 'rows_per_partition': 'NONE'}", "What of a table is kept in memory."),
    ("keys", "'ALL'", "Whether the places of partitions are kept in memory: `'ALL'` or `'NONE'`."),
    (
        "rows_per_partition",
        "'NONE'",
        "Rows of each partition that are kept in memory: `'ALL'`, `'NONE'` or a number.",
    ),
    ("comment", "'…'", "What a table is for. `%schema` shows it."),
    (
        "gc_grace_seconds",
        "864000",
        "Seconds that a deletion is kept for nodes that missed it. Repair more often than that.",
    ),
    (
        "bloom_filter_fp_chance",
        "0.01",
        "How often a file is read for nothing, between 0 and 1. Less takes more memory.",
    ),
    (
        "speculative_retry",
        "'99p'",
        "When a second replica is asked: a percentile, a time such as `'50ms'`, `'ALWAYS'` or `'NEVER'`.",
    ),
    ("additional_write_policy", "'99p'", "When a write goes to a further replica that stands in."),
    (
        "read_repair",
        "'BLOCKING'",
        "Whether a read mends replicas that differ before it answers: `'BLOCKING'` or `'NONE'`.",
    ),
    ("cdc", "true", "Whether changes are logged for others to read."),
    ("memtable", "'default'", "How writes are kept in memory, by a name of the server's configuration."),
    (
        "memtable_flush_period_in_ms",
        "0",
        "Milliseconds after which what is in memory is written out; 0 for when it is full.",
    ),
    ("min_index_interval", "128", "How densely the places of keys are sampled at most."),
    ("max_index_interval", "2048", "How densely the places of keys are sampled at least."),
    ("crc_check_chance", "1.0", "How often checksums are verified as files are read, between 0 and 1."),
    ("allow_auto_snapshot", "true", "Whether a snapshot is taken before the table is dropped or truncated."),
    ("incremental_backups", "true", "Whether each file is linked into a folder of backups."),
    ("extensions", "{}", "What tools keep with a table, as blobs."),
    ("min_threshold", "4", "Files of like size at least that are merged."),
    ("max_threshold", "32", "Files that are merged at once at most."),
    ("min_sstable_size", "'100MiB'", "Files below this size count as alike."),
    ("bucket_high", "1.5", "How much larger than their mean alike files may be."),
    ("bucket_low", "0.5", "How much smaller than their mean alike files may be."),
    ("sstable_size_in_mb", "160", "The size of each file, in megabytes."),
    ("fanout_size", "10", "How many times larger each level is than the one before it."),
    ("compaction_window_unit", "'DAYS'", "The unit of a window: `'MINUTES'`, `'HOURS'` or `'DAYS'`."),
    (
        "compaction_window_size",
        "1",
        "How many units a window has. Files of different windows are never merged.",
    ),
    (
        "scaling_parameters",
        "'T4'",
        "`T` with a number tiers as size-tiered compaction does, `L` levels as leveled compaction does, `N` lies between.",
    ),
    ("target_sstable_size", "'1GiB'", "The size that files aim at."),
    ("base_shard_count", "4", "Into how many parts the smallest files are split."),
    ("enabled", "'true'", "Whether it is done at all."),
    ("tombstone_threshold", "0.2", "The share of deletions from which a file is rewritten on its own."),
    (
        "tombstone_compaction_interval",
        "86400",
        "Seconds after which a file may be rewritten for its deletions.",
    ),
    (
        "unchecked_tombstone_compaction",
        "'false'",
        "Whether a file is rewritten for its deletions without looking at others.",
    ),
    ("only_purge_repaired_tombstones", "'false'", "Whether only deletions that were repaired are dropped."),
    (
        "provide_overlapping_tombstones",
        "'NONE'",
        "Whether deletions in other files count too: `'NONE'`, `'ROW'` or `'CELL'`.",
    ),
    (
        "chunk_length_in_kb",
        "16",
        "How much is compressed at once, in kilobytes. Less is quicker for single rows.",
    ),
    ("compression_level", "3", "How hard it compresses."),
    ("min_compress_ratio", "0", "The ratio below which a chunk stays uncompressed; 0 for none."),
    ("case_sensitive", "'true'", "Whether the index tells capitals apart."),
    ("normalize", "'false'", "Whether the index takes letters for alike that Unicode takes for alike."),
    ("ascii", "'false'", "Whether the index takes accents away."),
    (
        "similarity_function",
        "'cosine'",
        "How near vectors are: `'cosine'`, `'dot_product'` or `'euclidean'`.",
    ),
    ("PASSWORD", "'…'", "The role's password. It would be saved in the notebook: leave it to another tool."),
    ("LOGIN", "true", "Whether the role may log in."),
    ("SUPERUSER", "false", "Whether the role may do everything."),
];

const VALUES: &[(&str, &str)] = &[
    ("NetworkTopologyStrategy", "So many copies in each data centre, on different racks."),
    ("SimpleStrategy", "So many copies on the next nodes, whatever their data centre. For a single machine."),
    (
        "UnifiedCompactionStrategy",
        "Merges files by their density. It can do what the others do, and is the one to start with in Cassandra 5.",
    ),
    ("SizeTieredCompactionStrategy", "Merges files of like size. Good for writes."),
    ("LeveledCompactionStrategy", "Keeps files of one size in levels. Good for reads of rows that change."),
    (
        "TimeWindowCompactionStrategy",
        "Keeps what was written at one time together. For series with a time to live.",
    ),
    ("LZ4Compressor", "Quick; the default."),
    ("ZstdCompressor", "Smaller, and somewhat slower."),
    ("SnappyCompressor", "Quick."),
    ("DeflateCompressor", "Small and slow."),
    ("NoopCompressor", "Compresses nothing, but keeps checksums."),
    ("sai", "A storage-attached index: equality, ranges, collections, vectors, and several at once."),
    (
        "StorageAttachedIndex",
        "A storage-attached index: equality, ranges, collections, vectors, and several at once.",
    ),
    ("legacy_local_table", "A secondary index, as made without a class."),
];

const MARKS: &[(&str, &str)] = &[
    ("=", "Equal. Behind a name of an option stands its value."),
    ("!=", "Not equal. In a condition (`IF`) only."),
    ("<", "Less than."),
    ("<=", "At most."),
    (">", "Greater than."),
    (">=", "At least."),
    ("*", "All columns, or with `count(*)` all rows."),
    (",", "Another one follows."),
    ("(", "A list starts."),
    (")", "The list ends."),
    ("{", "A set, a map or a user-defined type starts: `{1, 2}`, `{'a': 1}`, `{street: 'x'}`."),
    ("[", "A list or a vector starts: `[1, 2]`."),
];

/// Help on an option, as it is offered: `compaction`, `'class'`, `'class` behind which the quote stands already.
pub(super) fn option(text: &str) -> Option<Markdown> {
    let name = text.trim_matches('\'');
    let (name, value, meaning) = OPTIONS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name))?;
    Some(Markdown::new().own("**").code(&format!("{name} = {value}")).own("** ").own(meaning).own("\n"))
}

/// Help on a value of an option: on what it is, and on the option that stands before it.
pub(super) fn value(text: &str, before: &str) -> Option<Markdown> {
    let said = VALUES.iter().find(|(known, _)| *known == text.trim_matches('\'')).map(|(_, said)| *said);
    let tokens: Vec<_> = lex(before).into_iter().filter(|token| !token.kind.is_trivia()).collect();
    let of = match tokens.as_slice() {
        [.., name, mark] if matches!(mark.span.of(before), "=" | ":") => option(name.span.of(before)),
        _ => None,
    };
    if said.is_none() && of.is_none() {
        return None;
    }
    let said = said.unwrap_or("A value of the option.");
    let head = Markdown::new().own("**").code(text).own("** ").own(said).own("\n\n");
    Some(head.and(&of.unwrap_or_default()))
}

/// Help on a mark.
pub(super) fn mark(text: &str) -> Option<Markdown> {
    let (mark, said) = MARKS.iter().find(|(known, _)| *known == text)?;
    Some(Markdown::new().own("**").code(mark).own("** ").own(said).own("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_values_and_marks_are_explained() {
        assert!(option("'sstable_size_in_mb").is_some_and(|text| text.contains("in megabytes")));
        assert!(option("nothing").is_none());
        let said = value("'ALL'", "WITH caching = {'keys': ").unwrap_or_default();
        assert!(said.contains("A value of the option.") && said.contains("places of partitions"), "{said}");
        assert!(mark(">=").is_some_and(|text| text.contains("At least")));
    }
}
