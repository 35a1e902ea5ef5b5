//! Rows that wait for others of their partition, and how they are cut into batches.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use cqlbook_cluster::Cell;
use cqlbook_core::column::{CqlType, KeyRole};
use cqlbook_core::value::Key;
use tokio::sync::mpsc;

use super::outcome::LoadError;
use super::plan::Plan;
use super::rows::{Pace, Row};
use super::tally::Tally;

/// Rows that wait for others of their partition, in bytes at most.
const WINDOW_BYTES: usize = 16 << 20;
/// A batch is small enough that the server does not warn (5 KiB).
const BATCH_BYTES: usize = 4_000;
/// Rows of counters that are written down at a time before they are handed out: so many, and those that wait behind them, are
/// uncertain at most when the kernel is killed.
const BLOCK_ROWS: usize = 1_000;

/// Rows that wait for others of their partition.
pub(super) struct Window {
    /// Which cells are the partition key, which the clustering key, which static.
    key: Vec<usize>,
    clustering: Vec<(usize, CqlType)>,
    statics: Vec<usize>,
    counters: bool,
    most_rows: usize,
    batch_rows: usize,
    /// The groups in the order of their first rows.
    groups: Vec<Vec<Row>>,
    places: HashMap<Vec<Bytes>, usize>,
    rows: usize,
    bytes: usize,
}

impl Window {
    pub(super) fn new(plan: &Plan, pace: &Pace) -> Self {
        let with = |role| {
            let goals = plan.goals.iter().enumerate();
            goals.filter(|(_, goal)| goal.column.role == Some(role)).map(|(place, _)| place).collect()
        };
        Self {
            key: with(KeyRole::Partition),
            clustering: plan
                .clustering
                .iter()
                .filter_map(|place| Some((*place, plan.goals.get(*place)?.column.cql_type.clone())))
                .collect(),
            statics: with(KeyRole::Static),
            counters: plan.counters,
            most_rows: pace.window_rows,
            batch_rows: pace.batch_rows,
            groups: Vec::new(),
            places: HashMap::new(),
            rows: 0,
            bytes: 0,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows >= self.most_rows || self.bytes >= WINDOW_BYTES
    }

    pub(super) fn add(&mut self, row: Row) {
        // The statement for static columns begins with the partition key; it is in the same order there.
        let bytes = |place: &usize| match row.cells.get(*place) {
            Some(Cell::Bytes(bytes)) => Some(bytes.clone()),
            _ => None,
        };
        let key = if row.is_static {
            (0..self.key.len()).collect::<Vec<_>>().iter().filter_map(bytes).collect()
        } else {
            self.key.iter().filter_map(bytes).collect::<Vec<Bytes>>()
        };
        self.bytes += size_bytes(&row);
        self.rows += 1;
        let next = self.groups.len();
        let place = *self.places.entry(key).or_insert(next);
        match self.groups.get_mut(place) {
            Some(group) => group.push(row),
            None => self.groups.push(vec![row]),
        }
    }

    /// Sends every group on, cut into batches; false when nobody listens any more.
    pub(super) fn send(
        &mut self,
        tally: &Tally,
        batches: &mpsc::Sender<Vec<Row>>,
    ) -> Result<bool, LoadError> {
        (self.rows, self.bytes) = (0, 0);
        self.places.clear();
        let groups = std::mem::take(&mut self.groups);
        let mut block: Vec<Vec<Row>> = Vec::new();
        let mut rows = 0;
        for group in groups {
            for batch in self.cut(group) {
                rows += batch.len();
                block.push(batch);
                if rows >= BLOCK_ROWS {
                    rows = 0;
                    if !self.hand_out(std::mem::take(&mut block), tally, batches)? {
                        return Ok(false);
                    }
                }
            }
        }
        self.hand_out(block, tally, batches)
    }

    /// Rows of counters are on disk before a writer can have them.
    fn hand_out(
        &self,
        block: Vec<Vec<Row>>,
        tally: &Tally,
        batches: &mpsc::Sender<Vec<Row>>,
    ) -> Result<bool, LoadError> {
        if let Some(journal) = tally.journal().filter(|_| self.counters && !block.is_empty()) {
            let numbers: Vec<u64> = block.iter().flatten().map(|row| row.number).collect();
            if !journal.sent(&numbers, tally).map_err(LoadError::Journal)? {
                return Ok(false);
            }
        }
        Ok(block.into_iter().all(|batch| batches.blocking_send(batch).is_ok()))
    }

    /// A partition's rows as batches, in order. No two rows of a batch write the same cell: they have one time.
    fn cut(&self, rows: Vec<Row>) -> Vec<Vec<Row>> {
        let mut all: Vec<Vec<Row>> = Vec::new();
        let mut batch: Vec<Row> = Vec::new();
        let (mut bytes, mut seen): (usize, Vec<u64>) = (0, Vec::new());
        for row in rows {
            let size = size_bytes(&row);
            let own = self.hash(&row);
            let collides = !self.counters
                && (seen.contains(&own)
                    || batch.last().is_some_and(|last| {
                        last.is_static != row.is_static || !self.same_statics(last, &row)
                    }));
            if !batch.is_empty() && (batch.len() >= self.batch_rows || bytes + size > BATCH_BYTES || collides)
            {
                all.push(std::mem::take(&mut batch));
                seen.clear();
                bytes = 0;
            }
            bytes += size;
            seen.push(own);
            batch.push(row);
        }
        if !batch.is_empty() {
            all.push(batch);
        }
        all
    }

    /// A row's place in its partition as a number; rows of the same place have the same.
    fn hash(&self, row: &Row) -> u64 {
        let mut hasher = DefaultHasher::new();
        row.is_static.hash(&mut hasher);
        if !row.is_static {
            for (place, ty) in &self.clustering {
                match row.cells.get(*place) {
                    Some(Cell::Bytes(bytes)) if Key::has_one_form(ty) => bytes.hash(&mut hasher),
                    // 1.0 and 1.00 are one clustering key to Cassandra.
                    Some(Cell::Bytes(bytes)) => Key::of(ty, Some(bytes)).hash(&mut hasher),
                    _ => {}
                }
            }
        }
        hasher.finish()
    }

    /// Whether both write the same into the static columns.
    fn same_statics(&self, left: &Row, right: &Row) -> bool {
        self.statics.iter().all(|place| left.cells.get(*place) == right.cells.get(*place))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u64, cells: &[Option<&str>]) -> Row {
        let cell = |cell: &Option<&str>| {
            cell.map_or(Cell::Unset, |text| Cell::Bytes(Bytes::copy_from_slice(text.as_bytes())))
        };
        let cells = cells.iter().map(cell).collect();
        Row { number, line: number + 2, cells, stamp: Some(1), is_static: false }
    }

    /// Partition key, clustering key, static, plain.
    fn window(counters: bool) -> Window {
        let pace = Pace::default();
        Window {
            key: vec![0],
            clustering: vec![(1, CqlType::Text)],
            statics: vec![2],
            counters,
            most_rows: pace.window_rows,
            batch_rows: pace.batch_rows,
            groups: Vec::new(),
            places: HashMap::new(),
            rows: 0,
            bytes: 0,
        }
    }

    fn numbers(batches: &[Vec<Row>]) -> Vec<Vec<u64>> {
        batches.iter().map(|batch| batch.iter().map(|row| row.number).collect()).collect()
    }

    #[test]
    fn rows_that_write_the_same_cells_are_in_batches_of_their_own() {
        let keys = [("a", "s"), ("b", "s"), ("a", "s"), ("c", "t"), ("d", "t")];
        let rows = |c: &mut Vec<Row>| {
            for (number, (key, fixed)) in (0..).zip(keys) {
                c.push(row(number, &[Some("k"), Some(key), Some(fixed), Some("v")]));
            }
        };
        let mut all = Vec::new();
        rows(&mut all);
        assert_eq!(numbers(&window(false).cut(all)), [vec![0, 1], vec![2], vec![3, 4]]);
        let mut all = Vec::new();
        rows(&mut all);
        assert_eq!(
            numbers(&window(true).cut(all)),
            [vec![0, 1, 2, 3, 4]],
            "counters are added up in any order"
        );
    }

    #[test]
    fn two_rows_are_of_one_key_as_cassandra_compares_it() {
        let window = Window { clustering: vec![(1, CqlType::Decimal)], ..window(false) };
        // A scale, and a whole number: 1.0, 1.00, 1, 2.
        let forms: [&[u8]; 4] = [&[0, 0, 0, 1, 10], &[0, 0, 0, 2, 100], &[0, 0, 0, 0, 1], &[0, 0, 0, 0, 2]];
        let rows = (0..).zip(forms).map(|(number, form)| {
            let key = Cell::Bytes(Bytes::from_static(form));
            let cells = vec![Cell::Bytes(Bytes::from_static(b"k")), key, Cell::Unset, Cell::Unset];
            Row { number, line: number + 2, cells, stamp: Some(1), is_static: false }
        });
        assert_eq!(numbers(&window.cut(rows.collect())), [vec![0], vec![1], vec![2, 3]]);
    }

    #[test]
    fn two_sets_of_the_same_elements_are_one_key_in_whatever_order_they_are_written() {
        let int = || Box::new(CqlType::Int);
        let nested = CqlType::Frozen(Box::new(CqlType::Tuple(vec![CqlType::Set(int())])));
        let types = [
            (CqlType::Set(int()), ["{1, 2}", "{2, 1, 2}", "[2, 1]", "{1}"]),
            (
                CqlType::Map(int(), int()),
                ["{1: 1, 2: 2}", "{2: 2, 1: 1}", "{\"2\": 2, \"1\": 1}", "{1: 1, 2: 1}"],
            ),
            (nested, ["({1, 2})", "({2, 1})", "[[2, 1]]", "({1})"]),
        ];
        for (ty, written) in types {
            let window = Window { clustering: vec![(1, ty.clone())], ..window(false) };
            let rows = (0..).zip(written).map(|(number, text)| {
                let key = cqlbook_core::value::from_text(&ty, text).unwrap();
                let cells = vec![
                    Cell::Bytes(Bytes::from_static(b"k")),
                    Cell::Bytes(key.into()),
                    Cell::Unset,
                    Cell::Unset,
                ];
                Row { number, line: number + 2, cells, stamp: Some(1), is_static: false }
            });
            assert_eq!(numbers(&window.cut(rows.collect())), [vec![0], vec![1], vec![2, 3]], "{ty}");
        }
    }

    #[test]
    fn a_static_column_that_a_row_leaves_as_it_is_is_not_written() {
        let all = vec![
            row(0, &[Some("k"), Some("a"), None, Some("v")]),
            row(1, &[Some("k"), Some("b"), None, Some("v")]),
            row(2, &[Some("k"), Some("c"), Some("s"), Some("v")]),
        ];
        assert_eq!(numbers(&window(false).cut(all)), [vec![0, 1], vec![2]]);
    }

    #[test]
    fn groups_are_sent_in_the_order_of_their_first_rows() {
        let mut window = window(false);
        for (number, key) in (0..).zip(["x", "y", "x", "z"]) {
            window.add(row(number, &[Some(key), Some(&number.to_string()), None, None]));
        }
        let (sender, mut batches) = mpsc::channel(10);
        assert!(window.send(&Tally::default(), &sender).unwrap());
        drop(sender);
        let mut sent = Vec::new();
        while let Ok(batch) = batches.try_recv() {
            sent.push(batch);
        }
        assert_eq!(numbers(&sent), [vec![0, 2], vec![1], vec![3]]);
    }
}
