//! The user's history file: one JSON object a line, shared by all kernels of the user.
//!
//! A line is `{"session":3,"line":1,"time":"2026-11-24T03:47:37Z","input":"SELECT …"}`. It is added with one write, under a lock
//! on a file beside it, so that kernels at work at the same time lose nothing. Readers need no lock: what they
//! cannot read, such as a line that a full disk cut short, they skip. No call waits long for anything.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cqlbook_wire::HistoryEntry;
use serde::{Deserialize, Serialize};

use super::{MOST_BYTES, MOST_ENTRIES};

/// How long another kernel is waited for.
const PATIENCE: Duration = Duration::from_millis(600);
/// A file of more bytes is trimmed, and only so many, from its end, are read.
const TOO_MANY_BYTES: u64 = (MOST_BYTES + MOST_BYTES / 4) as u64;
/// A file of more entries is trimmed when a session first writes to it.
const TOO_MANY_ENTRIES: usize = MOST_ENTRIES + MOST_ENTRIES / 5;

/// A cell of this session.
pub(super) struct Line {
    line: i64,
    pub(super) input: String,
    time: String,
}

impl Line {
    /// A cell that was run just now.
    pub(super) fn now(line: i64, input: String) -> Self {
        Self { line, input, time: format!("{:.0}", jiff::Timestamp::now()) }
    }

    /// As an entry of a session.
    pub(super) fn entry(&self, session: i64) -> HistoryEntry {
        HistoryEntry { session, line: self.line, input: self.input.clone(), output: None }
    }
}

/// An entry as it is written. A later version may add fields.
#[derive(Serialize)]
struct Written<'a> {
    session: i64,
    line: i64,
    time: &'a str,
    input: &'a str,
}

/// An entry as it is read.
#[derive(Deserialize)]
struct Found {
    session: i64,
    line: i64,
    input: String,
}

/// The file, and this session's number in it.
pub(super) struct Store {
    file: PathBuf,
    session: Option<i64>,
    failed: bool,
    /// The notebook's folder, where the file is below it: that may be somebody else's work, so nothing on the way may be a link.
    below: Option<PathBuf>,
}

impl Store {
    /// The store in a file, which need not exist. Touches nothing.
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file, session: None, failed: false, below: None }
    }

    /// The same at a path that begins at a notebook's folder, in which no link is followed.
    pub(super) fn in_notebooks_folder(folder: &Path, file: &Path) -> Self {
        Self { below: Some(folder.to_owned()), ..Self::new(folder.join(file)) }
    }

    /// That the file is one that may be read and written.
    fn check(&self) -> io::Result<()> {
        if let Some(folder) = &self.below {
            let mut way = folder.clone();
            for part in self.file.strip_prefix(folder).unwrap_or(&self.file).components() {
                way.push(part);
                not_a_link(&way)?;
            }
        }
        // A pipe would wait for a reader, and a device keeps nothing.
        if fs::metadata(&self.file).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
        }
        Ok(())
    }

    /// Where it is.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// True once.
    pub(super) fn is_first_failure(&mut self) -> bool {
        !std::mem::replace(&mut self.failed, true)
    }

    /// This session's number, and the entries of the others. Before anything was written, the number is the next one.
    pub(super) fn others(&self) -> (i64, Vec<HistoryEntry>) {
        let found = self.read(MOST_ENTRIES).unwrap_or_default();
        let number = self.session.unwrap_or_else(|| next(&found, 0));
        let others = found.into_iter().filter(|entry| entry.session != number).map(|entry| HistoryEntry {
            session: entry.session,
            line: entry.line,
            input: entry.input,
            output: None,
        });
        (number, others.collect())
    }

    /// Adds cells of this session, all or none.
    ///
    /// # Errors
    /// Where the file cannot be written, or another kernel holds the lock for too long.
    pub(super) fn append(&mut self, lines: &[Arc<Line>]) -> io::Result<()> {
        self.check()?;
        if let Some(folder) = self.file.parent().filter(|folder| !folder.exists()) {
            private_folder(folder)?;
        }
        let mut lock = Lock::take(&beside(&self.file, "lock"))?;
        let first = self.session.is_none();
        let mut entries = 0;
        let session = match self.session {
            Some(session) => session,
            None => {
                let found = self.read(usize::MAX).unwrap_or_default();
                entries = found.len();
                next(&found, lock.last_session())
            }
        };
        let mut file = private(OpenOptions::new().read(true).append(true).create(true)).open(&self.file)?;
        make_private(&file);
        let length = file.metadata()?.len();
        let mut text = Vec::new();
        if length > 0 {
            // What a crash or a full disk cut short stays a line of its own.
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                text.push(b'\n');
            }
        }
        for Line { line, input, time } in lines.iter().map(AsRef::as_ref) {
            serde_json::to_writer(&mut text, &Written { session, line: *line, time, input })?;
            text.push(b'\n');
        }
        match file.write(&text) {
            Ok(written) if written == text.len() => {}
            outcome => {
                // Nobody else writes meanwhile. Where even this fails, readers skip the half line.
                let _ = file.set_len(length);
                return Err(outcome.err().unwrap_or_else(|| io::ErrorKind::StorageFull.into()));
            }
        }
        self.session = Some(session);
        if first {
            lock.set_last_session(session);
        }
        if length + text.len() as u64 > TOO_MANY_BYTES || entries > TOO_MANY_ENTRIES {
            // The entries are safe either way; the next time tries again.
            let _ = self.trim();
        }
        Ok(())
    }

    /// The newest entries, so many at most, in the order of the file. Lines that are none are skipped.
    fn read(&self, most: usize) -> io::Result<Vec<Found>> {
        let text = self.tail()?;
        let found = text.split(|byte| *byte == b'\n').rev().filter_map(parse).take(most);
        let mut found: Vec<_> = found.collect();
        found.reverse();
        Ok(found)
    }

    /// The end of the file, as much as is ever kept.
    fn tail(&self) -> io::Result<Vec<u8>> {
        if self.check().is_err() {
            return Ok(Vec::new());
        }
        let mut file = File::open(&self.file)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TOO_MANY_BYTES)))?;
        let mut text = Vec::new();
        file.take(TOO_MANY_BYTES).read_to_end(&mut text)?;
        Ok(text)
    }

    /// Leaves the newest entries only. The file is replaced at once or not at all. The lock must be held.
    fn trim(&self) -> io::Result<()> {
        // Where the file is a link, what it leads to is replaced.
        let file = self.file.canonicalize()?;
        let text = self.tail()?;
        let mut left = MOST_BYTES;
        let mut start = text.len();
        let mut lines = Vec::new();
        for line in text.split_inclusive(|byte| *byte == b'\n').rev() {
            start -= line.len();
            if parse(line.strip_suffix(b"\n").unwrap_or(line)).is_none() {
                continue;
            }
            if lines.len() == MOST_ENTRIES || line.len() > left {
                break;
            }
            left -= line.len();
            lines.push(start..start + line.len());
        }
        let new = beside(&file, "new");
        let written = (|| {
            // What lies there was left by a crash, or is a link to somewhere else.
            let _ = fs::remove_file(&new);
            let mut out = private(OpenOptions::new().write(true).create_new(true)).open(&new)?;
            let kept: Vec<u8> = lines.into_iter().rev().flat_map(|line| text[line].iter().copied()).collect();
            out.write_all(&kept)?;
            out.sync_all()?;
            fs::rename(&new, &file)
        })();
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written
    }
}

/// A line of the file, if it is an entry.
fn parse(line: &[u8]) -> Option<Found> {
    let found: Found = serde_json::from_slice(line).ok()?;
    // Numbers that a session could not go on from are not ours.
    let counts = |number: i64| (0..i64::from(u32::MAX)).contains(&number);
    (counts(found.session) && counts(found.line)).then_some(found)
}

/// The number of a new session. A session whose entries were all trimmed away is known by the lock.
fn next(found: &[Found], last: i64) -> i64 {
    found.iter().map(|entry| entry.session).max().unwrap_or(0).max(last) + 1
}

/// The right to write. It goes with the open file, so the end of a process gives it back.
struct Lock(File);

impl Lock {
    fn take(path: &Path) -> io::Result<Self> {
        not_a_link(path)?;
        let file =
            private(OpenOptions::new().read(true).write(true).create(true).truncate(false)).open(path)?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if began.elapsed() > PATIENCE => {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, "another kernel has locked it"));
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    }

    /// The number that the newest session took; 0 where that is not known.
    fn last_session(&mut self) -> i64 {
        let mut text = String::new();
        // A lock file without a number is as good as new.
        let _ = (&self.0).take(32).read_to_string(&mut text);
        text.trim().parse().ok().filter(|number| (0..i64::from(u32::MAX)).contains(number)).unwrap_or(0)
    }

    fn set_last_session(&mut self, session: i64) {
        let mut text = Vec::new();
        let read = self.0.rewind().and_then(|()| (&self.0).take(64).read_to_end(&mut text));
        if read.is_err() || text.len() > 32 || !text.trim_ascii().iter().all(u8::is_ascii_digit) {
            // It is no lock of ours, and keeps what it holds.
            return;
        }
        // Only a trimmed history needs it.
        let _ = self.0.set_len(0).and_then(|()| self.0.rewind()).and_then(|()| writeln!(self.0, "{session}"));
    }
}

/// That a path is no link.
fn not_a_link(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => {
            let told = format!("{} is a link, which is not followed here", path.display());
            Err(io::Error::new(io::ErrorKind::InvalidInput, told))
        }
        _ => Ok(()),
    }
}

/// A file beside the history, e.g. `history.jsonl.lock`.
fn beside(file: &Path, what: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(what);
    file.with_file_name(name)
}

/// Makes a folder that only its owner may look into.
fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A file that only its owner may read, where it is made new.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Takes the file away from others who may read it, such as after a copy by hand.
fn make_private(file: &File) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0) {
            // Fails only for a file of another user, who has chosen its mode.
            let _ = file.set_permissions(fs::Permissions::from_mode(0o600));
        }
    }
    #[cfg(not(unix))]
    let _ = file;
}
