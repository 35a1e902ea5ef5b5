//! `%%sql`: queries over kept results and files, on this machine.

use crate::notebook::{Notebook, database};

/// A notebook with two kept results: six flights, and the airlines' names.
async fn with_flights(astra: &cqlbook_sandbox::Astra) -> Notebook {
    let mut notebook = Notebook::connected(astra).await;
    notebook.ok("CREATE TABLE f (day int, n int, carrier text, delay int, id uuid, at timestamp, PRIMARY KEY (day, n))").await;
    for (n, carrier, delay) in
        [(1, "UA", 12), (2, "UA", 30), (3, "AA", -5), (4, "AA", 7), (5, "B6", 90), (6, "B6", 0)]
    {
        let insert = format!(
            "INSERT INTO f (day, n, carrier, delay, id, at) VALUES (1, {n}, '{carrier}', {delay}, uuid(), '2013-02-0{n}T12:00:00Z')"
        );
        notebook.ok(&insert).await;
    }
    notebook.ok("CREATE TABLE a (carrier text PRIMARY KEY, name text)").await;
    notebook.ok("INSERT INTO a (carrier, name) VALUES ('UA', 'United')").await;
    notebook.ok("INSERT INTO a (carrier, name) VALUES ('AA', 'American')").await;
    notebook.ok("flights << SELECT * FROM f WHERE day = 1;\nairlines << SELECT * FROM a;").await;
    notebook
}

#[tokio::test]
async fn a_join_and_a_group_are_drawn_and_kept_like_any_result() {
    let astra = database().await;
    let mut notebook = with_flights(&astra).await;
    let cell = notebook
        .ok("%%sql --into late\nSELECT name, count(*) AS flights, avg(delay) AS mean FROM flights JOIN airlines USING (carrier) GROUP BY name ORDER BY mean DESC;")
        .await;
    let text = cell.plain()[0];
    assert!(text.find("United").unwrap() < text.find("American").unwrap(), "{text}");
    assert!(text.contains("computed on this machine") && text.contains("kept as late"), "{text}");
    let shown = notebook.ok("%show late --sort name").await;
    assert!(shown.plain()[0].contains("American"), "{}", shown.plain()[0]);
    let again = notebook.ok("%%sql\nSELECT max(mean) AS most FROM late").await;
    assert!(again.plain()[0].contains("21"), "{}", again.plain()[0]);
    let last = notebook.ok("%%sql\nSELECT most + 1 AS more FROM _").await;
    assert!(last.plain()[0].contains("22"), "{}", last.plain()[0]);
}

#[tokio::test]
async fn types_survive() {
    let astra = database().await;
    let mut notebook = with_flights(&astra).await;
    let cell = notebook.ok("%%sql\nSELECT id, at, delay FROM flights ORDER BY n").await;
    let html = cell.html()[0];
    for (name, cql_type) in [("id", "uuid"), ("at", "timestamp"), ("delay", "int")] {
        assert!(
            html.contains(&format!(
                "{name}<br /><small style=\"font-weight:normal;opacity:.65\">{cql_type}<"
            )),
            "{html}"
        );
    }
    assert!(cell.plain()[0].contains("2013-02-01 12:00:00.000+0000"), "{}", cell.plain()[0]);
}

#[tokio::test]
async fn a_parameter_is_a_value_here_too() {
    let astra = database().await;
    let mut notebook = with_flights(&astra).await;
    notebook.ok("%param who = 'UA'").await;
    let cell = notebook.ok("%%sql\nSELECT n FROM flights WHERE carrier = :who ORDER BY n").await;
    assert!(cell.plain()[0].contains("(2 rows)"), "{}", cell.plain()[0]);
}

#[tokio::test]
async fn files_beside_the_notebook_are_tables() {
    let mut notebook = Notebook::open().await;
    std::fs::write(notebook.folder.path().join("late.csv"), "carrier,delay\nUA,10\nAA,\n").expect("a file");
    let cell = notebook.ok("%%sql\nSELECT carrier, delay FROM 'late.csv' ORDER BY carrier").await;
    assert!(cell.plain()[0].contains("null") && cell.plain()[0].contains("10"), "{}", cell.plain()[0]);
    let packed = notebook.folder.path().join("early.csv.gz");
    let mut gz = flate2::write::GzEncoder::new(
        std::fs::File::create(packed).expect("a file"),
        flate2::Compression::fast(),
    );
    std::io::Write::write_all(&mut gz, b"carrier,delay\nUA,-3\n")
        .and_then(|()| gz.finish().map(drop))
        .expect("written");
    let cell = notebook.ok("%%sql\nSELECT early.delay FROM 'early.csv.gz'").await;
    assert!(cell.plain()[0].contains("-3"), "{}", cell.plain()[0]);
    let (name, text) = notebook.error("%%sql\nSELECT * FROM 'none.parquet'").await;
    assert!(name == "USAGE" && text.contains("there is no such file"), "{text}");
    let folder = notebook.folder.path().to_owned();
    std::fs::create_dir(folder.join("folder.csv")).unwrap();
    std::fs::write(folder.join("page.parquet"), "<html>").unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.join("pipe.csv")).status().unwrap();
    assert!(made.success());
    for (file, words) in [
        ("folder.csv", "It is a folder. → Name a file in it."),
        ("pipe.csv", "it is a pipe, a device or the like. → Name a regular file."),
        ("nowhere/t.csv", "There is no folder"),
        ("page.parquet", "give it the ending of that one"),
    ] {
        let (name, text) = notebook.error(&format!("%%sql\nSELECT * FROM '{file}'")).await;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(name == "USAGE" && text.contains(words), "{file}: {text}");
    }
}

#[tokio::test]
async fn errors_say_what_to_write_instead() {
    let astra = database().await;
    let mut notebook = with_flights(&astra).await;
    let (name, text) = notebook.error("%%sql\nSELECT * FROM fligths").await;
    assert!(name == "USAGE" && text.contains("Did you mean `flights`?"), "{text}");
    let (name, text) = notebook.error("%%sql\nSELECT dely FROM flights").await;
    assert!(name == "INVALID_QUERY" && text.contains("Did you mean `delay`?"), "{text}");
    let (name, text) = notebook.error("%%sql\nSELECT carrier FROM flights WHERE").await;
    assert!(name == "SYNTAX_ERROR", "{text}");
    let (name, _) = notebook.error("%%sql\nDELETE FROM flights").await;
    assert_eq!(name, "USAGE");
    let (name, _) = notebook.error("%%sql\nSELECT 1; SELECT 2").await;
    assert_eq!(name, "USAGE");
    let (name, text) = notebook.error("%%sql\nSELECT n FROM flights WHERE carrier > 5").await;
    assert!(name == "INVALID_QUERY" && text.contains("cannot be compared"), "{text}");
}
