//! Local SQL in a process of its own: a query may take any time and any memory, and neither may cost the kernel its life.
//!
//! The kernel starts the program `cqlbook-engine` that lies beside its own, writes the job to its standard input and reads the
//! outcome from its standard output. What a cell's interrupt ends, or the system for want of memory, is that process. It is the kernel's alone:
//! when the kernel goes, the pipe closes, and it goes too.

mod ask;

pub(crate) use ask::{Failed, ask};
