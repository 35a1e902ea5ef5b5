//! What kernel and engine say to each other as bytes, from one process to another of the same build.
//!
//! The engine greets; then, as often as the kernel likes: a [`Job`] there, its outcome and what comes [`Next`] back. A job and an
//! outcome are a line of JSON and then, for each table, its columns as a stream of Arrow's IPC format, whose end it marks itself.
//! No other program reads this, and no version of it is kept: an engine of another build is known by its greeting, and refused.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead, Write};

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use cqlbook_core::column::Column;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::job::{Input, Job};
use super::{Answer, Computed, Query, SqlError};
use crate::columns::Lost;

/// The longest greeting that is read, in bytes: whatever program lies in the engine's place, it does not fill the memory.
const MAX_GREETING_BYTES: u64 = 1 << 10;

/// The name that an engine gives itself.
const PROGRAM: &str = "cqlbook-engine";

/// What the protocol is made of, as a number: the files that say it. Versions are for people, and not changed at every build.
const PROTOCOL: u64 =
    fingerprint(&[include_bytes!("wire.rs"), include_bytes!("mod.rs"), include_bytes!("job.rs")]);

#[derive(Serialize, Deserialize)]
struct Greeting {
    program: String,
    version: String,
    protocol: u64,
}

/// What a program is that is no engine of this build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stranger {
    /// An engine of another version.
    #[error("it is of version {0}")]
    Version(String),
    /// An engine of this version, but of another build.
    #[error("it is of another build of the same version")]
    Build,
    /// Something else.
    #[error("it does not speak as an engine does")]
    Other,
}

/// What an engine does behind an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Next {
    /// It waits for another job.
    Ready,
    /// It ends, because of what the job has done to it.
    Ends,
}

#[derive(Serialize, Deserialize)]
struct JobHead {
    text: String,
    params: BTreeMap<String, String>,
    paths: BTreeMap<String, OsString>,
    limit: usize,
    inputs: Vec<InputHead>,
}

#[derive(Serialize, Deserialize)]
struct InputHead {
    name: String,
    columns: Vec<Column>,
    lost: Lost,
    long: Vec<String>,
}

#[derive(Serialize, Deserialize)]
enum OutcomeHead {
    Answer { columns: Vec<Column>, notes: Vec<String> },
    Error(SqlError),
}

/// FNV-1a over some files.
const fn fingerprint(files: &[&[u8]]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut file = 0;
    while file < files.len() {
        let mut at = 0;
        while at < files[file].len() {
            hash = (hash ^ files[file][at] as u64).wrapping_mul(0x0100_0000_01b3);
            at += 1;
        }
        file += 1;
    }
    hash
}

/// Writes what an engine says first.
///
/// # Errors
/// Those of `out`.
pub fn write_greeting(mut out: impl Write) -> io::Result<()> {
    let greeting = Greeting {
        program: PROGRAM.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: PROTOCOL,
    };
    write_head(&greeting, &mut out)?;
    out.flush()
}

/// Reads what an engine says first, and says who it is where it is none of this build.
///
/// # Errors
/// Those of `from`; that it ends is one too.
pub fn read_greeting(mut from: impl BufRead) -> io::Result<Result<(), Stranger>> {
    let mut line = Vec::new();
    io::Read::take(&mut from, MAX_GREETING_BYTES).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(match serde_json::from_slice::<Greeting>(&line) {
        Ok(greeting) if greeting.program != PROGRAM => Err(Stranger::Other),
        Ok(greeting) if greeting.version != env!("CARGO_PKG_VERSION") => {
            Err(Stranger::Version(greeting.version))
        }
        Ok(greeting) if greeting.protocol != PROTOCOL => Err(Stranger::Build),
        Ok(_) => Ok(()),
        Err(_) => Err(Stranger::Other),
    })
}

/// Waits for what comes, and says whether nothing more does.
///
/// # Errors
/// Those of `from`.
pub fn is_at_end(mut from: impl BufRead) -> io::Result<bool> {
    Ok(from.fill_buf()?.is_empty())
}

/// Writes what an engine does next.
///
/// # Errors
/// Those of `out`.
pub fn write_next(next: Next, mut out: impl Write) -> io::Result<()> {
    write_head(&next, &mut out)?;
    out.flush()
}

/// Reads what an engine does next.
///
/// # Errors
/// Those of `from`, and [`io::ErrorKind::InvalidData`] for what is no such thing.
pub fn read_next(mut from: impl BufRead) -> io::Result<Next> {
    read_head(&mut from)
}

/// Writes a job.
///
/// # Errors
/// Those of `out`.
pub fn write_job(job: &Job, mut out: impl Write) -> io::Result<()> {
    let head = |(name, input): &(String, Input)| InputHead {
        name: name.clone(),
        columns: input.columns.clone(),
        lost: input.lost,
        long: input.long.clone(),
    };
    let head = JobHead {
        text: job.text.clone(),
        params: job.params.clone(),
        paths: job.paths.clone(),
        limit: job.limit,
        inputs: job.inputs.iter().map(head).collect(),
    };
    write_head(&head, &mut out)?;
    for (_, input) in &job.inputs {
        write_batch(&input.batch, &mut out)?;
    }
    out.flush()
}

/// Reads a job.
///
/// # Errors
/// Those of `from`, and [`io::ErrorKind::InvalidData`] for what is no job.
pub fn read_job(mut from: impl BufRead) -> io::Result<Job> {
    let JobHead { text, params, paths, limit, inputs } = read_head(&mut from)?;
    let query = Query::parse(&text, &params).map_err(io::Error::other)?;
    let mut read = Vec::with_capacity(inputs.len());
    for InputHead { name, columns, lost, long } in inputs {
        read.push((name, Input { columns, batch: read_batch(&mut from)?, lost, long }));
    }
    Ok(Job { text, params, query, inputs: read, paths, limit })
}

/// Writes what came of a job.
///
/// # Errors
/// Those of `out`.
pub fn write_outcome(outcome: Result<Computed, SqlError>, mut out: impl Write) -> io::Result<()> {
    match outcome {
        Ok(Computed { columns, batch, notes }) => {
            write_head(&OutcomeHead::Answer { columns: columns.to_vec(), notes }, &mut out)?;
            write_batch(&batch, &mut out)?;
        }
        Err(error) => write_head(&OutcomeHead::Error(error), &mut out)?,
    }
    out.flush()
}

/// Reads what came of a job.
///
/// # Errors
/// Those of `from`, and [`io::ErrorKind::InvalidData`] for what is no outcome.
pub fn read_outcome(mut from: impl BufRead) -> io::Result<Result<Answer, SqlError>> {
    Ok(match read_head(&mut from)? {
        OutcomeHead::Answer { columns, notes } => {
            Computed { columns: columns.into(), batch: read_batch(&mut from)?, notes }.answer()
        }
        OutcomeHead::Error(error) => Err(error),
    })
}

fn write_head(head: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    let mut line = serde_json::to_vec(head)?;
    line.push(b'\n');
    out.write_all(&line)
}

fn read_head<T: DeserializeOwned>(from: &mut impl BufRead) -> io::Result<T> {
    let mut line = Vec::new();
    from.read_until(b'\n', &mut line)?;
    Ok(serde_json::from_slice(&line)?)
}

fn write_batch(batch: &RecordBatch, out: &mut impl Write) -> io::Result<()> {
    let mut writer = StreamWriter::try_new(out, &batch.schema()).map_err(io::Error::other)?;
    writer.write(batch).and_then(|()| writer.finish()).map_err(io::Error::other)
}

fn read_batch(from: &mut impl BufRead) -> io::Result<RecordBatch> {
    let mut reader = StreamReader::try_new(from, None).map_err(io::Error::other)?;
    let missing = || io::Error::new(io::ErrorKind::UnexpectedEof, "the table is missing");
    let batch = reader.next().ok_or_else(missing)?.map_err(io::Error::other)?;
    // The mark of the end is read too, so that what follows begins where it should.
    match reader.next() {
        None => Ok(batch),
        Some(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "a table has more than one part")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_engine_of_the_same_build_is_taken_for_one() {
        let mut own = Vec::new();
        write_greeting(&mut own).unwrap();
        let read = |text: &str| read_greeting(text.as_bytes()).unwrap();
        let own = String::from_utf8(own).unwrap();
        assert_eq!(read(&own), Ok(()));
        let version = own.replace(env!("CARGO_PKG_VERSION"), "9.8.7");
        assert_eq!(read(&version), Err(Stranger::Version("9.8.7".to_owned())));
        assert_eq!(read(&own.replace("\"protocol\":", "\"protocol\":1")), Err(Stranger::Build));
        assert_eq!(read("Usage: something else\n"), Err(Stranger::Other));
        assert_eq!(read(&"endless".repeat(10_000)), Err(Stranger::Other));
        assert!(read_greeting([].as_slice()).is_err());
    }
}
