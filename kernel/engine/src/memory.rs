//! How much memory the computing process may take: what the machine has to spare, so that nothing else on it suffers.

/// The variable that names another bound, in megabytes.
const VARIABLE: &str = "CQLBOOK_SQL_MEMORY";

/// Sets the bound for this process. Where the system has none to set, its own is what there is.
pub(crate) fn bound() {
    #[cfg(target_os = "linux")]
    linux::bound(std::env::var(VARIABLE).ok().and_then(|text| text.trim().parse().ok()));
    #[cfg(not(target_os = "linux"))]
    let _ = VARIABLE;
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::read_to_string;

    use rustix::process::{Resource, Rlimit, setrlimit};

    /// However little is free: a small query needs so much, threads' stacks among it.
    const LEAST: u64 = 512 << 20;

    pub(super) fn bound(megabytes: Option<u64>) {
        // If the system kills for want of memory all the same, then this process and not the notebook's.
        drop(std::fs::write("/proc/self/oom_score_adj", "1000"));
        let told = megabytes.map(|megabytes| megabytes.saturating_mul(1 << 20));
        // A quarter is left to others.
        let bytes = told.or_else(|| spare().map(|bytes| (bytes / 4 * 3).max(LEAST)));
        // Private writable memory: the heap, and not the program or files.
        let limit = Rlimit { current: bytes, maximum: bytes };
        // Without it a query can be killed only by the system, which it is.
        setrlimit(Resource::Data, limit).ok();
    }

    /// What is free on the machine, or in the container where that has less.
    fn spare() -> Option<u64> {
        let machine = available(&read_to_string("/proc/meminfo").ok()?)?;
        Some(machine.min(container().unwrap_or(u64::MAX)))
    }

    /// `MemAvailable` of proc(5), in bytes.
    fn available(meminfo: &str) -> Option<u64> {
        let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
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
    fn what_is_free_is_read() {
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:    1024 kB\n"), Some(1 << 20));
        assert_eq!(available("MemTotal: 9 kB\n"), None);
        assert!(spare().is_some_and(|bytes| bytes > 0));
    }
}
