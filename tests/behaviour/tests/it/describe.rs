//! `DESCRIBE`: the server's, and the same from the schema that the kernel knows where the service refuses.

use std::collections::BTreeMap;

use cqlbook_sandbox::Switch;

use crate::notebook::{Notebook, database};

const TABLES: &str = "CREATE TYPE address (street text, \"House No\" int);\n\
    CREATE TABLE orders (id int, day date, \"Customer\" text static, home frozen<address>, tags set<text>,\n\
    embedding vector<float, 3>, note text, PRIMARY KEY ((id), day))\n\
    WITH CLUSTERING ORDER BY (day DESC) AND comment = 'it''s \"quoted\"' AND default_time_to_live = 86400;\n\
    CREATE INDEX by_note ON orders (note) USING 'sai' WITH OPTIONS = {'case_sensitive': 'false'};\n\
    CREATE INDEX by_tag ON orders (values(tags));\n\
    CREATE TABLE hits (page text PRIMARY KEY, count counter)";

#[tokio::test]
async fn what_the_service_refuses_to_describe_is_described_here_in_the_same_words() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok(TABLES).await;
    let keyspace = astra.keyspace();
    let asked = [
        "DESCRIBE TABLES".to_owned(),
        "DESC TABLE orders".to_owned(),
        "DESCRIBE orders".to_owned(),
        format!("DESCRIBE TABLE {keyspace}.hits"),
        "DESCRIBE TYPES".to_owned(),
        "DESCRIBE TYPE address".to_owned(),
        "DESCRIBE INDEX by_note".to_owned(),
        "DESCRIBE by_tag".to_owned(),
        "DESCRIBE ONLY KEYSPACE".to_owned(),
        "DESCRIBE KEYSPACE".to_owned(),
        format!("DESCRIBE {keyspace}"),
        "DESCRIBE TABLE orders WITH INTERNALS".to_owned(),
        "DESCRIBE FUNCTIONS".to_owned(),
        "DESCRIBE AGGREGATES".to_owned(),
        "DESCRIBE TABLE system_virtual_schema.tables".to_owned(),
        "DESCRIBE KEYSPACES".to_owned(),
        "DESCRIBE TABLE system.local".to_owned(),
    ];
    let their_cluster = notebook.ok("DESCRIBE CLUSTER").await.stdout();
    let mut theirs = Vec::new();
    for command in &asked {
        theirs.push(sorted(&notebook.ok(command).await.stdout()));
    }
    let missing = ["DESCRIBE TABLE nope", "DESCRIBE nope", "DESCRIBE TYPE nope", "DESCRIBE KEYSPACE nope"];
    let mut refusals = Vec::new();
    for command in missing {
        let (name, text) = notebook.error(command).await;
        assert_eq!(name, "INVALID_QUERY", "{command}: {text}");
        refusals.push(text);
    }

    astra.switch(Switch::RefuseDescribe).await.unwrap();
    let mut notebook = Notebook::connected(&astra).await;
    for (command, theirs) in asked.iter().zip(&theirs) {
        let ours = sorted(&notebook.ok(command).await.stdout());
        // Other tests make and drop keyspaces of their own meanwhile.
        if command == "DESCRIBE KEYSPACES" {
            assert!(ours.iter().any(|line| line.contains(keyspace)), "{ours:?}");
        } else {
            assert_eq!(&ours, theirs, "{command}");
        }
    }
    for command in missing {
        let (name, text) = notebook.error(command).await;
        assert_eq!(name, "INVALID_QUERY", "{command}");
        assert!(text.contains("'nope' not found"), "{text}");
    }
    let cluster = notebook.ok("DESCRIBE CLUSTER").await.stdout();
    assert!(cluster.starts_with("Cluster: cqlbook sandbox\nPartitioner: Murmur3Partitioner\n"), "{cluster}");
    assert_eq!(ownership(&cluster), ownership(&their_cluster), "{cluster}\n{their_cluster}");
    assert_eq!(ownership(&cluster).len(), 4, "{cluster}");
    let whole = notebook.ok("DESCRIBE SCHEMA").await.stdout();
    assert!(
        whole.contains(&format!("CREATE KEYSPACE {keyspace} ")) && !whole.contains("CREATE KEYSPACE system")
    );
    let full = notebook.ok("DESCRIBE FULL SCHEMA").await.stdout();
    assert!(full.contains("CREATE KEYSPACE system "), "the server's own too");
    let (name, _) = notebook.error("DESCRIBE TABLE a b c").await;
    assert_ne!(name, "INTERNAL_ERROR");
}

/// The ranges by their last token, each with its number of nodes, which have other addresses among themselves.
fn ownership(cluster: &str) -> BTreeMap<String, usize> {
    let ranges = cluster.lines().filter_map(|line| line.trim().split_once("  ["));
    ranges.map(|(token, nodes)| (token.to_owned(), nodes.split(", ").count())).collect()
}

/// Statements in an order of their own: the server lists a keyspace's in another.
fn sorted(text: &str) -> Vec<String> {
    let mut statements: Vec<_> = text.trim().split("\n\n").map(|part| part.trim().to_owned()).collect();
    statements.sort();
    statements
}

#[tokio::test]
async fn a_change_of_this_notebook_is_described_at_once() {
    let astra = database().await;
    astra.switch(Switch::RefuseDescribe).await.unwrap();
    let mut notebook = Notebook::connected(&astra).await;
    for round in 0..3 {
        let cell = notebook
            .ok(&format!("CREATE TABLE t{round} (p int PRIMARY KEY);\nDESCRIBE TABLE t{round}"))
            .await;
        assert!(cell.stdout().contains("p int PRIMARY KEY"), "{}", cell.transcript());
        notebook.ok(&format!("%%cql --yes\nDROP TABLE t{round}")).await;
        let (name, _) = notebook.error(&format!("DESCRIBE TABLE t{round}")).await;
        assert_eq!(name, "INVALID_QUERY");
    }
}
