//! The command line: what `cqlbook` can be asked for from a terminal. It parses and dispatches, no more.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use cqlbook_core::render;

use crate::connect;
use crate::doctor;
use crate::install::{self, Installed, Place, Uninstalled};

/// A Jupyter kernel for CQL on DataStax Astra DB and Apache Cassandra.
#[derive(Debug, Parser)]
#[command(name = "cqlbook", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make the kernel known to Jupyter.
    Install(PlaceArgs),
    /// Take the kernel away from Jupyter.
    Uninstall(PlaceArgs),
    /// Look whether everything is there that a notebook needs, and say what to do.
    Doctor(doctor::Options),
    /// Save, test, list, edit, rename and delete connections, as `%connection` does in a notebook.
    #[command(disable_help_flag = true)]
    Connection {
        /// What follows `%connection` in a notebook: `add astra --bundle ZIP`, `list`, `test NAME`, …
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Run the kernel; Jupyter does this.
    Kernel {
        /// The connection file that Jupyter wrote.
        #[arg(long, short = 'f', value_name = "FILE")]
        connection_file: PathBuf,
    },
}

#[derive(Debug, Args)]
#[group(multiple = false)]
struct PlaceArgs {
    /// For this user (the default).
    #[arg(long)]
    user: bool,
    /// For the active Python environment.
    #[arg(long)]
    sys_prefix: bool,
    /// Under FOLDER/share/jupyter.
    #[arg(long, value_name = "FOLDER")]
    prefix: Option<PathBuf>,
}

impl PlaceArgs {
    fn place(self) -> Place {
        match self {
            Self { prefix: Some(prefix), .. } => Place::Prefix(prefix),
            Self { sys_prefix: true, .. } => Place::SysPrefix,
            _ => Place::User,
        }
    }
}

/// Runs what the arguments ask for.
pub(crate) fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Verb::Install(place) => {
            install::install(&place.place()).map(installed).map_err(|error| error.to_string())
        }
        Verb::Uninstall(place) => {
            install::uninstall(&place.place()).map(uninstalled).map_err(|error| error.to_string())
        }
        Verb::Doctor(options) => return doctor::run(&options),
        Verb::Connection { words } => return connect::command::run(&words),
        Verb::Kernel { connection_file } => return crate::kernel::run(&connection_file),
    };
    match outcome {
        Ok(line) => {
            say(&line);
            ExitCode::SUCCESS
        }
        Err(line) => {
            complain(&line);
            ExitCode::FAILURE
        }
    }
}

/// What was written, and whether Jupyter will use it.
fn installed(done: Installed) -> String {
    let mut lines = format!(
        "The kernel `{}` is installed in {}.\nIt starts {}.",
        install::SPEC_NAME,
        done.folder.display(),
        done.program.display()
    );
    if let Some((other, starts)) = done.shadowed_by {
        lines += &format!(
            "\nJupyter finds another one first: {}, which starts {starts}. Remove that folder to use this one.",
            other.display()
        );
    }
    lines
}

/// What was removed, and whether Jupyter still finds a kernel of this name.
fn uninstalled(done: Uninstalled) -> String {
    let mut lines = match done.folder {
        Some(folder) => format!("Removed {}.", folder.display()),
        None => "No kernel was installed there.".to_owned(),
    };
    if let Some(other) = done.left {
        lines += &format!("\nJupyter still finds the one in {}.", other.display());
    }
    lines
}

/// Lines for a person at the terminal. Paths and files of others are named in them: nothing of those moves the cursor.
#[allow(clippy::print_stdout, reason = "the terminal is this command's output")]
pub(crate) fn say(line: &str) {
    println!("{}", render::terminal(line));
}

/// One line of failure for a person at the terminal, or for Jupyter's log.
pub(crate) fn complain(line: &str) {
    complain_formatted(&render::terminal(line));
}

/// A failure that was rendered already, with colours or without.
#[allow(clippy::print_stderr, reason = "the terminal is this command's output")]
pub(crate) fn complain_formatted(line: &str) {
    eprintln!("cqlbook: {line}");
}

/// Writes over the terminal's current line, for progress; an empty text takes it away.
#[allow(clippy::print_stderr, reason = "the terminal is this command's output")]
pub(crate) fn overwrite(line: &str) {
    eprint!("\r\x1b[2K{}", render::one_line(line));
}
