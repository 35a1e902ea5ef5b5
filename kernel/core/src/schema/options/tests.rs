//! Options compared by what they mean, and by what their servers have.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::schema::{Keyspace, Origin};

fn text(text: &str) -> OptionValue {
    OptionValue::Text(text.to_owned())
}

fn number(text: &str) -> OptionValue {
    OptionValue::Number(text.to_owned())
}

fn map(pairs: &[(&str, &str)]) -> OptionValue {
    OptionValue::Map(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
}

fn table(options: &[(&str, OptionValue)]) -> Table {
    let options = options.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Table { name: "t".to_owned(), options: options.collect(), ..Table::default() }
}

fn server(release: &str, options: &[&str]) -> Server {
    let table_options = options.iter().map(|name| (*name).to_owned()).collect();
    let origin = Origin { release: release.to_owned(), table_options, ..Origin::default() };
    Server::of(&Schema { origin, ..Schema::default() })
}

#[track_caller]
fn same(option: &str, spellings: &[OptionValue]) {
    for pair in spellings.windows(2) {
        assert_eq!(meaning(option, &pair[0]), meaning(option, &pair[1]), "{option}: {pair:?}");
    }
}

#[track_caller]
fn other(option: &str, left: &OptionValue, right: &OptionValue) {
    assert_ne!(meaning(option, left), meaning(option, right), "{option}");
}

#[test]
fn policies_have_many_spellings() {
    for option in ["speculative_retry", "additional_write_policy"] {
        let spelled = ["99PERCENTILE", "99percentile", "99.0PERCENTILE", "99p", "99.00P", " 99P "];
        same(option, &spelled.map(text));
        same(option, &["ALWAYS", "always"].map(text));
        same(option, &["NONE", "none", "NEVER", "never"].map(text));
        same(option, &["50ms", "50MS", "50.0ms", "50.00 ms"].map(text));
        same(option, &["MIN(99p,50ms)", "min(50.0MS, 99PERCENTILE)"].map(text));
        other(option, &text("99p"), &text("99.9p"));
        other(option, &text("50ms"), &text("50p"));
        other(option, &text("MIN(99p,50ms)"), &text("MAX(99p,50ms)"));
        other(option, &text("ALWAYS"), &text("NEVER"));
    }
    same("read_repair", &["BLOCKING", "blocking"].map(text));
    other("read_repair", &text("BLOCKING"), &text("NONE"));
}

#[test]
fn numbers_and_flags_have_many_spellings() {
    same("crc_check_chance", &["0.1", "0.10", "1E-1", ".1"].map(number));
    same("gc_grace_seconds", &["864000", "864000.0"].map(number));
    same("read_repair_chance", &["0", "0.0", "-0.0"].map(number));
    other("bloom_filter_fp_chance", &number("0.01"), &number("0.1"));
    for option in ["cdc", "allow_auto_snapshot", "incremental_backups"] {
        same(option, &[OptionValue::Flag(true), text("true"), text("TRUE")]);
        other(option, &OptionValue::Flag(true), &text("false"));
    }
    same("memtable", &[text("default"), text(""), map(&[])]);
    other("memtable", &text("default"), &text("trie"));
}

#[test]
fn maps_of_options_have_many_spellings() {
    same(
        "compaction",
        &[
            map(&[("class", "SizeTieredCompactionStrategy")]),
            map(&[("class", "org.apache.cassandra.db.compaction.SizeTieredCompactionStrategy")]),
            map(&[
                ("class", "SizeTieredCompactionStrategy"),
                ("min_threshold", "4"),
                ("max_threshold", "32"),
            ]),
            map(&[("class", "SizeTieredCompactionStrategy"), ("enabled", "TRUE"), ("bucket_low", "0.50")]),
        ],
    );
    let levels =
        |pairs: &[(&str, &str)]| map(&[&[("class", "LeveledCompactionStrategy")][..], pairs].concat());
    same("compaction", &[levels(&[]), levels(&[("sstable_size_in_mb", "160")])]);
    other("compaction", &levels(&[]), &levels(&[("sstable_size_in_mb", "100")]));
    other("compaction", &levels(&[]), &levels(&[("enabled", "false")]));
    // To say the default is what switches it on.
    let windows =
        |pairs: &[(&str, &str)]| map(&[&[("class", "TimeWindowCompactionStrategy")][..], pairs].concat());
    same("compaction", &[windows(&[]), windows(&[("compaction_window_unit", "days")])]);
    other("compaction", &windows(&[]), &windows(&[("tombstone_threshold", "0.2")]));
    same(
        "compression",
        &[
            map(&[("class", "LZ4Compressor"), ("chunk_length_in_kb", "16")]),
            map(&[("sstable_compression", "LZ4Compressor"), ("chunk_length_kb", "16")]),
            map(&[("class", "org.apache.cassandra.io.compress.LZ4Compressor"), ("chunk_length_in_kb", "16")]),
            map(&[("class", "LZ4Compressor"), ("chunk_length_in_kb", "16"), ("enabled", "true")]),
            map(&[("class", "LZ4Compressor"), ("chunk_length_in_kb", "16"), ("min_compress_ratio", "0.0")]),
        ],
    );
    same("compression", &[map(&[("enabled", "false")]), map(&[("sstable_compression", "")])]);
    other("compression", &map(&[("class", "LZ4Compressor")]), &map(&[("class", "ZstdCompressor")]));
    same("caching", &[map(&[]), map(&[("keys", "all"), ("rows_per_partition", "none")])]);
    other("caching", &map(&[]), &map(&[("rows_per_partition", "10")]));
}

#[test]
fn an_option_of_one_server_alone_is_named_once_and_not_compared() {
    let servers = Servers {
        old: server("3.11.19", &["gc_grace_seconds", "read_repair_chance"]),
        new: server("5.0.9", &["gc_grace_seconds", "read_repair_chance", "memtable", "cdc"]),
    };
    let old = table(&[("gc_grace_seconds", number("1")), ("read_repair_chance", number("0.1"))]);
    let new = table(&[("gc_grace_seconds", number("2")), ("memtable", text("trie"))]);
    let changes = servers.changes(&old, &new);
    assert_eq!(changes.iter().map(|change| change.option.as_str()).collect::<Vec<_>>(), ["gc_grace_seconds"]);
    assert_eq!(
        servers.not_compared().unwrap(),
        "Not compared, because only one of the two servers has these table options: read_repair_chance (the first, \
         Cassandra 3.11.19); cdc, memtable (the second, Cassandra 5.0.9)."
    );
    let same = Servers { new: servers.old.clone(), ..servers };
    assert_eq!(same.not_compared(), None);
    assert!(same.changes(&old, &old).is_empty());
}

#[test]
fn what_a_table_does_not_say_is_what_its_server_takes() {
    let of = |release| server(release, &["read_repair", "read_repair_chance"]);
    let servers = Servers { old: of("3.11.19"), new: of("3.11.19") };
    let (on, off) = (table(&[("read_repair_chance", number("0.1"))]), table(&[]));
    let change = &servers.changes(&on, &off)[0];
    assert_eq!((&change.old, &change.new), (&Some(number("0.1")), &number("0.0")));
    let servers = Servers { old: of("4.1.1"), new: of("5.0.9") };
    assert!(servers.changes(&on, &off).is_empty(), "later releases ignore it");
    assert!(servers.changes(&table(&[("read_repair", text("blocking"))]), &off).is_empty());
    assert_eq!(servers.changes(&off, &table(&[("read_repair", text("NONE"))])).len(), 1);
}

/// Where a file of an earlier release does not name its server's options, its tables tell.
#[test]
fn the_tables_tell_what_their_server_has() {
    let of = |tables: Vec<Table>| {
        let tables = tables.into_iter().map(|table| (table.name.clone(), table)).collect();
        let keyspace = Keyspace { name: "k".to_owned(), tables, ..Keyspace::default() };
        Schema { keyspaces: BTreeMap::from([("k".to_owned(), Arc::new(keyspace))]), ..Schema::default() }
    };
    let told = Server::of(&of(vec![table(&[("cdc", OptionValue::Flag(true))])]));
    assert!(told.has("cdc") && !told.has("memtable"));
    let untold = Server::of(&of(vec![table(&[])]));
    assert!(untold.has("cdc") && untold.has("memtable"));
}

#[test]
fn a_table_is_made_fit_for_its_server() {
    let all = table(&[
        ("additional_write_policy", text("99p")),
        ("gc_grace_seconds", number("1")),
        ("memtable", text("default")),
        ("speculative_retry", text("99p")),
    ]);
    let old = server("3.11.19", &["gc_grace_seconds", "speculative_retry"]);
    let fits = old.fitting(&all);
    assert_eq!(fits.options.keys().collect::<Vec<_>>(), ["gc_grace_seconds", "speculative_retry"]);
    assert_eq!(fits.options["speculative_retry"], text("99PERCENTILE"));
    let said =
        "Left out: table options that Cassandra 3.11.19 does not have: additional_write_policy, memtable.";
    assert_eq!(old.left_out([&all].into_iter()), [said]);
    let both = table(&[("speculative_retry", text("MIN(99p,50ms)"))]);
    assert!(old.fitting(&both).options.is_empty());
    let said = "Left out: what Cassandra 3.11.19 does not take: speculative_retry = 'MIN(99p,50ms)'.";
    assert_eq!(old.left_out([&both].into_iter()), [said]);
    for (now, before) in
        [("NEVER", "NONE"), ("50MS", "50ms"), ("always", "ALWAYS"), ("99.9P", "99.9PERCENTILE")]
    {
        let value = text(now);
        assert_eq!(*old.spelled("speculative_retry", &value).unwrap(), text(before));
    }
    let new = server("5.0.9", &[]);
    assert_eq!(new.fitting(&all), all);
    assert!(new.left_out([&all].into_iter()).is_empty());
}

#[test]
fn what_the_service_sets_is_left_out_and_what_is_no_option_is_never_set() {
    let origin = Origin { astra: true, release: "4.0.11".to_owned(), ..Origin::default() };
    let astra = Server::of(&Schema { origin, ..Schema::default() });
    let all = table(&[("read_repair", text("BLOCKING")), ("gc_grace_seconds", number("1"))]);
    assert_eq!(astra.fitting(&all).options.keys().collect::<Vec<_>>(), ["gc_grace_seconds"]);
    let said = "Left out: table options that Astra DB sets itself: read_repair.";
    assert_eq!(astra.left_out([&all].into_iter()), [said]);
    let odd = table(&[("x = 1; DROP TABLE t; --", number("1"))]);
    assert!(server("", &[]).fitting(&odd).options.is_empty());
}
