//! The table options that a managed service sets itself, so that scripts for it leave them out. A list, and nothing else.

/// What Astra DB ignores in `CREATE` and `ALTER TABLE`, with a warning (its documents; Cassandra's guardrail
/// `table_properties_ignored`). A server that is given two of them at once can fail instead of warning: Cassandra
/// 5.0.9 answers `ConcurrentModificationException`.
pub(super) const ASTRA: [&str; 15] = [
    "additional_write_policy",
    "allow_auto_snapshot",
    "bloom_filter_fp_chance",
    "caching",
    "cdc",
    "compaction",
    "compression",
    "crc_check_chance",
    "incremental_backups",
    "max_index_interval",
    "memtable",
    "memtable_flush_period_in_ms",
    "min_index_interval",
    "read_repair",
    "speculative_retry",
];
