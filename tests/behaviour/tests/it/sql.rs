//! `%%sql`: queries over kept results and files, on this machine.

use std::time::Duration;

use crate::notebook::{Notebook, database, until};

/// How long the end of a process may take; only one that does not end takes so long.
const SOON: Duration = Duration::from_secs(10);

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

#[tokio::test]
async fn an_interrupted_query_ends_at_once_and_the_kernel_lives_on() {
    let mut notebook = Notebook::open().await;
    let mut csv = String::from("i\n");
    (0..30_000).for_each(|i| csv.push_str(&format!("{i}\n")));
    std::fs::write(notebook.folder.path().join("n.csv"), csv).expect("a file");
    let long = "%%sql\nSELECT count(*) AS n FROM 'n.csv' AS a JOIN 'n.csv' AS b ON a.i < b.i JOIN 'n.csv' AS c ON b.i < c.i";
    let request = notebook.start_without_prompts(long).await;
    let kernel = notebook.kernel.pid();
    until(SOON, "it computes", || children(kernel) == 1).await;
    notebook.signal("INT");
    let exchange = notebook.frontend.finish(&request).await;
    assert_eq!(exchange.status(), "error");
    assert_eq!(exchange.content()["ename"], "INTERRUPTED", "{}", exchange.transcript());
    until(SOON, "nothing computes on", || children(kernel) == 0).await;
    notebook.ok("%results").await;

    // A kernel that is killed leaves nobody behind who computes for it.
    notebook.start_without_prompts(long).await;
    until(SOON, "it computes", || children(kernel) == 1).await;
    let computing = children_of(kernel)[0];
    notebook.signal("KILL");
    until(SOON, "it ends too", || !std::path::Path::new(&format!("/proc/{computing}/exe")).exists()).await;
}

#[tokio::test]
async fn a_query_that_needs_more_memory_than_there_is_costs_itself_and_not_the_kernel() {
    let mut notebook = Notebook::open_with(&[("CQLBOOK_SQL_MEMORY", "600")]).await;
    let mut csv = String::from("k,n\n");
    (0..60_000).for_each(|n| csv.push_str(&format!("1,{n}\n")));
    std::fs::write(notebook.folder.path().join("same.csv"), csv).expect("a file");
    // Every key is the same, so that there are 3,600,000,000 pairs.
    let (name, text) = notebook
        .error("%%sql\nSELECT count(*) AS n, max(a.n + b.n) AS m FROM 'same.csv' AS a JOIN 'same.csv' AS b USING (k)")
        .await;
    assert_eq!(name, "INVALID_QUERY", "{text}");
    assert!(text.contains("more memory than there is") && text.contains("Join on the whole key"), "{text}");
    let cell = notebook.ok("%%sql\nSELECT count(*) AS n FROM 'same.csv'").await;
    assert!(cell.plain()[0].contains("60000"), "{}", cell.transcript());
    assert_eq!(children(notebook.kernel.pid()), 0);
}

/// The processes that a kernel has started and that live. Linux only, as the sandbox is.
fn children_of(kernel: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").expect("proc(5)").flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
        // Behind the name, which may hold anything, in parentheses: the state, then the parent.
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        fields.next() != Some("Z") && fields.next() == Some(&kernel.to_string())
    })
    .collect()
}

fn children(kernel: u32) -> usize {
    children_of(kernel).len()
}
