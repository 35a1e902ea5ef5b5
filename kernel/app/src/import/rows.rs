//! From lines of a CSV file to serialised rows, grouped by partition. Runs on a thread of its own.

use std::collections::HashMap;
use std::path::PathBuf;

use bytes::Bytes;
use cqlbook_cluster::Cell;
use cqlbook_core::column::{Column, KeyRole};
use cqlbook_core::value;
use tokio::sync::mpsc;

use super::plan::Goal;

/// Rows sent together: of one partition, and small enough that the server does not warn (5 KiB).
const BATCH_ROWS: usize = 50;
const BATCH_BYTES: usize = 4_000;
/// Rows read before groups are sent on, so that rows of a partition that are near in the file meet.
const WINDOW_ROWS: usize = 32_768;

/// A line of the file, ready to be written.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The line it starts at, from 1.
    pub(crate) line: u64,
    /// Its cells in the order of the plan.
    pub(crate) cells: Vec<Cell>,
}

/// What the reader has for the writers.
#[derive(Debug)]
pub(crate) enum Parcel {
    /// Rows of one partition.
    Rows(Vec<Row>),
    /// A line that cannot be loaded.
    Rejected(Rejection),
}

/// A line that was not loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// The line, from 1.
    pub(crate) line: u64,
    /// Why.
    pub(crate) reason: String,
}

/// How a file is read.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// The file.
    pub(crate) path: PathBuf,
    /// The fields to read.
    pub(crate) goals: Vec<Goal>,
    /// The text that stands for null, beside the empty field.
    pub(crate) null: String,
}

/// Opens a CSV file.
pub(crate) fn open(path: &std::path::Path) -> Result<csv::Reader<std::fs::File>, csv::Error> {
    csv::ReaderBuilder::new().flexible(true).buffer_capacity(256 << 10).from_path(path)
}

/// Reads the whole file and sends what it holds; ends early when nobody listens any more.
pub(crate) fn read(reading: &Reading, parcels: &mpsc::Sender<Parcel>) -> Result<(), csv::Error> {
    let mut reader = open(&reading.path)?;
    let mut record = csv::StringRecord::new();
    let mut window = Window::new(&reading.goals);
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                match convert(reading, &record) {
                    Ok(cells) => window.add(Row { line, cells }),
                    Err(reason) => {
                        if parcels.blocking_send(Parcel::Rejected(Rejection { line, reason })).is_err() {
                            return Ok(());
                        }
                    }
                }
            }
            Err(error) if error.is_io_error() => return Err(error),
            Err(error) => {
                let rejection = Rejection { line, reason: format!("the line is no CSV: {error}") };
                if parcels.blocking_send(Parcel::Rejected(rejection)).is_err() {
                    return Ok(());
                }
            }
        }
        if window.rows >= WINDOW_ROWS && !window.send(parcels) {
            return Ok(());
        }
    }
    window.send(parcels);
    Ok(())
}

fn convert(reading: &Reading, record: &csv::StringRecord) -> Result<Vec<Cell>, String> {
    reading.goals.iter().map(|goal| cell(goal, record.get(goal.field), &reading.null)).collect()
}

/// One field as a cell. A missing value is left unset, which writes no tombstone.
fn cell(Goal { column, .. }: &Goal, field: Option<&str>, null: &str) -> Result<Cell, String> {
    match field {
        Some(text) if !text.is_empty() && text != null => value::from_text(&column.cql_type, text)
            .map(|bytes| Cell::Bytes(bytes.into()))
            .map_err(|error| format!("{}: {error}", column.name)),
        _ if is_key(column) => Err(format!("{}: a part of the key is missing", column.name)),
        _ => Ok(Cell::Unset),
    }
}

fn is_key(column: &Column) -> bool {
    matches!(column.role, Some(KeyRole::Partition | KeyRole::Clustering))
}

/// Rows that wait for others of their partition.
struct Window {
    /// Which cells are the partition key.
    key: Vec<usize>,
    groups: HashMap<Vec<Bytes>, Vec<Row>>,
    rows: usize,
}

impl Window {
    fn new(goals: &[Goal]) -> Self {
        let key = goals
            .iter()
            .enumerate()
            .filter(|(_, goal)| goal.column.role == Some(KeyRole::Partition))
            .map(|(place, _)| place)
            .collect();
        Self { key, groups: HashMap::new(), rows: 0 }
    }

    fn add(&mut self, row: Row) {
        let key = self.key.iter().filter_map(|&place| match row.cells.get(place) {
            Some(Cell::Bytes(bytes)) => Some(bytes.clone()),
            _ => None,
        });
        self.groups.entry(key.collect()).or_default().push(row);
        self.rows += 1;
    }

    /// Sends every group on, cut into batches; false when nobody listens any more.
    fn send(&mut self, parcels: &mpsc::Sender<Parcel>) -> bool {
        self.rows = 0;
        for (_, rows) in self.groups.drain() {
            let mut batch: Vec<Row> = Vec::new();
            let mut bytes = 0;
            for row in rows {
                let size = size_bytes(&row);
                if !batch.is_empty() && (batch.len() >= BATCH_ROWS || bytes + size > BATCH_BYTES) {
                    if parcels.blocking_send(Parcel::Rows(std::mem::take(&mut batch))).is_err() {
                        return false;
                    }
                    bytes = 0;
                }
                bytes += size;
                batch.push(row);
            }
            if !batch.is_empty() && parcels.blocking_send(Parcel::Rows(batch)).is_err() {
                return false;
            }
        }
        true
    }
}

/// About what a row adds to a batch as the server counts it.
fn size_bytes(row: &Row) -> usize {
    row.cells
        .iter()
        .map(|cell| match cell {
            Cell::Bytes(bytes) => bytes.len() + 8,
            Cell::Null | Cell::Unset => 4,
        })
        .sum()
}
