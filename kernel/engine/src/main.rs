//! The `cqlbook-engine` program: one job in on standard input, its outcome out on standard output. The kernel starts it, and nobody
//! else; it opens no connection and keeps no secret.

use std::any::Any;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use cqlbook_analysis::sql::wire;
use cqlbook_engine::sql;

mod memory;

fn main() -> ExitCode {
    memory::bound();
    // The kernel shows the words; where in the program they come from is nothing to a user.
    panic::set_hook(Box::new(|_| {}));
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
        let job = wire::read_job(io::stdin().lock())?;
        std::thread::spawn(end_with_the_kernel);
        wire::write_outcome(sql::compute(job), BufWriter::new(io::stdout().lock()))
    }));
    let words = match outcome {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(error)) => error.to_string(),
        Err(panic) => words(panic.as_ref()),
    };
    // One line, of which the kernel reads the last. Where it cannot be written nobody reads it.
    drop(writeln!(io::stderr(), "cqlbook-engine: {}", words.replace('\n', " ")));
    ExitCode::FAILURE
}

/// The words of a panic.
fn words(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("It did not say why.").to_owned()
}

/// Waits until the pipe from the kernel closes: nobody waits for the outcome then.
fn end_with_the_kernel() {
    // Nothing more is ever sent.
    while matches!(io::stdin().lock().read(&mut [0]), Ok(1)) {}
    std::process::exit(1);
}
