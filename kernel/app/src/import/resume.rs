//! What a load that was stopped left beside its file, so that `--resume` goes on where it stopped: `FILE.resume`.
//!
//! The rule: it is followed only where all that gives the rows their meaning is the same, and never unasked. For counters, and
//! where nobody knows what it is, its mere presence stops another load. What writes it is the [`super::journal`].

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::fields::Habits;
use super::journal::{DIGITS, Entry, MAGIC};
use super::marked;
use super::plan::Plan;
use super::rejected::beside;
use super::rows::{Before, Pace};
use super::source::Spec;
use super::tally::{Done, Fault, Rejection, Tally};

/// Bytes of a file's beginning and end that are looked at to know it again.
const LOOK: u64 = 64 << 10;
/// A record greater than this was not made by us.
const LONGEST: u64 = 1 << 30;

/// Where a load of `path` leaves its record.
pub(super) fn path_for(path: &Path) -> PathBuf {
    beside(path, ".resume")
}

/// All that gives the rows of a load their meaning, by name. Two loads are the same where all of it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bond(Vec<(String, String)>);

impl Bond {
    /// What a load of this file by this plan is bound to. `identity` tells the cluster and the table's own id.
    pub(crate) fn new(
        spec: &Spec,
        plan: &Plan,
        pace: &Pace,
        identity: &[(&str, String)],
    ) -> io::Result<Self> {
        let mut file = File::open(&spec.path)?;
        let metadata = file.metadata()?;
        let changed = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let Habits { null, write_nulls, .. } = &spec.habits;
        let goals = plan.goals.iter().map(|goal| format!("{} → {}", goal.field + 1, goal.column.name));
        let dialect = spec.dialect;
        let facts = [
            ("length in bytes", metadata.len().to_string()),
            ("first and last bytes", format!("{:016x}", look(&mut file, metadata.len())?)),
            ("time of change", format!("{}.{:09}", changed.as_secs(), changed.subsec_nanos())),
            ("format", format!("{:?}", spec.format).to_lowercase()),
            ("header", if spec.header { "in the first line" } else { "none" }.to_owned()),
            ("delimiter", char::from(dialect.delimiter).to_string()),
            ("quote", char::from(dialect.quote).to_string()),
            ("escape", dialect.escape.map_or_else(|| "none".to_owned(), |byte| char::from(byte).to_string())),
            ("null", format!("{null:?}")),
            ("writing of nulls", write_nulls.to_string()),
            ("fields", goals.collect::<Vec<_>>().join(", ")),
            ("statement", plan.statement.clone()),
            // Whatever else there is of it, now or later.
            ("reading of values", format!("{:?}", spec.habits)),
            ("rows left out", format!("{} {:?}", pace.skip_rows, pace.max_rows)),
        ];
        let own = identity.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value));
        Ok(Self(own.chain(facts).collect()))
    }

    /// What differs first, told: the name, what it was, what it is.
    fn difference(&self, now: &Self) -> Option<(String, String, String)> {
        let value = |bond: &Self, name: &str| {
            bond.0
                .iter()
                .find(|(other, _)| other == name)
                .map_or_else(String::new, |(_, value)| value.clone())
        };
        let names = now.0.iter().chain(&self.0).map(|(name, _)| name);
        names.map(|name| (name.clone(), value(self, name), value(now, name))).find(|(_, was, is)| was != is)
    }
}

/// A sum over the beginning and the end of a file.
fn look(file: &mut File, length: u64) -> io::Result<u64> {
    let mut bytes = Vec::new();
    file.take(LOOK).read_to_end(&mut bytes)?;
    file.seek(SeekFrom::Start(length.saturating_sub(LOOK)))?;
    file.take(LOOK).read_to_end(&mut bytes)?;
    Ok(marked::add(marked::SUM, &bytes))
}

/// What an earlier run left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The load added to counters.
    pub(crate) counters: bool,
    done: Done,
    /// Rows of counters that may have been sent and have no answer.
    unsure: BTreeSet<u64>,
    rejected: Vec<Rejection>,
    /// The latest time that a row was given.
    pub(super) stamp: i64,
}

/// Why a load cannot be resumed, or what stands there in another's place.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoPlace {
    #[error("There is no import to resume")]
    None,
    /// What changed, what it was, and what it is; and whether the load that stopped added to counters.
    #[error("{}", told(.name, .was, .is))]
    Another { name: String, was: String, is: String, counters: bool },
    /// The load whose record it is runs.
    #[error("It is being imported now, by this kernel or another one")]
    Running,
    #[error("Its `.resume` cannot be read: {0}")]
    Unreadable(String),
}

fn told(name: &str, was: &str, is: &str) -> String {
    match name {
        "length in bytes" => format!("The file has changed since: it had {was} bytes and has {is}"),
        "first and last bytes" => {
            "The file has changed since: it has the same length and other bytes".to_owned()
        }
        "time of change" => "The file was written or touched since".to_owned(),
        _ => format!("The import that stopped had another {name}: `{was}`. This one has `{is}`"),
    }
}

impl NoPlace {
    /// A command that sets the file's time back where nothing else differs.
    pub(crate) fn remedy(&self, shown: &str) -> Option<String> {
        match self {
            Self::Another { name, was, .. } if name == "time of change" => Some(format!(
                "If the file was touched and not changed, give it its time back, and say `--resume`: `touch -d @{was} '{shown}'` in a terminal."
            )),
            _ => None,
        }
    }
}

impl Place {
    /// The place that an earlier run of this very load left.
    pub(crate) fn read(path: &Path, bond: &Bond) -> Result<Self, NoPlace> {
        let (was, place) = Self::parse(&path_for(path))?;
        match was.difference(bond) {
            Some((name, was, is)) => Err(NoPlace::Another { name, was, is, counters: place.counters }),
            None => Ok(place),
        }
    }

    fn parse(path: &Path) -> Result<(Bond, Self), NoPlace> {
        let unreadable = |reason: &str| NoPlace::Unreadable(reason.to_owned());
        let failed = |error: io::Error| NoPlace::Unreadable(error.to_string());
        let metadata = match fs::symlink_metadata(path) {
            // A name that cannot be has none.
            Err(error)
                if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidFilename) =>
            {
                return Err(NoPlace::None);
            }
            other => other.map_err(failed)?,
        };
        if !metadata.is_file() {
            return Err(unreadable("it is no plain file"));
        }
        if metadata.len() > LONGEST {
            return Err(unreadable("it is larger than an import leaves one"));
        }
        let file = File::open(path).map_err(failed)?;
        if matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
            return Err(NoPlace::Running);
        }
        let mut lines = BufReader::new(file).split(b'\n');
        let cut = || unreadable("it was cut short");
        let head = lines.next().transpose().map_err(failed)?.unwrap_or_default();
        let length = head.strip_prefix(MAGIC.as_bytes()).and_then(|rest| rest.get(..DIGITS));
        let length = length.and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u64>().ok());
        let length = match length {
            Some(length) => length,
            None if head.is_empty() => return Err(cut()),
            None => return Err(unreadable("it was not made by this version of cqlbook")),
        };
        if metadata.len() < length {
            return Err(cut());
        }
        let mut bond = None;
        let mut place = Self {
            counters: false,
            done: Done::default(),
            unsure: BTreeSet::new(),
            rejected: Vec::new(),
            stamp: 0,
        };
        let mut ended = false;
        for line in lines {
            let line = line.map_err(failed)?;
            if ended {
                return Err(unreadable("a line of it is damaged"));
            }
            match serde_json::from_slice(&line) {
                Ok(Entry::Bond { bond: read, counters }) => {
                    place.counters = counters;
                    bond = Some(read);
                }
                Ok(entry) => place.take(entry)?,
                // A kernel that was killed may leave half a line, the last.
                Err(_) => ended = true,
            }
        }
        let bond = bond.ok_or_else(cut)?;
        if !place.counters {
            // Rows from here on are sent again, all of them and in order: a later one of the same key is again the later.
            place.done.beyond.clear();
            let before = place.done.before;
            place.rejected.retain(|rejection| rejection.number < before);
        }
        Ok((bond, place))
    }

    fn take(&mut self, entry: Entry) -> Result<(), NoPlace> {
        // No file has so many rows; a record that says so would keep us busy.
        let numbers = |ranges: Vec<(u64, u64)>| -> Result<_, NoPlace> {
            let all: u64 = ranges.iter().map(|(start, end)| end.saturating_sub(*start)).sum();
            if all > 50_000_000 {
                return Err(NoPlace::Unreadable("it names more rows than can be".to_owned()));
            }
            Ok(ranges.into_iter().flat_map(|(start, end)| start..=end))
        };
        match entry {
            Entry::Bond { .. } => {}
            Entry::Reached { before, stamp } => {
                self.done.before = self.done.before.max(before);
                self.stamp = self.stamp.max(stamp);
            }
            Entry::Sent(ranges) => self.unsure.extend(numbers(ranges)?),
            Entry::Unsent(ranges) => {
                for number in numbers(ranges)? {
                    self.unsure.remove(&number);
                }
            }
            Entry::Done(ranges) => {
                for (start, end) in ranges {
                    if start == self.done.before {
                        self.unsure.retain(|number| !(start..=end).contains(number));
                        self.done.advance(end + 1);
                        continue;
                    }
                    for number in numbers(vec![(start, end)])? {
                        self.unsure.remove(&number);
                        self.done.add(number);
                    }
                }
            }
            Entry::Rejected(number, line, refused, reason) => {
                self.unsure.remove(&number);
                if self.counters {
                    self.done.add(number);
                }
                let fault = if refused { Fault::Insert } else { Fault::Parse };
                self.rejected.push(Rejection { number, line, fault, reason });
            }
        }
        Ok(())
    }

    /// Rows that had been written.
    pub(crate) fn written(&self) -> u64 {
        (self.done.before + self.done.beyond.len() as u64).saturating_sub(self.rejected.len() as u64)
    }

    /// What the load that goes on has to know, with the tally as it was.
    pub(super) fn take_up(self, tally: &Tally) -> Before {
        let mut state = tally.state();
        state.done = self.done.clone();
        for rejection in self.rejected {
            match rejection.fault {
                Fault::Insert => state.insert_errors += 1,
                Fault::Parse => state.parse_errors += 1,
            }
            state.rejections.push(rejection);
        }
        state.stamp = self.stamp;
        Before { done: self.done, unsure: self.unsure }
    }
}
