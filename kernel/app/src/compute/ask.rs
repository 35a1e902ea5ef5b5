//! The kernel's side: starts the process, hands it the job, waits, and says how it ended if it ended without an outcome.

use std::io::{self, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use cqlbook_analysis::sql::{Answer, Job, SqlError, wire};

use crate::connect::SECRET_VARIABLES;

/// The most that is read of what a process complains about, in bytes.
const COMPLAINT: u64 = 64 << 10;

/// There is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    /// The query's own fault.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// It took more memory than there is.
    #[error("the query needs more memory than there is")]
    Memory,
    /// The process ended in a way that it should not, with these words.
    #[error("{0}")]
    Died(String),
    /// The process could not be started.
    #[error("the process that computes could not be started: {0}")]
    NotStarted(io::Error),
}

/// Computes a job. Dropping the future ends the process.
///
/// # Errors
/// [`Failed`].
pub(crate) async fn ask(job: Job) -> Result<Answer, Failed> {
    let mut command = Command::new(program().map_err(Failed::NotStarted)?);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // It computes, and needs none of them.
    for name in SECRET_VARIABLES {
        command.env_remove(name);
    }
    // Jupyter signals the kernel's whole process group; what an interrupt means for this one is the kernel's to say.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let child = Arc::new(Mutex::new(command.spawn().map_err(Failed::NotStarted)?));
    let running = Running(Arc::clone(&child));
    let asked = tokio::task::spawn_blocking(move || exchange(&child, &job)).await;
    drop(running);
    asked.unwrap_or_else(|error| Err(Failed::Died(error.to_string())))
}

/// The process, which ends when nobody waits for it any more.
struct Running(Arc<Mutex<Child>>);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already is what was wanted.
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).kill());
    }
}

/// The engine beside this program.
fn program() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    Ok(own.with_file_name(format!("cqlbook-engine{}", std::env::consts::EXE_SUFFIX)))
}

/// Writes the job, reads the outcome, and sees the process off.
fn exchange(child: &Mutex<Child>, job: &Job) -> Result<Answer, Failed> {
    let (stdin, stdout, stderr) = {
        let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    };
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
        return Err(Failed::Died("It has no pipes.".to_owned()));
    };
    let complaint = std::thread::spawn(move || {
        let mut text = Vec::new();
        // What was read before a failure is all there is to tell.
        drop(stderr.take(COMPLAINT).read_to_end(&mut text));
        String::from_utf8_lossy(&text).into_owned()
    });
    // Where it cannot be written the process has ended, and says why.
    let written = wire::write_job(job, io::BufWriter::new(&mut stdin));
    let outcome = written.and_then(|()| wire::read_outcome(BufReader::new(stdout)));
    // Open until here: that it closes tells the process that nobody waits.
    drop(stdin);
    let status = child.lock().unwrap_or_else(PoisonError::into_inner).wait();
    match outcome {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err(died(status, complaint.join().unwrap_or_default().trim())),
    }
}

/// How a process ended that gave no outcome.
fn died(status: io::Result<ExitStatus>, complaint: &str) -> Failed {
    let status = match status {
        Ok(status) => status,
        Err(error) => return Failed::Died(error.to_string()),
    };
    // What Rust's allocator says before it aborts; and the system's own way where it gives memory that it has not.
    if complaint.contains("memory allocation of") || was_killed(status) {
        return Failed::Memory;
    }
    let last = complaint.lines().rev().find(|line| !line.trim().is_empty());
    Failed::Died(match last {
        Some(words) => words.trim().to_owned(),
        None => format!("It ended with {status}."),
    })
}

#[cfg(unix)]
fn was_killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    const SIGKILL: i32 = 9;
    status.signal() == Some(SIGKILL)
}

#[cfg(not(unix))]
fn was_killed(_status: ExitStatus) -> bool {
    false
}
