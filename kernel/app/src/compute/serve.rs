//! The computing process: one job in, one outcome out.

use std::io::{self, BufWriter, Read as _};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use cqlbook_analysis::sql::wire;

use super::memory;
use crate::run::aside;

/// Reads a job from standard input and writes its outcome to standard output.
pub(crate) fn serve() -> ExitCode {
    memory::bound();
    // The kernel shows the words; where in the program they come from is nothing to a user.
    panic::set_hook(Box::new(|_| {}));
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
        let job = wire::read_job(io::stdin().lock())?;
        std::thread::spawn(end_with_the_kernel);
        wire::write_outcome(job.compute(), BufWriter::new(io::stdout().lock()))
    }));
    let words = match outcome {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(error)) => error.to_string(),
        Err(panic) => aside::words(panic.as_ref()),
    };
    // One line, of which the kernel reads the last.
    crate::cli::complain(&words.replace('\n', " "));
    ExitCode::FAILURE
}

/// Waits until the pipe from the kernel closes: nobody waits for the outcome then.
fn end_with_the_kernel() {
    // Nothing more is ever sent.
    while matches!(io::stdin().lock().read(&mut [0]), Ok(1)) {}
    std::process::exit(1);
}
