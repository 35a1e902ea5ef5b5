//! Local SQL in a process of its own: a query may take any time and any memory, and neither may cost the kernel its life.
//!
//! The kernel starts the program `cqlbook-engine` that lies beside its own at the first query, and keeps the process for the next
//! ones: they are answered one after the other. What a cell's interrupt ends, or the system for want of memory, is that process;
//! the next query has another one. It is the kernel's alone: when the kernel goes, it goes too.

mod process;
mod program;
mod spill;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cqlbook_analysis::sql::wire::Stranger;
use cqlbook_analysis::sql::{Answer, Job, SqlError};

use process::{Handle, Process, Reply};

pub(crate) use program::{greeted, path};

/// How long the kernel, which ends, waits for the engine's end.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// There is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    /// The query's own fault.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// It took more memory than there is.
    #[error("the query needs more memory than there is")]
    Memory,
    /// Somebody ended the process, which is what the system does where there is no memory left.
    #[error("the engine was killed")]
    Killed,
    /// The process ended in a way that it should not, with these words.
    #[error("{0}")]
    Died(String),
    /// There is no program beside this one.
    #[error("there is no {}", .0.display())]
    Missing(PathBuf),
    /// The program beside this one is not the one that was built with it.
    #[error("{} is not this kernel's engine: {stranger}", path.display())]
    Stranger {
        /// The program.
        path: PathBuf,
        /// What it is.
        stranger: Stranger,
    },
    /// The process could not be started.
    #[error("the engine could not be started: {0}")]
    NotStarted(io::Error),
}

/// The engine of a kernel. There is no process before the first query, and none after a while without one.
#[derive(Default)]
pub(crate) struct Engine {
    /// The process that waits for a query. Who asks it takes it out, and puts it back when it has answered.
    idle: tokio::sync::Mutex<Option<Process>>,
    /// The process that was started last.
    last: Mutex<Option<Arc<Handle>>>,
}

impl Engine {
    /// Computes a job. Dropping the future ends the work at once, and the process with it.
    ///
    /// # Errors
    /// [`Failed`].
    pub(crate) async fn ask(&self, job: Job) -> Result<Answer, Failed> {
        let job = Arc::new(job);
        // Held until there is an answer: the next query waits.
        let mut idle = self.idle.lock().await;
        let mut answered = None;
        if let Some(process) = idle.take() {
            // One that has ended while it waited has seen nothing of the job.
            answered = match process.ask(Arc::clone(&job)).await {
                Reply::Gone => None,
                reply => Some((reply, process)),
            };
        }
        let (reply, process) = match answered {
            Some(answered) => answered,
            None => {
                let process = self.start()?;
                (process.ask(job).await, process)
            }
        };
        match reply {
            Reply::Answer { answer, is_ready } => {
                if is_ready {
                    *idle = Some(process);
                }
                answer.map_err(Failed::Sql)
            }
            Reply::Failed(failed) => Err(failed),
            Reply::Gone => Err(Failed::Died("It ended before it was asked.".to_owned())),
        }
    }

    /// Ends the process, whatever it does, and waits until it and its folder are gone.
    pub(crate) async fn end(&self) {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(handle) = last {
            handle.end();
            // Where that takes too long the system ends it with the kernel, and another kernel removes the folder.
            tokio::task::spawn_blocking(move || handle.wait(END_TIMEOUT)).await.ok();
        }
    }

    fn start(&self) -> Result<Process, Failed> {
        let process = Process::start().map_err(Failed::NotStarted)?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(process.handle());
        Ok(process)
    }
}
