//! Scratch.
use crate::notebook::Notebook;
use std::time::Instant;

#[tokio::test]
async fn scratch_sizes() {
    let mut notebook = Notebook::open().await;
    let cells: Vec<(&str, String)> = vec![
        ("echo", (0..20_000).map(|i| format!("%echo {i}\n")).collect()),
        ("set", (0..20_000).map(|i| format!("%set page_size {}\n", i + 1)).collect()),
        ("param", (0..20_000).map(|i| format!("%param p{i} = {i}\n")).collect()),
        ("help", "%help\n".repeat(2_000)),
        ("lsmagic", "%lsmagic\n".repeat(2_000)),
        ("results", "%results\n".repeat(2_000)),
        ("connections", "%connections\n".repeat(2_000)),
        ("setlist", "%set\n".repeat(500)),
        ("show", "%show x\n".repeat(2_000)),
        ("wrong", "%set stop_on_error off\n".to_owned() + &"%show x\n".repeat(8_000)),
        ("wrong2", "%set stop_on_error off\n".to_owned() + &"%show x\n".repeat(16_000)),
        ("back", "%set stop_on_error on\n".to_owned()),
        ("comments", "-- x\n".repeat(200_000)),
        ("word", "x".repeat(1_000_000)),
        ("quote", format!("'{}", "x".repeat(1_000_000))),
        ("paren", "(".repeat(1_000_000)),
        ("percent", "%".repeat(1_000_000)),
        ("echolong", format!("%echo {}", "x".repeat(1_000_000))),
        ("cqlwords", format!("%%cql\n{}", "x ".repeat(500_000))),
        ("sqlwords", format!("%%sql\nSELECT {}", "x ".repeat(500_000))),
        ("selectparen", format!("SELECT {}", "(".repeat(500_000))),
        ("setwords", format!("%set {}", "x ".repeat(500_000))),
        ("semis", ";".repeat(1_000_000)),
        ("opencomment", "/*".repeat(500_000)),
        ("password", "PASSWORD = 'x' ".repeat(60_000)),
        ("dashes", "-".repeat(1_000_000)),
        ("options", format!("%connection test astra {}", "--zzz x ".repeat(100_000))),
        ("quotes", "\"a'".repeat(300_000)),
        ("dollars", "$$ ' ".repeat(200_000)),
    ];
    for (name, cell) in &cells {
        let started = Instant::now();
        let exchange = notebook.run(cell).await;
        let run = started.elapsed();
        let text = exchange.content().to_string();
        println!(
            "{name}: {run:?} {} {} {}",
            exchange.status(),
            exchange.iopub.len(),
            text.chars().take(150).collect::<String>()
        );
    }
    for (name, cell) in &cells {
        let at = cell.chars().count();
        for (what, content) in [
            ("complete_request", serde_json::json!({"code": cell, "cursor_pos": at})),
            ("complete_request", serde_json::json!({"code": cell, "cursor_pos": at/2})),
            ("inspect_request", serde_json::json!({"code": cell, "cursor_pos": at/2, "detail_level": 0})),
            ("is_complete_request", serde_json::json!({"code": cell})),
        ] {
            let started = Instant::now();
            let exchange = notebook.frontend.request(cqlbook_wire::Channel::Shell, what, content).await;
            println!("{name} {what}: {:?} {}", started.elapsed(), exchange.status());
        }
    }
}
