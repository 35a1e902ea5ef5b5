//! No image of this program's memory is left behind where it ends by a signal: the password of an open connection is in it, and
//! the rows that were read. Systems other than Linux write none unless they are told to.
//!
//! A limit of 0 does not keep Linux from handing an image to a program that `core_pattern` names (`|…`); a process that is not
//! dumpable has none made. It cannot be read or traced by the user's other processes either.

/// Has the system write none, for this process and those that it starts.
pub(crate) fn forbid() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

        // Lowering a limit is allowed to everybody; if it is not, the system's own stays.
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).ok();
        set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
    }
}
