//! Things from outside at their limits, one past them and far past them: what is said, how long it takes, and the memory that the
//! kernel had at most.

use std::time::Duration;

use cqlbook_wire::Channel;
use serde_json::json;

use crate::notebook::Notebook;

/// How much work of the kernel's a cell of a megabyte may take: in a debug build, whatever else the machine does.
const SOON: Duration = Duration::from_secs(20);
/// How much work an answer to Tab or Shift-Tab may take: five seconds in a release. A debug build reads the grammar some twenty
/// times slower (a list of half a megabyte before the cursor: 15 s, linear), and is held to what would still show a square.
const AT_ONCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 40 } else { 5 });

/// The time that the kernel has worked, with all its threads.
fn worked(notebook: &Notebook) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", notebook.kernel.pid())).unwrap();
    // Behind the name in brackets: fields 14 and 15 of proc(5), in hundredths of a second.
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
    Duration::from_millis(fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap() * 10).sum())
}

#[tokio::test]
async fn a_hundred_thousand_magics_end_soon() {
    let mut notebook = Notebook::open().await;
    let numbered =
        |line: &str| (0..100_000).map(|number| line.replace('#', &number.to_string())).collect::<String>();
    for (cell, status) in [
        (numbered("%echo #\n"), "ok"),
        (numbered("%param p# = #\n"), "ok"),
        (numbered("%set page_size 100\n"), "ok"),
        // Each failure names its line: they cost as much as there is text, not its square.
        (format!("%set stop_on_error off\n{}", numbered("%show x#\n")), "error"),
        ("%set stop_on_error on".to_owned(), "ok"),
    ] {
        let before_it = worked(&notebook);
        let exchange = notebook.run(&cell).await;
        assert_eq!(exchange.status(), status, "{}", cell.lines().next().unwrap_or_default());
        let work = worked(&notebook) - before_it;
        assert!(work < 2 * SOON, "{:?} {:?}", cell.lines().next(), work);
    }
    assert!(notebook.peak_bytes() < 600 << 20, "{} MiB", notebook.peak_bytes() >> 20);
}

#[tokio::test]
async fn a_failure_far_down_a_cell_names_its_line() {
    let mut notebook = Notebook::open().await;
    let cell = "%set stop_on_error off\n%show a; \n\n%show  b\n-- é\n%show c\r\n%show d";
    let exchange = notebook.run(cell).await;
    let said = crate::notebook::plain(&exchange.stderr());
    let places: Vec<_> = said.lines().filter(|line| line.starts_with("In ")).collect();
    assert_eq!(places.len(), 3, "{said}");
    for (place, line) in places.iter().zip([2, 4, 6]) {
        assert!(place.ends_with(&format!(", line {line}, column 1:")), "{places:?}");
    }
    assert!(
        exchange.content()["traceback"].to_string().contains("line 7, column 1"),
        "{}",
        exchange.content()
    );
}

#[tokio::test]
async fn a_megabyte_of_anything_is_answered_at_once() {
    let mut notebook = Notebook::open().await;
    let long = |piece: &str| piece.repeat(1_000_000 / piece.len());
    let before = notebook.peak_bytes();
    for cell in [
        long("x"),
        long("("),
        long("'"),
        format!("'{}", long("x")),
        long("\""),
        long("/*"),
        long("$$ "),
        long(";"),
        long("%"),
        long("-"),
        long("é"),
        long("{'a': ["),
        long("list<"),
        long("SELECT a FROM t; "),
        format!("SELECT * FROM t WHERE k IN ({}", long("1, ")),
        format!("%%cql\n{}", long("x ")),
        format!("%set {}", long("x ")),
        format!("%echo {}", long("x")),
        format!("INSERT INTO t (k) VALUES ({}", long("[")),
        long("PASSWORD = 'x' "),
    ] {
        let shown: String = cell.chars().take(20).collect();
        for (kind, place) in [
            ("complete_request", 1),
            ("complete_request", 2),
            ("inspect_request", 2),
            ("is_complete_request", 1),
        ] {
            let content =
                json!({"code": cell, "cursor_pos": cell.chars().count() / place, "detail_level": 0});
            let before_it = worked(&notebook);
            let exchange = notebook.frontend.request(Channel::Shell, kind, content).await;
            let work = worked(&notebook) - before_it;
            assert!(work < AT_ONCE, "{shown} {kind} {:?}", work);
            assert_ne!(exchange.status(), "error", "{shown} {kind}");
        }
        let before_it = worked(&notebook);
        let exchange = notebook.run(&cell).await;
        let work = worked(&notebook) - before_it;
        assert!(work < SOON, "{shown} {:?}", work);
        assert_ne!(exchange.content()["ename"], "INTERNAL_ERROR", "{shown}");
    }
    let grown = notebook.peak_bytes() - before;
    assert!(grown < 500 << 20, "{} MiB more for cells of a megabyte", grown >> 20);
}

#[tokio::test]
async fn a_file_with_an_open_quote_is_not_held_whole() {
    use std::io::Write as _;
    let mut notebook = Notebook::open().await;
    let path = notebook.folder.path().join("open.cql");
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(b"CONSISTENCY;\nCONSISTENCY;\n\nSELECT '").unwrap();
    // At first as much as a statement may have, then far more.
    let megabyte = "it is open ".repeat(95_326).into_bytes();
    for _ in 0..40 {
        file.write_all(&megabyte).unwrap();
    }
    let (name, said) = notebook.error("SOURCE 'open.cql'").await;
    assert_eq!(name, "UNTERMINATED", "{said}");
    for _ in 0..160 {
        file.write_all(&megabyte).unwrap();
    }
    let before = notebook.peak_bytes();
    let (name, said) = notebook.error("SOURCE 'open.cql'").await;
    assert_eq!(name, "USAGE", "{said}");
    assert!(
        said.contains("is longer than") && said.contains("line 1 ") && said.contains("not closed"),
        "{said}"
    );
    let grown = notebook.peak_bytes().saturating_sub(before);
    assert!(grown < 600 << 20, "{} MiB more", grown >> 20);
}
