//! Schemas compared, and scripts read.

use std::collections::BTreeMap;
use std::sync::Arc;

use insta::assert_snapshot;

use super::*;
use crate::column::UdtType;
use crate::render;
use crate::schema::read::Source;
use crate::schema::testing::{self, Features};
use crate::schema::{Column, Index, IndexKind, OptionValue, types};

/// A table of columns such as `id int pk`, `day date ck`, `note text`.
fn table(name: &str, columns: &[&str]) -> Table {
    let columns = columns.iter().map(|text| {
        let (text, role) = match text.rsplit_once(' ') {
            Some((text, "pk")) => (text, Some(crate::column::KeyRole::Partition)),
            Some((text, "ck")) => (text, Some(crate::column::KeyRole::Clustering)),
            _ => (*text, None),
        };
        let (name, ty) = text.split_once(' ').unwrap();
        Column {
            name: name.to_owned(),
            cql_type: types::parse(ty, "shop"),
            role,
            descending: false,
            mask: None,
        }
    });
    Table { name: name.to_owned(), columns: columns.collect(), ..Table::default() }
}

fn schema(tables: Vec<Table>) -> Schema {
    let keyspace = Keyspace {
        name: "shop".to_owned(),
        replication: BTreeMap::from([("class".to_owned(), "SimpleStrategy".to_owned())]),
        durable_writes: true,
        tables: tables.into_iter().map(|table| (table.name.clone(), table)).collect(),
        ..Keyspace::default()
    };
    Schema { keyspaces: BTreeMap::from([("shop".to_owned(), Arc::new(keyspace))]), ..Schema::default() }
}

fn monday() -> Schema {
    let mut orders = table("orders", &["id int pk", "day date ck", "note text", "total int"]);
    let index = Index {
        name: "by_note".to_owned(),
        kind: IndexKind::Sai,
        class: Some("sai".to_owned()),
        target: "note".to_owned(),
        options: BTreeMap::new(),
    };
    orders.indexes.insert("by_note".to_owned(), index);
    schema(vec![
        orders,
        table("log", &["id int pk", "line text"]),
        table("kept", &["id int pk"]),
        table("visits", &["site text pk", "hits int"]),
    ])
}

fn today() -> Schema {
    let mut orders = table("orders", &["order_id int pk", "day date ck", "remark text", "paid boolean"]);
    orders.comment = "it's <new>".to_owned();
    orders.options.insert("gc_grace_seconds".to_owned(), OptionValue::Number("3600".to_owned()));
    schema(vec![
        orders,
        table("journal", &["id int pk", "line text"]),
        table("kept", &["id int pk"]),
        table("visits", &["site text pk", "hits bigint"]),
    ])
}

#[test]
fn what_changed_and_whether_it_is_safe_stands_in_one_text() {
    let found = diff(&monday(), &today(), &Sides::default());
    let bundle = render::diff(&found, "monday -> live");
    assert_snapshot!(bundle.plain);
    let html = bundle.html.unwrap();
    assert!(html.contains("it''s &lt;new&gt;") && html.contains("impossible"), "{html}");
    assert_snapshot!(html);
    let none = diff(&monday(), &monday(), &Sides::default());
    assert_snapshot!(render::diff(&none, "monday -> monday").plain, @r"
    monday -> monday
    Nothing differs.
    ");
}

#[test]
fn a_script_keeps_back_what_loses_something_until_it_is_allowed() {
    let steps = script::steps(&monday(), &today(), &Sides::default());
    assert_snapshot!(script::text(&steps, "From monday to live.", false));
    let allowed = script::text(&steps, "From monday to live.", true);
    let statements = allowed.lines().filter(|line| !line.is_empty() && !line.starts_with("--"));
    assert_snapshot!(statements.collect::<Vec<_>>().join("\n"));
    let none = script::steps(&monday(), &monday(), &Sides::default());
    assert_snapshot!(script::text(&none, "Nothing.", true), @r"
    -- Nothing.
    -- Nothing is to be done: both are the same.
    ");
}

/// The difference and the script agree on whether there is anything to do, and on whether it loses something.
#[test]
fn difference_and_script_agree() {
    let features = Features { views: true, functions: true, masks: true, sasi: true };
    let of = |keyspace: Keyspace| Schema {
        keyspaces: BTreeMap::from([(keyspace.name.clone(), Arc::new(keyspace))]),
        ..Schema::default()
    };
    for seed in 0..300 {
        let old = testing::keyspace("k", seed, features);
        let new = if seed % 2 == 0 {
            testing::grown(&old, seed + 1, features)
        } else {
            testing::keyspace("k", seed + 1000, features)
        };
        let (old, new) = (of(old), of(new));
        assert!(diff(&old, &old, &Sides::default()).nodes.is_empty(), "seed {seed}");
        assert!(script::steps(&new, &new, &Sides::default()).is_empty(), "seed {seed}");
        let counts = diff(&old, &new, &Sides::default()).counts();
        let steps = script::steps(&old, &new, &Sides::default());
        let any = counts != Counts::default();
        assert_eq!(any, !steps.is_empty(), "seed {seed}: {counts:?} {steps:?}");
        let costly = steps.iter().any(|step| step.safety != Safety::Safe);
        assert_eq!(counts.lossy + counts.impossible > 0, costly, "seed {seed}: {counts:?} {steps:?}");
    }
}

#[test]
fn a_keyspace_takes_another_name_with_all_that_is_in_it() {
    let features = Features { views: true, functions: true, masks: true, sasi: true };
    for seed in 0..50 {
        let mut keyspace = testing::keyspace("k", seed, features);
        keyspace.resolve();
        let renamed = keyspace.renamed("other");
        assert!(!format!("{renamed:?}").contains("keyspace: \"k\""), "seed {seed}");
        assert_eq!(renamed.renamed("k"), keyspace, "seed {seed}");
    }
}

#[test]
fn a_column_of_a_type_that_is_not_frozen_goes_only_with_its_table() {
    let of = |columns: &[&str]| {
        let mut schema = schema(vec![table("orders", columns)]);
        let keyspace = Arc::make_mut(schema.keyspaces.get_mut("shop").unwrap());
        let fields = vec![("amount".to_owned(), types::parse("int", "shop"))];
        let money = UdtType { keyspace: "shop".to_owned(), name: "money".to_owned(), fields };
        keyspace.types.insert("money".to_owned(), money);
        schema
    };
    let (free, frozen) = ("price money", "price frozen<money>");
    let script = |old: &str| {
        let steps = script::steps(&of(&["id int pk", old]), &of(&["id int pk"]), &Sides::default());
        steps
            .iter()
            .map(|step| format!("{:?}: {}", step.safety, step.cql.lines().next().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(script(frozen), ["Lossy: ALTER TABLE shop.orders DROP price;"]);
    assert_eq!(script(free), ["Impossible: DROP TABLE shop.orders;", "Lossy: CREATE TABLE shop.orders ("]);
}

/// A schema of one table with options, on a server of some release that has these and no more.
fn of_release(release: &str, options: &[(&str, &str)]) -> Schema {
    let mut orders = table("orders", &["id int pk", "note text"]);
    for (option, value) in options {
        orders.options.insert((*option).to_owned(), OptionValue::Text((*value).to_owned()));
    }
    let mut schema = schema(vec![orders]);
    schema.origin.release = release.to_owned();
    schema.origin.table_options = options.iter().map(|(option, _)| (*option).to_owned()).collect();
    schema
}

const OLD: [(&str, &str); 2] = [("speculative_retry", "99PERCENTILE"), ("read_repair_chance", "0.1")];
const NEW: [(&str, &str); 4] = [
    ("speculative_retry", "99p"),
    ("additional_write_policy", "99p"),
    ("memtable", "trie"),
    ("read_repair", "NONE"),
];

#[test]
fn two_releases_are_told_apart_once_and_not_at_every_table() {
    let (old, new) = (of_release("3.11.19", &OLD), of_release("5.0.9", &NEW));
    let found = render::diff(&diff(&old, &new, &Sides::default()), "monday -> live");
    assert_snapshot!(found.plain, @r"
    monday -> live
    Nothing differs.
    Not compared, because only one of the two servers has these table options: read_repair_chance (the first, Cassandra 3.11.19); additional_write_policy, memtable, read_repair (the second, Cassandra 5.0.9).
    ");
    assert!(found.html.unwrap().contains("Not compared, because"));
    assert!(script::steps(&old, &new, &Sides::default()).is_empty());
}

#[test]
fn a_script_sets_what_its_target_has() {
    let (old, mut new) = (of_release("3.11.19", &OLD), of_release("5.0.9", &NEW));
    let keyspace = Arc::make_mut(new.keyspaces.get_mut("shop").unwrap());
    let mut more = keyspace.tables["orders"].clone();
    "more".clone_into(&mut more.name);
    keyspace.tables.insert("more".to_owned(), more);
    let orders = keyspace.tables.get_mut("orders").unwrap();
    orders.options.insert("speculative_retry".to_owned(), OptionValue::Text("50ms".to_owned()));
    let sides = Sides::default();
    let said = script::left_out(&old, &new, &sides).join("\n");
    assert_snapshot!(script::text(&script::steps(&old, &new, &sides), &said, false), @r"
    -- Left out: table options that Cassandra 3.11.19 does not have: additional_write_policy, memtable, read_repair.

    CREATE TABLE shop.more (
        id int PRIMARY KEY,
        note text
    ) WITH comment = ''
        AND speculative_retry = '99PERCENTILE';

    ALTER TABLE shop.orders WITH speculative_retry = '50ms';
    ");
    // The other way round nothing is set that the later release took away.
    let back = script::steps(&new, &old, &sides);
    let cql: Vec<_> = back.iter().map(|step| step.cql.as_str()).collect();
    assert_eq!(
        cql,
        ["DROP TABLE shop.more;", "ALTER TABLE shop.orders WITH speculative_retry = '99PERCENTILE';"]
    );
}

#[test]
fn an_index_is_the_same_by_whatever_name_its_class_is_called() {
    let of = |class: &str| {
        let mut schema = monday();
        let keyspace = Arc::make_mut(schema.keyspaces.get_mut("shop").unwrap());
        let orders = keyspace.tables.get_mut("orders").unwrap();
        let index = orders.indexes.get_mut("by_note").unwrap();
        (index.class, index.kind) = (Some(class.to_owned()), IndexKind::of(Some(class)));
        schema
    };
    let sai = ["sai", "StorageAttachedIndex", "org.apache.cassandra.index.sai.StorageAttachedIndex"];
    for class in sai {
        assert!(diff(&of("SAI"), &of(class), &Sides::default()).nodes.is_empty(), "{class}");
        assert!(script::steps(&of("SAI"), &of(class), &Sides::default()).is_empty(), "{class}");
    }
    assert!(!diff(&of("sai"), &of("com.example.Index"), &Sides::default()).nodes.is_empty());
}

/// Compact tables as Cassandra 5's own tables have them.
fn compact(flags: &[&str], columns: &[&str], fixed: &[&str]) -> Schema {
    let mut made = table("c", columns);
    made.flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    for column in made.columns.iter_mut().filter(|column| fixed.contains(&column.name.as_str())) {
        column.role = Some(crate::column::KeyRole::Static);
    }
    schema(vec![made])
}

#[test]
fn compact_storage_is_dropped_in_place_with_a_word_on_what_appears() {
    let columns = ["k int pk", "column1 text ck", "v int", "w text", "value blob"];
    let of = |flag| compact(&[flag], &columns, &["v", "w"]);
    let (old, new) = (of(crate::schema::NO_FLAG), of("compound"));
    let sides = Sides::default();
    assert_snapshot!(script::text(&script::steps(&old, &new, &sides), "", false), @r"

    -- It cannot be undone. Columns that were hidden appear, in `SELECT *` too: column1, value. These become static: v, w. Cassandra refuses it unless cassandra.yaml allows it: `drop_compact_storage_enabled: true`, before 4.1 `enable_drop_compact_storage: true`.
    ALTER TABLE shop.c DROP COMPACT STORAGE;
    ");
    let found = diff(&old, &new, &sides);
    assert_eq!((found.counts().removed, found.counts().safe), (1, 1));
    assert!(render::diff(&found, "").plain.contains("- option COMPACT STORAGE  [safe] It cannot be undone."));
    // What else differs is altered behind it.
    let mut more = new.clone();
    let keyspace = Arc::make_mut(more.keyspaces.get_mut("shop").unwrap());
    let extra = table("c", &["extra int"]).columns.remove(0);
    keyspace.tables.get_mut("c").unwrap().columns.push(extra);
    let steps = script::steps(&old, &more, &sides);
    let cql: Vec<_> = steps.iter().map(|step| step.cql.as_str()).collect();
    assert_eq!(cql, ["ALTER TABLE shop.c DROP COMPACT STORAGE;", "ALTER TABLE shop.c ADD extra int;"]);
    // There is no way back.
    let back = script::steps(&new, &old, &sides);
    assert!(back[0].note.as_ref().unwrap().starts_with("COMPACT STORAGE cannot be given to a table."));
    assert!(script::steps(&old, &old, &sides).is_empty());
}

#[test]
fn a_compact_table_is_described_as_it_was_made() {
    let made = |flags: &[&str], columns: &[&str], fixed: &[&str]| {
        let schema = compact(flags, columns, fixed);
        let cql = crate::schema::ddl::table("shop", &schema.keyspaces["shop"].tables["c"], false);
        cql.split_whitespace().skip_while(|word| *word != "CREATE").collect::<Vec<_>>().join(" ")
    };
    let columns = ["k int pk", "column1 text ck", "v int", "value blob"];
    assert_eq!(
        made(&[crate::schema::NO_FLAG], &columns, &["v"]),
        "CREATE TABLE shop.c ( k int PRIMARY KEY, v int ) WITH COMPACT STORAGE AND comment = '';"
    );
    assert_eq!(
        made(&["dense"], &["k int pk", "c int ck", "value empty"], &[]),
        "CREATE TABLE shop.c ( k int, c int, PRIMARY KEY (k, c) ) WITH COMPACT STORAGE AND CLUSTERING ORDER BY (c ASC) AND comment = '';"
    );
    assert_eq!(
        made(&["dense"], &["k int pk", "c int ck", "v int"], &[]),
        "CREATE TABLE shop.c ( k int, c int, v int, PRIMARY KEY (k, c) ) WITH COMPACT STORAGE AND CLUSTERING ORDER BY (c ASC) AND comment = '';"
    );
}

#[test]
fn what_one_side_has_not_read_is_neither_made_nor_dropped() {
    let (monday, today) = (monday(), today());
    let sides = Sides::default();
    assert!(!script::steps(&today, &schema(Vec::new()), &sides).is_empty());
    for source in Source::ALL {
        // A side that lacks a source, with what it has taken out as well.
        let mut holed = today.clone();
        holed.unread.insert(source);
        let empty = Schema { unread: Source::ALL.into(), ..Schema::default() };
        for (old, new) in [(&today, &empty), (&empty, &today)] {
            let steps = script::steps(old, new, &sides);
            assert!(steps.is_empty() && diff(old, new, &sides).nodes.is_empty(), "{steps:?}");
        }
        let told = script::text(&script::steps(&monday, &holed, &sides), "", true);
        let what = match source {
            Source::Tables => "TABLE",
            Source::Columns => "TABLE",
            Source::Indexes => "INDEX",
            Source::Types => "TYPE",
            Source::Functions => "FUNCTION",
            Source::Keyspaces => "KEYSPACE",
            _ => continue,
        };
        assert!(
            !told.contains(&format!("DROP {what}")) && !told.contains(&format!("CREATE {what}")),
            "{told}"
        );
    }
}
