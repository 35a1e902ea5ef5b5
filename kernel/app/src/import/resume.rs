//! What a load that was stopped left beside its file, so that `--resume` goes on where it stopped: `FILE.resume`.
//!
//! The rule: it is followed only where all that gives the rows their meaning is the same, and never unasked. For counters, and
//! where nobody knows what it is, its mere presence stops another load. What writes it is the [`super::journal`].

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use cqlbook_core::{magic, render};
use serde::{Deserialize, Serialize};

use super::fields::Habits;
use super::journal::{DIGITS, Entry, MAGIC};
use super::marked;
use super::numbers::Numbers;
use super::plan::Plan;
use super::rejected::beside;
use super::rows::{Before, Pace};
use super::source::Spec;
use super::tally::{Done, Fault, MOST_REJECTED, Rejection, Tally};

/// Bytes of a file's beginning and end that are looked at to know it again.
const LOOK: u64 = 64 << 10;
/// A record greater than this was not made by us, nor one with a longer line.
const LONGEST: u64 = 256 << 20;
const LONGEST_LINE: u64 = 64 << 20;
/// No file has a row or a line of such a number.
const BEYOND: u64 = 1 << 48;
/// Rows that a record may leave open in all: sent and without an answer, or dealt with behind one that is not. A load has so many
/// under way at no time.
const MOST_OPEN: u64 = 10_000_000;

/// What the time of change is called in a bond.
const TIME: &str = "time of change";

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
            (TIME, format!("{}.{:09}", changed.as_secs(), changed.subsec_nanos())),
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
        TIME => "The file was written or touched since".to_owned(),
        _ => format!("The import that stopped had another {name}: `{was}`. This one has `{is}`"),
    }
}

impl NoPlace {
    /// A command that sets the file's time back where nothing else differs. What the record holds is a stranger's: it gets into the
    /// command only if it is a time, and the file's name as one word of a shell.
    pub(crate) fn remedy(&self, shown: &str) -> Option<String> {
        let Self::Another { name, was, .. } = self else { return None };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_time = was.split_once('.').is_some_and(|(seconds, rest)| digits(seconds) && digits(rest));
        // A name that cannot be shown as it is would be another one in the command.
        if name != TIME || !is_time || render::one_line(shown) != shown {
            return None;
        }
        Some(format!(
            "If the file was touched and not changed, give it its time back, and say `--resume`: `touch -d @{was} -- {}` in a terminal.",
            magic::quoted(shown)
        ))
    }
}

/// A record that was opened and begins as it has to.
struct Record {
    lines: io::Take<BufReader<File>>,
    bond: Bond,
    counters: bool,
}

fn unreadable(reason: &str) -> NoPlace {
    NoPlace::Unreadable(reason.to_owned())
}

fn failed(error: io::Error) -> NoPlace {
    NoPlace::Unreadable(error.to_string())
}

/// The next line without its end; `None` behind the last.
fn next_line(lines: &mut impl BufRead) -> Result<Option<Vec<u8>>, NoPlace> {
    let mut line = Vec::new();
    let read = lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(failed)?;
    if line.pop_if(|last| *last == b'\n').is_none() && read as u64 == LONGEST_LINE {
        return Err(unreadable("a line of it is longer than an import leaves one"));
    }
    Ok((read > 0).then_some(line))
}

impl Record {
    fn open(path: &Path) -> Result<Self, NoPlace> {
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
        let mut lines = BufReader::new(file).take(LONGEST);
        let cut = || unreadable("it was cut short");
        let head = next_line(&mut lines)?.unwrap_or_default();
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
        let bond = next_line(&mut lines)?.unwrap_or_default();
        match serde_json::from_slice(&bond) {
            Ok(Entry::Bond { bond, counters }) => Ok(Self { lines, bond, counters }),
            Ok(_) => Err(damaged()),
            Err(_) => Err(cut()),
        }
    }

    /// What its other lines tell.
    fn place(mut self) -> Result<Place, NoPlace> {
        let mut told = Told { counters: self.counters, ..Told::default() };
        let mut ended = false;
        while let Some(line) = next_line(&mut self.lines)? {
            if ended {
                return Err(damaged());
            }
            match serde_json::from_slice(&line) {
                Ok(entry) => told.take(entry)?,
                // A kernel that was killed may leave half a line, the last.
                Err(_) => ended = true,
            }
        }
        told.place()
    }
}

fn damaged() -> NoPlace {
    unreadable("a line of it is damaged")
}

/// What the lines of a record told so far. Whoever wrote them: none of them takes longer, or more memory, than its own bytes.
#[derive(Default)]
struct Told {
    counters: bool,
    done: Numbers,
    unsure: Numbers,
    rejected: Vec<Rejection>,
    stamp: i64,
}

impl Told {
    fn take(&mut self, entry: Entry) -> Result<(), NoPlace> {
        match entry {
            Entry::Bond { .. } => return Err(damaged()),
            Entry::Reached { before, stamp } => {
                self.done.insert(0, checked(before)?);
                self.stamp = self.stamp.max(stamp);
            }
            Entry::Sent(ranges) => {
                for range in ranges {
                    let (start, end) = bounds(range)?;
                    self.unsure.insert(start, end);
                }
            }
            Entry::Unsent(ranges) => {
                for range in ranges {
                    let (start, end) = bounds(range)?;
                    self.unsure.remove(start, end);
                }
            }
            Entry::Done(ranges) => {
                for range in ranges {
                    let (start, end) = bounds(range)?;
                    self.unsure.remove(start, end);
                    self.done.insert(start, end);
                }
            }
            Entry::Rejected(number, line, refused, reason) => {
                let (number, end) = bounds((number, number))?;
                self.unsure.remove(number, end);
                if self.counters {
                    self.done.insert(number, end);
                }
                let fault = if refused { Fault::Insert } else { Fault::Parse };
                self.rejected.push(Rejection { number, line: checked(line)?, fault, reason });
            }
        }
        let pieces = self.done.pieces().max(self.unsure.pieces()) as u64;
        // A load stops at so many, but for those that were under way.
        if pieces > MOST_OPEN || self.rejected.len() as u64 > 2 * MOST_REJECTED {
            return Err(too_many());
        }
        Ok(())
    }

    fn place(self) -> Result<Place, NoPlace> {
        let Self { counters, done, unsure, mut rejected, stamp } = self;
        let before = done.gap();
        let mut beyond = BTreeSet::new();
        if counters {
            if done.count_from(before).saturating_add(unsure.count_from(0)) > MOST_OPEN {
                return Err(too_many());
            }
            beyond.extend(done.from(before));
        } else {
            // Rows from here on are sent again, all of them and in order: a later one of the same key is again the later.
            rejected.retain(|rejection| rejection.number < before);
            if unsure.count_from(0) > MOST_OPEN {
                return Err(too_many());
            }
        }
        let unsure = unsure.from(0).collect();
        Ok(Place { counters, done: Done { before, beyond }, unsure, rejected, stamp })
    }
}

fn too_many() -> NoPlace {
    unreadable("it names more rows than can be")
}

/// The number, if it can be one of a file's.
fn checked(number: u64) -> Result<u64, NoPlace> {
    if number < BEYOND { Ok(number) } else { Err(too_many()) }
}

/// The first number of a range and the one behind its last.
fn bounds((start, end): (u64, u64)) -> Result<(u64, u64), NoPlace> {
    if start > end {
        return Err(damaged());
    }
    Ok((start, checked(end)? + 1))
}

impl Place {
    /// The place that an earlier run of this very load left. Blocks; takes as long as the record is.
    ///
    /// # Errors
    /// [`NoPlace`]. Of a record of another load nothing is read but whose it is.
    pub(crate) fn read(path: &Path, bond: &Bond) -> Result<Self, NoPlace> {
        let record = Record::open(&path_for(path))?;
        match record.bond.difference(bond) {
            Some((name, was, is)) => Err(NoPlace::Another { name, was, is, counters: record.counters }),
            None => record.place(),
        }
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

#[cfg(test)]
mod tests;
