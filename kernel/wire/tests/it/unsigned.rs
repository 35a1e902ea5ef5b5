//! A connection file with an empty key, as Jupyter defines it: nothing is signed, everything is let in.

use cqlbook_wire::Channel::Shell;
use cqlbook_wire::ConnectionFile;
use cqlbook_wire::testing::{Frontend, InProcess, free_connection, write_connection_file};
use cqlbook_wire::{Exit, Transport};
use serde_json::json;

use crate::echo::Echo;

#[tokio::test(flavor = "multi_thread")]
async fn with_an_empty_key_nothing_is_signed() {
    let file = tempfile::NamedTempFile::new().unwrap();
    write_connection_file(&free_connection(Transport::Tcp), file.path());
    let mut fields: serde_json::Value = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
    fields["key"] = "".into();
    let connection = ConnectionFile::parse(&fields.to_string()).unwrap();

    let kernel = InProcess::start_at(connection.clone(), std::sync::Arc::new(Echo::default())).await;
    let mut frontend = Frontend::connect(&connection).await.strict();
    let frames = frontend.frames("kernel_info_request", json!({}));
    assert_eq!(frames[1], "", "no signature");
    assert_eq!(frontend.execute("print open").await.stdout(), "open\n");
    // Nothing tells a second one from a replay.
    for _ in 0..2 {
        frontend.send_frames(Shell, frames.clone()).await;
        frontend.wait_for("the reply", |message| message.msg_type == "kernel_info_reply").await;
    }
    frontend.rest(std::time::Duration::from_millis(50)).await;
    frontend.shutdown(false).await;
    assert_eq!(kernel.exited().await, Exit::Shutdown { restart: false });
}
