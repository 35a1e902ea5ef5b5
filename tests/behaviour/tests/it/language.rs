//! The notebook language: settings, values from outside, names, help, and places in the cell.

use insta::assert_snapshot;

use crate::notebook::{Notebook, database};

async fn with_rows() -> Notebook {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int, c int, v text, PRIMARY KEY (k, c))").await;
    let inserts: String =
        (1..=9).map(|c| format!("INSERT INTO t (k, c, v) VALUES (1, {c}, 'v{c}');")).collect();
    notebook.ok(&inserts).await;
    notebook
}

#[tokio::test]
async fn values_go_into_lists_collections_and_quoted_names() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook
        .ok("CREATE TYPE place (city text, zip int);\n\
             CREATE TABLE t (k int, c int, tags set<text>, m map<text, int>, l list<int>, p frozen<place>, v vector<float, 2>, PRIMARY KEY (k, c))")
        .await;
    notebook
        .ok("%param tags = {'a', 'it''s'}\n%param m = {'x': 1}\n%param L = [3, 1]\n%param p = {city: 'Ulm', zip: 89073}\n\
             %param v = [0.5, 1]\n%param \"Key\" = 1\n%param one = 1\n%param two = 2\n%param nothing = null\n\
             INSERT INTO t (k, c, tags, m, l, p, v) VALUES (:\"Key\", :one, :tags, :m, :l, :p, :v);")
        .await;
    let second =
        "INSERT INTO t (k, c, l, p) VALUES (:\"Key\", :two, :nothing, {city: :\"My city\", zip: :two})";
    let (name, text) = notebook.error(second).await;
    assert!(name == "INVALID_QUERY" && text.contains("`:\"My city\"` has no value"), "{text}");
    assert!(text.contains("→ `%param \"My city\" = VALUE`"), "what is advised sets that name: {text}");
    notebook.ok(&format!("%param \"My city\" = 'Bonn'\n{second}")).await;
    let (_, text) = notebook.error("UPDATE t SET tags = {:\"My city\"} WHERE k = 1 AND c = 2").await;
    assert!(
        text.contains("→ Bind the whole collection: `= :tags`, with `%param tags = {'a', 'b'}`."),
        "{text}"
    );
    let rows = notebook
        .ok("%param keys = [1, 7]\n%param most = 5\n\
             SELECT c, tags, m, l, p, v FROM t WHERE k IN :keys AND c IN (:one, :two) LIMIT :most")
        .await;
    let text = rows.plain().last().copied().unwrap();
    for value in [
        "{'a', 'it''s'}",
        "{'x': 1}",
        "[3, 1]",
        "{city: 'Ulm', zip: 89073}",
        "[0.5, 1",
        "{city: 'Bonn', zip: 2}",
        "(2 rows)",
    ] {
        assert!(text.contains(value), "{value}: {text}");
    }
    let (name, text) = notebook.error("%param keys = 'x'\nSELECT c FROM t WHERE k IN :keys").await;
    assert_eq!(name, "INVALID_QUERY");
    assert!(text.contains("The value of `:keys` does not fit") && text.contains('^'), "{text}");
    assert_eq!(notebook.ok("%param one").await.plain(), [":one = 1"]);
}

#[tokio::test]
async fn a_cell_has_settings_of_its_own() {
    let mut notebook = with_rows().await;
    let cell = notebook
        .ok("%%cql --consistency ONE --serial-consistency SERIAL --page-size 2 --timeout 40s --fetch-rows 5 --display-rows 2 --timezone Asia/Tokyo --into nine\n\
             SELECT c, v FROM t WHERE k = 1")
        .await;
    let text = cell.plain()[0];
    assert!(text.contains("v2") && !text.contains("v3") && text.contains(", ONE,"), "{text}");
    assert!(notebook.ok("%results").await.plain()[0].contains("nine"));
    let all = notebook.ok("%%cql --all --keyspace system\nSELECT key FROM local;").await;
    assert!(all.plain()[0].contains("local"), "{}", all.plain()[0]);
    notebook.ok("SELECT c FROM t WHERE k = 1").await;
    let settings = notebook.ok("%set").await.plain()[0].to_owned();
    for line in ["consistency", "LOCAL_QUORUM", "5000", "30s", "UTC"] {
        assert!(settings.contains(line), "{line}: {settings}");
    }
    let (name, text) = notebook.error("%%cql --consistency MANY\nSELECT c FROM t").await;
    assert!(name == "USAGE" && text.contains("--consistency MANY") && text.contains('^'), "{text}");
    assert_eq!(notebook.error("%%cql --read-only\nINSERT INTO t (k, c) VALUES (5, 5)").await.0, "READ_ONLY");
}

#[tokio::test]
async fn errors_point_into_the_cell_after_magics_and_options() {
    let mut notebook = with_rows().await;
    let (_, text) =
        notebook.error("%%cql --all\n-- é\nSELECT c FROM t WHERE k = 1;\n  x << SELECT é FROM t;").await;
    assert_snapshot!(text.split("→").next().unwrap().trim_end(), @"
    SYNTAX_ERROR: The statement does not parse: no viable alternative at character 'é'.
    The server could not read on at the marked place.

    In statement 2 of 2, line 4, column 15:
    4 |   x << SELECT é FROM t;
      |               ^
    ");
    let (_, text) = notebook.error("SELECT c FROM t\nWHERE k = :none").await;
    assert!(text.contains("In line 2, column 11:\n2 | WHERE k = :none\n  |           ^^^^^"), "{text}");
    let (_, text) = notebook.error("%set display_rows 5\n%show none\n").await;
    assert!(text.contains("In statement 2 of 2, line 2, column 1:"), "{text}");
}

#[tokio::test]
async fn failures_do_not_end_a_cell_that_goes_on() {
    let mut notebook = with_rows().await;
    notebook.ok("%set stop_on_error off").await;
    let exchange = notebook
        .run("SELECT a FROM none1;\nSELECT c FROM t WHERE k = 1;\nCONSISTENCY x\n%nothing\nSELECT v FROM t WHERE k = 1;")
        .await;
    assert_eq!(exchange.status(), "error");
    assert_eq!(exchange.error().map(|(name, _)| name), Some("UNKNOWN_MAGIC"), "the last one is the cell's");
    assert_eq!(exchange.published("error").count(), 1);
    let shown = exchange.stderr();
    assert!(shown.contains("INVALID_QUERY") && shown.contains("USAGE"), "those before are shown: {shown}");
    assert_eq!(exchange.html().len(), 2, "both results came: {}", exchange.transcript());
}

#[tokio::test]
async fn more_goes_on_where_show_ended() {
    let mut notebook = with_rows().await;
    notebook.ok("%set display_rows 2\nnine << SELECT c, v FROM t WHERE k = 1;\nSELECT v FROM t WHERE k = 1 AND c = 9").await;
    let shown = |cell: &cqlbook_wire::testing::Exchange| {
        let text = cell.plain()[0].to_owned();
        (1..=9).filter(|c| text.contains(&format!("v{c}"))).collect::<Vec<_>>()
    };
    let cell = notebook.ok("%show nine --offset 2 --columns v --rows 3").await;
    assert_eq!(shown(&cell), [3, 4, 5]);
    assert_eq!(shown(&notebook.ok("%more").await), [6, 7]);
    assert_eq!(shown(&notebook.ok("%more").await), [8, 9]);
    assert!(notebook.ok("%more").await.plain()[0].contains("no more rows"));
    assert_eq!(shown(&notebook.ok("%show nine --sort c:desc").await), [8, 9]);
    assert_eq!(shown(&notebook.ok("%more").await), [6, 7]);
    assert_eq!(shown(&notebook.ok("%show _").await), [9], "the last result is still the last SELECT's");
}

#[tokio::test]
async fn help_has_every_magic_setting_command_and_code() {
    let mut notebook = Notebook::open().await;
    for topic in cqlbook_core_topics() {
        for ask in ["%help", "HELP"] {
            let cell = notebook.ok(&format!("{ask} {topic}")).await;
            assert!(
                cell.plain()[0].to_lowercase().contains(&topic.to_lowercase()),
                "{ask} {topic}: {}",
                cell.plain()[0]
            );
        }
    }
    let code = notebook.ok("%help invalid_query").await;
    assert!(code.plain()[0].starts_with("**`INVALID_QUERY`**") && code.plain()[0].contains("- What to do: "));
    let (name, text) = notebook.error("%help conect").await;
    assert!(name == "USAGE" && text.contains("Did you mean `%help connect`?"), "{text}");
    let overview = notebook.ok("HELP").await.plain()[0].to_owned();
    for name in ["%connect", "%%cql", "DESCRIBE", "CAPTURE"] {
        assert!(overview.contains(&format!("`{name}`")), "{name}: {overview}");
    }
}

/// What help must know, from the contract and the page of errors.
fn cqlbook_core_topics() -> Vec<String> {
    let contract = "connect connections connection disconnect set param cql show more results forget sql plot profile export \
        import trace schema snapshot help lsmagic consistency serial_consistency fetch_rows display_rows page_size timeout \
        timezone read_only confirm stop_on_error CONSISTENCY TRACING PAGING EXPAND DESCRIBE SHOW SOURCE CAPTURE COPY LOGIN \
        CLEAR EXIT USE SELECT";
    let page = include_str!("../../../../docs/errors.md");
    let codes = page.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned);
    contract.split_whitespace().map(str::to_owned).chain(codes).collect()
}
