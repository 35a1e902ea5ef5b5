//! The spellings of an option's value: the one that stands for all, for comparing, and the one that an earlier release reads.
//! What stands for all is shown to nobody.

use std::collections::BTreeMap;

use super::super::OptionValue;

type Options = BTreeMap<String, String>;

/// The value that stands for all that mean the same.
pub(super) fn meaning(option: &str, value: &OptionValue) -> OptionValue {
    match (option, value) {
        ("speculative_retry" | "additional_write_policy", OptionValue::Text(text)) => {
            OptionValue::Text(policy(text))
        }
        ("read_repair", OptionValue::Text(text)) => OptionValue::Text(text.trim().to_ascii_uppercase()),
        ("cdc" | "allow_auto_snapshot" | "incremental_backups", OptionValue::Text(text)) => {
            match text.trim().to_ascii_lowercase().as_str() {
                "true" => OptionValue::Flag(true),
                "false" => OptionValue::Flag(false),
                _ => value.clone(),
            }
        }
        // A name in Cassandra, a map in others: both have something that stands for the node's own.
        ("memtable", OptionValue::Text(text)) if text.is_empty() => OptionValue::Text("default".to_owned()),
        ("memtable", OptionValue::Map(map)) if map.is_empty() => OptionValue::Text("default".to_owned()),
        ("compaction", OptionValue::Map(map)) => OptionValue::Map(compaction(map)),
        ("compression", OptionValue::Map(map)) => OptionValue::Map(compression(map)),
        ("caching", OptionValue::Map(map)) => OptionValue::Map(caching(map)),
        (_, OptionValue::Map(map)) => OptionValue::Map(plain(map)),
        (_, OptionValue::Number(text)) => OptionValue::Number(number(text).unwrap_or_else(|| text.clone())),
        _ => value.clone(),
    }
}

/// A number in its shortest form; `None` for what is none.
fn number(text: &str) -> Option<String> {
    let text = text.trim();
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.to_string());
    }
    let number: f64 = text.parse().ok()?;
    number.is_finite().then(|| if number == 0.0 { "0".to_owned() } else { number.to_string() })
}

/// A word inside a map of options: numbers in their shortest form, `true` and `false` in lower case.
fn word(text: &str) -> String {
    if let Some(number) = number(text) {
        return number;
    }
    let lower = text.trim().to_ascii_lowercase();
    if matches!(lower.as_str(), "true" | "false") { lower } else { text.to_owned() }
}

fn plain(map: &Options) -> Options {
    map.iter().map(|(key, value)| (key.clone(), word(value))).collect()
}

/// When a coordinator asks another replica, too.
fn policy(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<String>().to_ascii_uppercase();
    match text.as_str() {
        "NONE" | "NEVER" => return "NEVER".to_owned(),
        _ => {}
    }
    let inner = |function: &str| text.strip_prefix(function)?.strip_prefix('(')?.strip_suffix(')');
    for function in ["MIN", "MAX"] {
        if let Some(inner) = inner(function) {
            let mut parts: Vec<_> = inner.split(',').map(threshold).collect();
            parts.sort();
            return format!("{function}({})", parts.join(","));
        }
    }
    threshold(&text)
}

/// `99P` or `50MS`, of a text in upper case.
fn threshold(text: &str) -> String {
    let endings = [("PERCENTILE", "P"), ("P", "P"), ("MS", "MS")];
    let found = endings.iter().find_map(|(ending, unit)| {
        let value = number(text.strip_suffix(ending)?)?;
        Some(format!("{value}{unit}"))
    });
    found.unwrap_or_else(|| text.to_owned())
}

/// The policy as Cassandra 3 reads it; `None` for what it has not.
pub(super) fn policy_of_old(text: &str) -> Option<String> {
    let policy = policy(text);
    match policy.as_str() {
        "NEVER" => Some("NONE".to_owned()),
        "ALWAYS" => Some(policy),
        _ => match (policy.strip_suffix("MS"), policy.strip_suffix('P')) {
            (Some(value), _) => number(value).map(|value| format!("{value}ms")),
            (None, Some(value)) => number(value).map(|value| format!("{value}PERCENTILE")),
            (None, None) => None,
        },
    }
}

/// What the compaction strategies take where nothing is said: strategy (empty for all), option, value.
const COMPACTION: [(&str, &str, &str); 21] = [
    ("", "enabled", "true"),
    ("", "log_all", "false"),
    ("", "only_purge_repaired_tombstones", "false"),
    ("", "min_threshold", "4"),
    ("", "max_threshold", "32"),
    ("SizeTieredCompactionStrategy", "bucket_high", "1.5"),
    ("SizeTieredCompactionStrategy", "bucket_low", "0.5"),
    ("SizeTieredCompactionStrategy", "min_sstable_size", "52428800"),
    // Not those of TimeWindowCompactionStrategy: to say them is what switches them on there.
    ("SizeTieredCompactionStrategy", "tombstone_compaction_interval", "86400"),
    ("SizeTieredCompactionStrategy", "tombstone_threshold", "0.2"),
    ("SizeTieredCompactionStrategy", "unchecked_tombstone_compaction", "false"),
    ("LeveledCompactionStrategy", "fanout_size", "10"),
    ("LeveledCompactionStrategy", "single_sstable_uplevel", "true"),
    ("LeveledCompactionStrategy", "sstable_size_in_mb", "160"),
    ("LeveledCompactionStrategy", "tombstone_compaction_interval", "86400"),
    ("LeveledCompactionStrategy", "tombstone_threshold", "0.2"),
    ("LeveledCompactionStrategy", "unchecked_tombstone_compaction", "false"),
    ("TimeWindowCompactionStrategy", "compaction_window_size", "1"),
    ("TimeWindowCompactionStrategy", "compaction_window_unit", "DAYS"),
    ("TimeWindowCompactionStrategy", "expired_sstable_check_frequency_seconds", "600"),
    ("TimeWindowCompactionStrategy", "timestamp_resolution", "MICROSECONDS"),
];

fn without_package(class: &mut String, package: &str) {
    if let Some(short) = class.strip_prefix(package) {
        *class = short.to_owned();
    }
}

fn compaction(map: &Options) -> Options {
    let mut map = plain(map);
    if let Some(class) = map.get_mut("class") {
        without_package(class, "org.apache.cassandra.db.compaction.");
    }
    for unit in ["compaction_window_unit", "timestamp_resolution"] {
        if let Some(unit) = map.get_mut(unit) {
            unit.make_ascii_uppercase();
        }
    }
    let class = map.get("class").cloned().unwrap_or_default();
    for (strategy, option, value) in COMPACTION {
        if (strategy.is_empty() || strategy == class) && map.get(option).is_some_and(|said| said == value) {
            map.remove(option);
        }
    }
    map
}

fn compression(map: &Options) -> Options {
    let mut map = plain(map);
    for (before, now) in [("sstable_compression", "class"), ("chunk_length_kb", "chunk_length_in_kb")] {
        if let Some(value) = map.remove(before) {
            map.entry(now.to_owned()).or_insert(value);
        }
    }
    if let Some(class) = map.get_mut("class") {
        without_package(class, "org.apache.cassandra.io.compress.");
    }
    let off = map.get("enabled").is_some_and(|enabled| enabled == "false")
        || map.get("class").is_some_and(String::is_empty);
    if off {
        return BTreeMap::from([("enabled".to_owned(), "false".to_owned())]);
    }
    map.remove("enabled");
    if map.get("min_compress_ratio").is_some_and(|ratio| ratio == "0") {
        map.remove("min_compress_ratio");
    }
    map
}

fn caching(map: &Options) -> Options {
    let said = map.iter().map(|(key, value)| (key.clone(), word(value).to_ascii_uppercase()));
    let mut map = BTreeMap::from([
        ("keys".to_owned(), "ALL".to_owned()),
        ("rows_per_partition".to_owned(), "NONE".to_owned()),
    ]);
    map.extend(said);
    map
}
