//! The `cqlbook` program: cells in, outputs out. It alone sees all the other rooms.

use std::process::ExitCode;

mod cli;
mod compute;
mod connect;
mod core_dump;
mod doctor;
mod explain;
mod export;
mod file_size;
mod history;
mod import;
mod install;
mod kernel;
mod magics;
mod names;
mod notebook;
mod results;
mod run;
mod snapshots;
mod trace;

fn main() -> ExitCode {
    core_dump::forbid();
    file_size::outlive_limit();
    cli::run()
}
