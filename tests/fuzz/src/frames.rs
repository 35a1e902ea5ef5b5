//! Messages of the native protocol as bytes, and what the driver makes of them.

use scylla_cql::frame::protocol_features::ProtocolFeatures;
use scylla_cql::frame::response::{Response, ResponseOpcode};
use scylla_cql::frame::{parse_response_body_extensions, read_response_frame};

/// What the driver does with a message of a node; an error is an answer too.
///
/// # Errors
/// What the driver says.
///
/// # Panics
/// At what no message may do.
pub fn read(frame: &[u8]) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut reader = frame;
    let (params, opcode, body) =
        runtime.block_on(read_response_frame(&mut reader)).map_err(|error| error.to_string())?;
    let body = parse_response_body_extensions(params.flags, None, body).map_err(|error| error.to_string())?;
    let response = Response::deserialize(&ProtocolFeatures::default(), opcode, body.body, None)
        .map_err(|error| format!("{error:?}"))?;
    let Response::Result(result) = response else { return Ok(()) };
    result.deserialize_metadata().map(drop).map_err(|error| format!("{error:?}"))
}

/// A message of version 4.
pub fn frame(flags: u8, opcode: ResponseOpcode, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x84, flags, 0, 1, opcode as u8];
    frame.extend_from_slice(&(body.len() as u32).to_be_bytes());
    frame.extend_from_slice(body);
    frame
}

/// A `[string]`, of less than 64 KiB.
pub fn string(body: &mut Vec<u8>, text: &str) {
    body.extend_from_slice(&(text.len() as u16).to_be_bytes());
    body.extend_from_slice(text.as_bytes());
}

/// The type of lists that are nested so deep around an `int`.
pub fn lists(depth: usize) -> Vec<u8> {
    [[0, 0x20].repeat(depth), vec![0, 9]].concat()
}
