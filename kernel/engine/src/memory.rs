//! How much memory a query may take: what the machine has to spare, so that nothing else on it suffers.

/// The variable that names another bound, in megabytes.
const VARIABLE: &str = "CQLBOOK_SQL_MEMORY";

/// Bounds what this process may take from here on, and gives how many bytes that is for the query to come. Where the system has no
/// bound to set, its own is what there is.
pub fn bound() -> Option<u64> {
    let told = std::env::var(VARIABLE).ok().and_then(|text| text.trim().parse::<u64>().ok());
    let told = told.map(|megabytes| megabytes.saturating_mul(1 << 20));
    #[cfg(target_os = "linux")]
    {
        linux::bound(told)
    }
    #[cfg(not(target_os = "linux"))]
    told
}

/// Has the system end this process first where it has no memory left, and not the notebook's.
pub fn go_first() {
    #[cfg(target_os = "linux")]
    drop(std::fs::write("/proc/self/oom_score_adj", "1000"));
}

/// Whether this process, which computes nothing now, holds so much of what it needed that a new one is better.
pub fn is_full() -> bool {
    #[cfg(target_os = "linux")]
    {
        linux::own("RssAnon:").is_some_and(|bytes| bytes > linux::KEPT)
    }
    #[cfg(not(target_os = "linux"))]
    false
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::read_to_string;

    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// However little is free: a small query needs so much, threads' stacks among it.
    const LEAST: u64 = 512 << 20;
    /// The most that is held between two queries.
    pub(super) const KEPT: u64 = 256 << 20;

    pub(super) fn bound(told: Option<u64>) -> Option<u64> {
        // A quarter is left to others.
        let free = || spare().map(|bytes| (bytes / 4 * 3).max(LEAST));
        let room = told.or_else(free)?;
        // Private writable memory: the heap and stacks, and not the program or files. What is held already is counted too.
        let limit = if told.is_some() { room } else { room.saturating_add(own("VmData:").unwrap_or(0)) };
        let maximum = getrlimit(Resource::Data).maximum;
        // Without it a query can be killed only by the system, which it is.
        setrlimit(Resource::Data, Rlimit { current: Some(limit), maximum }).ok();
        Some(room)
    }

    /// A line of what the system says of this process, in bytes.
    pub(super) fn own(line: &str) -> Option<u64> {
        line_of(&read_to_string("/proc/self/status").ok()?, line)
    }

    /// What is free on the machine, or in the container where that has less.
    fn spare() -> Option<u64> {
        let machine = line_of(&read_to_string("/proc/meminfo").ok()?, "MemAvailable:")?;
        Some(machine.min(container().unwrap_or(u64::MAX)))
    }

    /// A line of a file of proc(5) that has a number of kB, in bytes.
    fn line_of(text: &str, name: &str) -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    }

    /// What the container's control group leaves (version 2 as it is mounted inside containers). `max` is no bound.
    fn container() -> Option<u64> {
        let number = |name: &str| -> Option<u64> {
            read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?.trim().parse().ok()
        };
        Some(number("memory.max")?.saturating_sub(number("memory.current")?))
    }

    #[test]
    fn what_is_free_and_what_is_held_are_read() {
        assert_eq!(line_of("MemTotal: 9 kB\nMemAvailable:    1024 kB\n", "MemAvailable:"), Some(1 << 20));
        assert_eq!(line_of("MemTotal: 9 kB\n", "MemAvailable:"), None);
        assert!(spare().is_some_and(|bytes| bytes > 0));
        assert!(own("VmData:") > Some(0) && own("RssAnon:") > Some(0));
    }
}
