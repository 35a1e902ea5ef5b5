//! The heartbeat echoes what it is sent, whatever that is and whatever the kernel does.

use bytes::Bytes;
use cqlbook_wire::Channel::Heartbeat;
use zeromq::{DealerSocket, Socket, SocketRecv, SocketSend, ZmqMessage};

use crate::start;

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_frames_of_any_size_is_echoed_while_a_cell_runs() {
    let (kernel, mut frontend) = start().await;
    let cell = frontend.start("sleep 60000").await;
    frontend.until(&cell, |message| message.msg_type == "execute_input").await;

    let mut heart = DealerSocket::new();
    heart.connect(&kernel.connection().endpoint(Heartbeat)).await.unwrap();
    let beats: [Vec<Bytes>; 5] = [
        vec![Bytes::from_static(b"ping")],
        vec![Bytes::new()],
        vec![Bytes::new(), Bytes::from_static(b"\x00\xff"), Bytes::new()],
        (0..200u8).map(|n| Bytes::from(vec![n])).collect(),
        vec![Bytes::from(vec![7; 60_000])],
    ];
    for beat in &beats {
        heart.send(ZmqMessage::try_from(beat.clone()).unwrap()).await.unwrap();
    }
    for beat in &beats {
        let echo = tokio::time::timeout(std::time::Duration::from_secs(60), heart.recv()).await;
        assert_eq!(&echo.expect("an echo in time").unwrap().into_vec(), beat);
    }
    frontend.interrupt().await;
    assert_eq!(frontend.finish(&cell).await.status(), "error");
}
