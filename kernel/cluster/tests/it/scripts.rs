//! Schemas made by chance on a real Cassandra that can do everything: what is described makes the same again, and a script
//! from one to another leads there.
//!
//! Some pairs are tried each time; `CQLBOOK_SCHEMA_PAIRS=200` tries so many, `CQLBOOK_SCHEMA_SEEDS=32,74` those that failed once.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use cqlbook_cluster::{CassandraTarget, Connection, Credentials, Request, Target, connect};
use cqlbook_core::schema::describe::{self, What};
use cqlbook_core::schema::diff::{self, Sides, script};
use cqlbook_core::schema::file::Snapshot;
use cqlbook_core::schema::testing::{self, Features};
use cqlbook_core::schema::{Keyspace, Schema, ddl};
use cqlbook_core::secret::Secret;
use cqlbook_sandbox::{Astra, AstraOptions, ClusterOptions, Sandbox};

use crate::astra::read;

/// What only a superuser may do.
const PROBE: &str = "CREATE KEYSPACE IF NOT EXISTS probe WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}";
/// How many pairs are tried where nothing else is said.
const PAIRS: u64 = 12;

struct Bench {
    _sandbox: Sandbox,
    _astra: Astra,
    connection: Connection,
}

impl Bench {
    async fn start() -> Self {
        let mut options = ClusterOptions::default();
        (options.nodes, options.other_dc_nodes) = (1, 0);
        (options.private_addresses, options.everything) = (false, true);
        let sandbox = Sandbox::start(options).await.unwrap();
        let astra = sandbox.astra(AstraOptions::default()).await.unwrap();
        let address = sandbox.nodes().await.unwrap()[0].address;
        let credentials = astra.credentials();
        let target = Target::new(CassandraTarget {
            hosts: vec![address.ip().to_string()],
            port: address.port(),
            credentials: Some(Credentials {
                username: credentials.client_id.clone(),
                password: Secret::new(credentials.secret.clone()),
            }),
            local_dc: None,
            tls: None,
        });
        // Only a superuser makes keyspaces, and has no properties ignored. (The sandbox's own driver gives up on quoted types.)
        let promote = format!("ALTER ROLE \"{}\" WITH SUPERUSER = true", credentials.client_id);
        sandbox.execute(&promote).await.unwrap();
        let connection = connect(target, |_| ()).await.unwrap();
        let bench = Self { _sandbox: sandbox, _astra: astra, connection };
        // Roles are cached for 2 s.
        while bench.connection.run(&Request::new(PROBE), None).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bench
    }

    async fn run(&self, cql: &str, why: &str) {
        if let Err(error) = self.connection.run(&Request::new(cql), None).await {
            panic!("{why}\n{cql}\n{error}");
        }
    }

    /// The keyspace as the server has it now.
    async fn keyspace(&self, name: &str) -> Arc<Keyspace> {
        let schema = self.connection.fresh_model().await.unwrap();
        Arc::clone(schema.keyspaces.get(name).unwrap_or_else(|| panic!("no keyspace {name}")))
    }

    async fn make(&self, keyspace: &Keyspace, why: &str) {
        for statement in statements(keyspace) {
            self.run(&statement, why).await;
        }
    }

    /// The server's own DESCRIBE of a keyspace.
    async fn described(&self, name: &str) -> Vec<String> {
        let cql = format!("DESCRIBE KEYSPACE {}", ddl::name(name));
        let answer = self.connection.run(&read(&cql), None).await.unwrap();
        let page = answer.page.unwrap();
        let place = page.columns().iter().position(|column| column.name == "create_statement").unwrap();
        let mut statements = Vec::new();
        page.visit(0, &mut |cells| {
            statements.push(String::from_utf8(cells[place].unwrap().to_vec()).unwrap());
            ControlFlow::Continue(())
        })
        .unwrap();
        statements
    }
}

/// What is described of a keyspace, each statement for itself.
fn statements(keyspace: &Keyspace) -> Vec<String> {
    let schema = of(keyspace);
    let what = What::Keyspace { name: Some(keyspace.name.clone()), only: false };
    let request = describe::Request { what, internals: false };
    let entries = describe::answer(&schema, &request, None).unwrap();
    entries.into_iter().filter_map(|entry| entry.cql).collect()
}

fn of(keyspace: &Keyspace) -> Schema {
    let keyspaces = BTreeMap::from([(keyspace.name.clone(), Arc::new(keyspace.clone()))]);
    Schema { keyspaces, ..Schema::default() }
}

/// What a keyspace means: without its name, and without ids and what was dropped on the way.
fn meaning(keyspace: &Keyspace) -> Keyspace {
    let mut keyspace = keyspace.renamed("k");
    let tables = keyspace.tables.values_mut().chain(keyspace.views.values_mut().map(|view| &mut view.table));
    for table in tables {
        table.id.clear();
        table.dropped.clear();
    }
    keyspace
}

const EVERYTHING: Features = Features { views: true, functions: true, masks: true, sasi: true };

#[tokio::test(flavor = "multi_thread")]
async fn what_is_described_is_made_again_and_scripts_lead_there() {
    let bench = Arc::new(Bench::start().await);
    let pairs = std::env::var("CQLBOOK_SCHEMA_PAIRS").ok().and_then(|pairs| pairs.parse().ok());
    let pairs = pairs.unwrap_or(PAIRS);
    let named = std::env::var("CQLBOOK_SCHEMA_SEEDS").ok();
    let named = named.map(|seeds| seeds.split(',').filter_map(|seed| seed.parse().ok()).collect());
    let seeds: Vec<u64> = named.unwrap_or_else(|| (0..pairs).collect());
    let mut failed = Vec::new();
    for seed in seeds {
        // A task of its own, so that all pairs are tried and all that fail are named.
        let bench = Arc::clone(&bench);
        if tokio::spawn(async move { pair(&bench, seed).await }).await.is_err() {
            failed.push(seed);
        }
    }
    assert!(failed.is_empty(), "{} of {pairs} pairs: {failed:?}", failed.len());
}

/// Makes two keyspaces, describes the first again, and leads it to the second.
async fn pair(bench: &Bench, seed: u64) {
    let (left, right, copy, servers) =
        (format!("a{seed}"), format!("B{seed}"), format!("copy{seed}"), format!("of_server{seed}"));
    let why = format!("seed {seed}");
    let first = testing::keyspace(&left, seed, EVERYTHING);
    let second = if seed.is_multiple_of(2) {
        testing::grown(&first, seed + 1, EVERYTHING).renamed(&right)
    } else {
        testing::keyspace(&right, seed + 10_000, EVERYTHING)
    };
    bench.make(&first, &why).await;
    bench.make(&second, &why).await;
    let (first, second) = (bench.keyspace(&left).await, bench.keyspace(&right).await);

    // What we print makes the same again, and what the server prints is the same in meaning and in words.
    bench.make(&first.renamed(&copy), &why).await;
    assert_eq!(meaning(&*bench.keyspace(&copy).await), meaning(&first), "{why}");
    let described = bench.described(&left).await;
    assert_eq!(described.len(), statements(&first).len(), "{why}");
    let place = format!("{left}.");
    for statement in &described {
        let statement = statement
            .replace(&place, &format!("{servers}."))
            .replace(&format!("KEYSPACE {left} "), &format!("KEYSPACE {servers} "));
        bench.run(&statement, &why).await;
    }
    assert_eq!(meaning(&*bench.keyspace(&servers).await), meaning(&first), "{why}");
    let sorted = |mut statements: Vec<String>| {
        statements.sort();
        statements
    };
    for (ours, theirs) in sorted(statements(&first)).into_iter().zip(sorted(described)) {
        assert_eq!(ours, theirs, "{why}");
    }

    // A snapshot's file loses nothing.
    let snapshot = Snapshot { schema: of(&first), ..Snapshot::default() };
    assert_eq!(Snapshot::read(&snapshot.write()).unwrap().schema, snapshot.schema, "{why}");

    // The script leads from one to the other, and then nothing is left to do.
    let wanted = second.renamed(&left);
    let sides = Sides { keyspace: Some(left.clone()) };
    let steps = script::steps(&of(&first), &of(&wanted), &sides);
    for step in &steps {
        bench.run(&step.cql, &format!("{why}\n{}", script::text(&steps, "", true))).await;
    }
    let live = bench.keyspace(&left).await;
    assert_eq!(meaning(&live), meaning(&second), "{why}\n{}", script::text(&steps, "", true));
    let rest = diff::diff(&of(&live), &of(&wanted), &sides);
    assert!(rest.nodes.is_empty() && script::steps(&of(&live), &of(&wanted), &sides).is_empty(), "{why}");
    for name in [left, right, copy, servers] {
        bench.run(&format!("DROP KEYSPACE {}", ddl::name(&name)), &why).await;
    }
}

/// Types that are called like the language's own, and tables made WITH COMPACT STORAGE. On one node alone: a second one cannot
/// read the types, as Cassandra's tables have them without quotes.
#[tokio::test(flavor = "multi_thread")]
async fn odd_schemas_are_described_and_altered_in_place() {
    let bench = Bench::start().await;
    let make = "CREATE KEYSPACE odd WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': '1'}";
    bench.run(make, "").await;
    types_called_like_the_languages_own(&bench).await;
    tables_of_compact_storage(&bench).await;
}

async fn types_called_like_the_languages_own(bench: &Bench) {
    for cql in [
        "CREATE TYPE odd.\"date\" (a int, b text)",
        "CREATE TYPE odd.\"inet\" (d frozen<\"date\">, n date)",
        "CREATE TABLE odd.t (k int PRIMARY KEY, d frozen<\"date\">, l list<frozen<\"date\">>, n date, \
         m map<text, frozen<\"inet\">>, t frozen<tuple<\"date\", date>>, u \"inet\", o inet)",
    ] {
        bench.run(cql, cql).await;
    }
    let odd = bench.keyspace("odd").await;
    let shown = |name: &str| odd.tables["t"].column(name).unwrap().cql_type.to_string();
    assert_eq!(shown("d"), "frozen<\"date\">");
    assert_eq!(shown("l"), "list<frozen<\"date\">>");
    assert_eq!(shown("m"), "map<text, frozen<\"inet\">>");
    assert_eq!(shown("t"), "frozen<tuple<frozen<\"date\">, date>>");
    assert_eq!((shown("n").as_str(), shown("o").as_str()), ("date", "inet"));
    assert_eq!(shown("u"), "\"inet\"", "what its tables do not tell is asked for");
    // What is described, and what stands in a snapshot's file, makes the same again.
    let snapshot = Snapshot { schema: of(&odd), ..Snapshot::default() };
    assert_eq!(Snapshot::read(&snapshot.write()).unwrap().schema, snapshot.schema);
    bench.make(&odd.renamed("again"), "again").await;
    assert_eq!(meaning(&*bench.keyspace("again").await), meaning(&odd));
    // So does what rows are encoded by.
    bench.connection.refresh("odd").await.unwrap();
    let schema = bench.connection.schema();
    let known = schema.table("odd", "t").unwrap().column("l").unwrap().cql_type.to_string();
    assert_eq!(known, "list<frozen<\"date\">>");
    for cql in ["DROP KEYSPACE again", "DROP TABLE odd.t", "DROP TYPE odd.\"inet\"", "DROP TYPE odd.\"date\""]
    {
        bench.run(cql, cql).await;
    }
}

async fn tables_of_compact_storage(bench: &Bench) {
    for cql in [
        "CREATE TABLE odd.fixed (k int PRIMARY KEY, v int, \"W w\" text) WITH COMPACT STORAGE",
        "CREATE TABLE odd.dense (k int, c int, v int, PRIMARY KEY (k, c)) WITH COMPACT STORAGE",
        "CREATE TABLE odd.bare (k int, c int, d int, PRIMARY KEY (k, c, d)) WITH COMPACT STORAGE",
    ] {
        bench.run(cql, cql).await;
    }
    let before = bench.keyspace("odd").await;
    assert!(before.tables.values().all(cqlbook_core::schema::Table::is_compact), "{before:?}");
    // As it is described, it is made again.
    bench.make(&before.renamed("again"), "again").await;
    assert_eq!(meaning(&*bench.keyspace("again").await), meaning(&before));
    // What drops it by hand leads where the script would have led.
    let sides = Sides { keyspace: Some("odd".to_owned()) };
    for name in ["fixed", "dense", "bare"] {
        bench.run(&format!("ALTER TABLE again.{name} DROP COMPACT STORAGE"), name).await;
    }
    let wanted = bench.keyspace("again").await.renamed("odd");
    assert!(!wanted.tables.values().any(cqlbook_core::schema::Table::is_compact), "{wanted:?}");
    let steps = script::steps(&of(&before), &of(&wanted), &sides);
    let text = script::text(&steps, "", false);
    assert_eq!(text.matches("\nALTER TABLE odd.").count(), 3, "{text}");
    assert!(text.contains("Columns that were hidden appear, in `SELECT *` too: column1, value."), "{text}");
    for step in &steps {
        bench.run(&step.cql, &text).await;
    }
    assert_eq!(meaning(&*bench.keyspace("odd").await), meaning(&wanted), "{text}");
    for cql in ["DROP KEYSPACE again", "DROP KEYSPACE odd"] {
        bench.run(cql, cql).await;
    }
}
