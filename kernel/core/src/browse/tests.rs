//! The browser over a schema with a bit of everything, and over large ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use insta::assert_snapshot;

use super::*;
use crate::column::{CqlType, UdtType};
use crate::schema::{
    Function, Index, IndexKind, Keyspace, KeyspaceKind, OptionValue, Origin, Schema, Signature, View,
};

fn column(name: &str, cql_type: CqlType, role: Option<KeyRole>) -> Column {
    Column { name: name.to_owned(), cql_type, role, descending: false, mask: None }
}

fn table(name: &str, columns: Vec<Column>) -> Table {
    Table { name: name.to_owned(), columns, ..Table::default() }
}

fn address() -> UdtType {
    UdtType {
        keyspace: "shop".to_owned(),
        name: "address".to_owned(),
        fields: vec![("street".to_owned(), CqlType::Text), ("City".to_owned(), CqlType::Text)],
    }
}

fn orders() -> Table {
    let mut day = column("day", CqlType::Date, Some(KeyRole::Clustering));
    day.descending = true;
    let index = |name: &str, kind, target: &str| Index {
        name: name.to_owned(),
        kind,
        class: None,
        target: target.to_owned(),
        options: BTreeMap::new(),
    };
    let mut orders = table(
        "orders",
        vec![
            column("customer", CqlType::Uuid, Some(KeyRole::Partition)),
            day,
            column("Line", CqlType::Int, Some(KeyRole::Clustering)),
            column("since", CqlType::Date, Some(KeyRole::Static)),
            column("place", CqlType::Frozen(Box::new(CqlType::Udt(Box::new(address())))), None),
            column("tags", CqlType::Set(Box::new(CqlType::Text)), None),
            column("total", CqlType::Decimal, None),
        ],
    );
    orders.comment = "What was <ordered>.".to_owned();
    orders.options.insert("gc_grace_seconds".to_owned(), OptionValue::Number("864000".to_owned()));
    orders.indexes.insert("by_total".to_owned(), index("by_total", IndexKind::Sai, "total"));
    orders.indexes.insert("by_tag".to_owned(), index("by_tag", IndexKind::Sai, "values(tags)"));
    orders
}

fn shop() -> Schema {
    let mut shop = Keyspace { name: "shop".to_owned(), durable_writes: true, ..Keyspace::default() };
    shop.replication.insert("class".to_owned(), "NetworkTopologyStrategy".to_owned());
    shop.replication.insert("dc1".to_owned(), "3".to_owned());
    shop.tables.insert("orders".to_owned(), orders());
    let prices = vec![
        column("item", CqlType::Text, Some(KeyRole::Partition)),
        column("region", CqlType::Text, Some(KeyRole::Partition)),
        column("price", CqlType::Decimal, None),
    ];
    shop.tables.insert("Prices".to_owned(), table("Prices", prices));
    let by_day = vec![
        column("day", CqlType::Date, Some(KeyRole::Partition)),
        column("customer", CqlType::Uuid, Some(KeyRole::Clustering)),
    ];
    let view = View {
        base: "orders".to_owned(),
        all_columns: false,
        where_clause: "day IS NOT NULL AND customer IS NOT NULL".to_owned(),
        table: table("orders_by_day", by_day),
    };
    shop.views.insert("orders_by_day".to_owned(), view);
    shop.types.insert("address".to_owned(), address());
    let function = Function {
        arguments: vec![("n".to_owned(), CqlType::Int)],
        returns: CqlType::Int,
        language: "java".to_owned(),
        body: "return n;".to_owned(),
        called_on_null: false,
        qualities: Vec::new(),
    };
    let signature = Signature { name: "twice".to_owned(), arguments: vec!["int".to_owned()] };
    shop.functions.insert(signature, function);
    let system = Keyspace { name: "system".to_owned(), kind: KeyspaceKind::System, ..Keyspace::default() };
    Schema {
        origin: Origin { cluster: "Test Cluster".to_owned(), ..Origin::default() },
        keyspaces: [shop, system].map(|keyspace| (keyspace.name.clone(), Arc::new(keyspace))).into(),
        ..Schema::default()
    }
}

fn page_of(name: &str) -> crate::render::MimeBundle {
    let schema = shop();
    match find(&schema, Some("shop"), name) {
        Ok(Found::Table(keyspace, table)) => {
            page(keyspace, table, Some(&Size::Estimate { partitions: 1200, mean: 340 }))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_tree_as_text() {
    assert_snapshot!(tree(&shop(), None).plain, @r#"
    Test Cluster  1 keyspace, 2 tables
    shop  2 tables · 1 view · 1 type · 1 function · copies: dc1 3
      "Prices"  ((item, region))
        Column  Type     Role
        ------  -------  -------------
        item    text     partition key
        region  text     partition key
        price   decimal
      orders  (customer, day, "Line") · 2 indexes
        Column    Type             Role           More
        --------  ---------------  -------------  --------------
        customer  uuid             partition key
        day       date             clustering ↓
        "Line"    int              clustering ↑
        since     date             static
        place     frozen<address>
        tags      set<text>                       index by_tag
        total     decimal                         index by_total
        by_tag  on values(tags) · storage-attached index (SAI)
        by_total  on total · storage-attached index (SAI)
      orders_by_day  view of orders · (day, customer)
        Column    Type  Role
        --------  ----  -------------
        day       date  partition key
        customer  uuid  clustering ↑
      Types  1
        address  street text, "City" text
      Functions  1
        twice(int)  → int · java
    The server's own  system
    `%schema KS` shows a keyspace, `%schema KS.TABLE` a table and the queries that its key allows.
    "#);
}

#[test]
fn the_tree_folds() {
    assert_snapshot!(tree(&shop(), None).html.unwrap(), @r#"
    <div class="cqlbook cqlbook-outline"><div><b>Test Cluster</b> <small>1 keyspace, 2 tables</small></div><details open><summary><code>shop</code> <small>2 tables · 1 view · 1 type · 1 function · copies: dc1 3</small></summary><div style="margin-left:1.3em"><details><summary><code>"Prices"</code> <small><code>((item, region))</code></small></summary><div style="margin-left:1.3em"><div class="cqlbook" style="overflow-x:auto"><table class="cqlbook-list dataframe" style="margin:0"><thead><tr><th scope="col" style="text-align:left">Column</th><th scope="col" style="text-align:left">Type</th><th scope="col" style="text-align:left">Role</th></tr></thead><tbody>
    <tr><td style="text-align:left"><code>item</code></td><td style="text-align:left"><code>text</code></td><td style="text-align:left">partition key</td></tr>
    <tr><td style="text-align:left"><code>region</code></td><td style="text-align:left"><code>text</code></td><td style="text-align:left">partition key</td></tr>
    <tr><td style="text-align:left"><code>price</code></td><td style="text-align:left"><code>decimal</code></td><td style="text-align:left"></td></tr>
    </tbody></table></div></div></details><details><summary><code>orders</code> <small><code>(customer, day, "Line")</code> · 2 indexes</small></summary><div style="margin-left:1.3em"><div class="cqlbook" style="overflow-x:auto"><table class="cqlbook-list dataframe" style="margin:0"><thead><tr><th scope="col" style="text-align:left">Column</th><th scope="col" style="text-align:left">Type</th><th scope="col" style="text-align:left">Role</th><th scope="col" style="text-align:left">More</th></tr></thead><tbody>
    <tr><td style="text-align:left"><code>customer</code></td><td style="text-align:left"><code>uuid</code></td><td style="text-align:left">partition key</td><td style="text-align:left"></td></tr>
    <tr><td style="text-align:left"><code>day</code></td><td style="text-align:left"><code>date</code></td><td style="text-align:left">clustering ↓</td><td style="text-align:left"></td></tr>
    <tr><td style="text-align:left"><code>"Line"</code></td><td style="text-align:left"><code>int</code></td><td style="text-align:left">clustering ↑</td><td style="text-align:left"></td></tr>
    <tr><td style="text-align:left"><code>since</code></td><td style="text-align:left"><code>date</code></td><td style="text-align:left">static</td><td style="text-align:left"></td></tr>
    <tr><td style="text-align:left"><code>place</code></td><td style="text-align:left"><code>frozen&lt;address&gt;</code></td><td style="text-align:left"></td><td style="text-align:left"></td></tr>
    <tr><td style="text-align:left"><code>tags</code></td><td style="text-align:left"><code>set&lt;text&gt;</code></td><td style="text-align:left"></td><td style="text-align:left">index by_tag</td></tr>
    <tr><td style="text-align:left"><code>total</code></td><td style="text-align:left"><code>decimal</code></td><td style="text-align:left"></td><td style="text-align:left">index by_total</td></tr>
    </tbody></table></div><div><code>by_tag</code> <small>on <code>values(tags)</code> · storage-attached index (SAI)</small></div><div><code>by_total</code> <small>on <code>total</code> · storage-attached index (SAI)</small></div></div></details><details><summary><code>orders_by_day</code> <small>view of <code>orders</code> · <code>(day, customer)</code></small></summary><div style="margin-left:1.3em"><div class="cqlbook" style="overflow-x:auto"><table class="cqlbook-list dataframe" style="margin:0"><thead><tr><th scope="col" style="text-align:left">Column</th><th scope="col" style="text-align:left">Type</th><th scope="col" style="text-align:left">Role</th></tr></thead><tbody>
    <tr><td style="text-align:left"><code>day</code></td><td style="text-align:left"><code>date</code></td><td style="text-align:left">partition key</td></tr>
    <tr><td style="text-align:left"><code>customer</code></td><td style="text-align:left"><code>uuid</code></td><td style="text-align:left">clustering ↑</td></tr>
    </tbody></table></div></div></details><details><summary><b>Types</b> <small>1</small></summary><div style="margin-left:1.3em"><div><code>address</code> <small>street text, "City" text</small></div></div></details><details><summary><b>Functions</b> <small>1</small></summary><div style="margin-left:1.3em"><div><code>twice(int)</code> <small>→ int · java</small></div></div></details></div></details><details><summary><b>The server's own</b> <small>system</small></summary><div style="margin-left:1.3em"><details><summary><code>system</code> <small>0 tables</small></summary><div style="margin-left:1.3em"><div>It is empty.</div></div></details></div></details><div style="margin-top:.4em"><small><code>%schema KS</code> shows a keyspace, <code>%schema KS.TABLE</code> a table and the queries that its key allows.</small></div></div>
    "#);
}

#[test]
fn a_tables_page_says_what_its_key_allows() {
    assert_snapshot!(page_of("orders").plain, @r#"
    shop.orders  table · 7 columns · PRIMARY KEY (customer, day, "Line")
    What was <ordered>.
    Column    Type             Role           More
    --------  ---------------  -------------  --------------
    customer  uuid             partition key
    day       date             clustering ↓
    "Line"    int              clustering ↑
    since     date             static
    place     frozen<address>
    tags      set<text>                       index by_tag
    total     decimal                         index by_total
    Queries that the key allows  7 kinds
      One row, by the whole key: customer, day and "Line".
        SELECT * FROM shop.orders WHERE customer = 00000000-0000-4000-8000-000000000000 AND day = '2026-01-01' AND "Line" = 1;
      All rows of one partition, by customer, in the order of day and "Line".
        SELECT * FROM shop.orders WHERE customer = 00000000-0000-4000-8000-000000000000;
      A range of day within one partition.
        SELECT * FROM shop.orders WHERE customer = 00000000-0000-4000-8000-000000000000 AND day >= '2026-01-01' AND day < '2026-02-01';
      A range of "Line" within one partition, with day fixed.
        SELECT * FROM shop.orders WHERE customer = 00000000-0000-4000-8000-000000000000 AND day = '2026-01-01' AND "Line" >= 1 AND "Line" < 10;
      The first rows of one partition: the stored order of day, turned around.
        SELECT * FROM shop.orders WHERE customer = 00000000-0000-4000-8000-000000000000 ORDER BY day ASC LIMIT 10;
      A few partitions at once. Each is read on its own, so keep the list short.
        SELECT * FROM shop.orders WHERE customer IN (00000000-0000-4000-8000-000000000000, ffffffff-ffff-4fff-bfff-ffffffffffff);
      All partitions, a stretch of tokens after the other. This reads the whole table.
        SELECT * FROM shop.orders WHERE token(customer) > token(00000000-0000-4000-8000-000000000000) LIMIT 100;
      A restriction of "Line", since and place alone reads the whole table: the server asks for ALLOW FILTERING. An index, or a table of its own with that key, serves it.
    Indexes and what they serve  2 indexes
      by_tag  on values(tags) · storage-attached index (SAI)
      Rows whose tags contains a value.
        SELECT * FROM shop.orders WHERE tags CONTAINS 'a';
      by_total  on total · storage-attached index (SAI)
      Rows by total, equal or in a range, together with other such columns.
        SELECT * FROM shop.orders WHERE total >= 1.5 AND total < 10.5;
    Views over it  1 view
      orders_by_day  PRIMARY KEY (day, customer)
    Types used  1 type
      address  street text, "City" text
    Size
      About 1,200 partitions of 340 bytes on average, 408.0 KB in all: the share of the node that answered, as it estimated last.
    Options  1 option
    `%schema shop.orders --peek` shows a few rows, `DESCRIBE shop.orders;` the CQL that makes it.
    "#);
}

#[test]
fn a_page_of_a_key_of_several_columns() {
    assert_snapshot!(page_of("shop.\"Prices\"").plain, @r#"
    shop."Prices"  table · 3 columns · PRIMARY KEY ((item, region))
    Column  Type     Role
    ------  -------  -------------
    item    text     partition key
    region  text     partition key
    price   decimal
    Queries that the key allows  3 kinds
      One row, by the whole key: item and region.
        SELECT * FROM shop."Prices" WHERE item = 'a' AND region = 'a';
      A few partitions at once. Each is read on its own, so keep the list short.
        SELECT * FROM shop."Prices" WHERE item = 'a' AND region IN ('a', 'n');
      All partitions, a stretch of tokens after the other. This reads the whole table.
        SELECT * FROM shop."Prices" WHERE token(item, region) > token('a', 'a') LIMIT 100;
      A restriction of price alone reads the whole table: the server asks for ALLOW FILTERING. An index, or a table of its own with that key, serves it.
    Size
      About 1,200 partitions of 340 bytes on average, 408.0 KB in all: the share of the node that answered, as it estimated last.
    `%schema shop."Prices" --peek` shows a few rows, `DESCRIBE shop."Prices";` the CQL that makes it.
    "#);
}

#[test]
fn a_views_page() {
    assert_snapshot!(page_of("orders_by_day").plain, @"
    shop.orders_by_day  materialized view of orders · 2 columns · PRIMARY KEY (day, customer)
    Column    Type  Role
    --------  ----  -------------
    day       date  partition key
    customer  uuid  clustering ↑
    Its rows are those of orders where:
      day IS NOT NULL AND customer IS NOT NULL
    Queries that the key allows  6 kinds
      One row, by the whole key: day and customer.
        SELECT * FROM shop.orders_by_day WHERE day = '2026-01-01' AND customer = 00000000-0000-4000-8000-000000000000;
      All rows of one partition, by day, in the order of customer.
        SELECT * FROM shop.orders_by_day WHERE day = '2026-01-01';
      A range of customer within one partition.
        SELECT * FROM shop.orders_by_day WHERE day = '2026-01-01' AND customer >= 00000000-0000-4000-8000-000000000000 AND customer < ffffffff-ffff-4fff-bfff-ffffffffffff;
      The last rows of one partition: the stored order of customer, turned around.
        SELECT * FROM shop.orders_by_day WHERE day = '2026-01-01' ORDER BY customer DESC LIMIT 10;
      A few partitions at once. Each is read on its own, so keep the list short.
        SELECT * FROM shop.orders_by_day WHERE day IN ('2026-01-01', '2026-02-01');
      All partitions, a stretch of tokens after the other. This reads the whole table.
        SELECT * FROM shop.orders_by_day WHERE token(day) > token('2026-01-01') LIMIT 100;
    Size
      About 1,200 partitions of 340 bytes on average, 408.0 KB in all: the share of the node that answered, as it estimated last.
    `%schema shop.orders_by_day --peek` shows a few rows, `DESCRIBE shop.orders_by_day;` the CQL that makes it.
    ");
}

#[test]
fn names_are_found_as_they_are_written_and_nearly_right_ones_are_asked_for() {
    let schema = shop();
    let found = |written: &str| match find(&schema, Some("shop"), written) {
        Ok(Found::Keyspace(keyspace)) => format!("keyspace {}", keyspace.name),
        Ok(Found::Table(keyspace, table)) => format!("table {}.{}", keyspace.name, table.name),
        Err(unknown) => format!("{unknown}, near {:?}", unknown.near),
    };
    assert_snapshot!(["shop", "SHOP.Orders", "Prices", "\"Prices\"", "shop.prices", "shpo.orders", "shop.odrers", "sytem", "x.y.z", ""].map(found).join("\n"), @r#"
    keyspace shop
    table shop.orders
    table shop.Prices
    table shop.Prices
    there is no table `shop.prices`, near Some("shop.\"Prices\"")
    there is no keyspace `shpo`, near Some("shop.orders")
    there is no table `shop.odrers`, near Some("shop.orders")
    there is no keyspace or table `sytem`, near Some("system")
    there is no keyspace or table `x.y.z`, near None
    there is no keyspace or table ``, near None
    "#);
}

/// Keyspaces of many tables with many columns.
fn large(keyspaces: usize, tables: usize, columns: usize) -> Schema {
    let keyspaces = (0..keyspaces).map(|number| {
        let name = format!("keyspace_number_{number}");
        let tables = (0..tables).map(|number| {
            let name = format!("table_of_many_things_{number}");
            let mut all = vec![column("id", CqlType::Uuid, Some(KeyRole::Partition))];
            all.extend(
                (0..columns).map(|number| column(&format!("a_column_{number}"), CqlType::Timestamp, None)),
            );
            (name.clone(), table(&name, all))
        });
        let keyspace = Keyspace { name: name.clone(), tables: tables.collect(), ..Keyspace::default() };
        (name, Arc::new(keyspace))
    });
    Schema { keyspaces: keyspaces.collect(), ..Schema::default() }
}

#[test]
fn five_hundred_tables_stay_under_two_hundred_kilobytes() {
    for (keyspaces, tables, columns) in
        [(1, 500, 10), (1, 500, 100), (10, 50, 20), (500, 1, 5), (1, 4_000, 1), (1_500, 1, 1)]
    {
        let schema = large(keyspaces, tables, columns);
        let bundle = tree(&schema, Some("keyspace_number_0"));
        let (html, plain) = (bundle.html.unwrap_or_default().len(), bundle.plain.len());
        assert!(html < 200_000, "{keyspaces} × {tables} × {columns}: {html} bytes of HTML");
        assert!(plain < 200_000, "{keyspaces} × {tables} × {columns}: {plain} bytes of text");
        assert!(html > 100, "something is left");
    }
    let schema = large(1, 500, 10);
    let html = tree(&schema, None).html.unwrap_or_default();
    assert!(html.contains("table_of_many_things_499"), "every table is named");
    let keyspace = schema.keyspace("keyspace_number_0").expect("it is there");
    assert!(super::keyspace(keyspace).html.unwrap_or_default().len() < 200_000);
}
