//! Files that are damaged, or made to do damage: what a library's reader cannot stand is the file's failure, never the program's.
//!
//! arrow and parquet panic on some of them, which is caught here. What would end the process instead, memory asked for by the
//! number that a file names, is held against the file before they see it.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_ipc::{Block, root_as_footer, root_as_message};
use arrow_schema::ArrowError;

/// How large one column's part of a batch may become when it is unpacked, in bytes.
pub const MAX_UNPACKED_BYTES: i64 = 1 << 30;
/// The magic word at both ends of an Arrow file.
const MAGIC: &[u8] = b"ARROW1";
/// The length of the footer and the magic word, at the end.
const TRAILER: u64 = 10;
/// What stands before a message: that one follows, and its length.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// Runs a library's reader; a panic in it becomes the error that `broken` makes of its words.
pub fn caught<T, E>(read: impl FnOnce() -> Result<T, E>, broken: impl FnOnce(&str) -> E) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        Err(broken(words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it is damaged")))
    })
}

/// Holds an Arrow file's own numbers against its size: where its blocks are, and how large its packed parts become.
///
/// # Errors
/// What is wrong with it. A file that is none is the reader's to refuse.
pub fn check_arrow(file: &mut File) -> Result<(), ArrowError> {
    let wrong = |reason: &str| ArrowError::IpcError(reason.to_owned());
    let size = file.metadata()?.len();
    let Some(end) = size.checked_sub(TRAILER) else { return Ok(()) };
    file.seek(SeekFrom::Start(end))?;
    let mut trailer = [0; TRAILER as usize];
    file.read_exact(&mut trailer)?;
    let [a, b, c, d, magic @ ..] = trailer;
    let length = i32::from_le_bytes([a, b, c, d]);
    let start = u64::try_from(length).ok().and_then(|length| end.checked_sub(length));
    let Some(start) = start.filter(|_| magic == *MAGIC) else { return Ok(()) };
    let footer = part(file, start, end - start)?;
    let footer = root_as_footer(&footer).map_err(|error| ArrowError::ParseError(error.to_string()))?;
    let blocks =
        footer.recordBatches().into_iter().flatten().chain(footer.dictionaries().into_iter().flatten());
    for block in blocks {
        let (Ok(offset), Ok(head), Ok(body)) = (
            u64::try_from(block.offset()),
            u64::try_from(block.metaDataLength()),
            u64::try_from(block.bodyLength()),
        ) else {
            return Err(wrong("a block's place is below zero"));
        };
        let ends = offset.checked_add(head).and_then(|end| end.checked_add(body));
        if ends.is_none_or(|ends| ends > size) {
            return Err(wrong("a block reaches beyond the end of the file"));
        }
        check_packed(file, block, offset, head)?;
    }
    file.rewind()?;
    Ok(())
}

/// Holds what a block's packed parts say of their size against a limit.
fn check_packed(file: &mut File, block: &Block, offset: u64, head: u64) -> Result<(), ArrowError> {
    let message = part(file, offset, head)?;
    let skipped = if message.starts_with(&CONTINUATION) { 8 } else { 4 };
    let message = message.get(skipped..).unwrap_or_default();
    let Ok(message) = root_as_message(message) else { return Ok(()) };
    let batch = message
        .header_as_record_batch()
        .or_else(|| message.header_as_dictionary_batch().and_then(|dictionary| dictionary.data()));
    let Some(batch) = batch.filter(|batch| batch.compression().is_some()) else { return Ok(()) };
    for buffer in batch.buffers().into_iter().flatten() {
        let (Ok(at), Ok(length)) = (u64::try_from(buffer.offset()), u64::try_from(buffer.length())) else {
            return Err(ArrowError::IpcError("a part's place is below zero".to_owned()));
        };
        let ends = at.checked_add(length);
        if ends.is_none_or(|ends| ends > block.bodyLength() as u64) {
            return Err(ArrowError::IpcError("a part reaches beyond its block".to_owned()));
        }
        if length < 8 {
            continue;
        }
        let size = part(file, offset + head + at, 8)?;
        let size = i64::from_le_bytes(size.try_into().unwrap_or_default());
        // -1 is what is not packed after all.
        if !(-1..=MAX_UNPACKED_BYTES).contains(&size) {
            return Err(ArrowError::IpcError(format!(
                "a part says that it unpacks to {size} bytes; at most {MAX_UNPACKED_BYTES} are read"
            )));
        }
    }
    Ok(())
}

/// A part of the file, which is within it.
fn part(file: &mut File, offset: u64, length: u64) -> Result<Vec<u8>, ArrowError> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(offset))?;
    std::io::Read::by_ref(file).take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
