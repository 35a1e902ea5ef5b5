//! The table options that a managed service sets itself, so that scripts for it leave them out. It describes and compares nothing.

use std::sync::Arc;

use super::Schema;

/// What Astra DB ignores in `CREATE` and `ALTER TABLE`, with a warning (its documents; Cassandra's guardrail
/// `table_properties_ignored`). A server that is given two of them at once can fail instead of warning: Cassandra
/// 5.0.9 answers `ConcurrentModificationException`.
const ASTRA: [&str; 15] = [
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

impl Schema {
    /// The schema without the table options that Astra DB sets itself.
    #[must_use]
    pub fn without_options_of_astra(mut self) -> Self {
        for keyspace in self.keyspaces.values_mut() {
            let keyspace = Arc::make_mut(keyspace);
            let tables =
                keyspace.tables.values_mut().chain(keyspace.views.values_mut().map(|view| &mut view.table));
            for table in tables {
                table.options.retain(|option, _| !ASTRA.contains(&option.as_str()));
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Keyspace, OptionValue, Table};
    use super::*;

    #[test]
    fn what_the_service_sets_goes_and_what_the_user_sets_stays() {
        let mut table = Table { name: "orders".to_owned(), ..Table::default() };
        for (option, value) in [("comment", "of the shop"), ("read_repair", "BLOCKING")] {
            table.options.insert(option.to_owned(), OptionValue::Text(value.to_owned()));
        }
        let mut keyspace = Keyspace { name: "shop".to_owned(), ..Keyspace::default() };
        keyspace.tables.insert("orders".to_owned(), table);
        let mut schema = Schema::default();
        schema.keyspaces.insert("shop".to_owned(), Arc::new(keyspace));
        let schema = schema.without_options_of_astra();
        let options = &schema.keyspaces["shop"].tables["orders"].options;
        assert_eq!(options.keys().collect::<Vec<_>>(), ["comment"]);
    }
}
