//! Gives inputs to one subject until its time is over: no panic, no answer later than [`MAX_ANSWER`], no growth.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::Random;

/// How long one input may keep a core busy: what else the machine does is not counted.
pub const MAX_ANSWER: Duration = Duration::from_secs(5);
/// What all subjects together take where nothing is said: enough to notice that one is broken.
const SECONDS: u64 = 12;
/// How much the process may grow by a campaign, in bytes.
const MAX_GROWTH: u64 = 512 << 20;
/// How much of an input is printed.
const SHOWN: usize = 2_000;

/// What one subject is given.
#[derive(Debug)]
pub struct Campaign {
    name: &'static str,
    seed: u64,
    /// The one case to repeat.
    only: Option<u64>,
    ends: Instant,
    next: u64,
    /// Inputs that once failed.
    kept: Vec<(String, Vec<u8>)>,
    before: u64,
}

/// One input, and how it is had again.
#[derive(Debug)]
pub struct Case {
    /// Where it comes from.
    pub origin: String,
    /// Its bytes.
    pub input: Vec<u8>,
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.trim().parse().ok())
}

impl Campaign {
    /// A campaign that takes `percent` of the time of all, with the inputs of `cases/FOLDER` first.
    pub fn new(name: &'static str, percent: u64, folder: &str) -> Self {
        let seed = variable("CQLBOOK_FUZZ_SEED").unwrap_or_else(|| {
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(1, |since| since.as_nanos() as u64 % 1_000_000_007)
        });
        let seconds = variable("CQLBOOK_FUZZ_SECONDS").unwrap_or(SECONDS);
        let time = Duration::from_millis(seconds * 10 * percent);
        println!("fuzz {name}: CQLBOOK_FUZZ_SEED={seed}, for {time:?}");
        let cases = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases").join(folder);
        let mut kept: Vec<_> = std::fs::read_dir(cases)
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .filter_map(|entry| {
                let input = std::fs::read(entry.path()).ok()?;
                Some((entry.file_name().to_string_lossy().into_owned(), input))
            })
            .collect();
        kept.sort();
        kept.reverse();
        Self {
            name,
            seed,
            only: variable("CQLBOOK_FUZZ_CASE"),
            ends: Instant::now() + time,
            next: 0,
            kept,
            before: resident_bytes(std::process::id()),
        }
    }

    /// The next input: one that once failed, or one that `make` makes; `None` when the time is over.
    pub fn next(&mut self, make: impl FnOnce(&mut Random) -> Vec<u8>) -> Option<Case> {
        let number = match self.only {
            Some(_) if self.next > 0 => return None,
            Some(only) => only,
            None => {
                if let Some((file, input)) = self.kept.pop() {
                    return Some(Case { origin: format!("cases: {file}"), input });
                }
                if Instant::now() > self.ends && self.next > 0 {
                    return None;
                }
                self.next
            }
        };
        self.next += 1;
        let mut random = Random::new(self.seed.wrapping_mul(0x0100_0000_01b3).wrapping_add(number));
        let origin = format!("CQLBOOK_FUZZ_SEED={} CQLBOOK_FUZZ_CASE={number}", self.seed);
        Some(Case { origin, input: make(&mut random) })
    }

    /// Gives inputs to a subject in this process.
    ///
    /// # Panics
    /// At an input that made it panic or took too long, or when the process has grown.
    pub fn run(mut self, mut make: impl FnMut(&mut Random) -> Vec<u8>, mut check: impl FnMut(&[u8])) {
        // What ends the process leaves no message: the input lies here.
        let last = std::env::temp_dir().join(format!("cqlbook-fuzz-{}", self.name));
        while let Some(case) = self.next(&mut make) {
            let _ = std::fs::write(&last, &case.input);
            let before = worked("/proc/thread-self/stat");
            let outcome = catch_unwind(AssertUnwindSafe(|| check(&case.input)));
            assert!(outcome.is_ok(), "{}", self.told(&case, "it panicked"));
            let took = worked("/proc/thread-self/stat").saturating_sub(before);
            assert!(took < MAX_ANSWER, "{}", self.told(&case, &format!("it took {took:?}")));
        }
        let _ = std::fs::remove_file(&last);
        self.finish();
    }

    /// What is said of a case that failed.
    pub fn told(&self, case: &Case, what: &str) -> String {
        let shown = &case.input[..case.input.len().min(SHOWN)];
        format!(
            "fuzz {}: {what} ({}, {} bytes): {}",
            self.name,
            case.origin,
            case.input.len(),
            shown.escape_ascii()
        )
    }

    /// Ends the campaign.
    ///
    /// # Panics
    /// When this process has grown by more than [`MAX_GROWTH`].
    pub fn finish(self) {
        let grown = resident_bytes(std::process::id()).saturating_sub(self.before);
        println!("fuzz {}: {} cases, grown by {} KiB", self.name, self.next, grown >> 10);
        assert!(grown < MAX_GROWTH, "fuzz {}: grown by {} MiB", self.name, grown >> 20);
    }
}

/// How long the process or thread of that `stat` file has worked, its ended children included; zero where the system does not
/// say.
pub fn worked(stat: &str) -> Duration {
    let stat = std::fs::read_to_string(stat).unwrap_or_default();
    let Some((_, fields)) = stat.rsplit_once(')') else { return Duration::ZERO };
    // Fields 14 to 17 of proc(5), in hundredths of a second.
    let ticks = fields.split_whitespace().skip(11).take(4);
    Duration::from_millis(ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10)
}

/// How much memory a process has now, in bytes; zero where the system does not say.
pub fn resident_bytes(pid: u32) -> u64 {
    of_status(pid, "VmRSS:")
}

/// The most memory that a process has had, in bytes; zero where the system does not say.
pub fn peak_bytes(pid: u32) -> u64 {
    of_status(pid, "VmHWM:")
}

fn of_status(pid: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or_default() << 10
}
