//! `DATABASE_PAUSED`: a sleeping database is waited for in sight of the user, as long as the time-out allows.

use std::time::{Duration, Instant};

use cqlbook_sandbox::Switch;
use insta::assert_snapshot;

use super::kept::Case;

const CONNECT: &str = "%connect astra --no-save";

#[tokio::test]
async fn the_wait_is_shown_and_goes_on_when_the_database_wakes() {
    let mut case = Case::open().await;
    case.astra.switch(Switch::Paused { seconds: Some(3) }).await.unwrap();
    let begun = Instant::now();
    let cell = case.notebook.ok(CONNECT).await;
    assert!(begun.elapsed() >= Duration::from_secs(3), "it slept until then");
    let shown: Vec<_> = cell.plain().into_iter().filter(|text| text.contains("paused")).collect();
    let first = shown.first().expect("the wait is shown");
    assert!(first.contains("being asked again, for") && first.contains("Astra console"), "{first}");
    assert!(shown.last() != Some(first), "the time goes on: {shown:#?}");
    assert!(cell.plain().last().unwrap().starts_with("Connected to Astra DB"), "{}", cell.transcript());
}

#[tokio::test]
async fn the_wait_ends_with_the_time_out() {
    let mut case = Case::open().await;
    case.astra.switch(Switch::Paused { seconds: None }).await.unwrap();
    case.notebook.ok("%set timeout 2s").await;
    assert_snapshot!(case.told(CONNECT).await, @"
    DATABASE_PAUSED: The database is still paused after 2.0 s.
    A serverless database sleeps after a time without use. It takes some minutes to wake.

    → Resume it in the Astra console, and run the cell again.
    → Or wait longer: `%set timeout 5m`.
    ");
    assert_snapshot!(case.told("%connection test astra").await, @"
    DATABASE_PAUSED: The database is still paused after 2.0 s.
    A serverless database sleeps after a time without use. It takes some minutes to wake.

    → Resume it in the Astra console, and run the cell again.
    → Or wait longer: `%set timeout 5m`.
    ");
}

#[tokio::test]
async fn the_wait_can_be_interrupted() {
    let mut case = Case::open().await;
    case.astra.switch(Switch::Paused { seconds: None }).await.unwrap();
    let request = case.notebook.frontend.start(CONNECT).await;
    case.notebook.frontend.until(&request, |message| message.msg_type == "display_data").await;
    let asked = Instant::now();
    case.notebook.frontend.interrupt().await;
    let exchange = case.notebook.frontend.finish(&request).await;
    assert!(asked.elapsed() < Duration::from_secs(3));
    assert_snapshot!(case.kept(CONNECT, &exchange), @"
    INTERRUPTED: Interrupted.
    `%connect` was given up here.
    ");
    case.astra.reset().await.unwrap();
    case.notebook.ok(CONNECT).await;
}

#[tokio::test]
async fn a_database_that_falls_asleep_while_connected() {
    let mut case = Case::connected().await;
    case.notebook.ok("%set timeout 3s").await;
    case.astra.switch(Switch::Paused { seconds: None }).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_snapshot!(case.told("SELECT key FROM system.local").await, @"
    DATABASE_PAUSED: The database is paused.
    A serverless database sleeps after a time without use. It takes some minutes to wake.

    → Resume it in the Astra console, and run the cell again.
    → Or wait longer: `%set timeout 5m`.
    ");
}
