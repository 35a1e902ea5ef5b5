//! The `cqlbook-engine` program: jobs in on standard input, their outcomes out on standard output, one after the other. The kernel
//! starts it, and nobody else; it opens no connection, keeps no secret, and ends when the kernel does.

use std::any::Any;
use std::io::{self, BufReader, BufWriter, IsTerminal as _, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::mpsc::{self, Sender};

use cqlbook_analysis::sql::wire::{self, Next};
use cqlbook_analysis::sql::{Computed, Job, SqlError};
use cqlbook_engine::{memory, sql};

fn main() -> ExitCode {
    if io::stdin().is_terminal() {
        complain(
            "The kernel starts this program, for the cells of `%%sql`. There is nothing to do with it here.",
        );
        return ExitCode::FAILURE;
    }
    memory::go_first();
    end_with_the_kernel();
    leave_no_image();
    // The kernel shows the words; where in the program they come from is nothing to a user.
    panic::set_hook(Box::new(|_| {}));
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Answers one job after the other, until there are no more or one has left the process unfit for the next.
fn serve() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    wire::write_greeting(&mut out)?;
    let (jobs, waiting) = mpsc::channel();
    std::thread::spawn(move || read(&jobs));
    for job in waiting {
        memory::bound();
        let outcome = compute(job);
        // After a panic, what the engine's threads share may be in any state.
        let is_unfit = matches!(outcome, Err(SqlError::Defect(_)));
        wire::write_outcome(outcome, &mut out)?;
        let next = if is_unfit || memory::is_full() { Next::Ends } else { Next::Ready };
        wire::write_next(next, &mut out)?;
        if next == Next::Ends {
            break;
        }
    }
    Ok(())
}

fn compute(job: Job) -> Result<Computed, SqlError> {
    panic::catch_unwind(AssertUnwindSafe(|| sql::compute(job)))
        .unwrap_or_else(|panic| Err(SqlError::Defect(words(panic.as_ref()))))
}

/// Reads jobs, also while one is computed: that the pipe closes says that nobody waits for its outcome any more.
fn read(jobs: &Sender<Job>) {
    let mut from = BufReader::new(io::stdin().lock());
    loop {
        match wire::is_at_end(&mut from) {
            Ok(false) => {}
            Ok(true) | Err(_) => std::process::exit(0),
        }
        match wire::read_job(&mut from) {
            Ok(job) => drop(jobs.send(job)),
            Err(error) => {
                complain(&error.to_string());
                std::process::exit(1);
            }
        }
    }
}

/// The words of a panic.
fn words(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("It did not say why.").to_owned()
}

/// One line, of which the kernel reads the last.
fn complain(line: &str) {
    // Where it cannot be written nobody reads it.
    drop(writeln!(io::stderr(), "cqlbook-engine: {}", line.replace('\n', " ")));
}

/// Has the system end this process with the kernel's thread that started it, at once and whatever this one does. Where the system
/// does not, the pipe that closes does.
fn end_with_the_kernel() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        set_parent_process_death_signal(Some(Signal::KILL)).ok();
    }
}

/// No image of the memory is left behind where the process ends by a signal: rows of databases are in it.
fn leave_no_image() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
        // Lowering a limit is allowed to everybody; if it is not, the system's own stays.
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).ok();
        set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
    }
}
