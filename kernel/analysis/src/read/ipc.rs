//! What an Arrow file says of its own sizes, checked before any of them is believed: arrow asks the system for as much memory as a
//! file tells, at once.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use arrow_ipc::reader::read_footer_length;
use arrow_ipc::{Block, Message, root_as_footer, root_as_message};

use super::ReadError;

/// Bytes of one batch when it is unpacked, at most.
const BATCH_BYTES: u64 = 1 << 30;
/// Bytes of the footer and of a batch's description, at most.
const META_BYTES: u64 = 64 << 20;

/// Checks that every part lies inside the file, and that no batch claims to be larger than can be held.
pub(super) fn check(file: &mut File) -> Result<(), ReadError> {
    let length = file.metadata()?.len();
    let Some(end) = length.checked_sub(10) else { return Err(damaged("it is too short")) };
    let mut tail = [0; 10];
    file.seek(SeekFrom::Start(end))?;
    file.read_exact(&mut tail)?;
    let size = read_footer_length(tail)? as u64;
    let start = end
        .checked_sub(size)
        .filter(|_| size <= META_BYTES)
        .ok_or_else(|| damaged("its footer is too large"))?;
    let footer = bytes(file, start, size)?;
    let footer = root_as_footer(&footer).map_err(|error| damaged(&format!("its footer: {error}")))?;
    let blocks =
        footer.dictionaries().into_iter().flatten().chain(footer.recordBatches().into_iter().flatten());
    for block in blocks {
        batch(file, block, length)?;
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(())
}

fn damaged(what: &str) -> ReadError {
    ReadError::Damaged(what.to_owned())
}

fn bytes(file: &mut File, start: u64, size: u64) -> Result<Vec<u8>, ReadError> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    Read::by_ref(file).take(size).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn batch(file: &mut File, block: &Block, length: u64) -> Result<(), ReadError> {
    const BEYOND: &str = "a batch lies beyond its end; it may have been cut";
    let whole = |number: i64| u64::try_from(number).map_err(|_| damaged(BEYOND));
    let (start, meta, body) =
        (whole(block.offset())?, whole(i64::from(block.metaDataLength()))?, whole(block.bodyLength())?);
    let end = start.checked_add(meta).and_then(|end| end.checked_add(body));
    if end.is_none_or(|end| end > length) || meta > META_BYTES {
        return Err(damaged(BEYOND));
    }
    let description = bytes(file, start, meta)?;
    // Since format V5 a mark of four bytes stands before the length.
    let skip = if description.starts_with(&[0xff; 4]) { 8 } else { 4 };
    let message = root_as_message(description.get(skip..).unwrap_or_default())
        .map_err(|error| damaged(&format!("a batch's description: {error}")))?;
    buffers(file, message, start + meta, body)
}

/// What a batch's buffers are when they are unpacked.
fn buffers(file: &mut File, message: Message<'_>, start: u64, body: u64) -> Result<(), ReadError> {
    let batch = match message.header_as_dictionary_batch() {
        Some(dictionary) => dictionary.data(),
        None => message.header_as_record_batch(),
    };
    let Some(batch) = batch else { return Ok(()) };
    let packed = batch.compression().is_some();
    let mut total = 0_u64;
    for buffer in batch.buffers().into_iter().flatten() {
        let (offset, size) = (u64::try_from(buffer.offset()), u64::try_from(buffer.length()));
        let (Ok(offset), Ok(size)) = (offset, size) else { return Err(damaged("a buffer's size")) };
        if offset.checked_add(size).is_none_or(|end| end > body) {
            return Err(damaged("a buffer lies beyond its batch"));
        }
        if packed && size >= 8 {
            let mut claimed = [0; 8];
            file.seek(SeekFrom::Start(start + offset))?;
            file.read_exact(&mut claimed)?;
            // -1: it is not compressed.
            total = total.saturating_add(u64::try_from(i64::from_le_bytes(claimed)).unwrap_or(size));
        } else {
            total = total.saturating_add(size);
        }
        if total > BATCH_BYTES {
            return Err(damaged("a batch is larger than 1 GB; write it in smaller batches"));
        }
    }
    Ok(())
}
