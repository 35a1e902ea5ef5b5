//! Keyspaces made by chance, all of which Cassandra takes, for tests of what compares and changes them.
//!
//! Chance is a number: the same seed makes the same keyspace.

use std::collections::BTreeMap;

use super::{
    Aggregate, Column, Function, Index, IndexKind, Keyspace, Mask, OptionValue, Signature, Table, View, ddl,
    types,
};
use crate::column::{CqlType, KeyRole, UdtType};
use crate::cql::keywords;

/// What a server can do that not every one can.
#[derive(Debug, Clone, Copy, Default)]
pub struct Features {
    /// Materialized views.
    pub views: bool,
    /// Functions in Java, and aggregates.
    pub functions: bool,
    /// Masks.
    pub masks: bool,
    /// SASI indexes.
    pub sasi: bool,
}

/// Numbers by chance (splitmix64).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// Starts from a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % (limit.max(1) as u64)).unwrap_or_default()
    }

    /// True once in `odds` times.
    pub fn once_in(&mut self, odds: usize) -> bool {
        self.below(odds) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

const TABLES: [&str; 5] = ["orders", "Customers", "table", "events_by_day", "x1"];
const TYPES: [&str; 3] = ["address", "Money", "order"];
const COLUMNS: [&str; 10] =
    ["id", "day", "Name", "select", "total cost", "größe", "tags", "it's", "say \"hi\"", "v9"];
const NATIVE: [&str; 19] = [
    "ascii",
    "bigint",
    "blob",
    "boolean",
    "date",
    "decimal",
    "double",
    "float",
    "inet",
    "int",
    "smallint",
    "text",
    "time",
    "timestamp",
    "timeuuid",
    "tinyint",
    "uuid",
    "varint",
    "duration",
];
const KEYS: [&str; 9] =
    ["int", "text", "uuid", "bigint", "timestamp", "date", "ascii", "timeuuid", "frozen<list<int>>"];
const COMMENTS: [&str; 4] = ["", "it's a comment", "two\nlines -- and /* more */", "\"quoted\" $$ ü"];

/// A keyspace by chance.
pub fn keyspace(name: &str, seed: u64, features: Features) -> Keyspace {
    let mut maker = Maker { chance: Chance::new(seed), features, name: name.to_owned() };
    maker.keyspace()
}

/// Another keyspace that has grown from this one, as keyspaces do.
pub fn grown(from: &Keyspace, seed: u64, features: Features) -> Keyspace {
    let mut maker = Maker { chance: Chance::new(seed), features, name: from.name.clone() };
    maker.grow(from)
}

struct Maker {
    chance: Chance,
    features: Features,
    name: String,
}

impl Maker {
    fn parse(&self, text: &str) -> CqlType {
        types::parse(text, &self.name)
    }

    fn keyspace(&mut self) -> Keyspace {
        let mut keyspace = Keyspace { name: self.name.clone(), durable_writes: true, ..Keyspace::default() };
        keyspace.replication = BTreeMap::from([
            ("class".to_owned(), "NetworkTopologyStrategy".to_owned()),
            ("dc1".to_owned(), "1".to_owned()),
        ]);
        for name in TYPES {
            if self.chance.once_in(2) {
                self.user_type(name, &mut keyspace);
            }
        }
        for name in TABLES {
            if !self.chance.once_in(3) {
                let table = self.table(name, &keyspace);
                keyspace.tables.insert(name.to_owned(), table);
            }
        }
        self.functions(&mut keyspace);
        self.views(&mut keyspace);
        keyspace
    }

    fn user_type(&mut self, name: &str, keyspace: &mut Keyspace) {
        let fields = (0..1 + self.chance.below(3)).map(|place| {
            let field = COLUMNS[(place * 3 + self.chance.below(3)) % COLUMNS.len()].to_owned();
            (field, self.value(keyspace, false))
        });
        let fields = fields.collect();
        let udt = UdtType { keyspace: self.name.clone(), name: name.to_owned(), fields };
        keyspace.types.insert(name.to_owned(), udt);
    }

    /// A type of values; `many` where it may be of many cells.
    fn value(&mut self, keyspace: &Keyspace, many: bool) -> CqlType {
        let known: Vec<String> = keyspace.types.keys().map(|name| keywords::quote_type_name(name)).collect();
        let inner = self.chance.pick(&["int", "text", "uuid", "frozen<set<int>>"]);
        let text = match self.chance.below(8) {
            0 => format!("list<{inner}>"),
            1 => format!("set<{inner}>"),
            2 => format!("map<{inner}, text>"),
            3 => "frozen<tuple<int, text>>".to_owned(),
            4 if many => return self.parse("vector<float, 3>"),
            5 if !known.is_empty() => known[self.chance.below(known.len())].clone(),
            _ => self.chance.pick(&NATIVE).to_owned(),
        };
        let plain = text.starts_with("frozen") || NATIVE.contains(&text.as_str());
        let frozen = !plain && (!many || self.chance.once_in(2));
        self.parse(&if frozen { format!("frozen<{text}>") } else { text })
    }

    /// A type of keys, mostly `usual`.
    fn key(&mut self, usual: &str) -> CqlType {
        let text = if self.chance.once_in(3) { self.chance.pick(&KEYS) } else { usual };
        self.parse(text)
    }

    fn column(&mut self, name: &str, cql_type: CqlType, role: Option<KeyRole>) -> Column {
        let descending = role == Some(KeyRole::Clustering) && self.chance.once_in(3);
        let masked = self.features.masks && role.is_none() && cql_type == CqlType::Text;
        let mask = (masked && self.chance.once_in(2)).then(|| {
            let (function, arguments) = self.chance.pick(&[
                ("mask_default", &[][..]),
                ("mask_inner", &["1", "null"][..]),
                ("mask_replace", &["'hidden'"][..]),
            ]);
            let arguments = arguments.iter().map(|text| (*text != "null").then(|| (*text).to_owned()));
            Mask { keyspace: None, function: function.to_owned(), arguments: arguments.collect() }
        });
        Column { name: name.to_owned(), cql_type, role, descending, mask }
    }

    fn table(&mut self, name: &str, keyspace: &Keyspace) -> Table {
        let mut table = Table { name: name.to_owned(), ..Table::default() };
        let mut names = COLUMNS.to_vec();
        // The first columns are the likeliest keys, so that many pairs can be altered in place.
        for _ in 0..1 + usize::from(self.chance.once_in(3)) {
            let ty = self.key("int");
            let column = self.column(names.remove(0), ty, Some(KeyRole::Partition));
            table.columns.push(column);
        }
        for _ in 0..self.chance.below(3) {
            let ty = self.key("text");
            let column = self.column(names.remove(0), ty, Some(KeyRole::Clustering));
            table.columns.push(column);
        }
        if self.chance.once_in(6) {
            table.flags.extend(["compound", "counter"].map(str::to_owned));
        }
        for name in names {
            if self.chance.once_in(2) {
                let column = self.other(name, &table, keyspace);
                table.columns.push(column);
            }
        }
        if table.is_counter() && table.columns.iter().all(|column| column.cql_type != CqlType::Counter) {
            table.columns.push(self.column("hits", CqlType::Counter, None));
        }
        self.options(&mut table);
        self.indexes(&mut table, keyspace);
        table
    }

    /// A column outside the key.
    fn other(&mut self, name: &str, table: &Table, keyspace: &Keyspace) -> Column {
        let ty = if table.is_counter() { CqlType::Counter } else { self.value(keyspace, true) };
        let may_be_static = table.clustering().next().is_some();
        let role = (may_be_static && self.chance.once_in(5)).then_some(KeyRole::Static);
        self.column(name, ty, role)
    }

    fn options(&mut self, table: &mut Table) {
        let number = |text: &str| OptionValue::Number(text.to_owned());
        let map = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            OptionValue::Map(pairs.collect())
        };
        table.comment = self.chance.pick(&COMMENTS).to_owned();
        let compaction = self.chance.pick(&[
            &[("class", "SizeTieredCompactionStrategy"), ("min_threshold", "6")][..],
            &[("class", "LeveledCompactionStrategy"), ("sstable_size_in_mb", "100")][..],
            &[("class", "UnifiedCompactionStrategy"), ("scaling_parameters", "T4")][..],
            &[("class", "TimeWindowCompactionStrategy"), ("compaction_window_unit", "HOURS")][..],
        ]);
        let all = [
            ("gc_grace_seconds", number("3600")),
            ("compaction", map(compaction)),
            ("compression", map(&[("enabled", "false")])),
            ("caching", map(&[("keys", "NONE"), ("rows_per_partition", "10")])),
            ("speculative_retry", OptionValue::Text("95p".to_owned())),
            ("bloom_filter_fp_chance", number("0.05")),
            ("crc_check_chance", number("0.5")),
            ("read_repair", OptionValue::Text("NONE".to_owned())),
            ("memtable_flush_period_in_ms", number("60000")),
            ("incremental_backups", OptionValue::Flag(false)),
        ];
        for (option, value) in all {
            if self.chance.once_in(4) {
                table.options.insert(option.to_owned(), value);
            }
        }
        if !table.is_counter() && self.chance.once_in(5) {
            table.options.insert("default_time_to_live".to_owned(), number("864000"));
        }
    }

    fn indexes(&mut self, table: &mut Table, keyspace: &Keyspace) {
        if table.is_counter() {
            return;
        }
        let columns: Vec<_> = table.columns.iter().filter(|column| column.role.is_none()).cloned().collect();
        for column in columns {
            if !self.chance.once_in(3) {
                continue;
            }
            // An index's name is the keyspace's.
            let place = COLUMNS.iter().position(|name| *name == column.name).unwrap_or(COLUMNS.len());
            let name = format!("{}_{place}", table.name.to_lowercase());
            let taken = keyspace.tables.values().any(|other| other.indexes.contains_key(&name));
            if let Some(index) = self.index(&name, &column).filter(|_| !taken) {
                table.indexes.insert(name, index);
            }
        }
    }

    fn index(&mut self, name: &str, column: &Column) -> Option<Index> {
        let on = ddl::name(&column.name);
        // The server takes names of letters, digits and underscores only in indexes of classes of its own.
        let plain = column.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let sai = self.chance.once_in(2) && plain;
        let mut options = BTreeMap::new();
        let (target, class) = match &column.cql_type {
            CqlType::Vector(..) if plain => {
                options.insert(
                    "similarity_function".to_owned(),
                    self.chance.pick(&["cosine", "dot_product"]).to_owned(),
                );
                (on, Some("sai"))
            }
            CqlType::Text if self.features.sasi && plain && self.chance.once_in(3) => {
                options.insert("mode".to_owned(), "CONTAINS".to_owned());
                (on, Some("org.apache.cassandra.index.sasi.SASIIndex"))
            }
            CqlType::Text if sai => {
                options.insert("case_sensitive".to_owned(), "false".to_owned());
                (on, Some("StorageAttachedIndex"))
            }
            CqlType::Int | CqlType::Uuid | CqlType::Bigint => (on, sai.then_some("sai")),
            CqlType::Text | CqlType::Ascii | CqlType::Inet | CqlType::Blob => (on, None),
            CqlType::Map(..) => {
                let part = self.chance.pick(&["keys", "values", "entries"]);
                (format!("{part}({on})"), None)
            }
            CqlType::List(_) | CqlType::Set(_) => (format!("values({on})"), None),
            CqlType::Frozen(inner)
                if matches!(**inner, CqlType::List(_) | CqlType::Set(_) | CqlType::Map(..)) =>
            {
                (format!("full({on})"), None)
            }
            _ => return None,
        };
        let class = class.map(str::to_owned);
        let kind = IndexKind::of(class.as_deref());
        Some(Index { name: name.to_owned(), kind, class, target, options })
    }

    fn functions(&mut self, keyspace: &mut Keyspace) {
        if !self.features.functions {
            return;
        }
        let int = self.parse("int");
        for (name, parameters) in [("twice", 1), ("add_up", 2), ("Finish", 1)] {
            if self.chance.once_in(3) {
                continue;
            }
            let arguments =
                ["a", "b"].iter().take(parameters).map(|name| ((*name).to_owned(), int.clone())).collect();
            let function = Function {
                arguments,
                returns: int.clone(),
                language: "java".to_owned(),
                body: self.chance.pick(&["return a;", "return a + 1; // it's"]).to_owned(),
                called_on_null: false,
                qualities: Vec::new(),
            };
            let signature =
                Signature { name: name.to_owned(), arguments: vec!["int".to_owned(); parameters] };
            keyspace.functions.insert(signature, function);
        }
        let has = |name: &str| keyspace.functions.keys().any(|signature| signature.name == name);
        if has("add_up") && self.chance.once_in(2) {
            let aggregate = Aggregate {
                arguments: vec![int.clone()],
                returns: int.clone(),
                state_function: "add_up".to_owned(),
                state_type: int,
                final_function: has("Finish").then(|| "Finish".to_owned()),
                initial: Some(self.chance.pick(&["0", "7"]).to_owned()),
            };
            let signature = Signature { name: "sum_up".to_owned(), arguments: vec!["int".to_owned()] };
            keyspace.aggregates.insert(signature, aggregate);
        }
    }

    fn views(&mut self, keyspace: &mut Keyspace) {
        if !self.features.views {
            return;
        }
        let bases: Vec<_> = keyspace
            .tables
            .values()
            .filter(|table| !table.is_counter() && !table.options.contains_key("default_time_to_live"))
            .cloned()
            .collect();
        for base in bases {
            if !self.chance.once_in(2) || base.with_role(KeyRole::Static).next().is_some() {
                continue;
            }
            let name = format!("{}_seen", base.name.to_lowercase());
            let mut keys: Vec<Column> = base.partition_key().chain(base.clustering()).cloned().collect();
            let extra = base.columns.iter().find(|column| {
                column.role.is_none() && matches!(column.cql_type, CqlType::Int | CqlType::Text)
            });
            if let Some(extra) = extra.filter(|_| self.chance.once_in(2)) {
                keys.insert(0, extra.clone());
            }
            for (place, key) in keys.iter_mut().enumerate() {
                key.role = Some(if place == 0 { KeyRole::Partition } else { KeyRole::Clustering });
                key.descending = place > 0 && self.chance.once_in(3);
            }
            let conditions = keys.iter().map(|key| format!("{} IS NOT NULL", ddl::name(&key.name)));
            let where_clause = conditions.collect::<Vec<_>>().join(" AND ");
            let all_columns = self.chance.once_in(2);
            let mut columns = keys;
            for column in &base.columns {
                let known = columns.iter().any(|other| other.name == column.name);
                if !known && (all_columns || self.chance.once_in(2)) {
                    columns.push(column.clone());
                }
            }
            let comment = self.chance.pick(&COMMENTS).to_owned();
            let table = Table { name: name.clone(), columns, comment, ..Table::default() };
            let view = View { base: base.name.clone(), all_columns, where_clause, table };
            keyspace.views.insert(name, view);
        }
    }

    fn grow(&mut self, from: &Keyspace) -> Keyspace {
        let mut grown = from.clone();
        grown.views.clear();
        grown.functions.clear();
        grown.aggregates.clear();
        for udt in grown.types.values_mut() {
            if self.chance.once_in(3) {
                udt.fields.push(("more".to_owned(), CqlType::Int));
            }
            if self.chance.once_in(4)
                && let Some((name, _)) = udt.fields.first_mut()
            {
                "renamed field".clone_into(name);
            }
        }
        for name in TYPES {
            if !grown.types.contains_key(name) && self.chance.once_in(4) {
                self.user_type(name, &mut grown);
            }
        }
        for name in TABLES {
            match grown.tables.get(name).cloned() {
                Some(_) if self.chance.once_in(6) => drop(grown.tables.remove(name)),
                Some(table) if !self.chance.once_in(4) => {
                    let table = self.grow_table(table, &grown);
                    grown.tables.insert(name.to_owned(), table);
                }
                None if self.chance.once_in(2) => {
                    let table = self.table(name, &grown);
                    grown.tables.insert(name.to_owned(), table);
                }
                _ => {}
            }
        }
        self.functions(&mut grown);
        self.views(&mut grown);
        grown
    }

    fn grow_table(&mut self, mut table: Table, keyspace: &Keyspace) -> Table {
        if !table.is_counter() {
            table.columns.retain(|column| {
                let key = matches!(column.role, Some(KeyRole::Partition | KeyRole::Clustering));
                key || !self.chance.once_in(4)
            });
            for name in COLUMNS {
                if table.column(name).is_none() && self.chance.once_in(4) {
                    let column = self.other(name, &table, keyspace);
                    table.columns.push(column);
                }
            }
        }
        if self.chance.once_in(5) {
            let keys = table.columns.iter_mut().filter(|column| column.role == Some(KeyRole::Partition));
            if let Some(key) = keys.last() {
                "renamed_key".clone_into(&mut key.name);
            }
        }
        table.options.clear();
        self.options(&mut table);
        table.indexes.clear();
        self.indexes(&mut table, keyspace);
        table
    }
}
