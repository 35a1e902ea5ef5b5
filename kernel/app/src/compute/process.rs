//! One process of the engine, from its start to its end: a thread of the kernel's talks to it, and anybody may end it.

use std::io::{self, BufReader, BufWriter, Read as _};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cqlbook_analysis::sql::wire::{self, Next};
use cqlbook_analysis::sql::{Answer, Job, SqlError};
use tokio::sync::oneshot;

use super::spill::Spill;
use super::{Failed, program};

/// How long a process waits for another query before it is ended.
const IDLE: Duration = Duration::from_secs(5 * 60);
/// How long a process that has closed its pipes may take to end.
const END_TIMEOUT: Duration = Duration::from_secs(2);
/// How often it is looked whether it has.
const END_INTERVAL: Duration = Duration::from_millis(2);
/// The most that is kept of what a process complains about, in bytes.
const MAX_COMPLAINT_BYTES: usize = 64 << 10;

/// What comes of asking a process.
pub(super) enum Reply {
    /// What it answered, and whether it can be asked again.
    Answer { answer: Result<Answer, SqlError>, is_ready: bool },
    /// It gave no answer, and has ended.
    Failed(Failed),
    /// It had ended before it could be asked.
    Gone,
}

struct Request {
    job: Arc<Job>,
    reply: oneshot::Sender<Reply>,
}

/// A process, which ends when this is dropped, whatever it does.
pub(super) struct Process {
    handle: Arc<Handle>,
    requests: Sender<Request>,
}

impl Process {
    /// Starts one. Whether that succeeds is said to who asks it first.
    ///
    /// # Errors
    /// Where there is no thread to be had.
    pub(super) fn start() -> io::Result<Self> {
        let handle = Arc::new(Handle::default());
        let (requests, waiting) = mpsc::channel();
        let of_thread = Arc::clone(&handle);
        // Of its own, and not one of those that come and go: Linux ends the process with the thread that started it.
        std::thread::Builder::new().name("engine".to_owned()).spawn(move || serve(&of_thread, &waiting))?;
        Ok(Self { handle, requests })
    }

    /// By which it can be ended.
    pub(super) fn handle(&self) -> Arc<Handle> {
        Arc::clone(&self.handle)
    }

    /// Has it compute a job.
    pub(super) async fn ask(&self, job: Arc<Job>) -> Reply {
        let (reply, replied) = oneshot::channel();
        match self.requests.send(Request { job, reply }) {
            Ok(()) => replied.await.unwrap_or(Reply::Gone),
            Err(_) => Reply::Gone,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.handle.end();
    }
}

/// Ends a process, from any thread.
#[derive(Default)]
pub(super) struct Handle {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The process, once it is started and until its end was seen.
    child: Option<Child>,
    /// Nobody waits for it any more: it is not to be started.
    is_ended: bool,
    /// It has ended, and its folder is gone.
    is_over: bool,
}

impl Handle {
    /// Ends it at once.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.is_ended = true;
        if let Some(child) = &mut state.child {
            kill(child);
        }
    }

    /// Waits until it and its folder are gone.
    pub(super) fn wait(&self, timeout: Duration) {
        drop(self.changed.wait_timeout_while(self.state(), timeout, |state| !state.is_over));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the process has ended, where it has.
    fn status(&self) -> io::Result<Option<ExitStatus>> {
        match &mut self.state().child {
            Some(child) => child.try_wait(),
            None => Ok(None),
        }
    }

    /// Sees the process off, which has closed its pipes: how it ended, if it did so by itself.
    fn see_off(&self) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + END_TIMEOUT;
        loop {
            let status = self.status()?;
            if status.is_some() || Instant::now() >= deadline {
                return Ok(status);
            }
            std::thread::sleep(END_INTERVAL);
        }
    }
}

/// Ends a process and all that it has started.
fn kill(child: &mut Child) {
    // One that has ended already is what was wanted; its number may be another's by now.
    if let Ok(None) = child.try_wait() {
        #[cfg(target_os = "linux")]
        if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
        }
        child.kill().ok();
    }
}

/// The thread of a process: it starts it, asks it one thing after the other, and sees it off.
fn serve(handle: &Handle, waiting: &Receiver<Request>) {
    let mut conversation = Conversation::begin(handle);
    // Where the wait is over, nobody has asked for long, or nobody can ask any more.
    while let Ok(Request { job, reply }) = waiting.recv_timeout(IDLE) {
        let replied = match &mut conversation {
            Ok(conversation) => conversation.ask(&job, handle),
            Err(failed) => {
                let gone = Failed::Died("It could not be started.".to_owned());
                Reply::Failed(std::mem::replace(failed, gone))
            }
        };
        let goes_on = matches!(replied, Reply::Answer { is_ready: true, .. });
        // Who gave up waiting ends the process by the handle.
        drop(reply.send(replied));
        if !goes_on {
            break;
        }
    }
    handle.end();
    let child = handle.state().child.take();
    if let Some(mut child) = child {
        child.wait().ok();
    }
    // Its folder goes.
    drop(conversation);
    handle.state().is_over = true;
    handle.changed.notify_all();
}

/// The pipes of a process, and its folder.
struct Conversation {
    stdin: BufWriter<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    complaint: Option<JoinHandle<String>>,
    _spill: Spill,
}

impl Conversation {
    /// Starts a process, and hears who it is.
    fn begin(handle: &Handle) -> Result<Self, Failed> {
        let spill = Spill::new().map_err(Failed::NotStarted)?;
        let (stdin, stdout, stderr) = {
            let mut state = handle.state();
            if state.is_ended {
                return Err(Failed::Died("It was ended before it was started.".to_owned()));
            }
            let child = state.child.insert(program::start(spill.path())?);
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        };
        let (Some(stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
            return Err(Failed::Died("It has no pipes.".to_owned()));
        };
        let mut stdout = BufReader::new(stdout);
        let complaint = std::thread::spawn(move || listen(stderr));
        let is_greeted = program::greet(&mut stdout)?;
        let mut begun =
            Self { stdin: BufWriter::new(stdin), stdout, complaint: Some(complaint), _spill: spill };
        if is_greeted { Ok(begun) } else { Err(begun.ended(handle, "It does not say who it is.")) }
    }

    fn ask(&mut self, job: &Job, handle: &Handle) -> Reply {
        if !matches!(handle.status(), Ok(None)) {
            return Reply::Gone;
        }
        match self.exchange(job) {
            Ok((answer, next)) => Reply::Answer { answer, is_ready: next == Next::Ready },
            Err(error) => Reply::Failed(self.ended(handle, &error.to_string())),
        }
    }

    fn exchange(&mut self, job: &Job) -> io::Result<(Result<Answer, SqlError>, Next)> {
        // Where it cannot be written the process has ended, and says why.
        wire::write_job(job, &mut self.stdin)?;
        let answer = wire::read_outcome(&mut self.stdout)?;
        Ok((answer, wire::read_next(&mut self.stdout)?))
    }

    /// Why there is no answer, of a process that has ended; `what` says it of one that has not.
    fn ended(&mut self, handle: &Handle, what: &str) -> Failed {
        match handle.see_off() {
            Ok(Some(status)) => {
                let complaint = self.complaint.take().and_then(|complaint| complaint.join().ok());
                died(status, complaint.unwrap_or_default().trim())
            }
            Ok(None) => Failed::Died(what.to_owned()),
            Err(error) => Failed::Died(error.to_string()),
        }
    }
}

/// The last of what a process complains about, read to its end: a pipe that is full would hold the process up.
fn listen(mut stderr: ChildStderr) -> String {
    let mut last = Vec::new();
    let mut part = [0; 4096];
    // What was read before a failure is all there is to tell.
    while let Ok(read @ 1..) = stderr.read(&mut part) {
        last.extend_from_slice(&part[..read]);
        let surplus = last.len().saturating_sub(MAX_COMPLAINT_BYTES);
        last.drain(..surplus);
    }
    String::from_utf8_lossy(&last).into_owned()
}

/// How a process ended that gave no outcome.
fn died(status: ExitStatus, complaint: &str) -> Failed {
    // What Rust's allocator says before it aborts.
    if complaint.contains("memory allocation of") {
        return Failed::Memory;
    }
    if was_killed(status) {
        return Failed::Killed;
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
