//! A [`Job`] and its outcome as bytes, from one process to another of the same build.
//!
//! Each is a line of JSON and then, for each table, its columns as a stream of Arrow's IPC format, whose end it marks itself. No
//! other program reads this, and no version of it is kept.

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
